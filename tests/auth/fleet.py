"""Processes for tests: started, killed, waited for within bounds, and none left at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE = 60.0
"""Seconds for whatever a slow machine may take long for; nothing waits so long that works."""

_ROOT = Path(__file__).parent.parent.parent
_LOOK = 0.002
_SHOWN = 3000


class Worker:
    """One process of a fleet.

    Args:
        number: Which one of the fleet.
        process: The process.
        folder: Where it writes what it says, and its standard error.
    """

    def __init__(self, number: int, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.number = number
        self.process = process
        self._folder = folder

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    @property
    def errors(self) -> str:
        """Its standard error."""
        return (self._folder / f"{self.number}.err").read_text()

    def heard(self, said: str | None = None) -> list[dict[str, Any]]:
        """What it has said so far, or all of one kind; the last line of one that was killed may be half a line."""
        lines = (self._folder / f"{self.number}.out").read_bytes().split(b"\n")[:-1]
        found: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [line for line in found if said in (None, line["said"])]

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once, and collect it."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit status, once it has come to its end.

        Raises:
            AssertionError: It does not.
        """
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            message = f"still running after {seconds:g} s: {self.story()}"
        raise AssertionError(message)

    def story(self) -> str:
        """What is known of it, for a failed test."""
        status = "running" if self.is_alive else f"exit status {self.process.returncode}"
        said = "\n".join(map(str, self.heard()))[-_SHOWN:]
        return f"worker {self.number} (pid {self.pid}, {status}) said:\n{said}\nstderr:\n{self.errors[-_SHOWN:]}"


class Fleet:
    """Workers that end with the block, whatever happens in it.

    Args:
        folder: Where they write what they say.
        plan: What all of them do, as plain JSON values.
        module: What runs, with a plan as its argument.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any], *, module: str = "tests.auth.worker") -> None:
        self.workers: list[Worker] = []
        self._folder = folder
        self._plan = plan
        self._module = module

    def start(self, **plan: Any) -> Worker:
        """Start a worker.

        Args:
            **plan: What differs from the others.
        """
        number = len(self.workers) + 1
        command = [sys.executable, "-m", self._module, json.dumps({**self._plan, **plan})]
        # Bytecode is kept, as it is for users: most of a start would be compiling.
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with (
            (self._folder / f"{number}.out").open("wb") as out,
            (self._folder / f"{number}.err").open("wb") as errors,
        ):
            process = subprocess.Popen(
                command, cwd=_ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
            )
        worker = Worker(number, process, self._folder)
        self.workers.append(worker)
        return worker

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.is_alive]

    def until(self, true: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """Wait for something.

        Args:
            true: Gives something that is true once it has happened.
            what: What that is, for a failed test.
            seconds: The most to wait.

        Raises:
            AssertionError: It does not happen.
        """
        end = time.monotonic() + seconds
        while not (found := true()):
            if time.monotonic() > end:
                message = f"not within {seconds:g} s: {what}\n{self.story()}"
                raise AssertionError(message)
            time.sleep(_LOOK)
        return found

    def done(self, *workers: Worker, seconds: float = PATIENCE) -> None:
        """Wait until workers have come to a good end; all of them by default.

        Raises:
            AssertionError: One does not.
        """
        end = time.monotonic() + seconds
        for worker in workers or self.workers:
            status = worker.wait(max(0.1, end - time.monotonic()))
            assert (0, "") == (status, worker.errors), worker.story()

    def heard(self, said: str) -> list[dict[str, Any]]:
        """What all of them have said of one kind."""
        return [line for worker in self.workers for line in worker.heard(said)]

    def story(self) -> str:
        """What is known of them, for a failed test."""
        return "\n".join(worker.story() for worker in self.workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self.workers:
            if worker.is_alive:
                worker.process.kill()
        for worker in self.workers:
            worker.process.wait(PATIENCE)
        if error is not None:
            error.add_note(self.story()[-4 * _SHOWN :])


def holder(path: Path) -> int | None:
    """The process that holds the lock on a file, as the kernel of Linux tells; None where nobody does."""
    try:
        inode = path.stat().st_ino
        locks = Path("/proc/locks").read_text()
    except FileNotFoundError:
        return None
    # 1: FLOCK  ADVISORY  WRITE 4711 fe:00:2165059 0 EOF; one that waits has an arrow behind its number
    for line in locks.splitlines():
        words = line.split()
        if words[1] == "FLOCK" and int(words[5].rpartition(":")[2]) == inode:
            return int(words[4])
    return None


def freeze(worker: Worker) -> None:
    """Stop a worker, and come back when it stands still."""
    worker.send(signal.SIGSTOP)
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


__all__ = ["PATIENCE", "Fleet", "Worker", "freeze", "holder"]
