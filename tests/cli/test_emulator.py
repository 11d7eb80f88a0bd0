"""The command ``emulator``: its arguments in this process, its life in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from brex_accounting import Brex
from brex_accounting.emulator import VARIANTS
from brex_accounting.emulator.announce import Announcement, ready_file
from brex_accounting.emulator.command import _Stop, main
from brex_accounting.emulator.shell import environment
from brex_accounting.shell import FAILED

MODULE = (sys.executable, "-m", "brex_accounting.emulator")
SCRIPT = (sys.executable, "-c", "import sys; from brex_accounting.cli import main; sys.exit(main())", "emulator")
SMALL = ("--records", "0", "--port", "0")
KEYS = {"base_url", "issuer", "control_url", "client_id", "client_secret", "refresh_token", "user_token"}

TOLD = Announcement(
    base_url="http://127.0.0.1:1",
    issuer="http://127.0.0.1:1/oauth2/default",
    control_url="http://127.0.0.1:1/_emulator",
    client_id="it's a client",
    client_secret="$(false) secret",
    refresh_token="refresh",
    user_token='bxt_"`echo no`"',
)


class Running:
    """The command in a process of its own, from when it is ready."""

    def __init__(self, process: subprocess.Popen[str], ready: Path) -> None:
        self.process = process
        self.ready = ready
        give_up = time.monotonic() + 20.0
        while not ready.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up, "it is not ready after 20 s"
            time.sleep(0.01)
        self.told = json.loads(ready.read_text())

    def get(self, url: str, **options: Any) -> httpx.Response:
        return httpx.get(url, trust_env=False, verify=False, **options)

    def all_output(self) -> str:
        assert self.process.stdout is not None
        found: list[str] = []
        reader = threading.Thread(target=lambda stream: found.append(stream.read()), args=[self.process.stdout])
        reader.start()
        reader.join(5.0)
        assert found, "the output does not end"
        return found[0]

    def stop(self, number: int) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=5.0)
        return self.process.returncode, out, err


Start = Callable[[Sequence[str]], Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command; it is killed if the test leaves it running."""
    processes: list[subprocess.Popen[str]] = []

    def started(command: Sequence[str]) -> Running:
        ready = tmp_path / "ready.json"
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits deafness
        try:
            process = subprocess.Popen(
                [*command, *SMALL, "--ready-file", str(ready)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONWARNINGS": "error"},
            )
        finally:
            signal.signal(signal.SIGINT, before)
        processes.append(process)
        return Running(process, ready)

    yield started
    for process in processes:
        with process:
            process.kill()


class TestLife:
    def test_sigterm(self, start: Start, tmp_path: Path) -> None:
        """It answers where the ready file says; SIGTERM ends it with 0, takes the file away and prints no traceback."""
        running = start([*MODULE, "--print-env"])
        told = running.told
        assert set(told) == KEYS
        assert 0o600 == stat.S_IMODE(running.ready.stat().st_mode)
        assert ["ready.json"] == [path.name for path in tmp_path.iterdir()]
        assert 200 == running.get(f"{told['control_url']}/health").status_code
        assert told["issuer"] == running.get(f"{told['issuer']}/.well-known/openid-configuration").json()["issuer"]
        bearer = {"authorization": f"Bearer {told['user_token']}"}
        assert 200 == running.get(f"{told['base_url']}/v3/accounting/records", headers=bearer).status_code
        lines = running.all_output()  # ends although the process goes on, or eval would wait for ever
        assert f"\nexport BREX_BASE_URL={told['base_url']}\n" in lines
        assert (0, "", "") == running.stop(signal.SIGTERM)
        assert not running.ready.exists()

    def test_sigint_while_a_request_hangs(self, start: Start) -> None:
        """Ctrl-C ends it with 0 although a client waits for an answer, which is told that there will be none."""
        running = start([*SCRIPT, "--host", "0.0.0.0"])
        told = running.told
        httpx.post(f"{told['control_url']}/faults", json={"effect": "hang"}, trust_env=False, verify=False)
        failures: list[httpx.HTTPError] = []

        def call() -> None:
            bearer = {"authorization": f"Bearer {told['user_token']}"}
            try:
                running.get(f"{told['base_url']}/v3/accounting/records", headers=bearer, timeout=20.0)
            except httpx.HTTPError as error:
                failures.append(error)

        client = threading.Thread(target=call)
        client.start()
        give_up = time.monotonic() + 10.0
        while not _entries(running):
            assert time.monotonic() < give_up
        code, out, err = running.stop(signal.SIGINT)
        client.join(5.0)
        assert 0 == code
        assert [httpx.RemoteProtocolError] == [type(failure) for failure in failures]
        assert 1 == err.count("\n")
        assert err.startswith("warning: other machines reach the emulator")
        assert f"  API        {told['base_url']}\n" in out
        assert f"  User token {told['user_token']}\n" in out
        assert "main, 0 accounting records" in out
        assert "Ctrl-C stops it" in out
        assert not running.ready.exists()

    def test_a_second_signal_ends_it_at_once(self) -> None:
        """The first signal asks it to stop; after that signals do again what the system has them do."""
        inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored in the background
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        asked: list[str] = []
        try:
            with _Stop() as stop:
                stop.act = lambda: asked.append("stop")
                signal.raise_signal(signal.SIGTERM)
                assert ["stop"] == asked
                assert [signal.SIG_DFL] * 2 == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
            assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        finally:
            signal.signal(signal.SIGINT, inherited)

    def test_a_signal_before_it_is_up(self) -> None:
        """Whoever stops it while it seeds gets the exit status 0 too."""
        with pytest.raises(SystemExit) as stopped, _Stop():
            signal.raise_signal(signal.SIGTERM)
        assert 0 == stopped.value.code

    def test_a_signal_that_is_ignored_stays_so(self) -> None:
        """A shell's background process, which is deaf to Ctrl-C, stays deaf."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with _Stop():
                assert signal.SIG_IGN is signal.getsignal(signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)


def _entries(running: Running) -> list[Any]:
    return running.get(f"{running.told['control_url']}/journal").json()["entries"]


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "texts"),
        [
            (["--port", "many"], ["'--port'", "integer"]),
            (["--port", "65536"], ["--port: ", "0 to 65535"]),
            (["--file-port", "-1"], ["--file-port: ", "0 to 65535"]),
            (["--host", "192.0.2.1"], ["--host: ", "such as 127.0.0.1"]),
            (["--records", "-1"], ["--records: ", "from 0 to"]),
            (["--seed", "-1"], ["--seed: ", "from 0 to"]),
            (["--start", "2026-01-01T00:00"], ["--start: ", "Z or an offset"]),
            (["--start", "9999-12-31T23:59Z"], ["--start: ", "'9999-12-31T23:59Z'"]),
            (["--start", "now"], ["--start: ", "2026-07-01T09:00Z"]),
            (["--variant", "cursor"], ["--variant: ", "offset, key, snapshot"]),
            (["--variant", "cursor=x"], ["--variant: ", "offset, key, snapshot"]),
            (["--variant", "curser=key"], ["--variant: ", "--variants", "'curser=key'"]),
            (["--variant", "self=key"], ["--variant: ", "--variants"]),
            (["--redirect-uri", "somewhere"], ["--redirect-uri: ", "absolute URIs"]),
            (["--client-id", ""], ["--client-id and --client-secret: ", "not empty"]),
            (["--ready-file", "/nowhere/ready.json"], ["--ready-file: ", "'/nowhere'", "make it first"]),
            (["--ready-file", "/"], ["--ready-file: ", "folder"]),
            (["--reddy-file", "x"], ["--reddy-file", "--ready-file"]),
            (["more"], ["more"]),
        ],
    )
    def test_what_cannot_be_right(
        self, arguments: list[str], texts: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A bad value is one line on stderr that names option and remedy, and the exit status 2."""
        assert 2 == main([*SMALL, *arguments])
        out, err = capsys.readouterr()
        assert "" == out
        assert 1 == err.count("\n")
        assert err.startswith("error: ")
        assert [] == [text for text in texts if text not in err]

    @pytest.mark.parametrize("option", ["--port", "--file-port"])
    def test_a_taken_port(self, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A taken port is such a line too, and the ready file of whoever has it is left alone."""
        ready = tmp_path / "ready.json"
        ready.write_text("another's")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert 2 == main([*SMALL, option, port, "--ready-file", str(ready)])
        err = capsys.readouterr().err
        assert err.startswith(f"error: {option}: {port} is taken at 127.0.0.1; ")
        assert 1 == err.count("\n")
        assert "another's" == ready.read_text()

    def test_the_file_of_a_process_that_was_killed(self, tmp_path: Path) -> None:
        """A ready file that was left behind goes before records are seeded, so that nobody takes it for the new one."""
        ready = tmp_path / "ready.json"
        ready.write_text("stale")
        assert 2 == main([*SMALL, "--seed", "-1", "--ready-file", str(ready)])
        assert not ready.exists()

    def test_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Help names every option."""
        assert 0 == main(["--help"])
        out = capsys.readouterr().out
        options = "host port file-port records seed rate-limit no-rate-limit variant start redirect-uri client-id"
        others = "client-secret ready-file print-env variants validate-whole"
        assert [] == [name for name in f"{options} {others}".split() if f"--{name}" not in out]


class TestVariants:
    def test_a_pipe_gets_whole_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Every variant stands there with question, answers and default, and no line is cut or folded."""
        assert 0 == main(["--variants", "--port", "0"])
        lines = capsys.readouterr().out.splitlines()
        for variant in VARIANTS.values():
            [heading] = [line for line in lines if line.split()[:1] == [variant.name] and variant.question in line]
            rows = lines[lines.index(heading) + 1 :][: len(variant.values)]
            assert list(variant.values) == [row.split()[0] for row in rows]
            assert [] == [row for row, text in zip(rows, variant.values.values(), strict=True) if text not in row]
            assert [variant.certainty] == [row.split()[1] for row in rows if row.split()[0] == variant.default]


class TestEnvironment:
    def test_a_shell_can_eval_it(self) -> None:
        """``eval`` sets what ``Brex.from_env`` reads, whatever stands in the values, and nothing else."""
        script = 'eval "$LINES_"; printf "%s\\n" "$BREX_BASE_URL" "$BREX_ISSUER" "$BREX_ACCESS_TOKEN"; env -0'
        shell = subprocess.run(
            ["/bin/sh", "-c", script],
            env={"LINES_": environment(TOLD), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        assert shell.stdout.startswith(f"{TOLD.base_url}\n{TOLD.issuer}\n{TOLD.user_token}\n")
        assert "BREX_CLIENT_ID" not in shell.stdout.replace(environment(TOLD), "")

    def test_what_contradicts_is_gone(self) -> None:
        """What was there before of another account or of OAuth is unset, so that the client can be made."""
        before = {
            "BREX_CLIENT_ID": "old",
            "BREX_CLIENT_SECRET": "old",
            "BREX_ACCOUNT": "acme",
            "LINES_": environment(TOLD),
        }
        script = 'eval "$LINES_"; echo "$BREX_CLIENT_ID$BREX_CLIENT_SECRET$BREX_ACCOUNT."'
        shell = subprocess.run(["/bin/sh", "-c", script], env=before, capture_output=True, text=True, check=True)
        assert ".\n" == shell.stdout

    def test_nothing_of_a_failure_looks_like_success(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Where it cannot start, a shell that evaluates the output fails, and has lost the token that it had."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert 2 == main(["emulator", "--port", port, "--print-env"])
        assert f"{FAILED}\n" == capsys.readouterr().out
        script = 'eval "$LINES_" || echo "failed with$BREX_ACCESS_TOKEN"'
        environ = {"BREX_ACCESS_TOKEN": "bxt_production", "LINES_": FAILED}
        shell = subprocess.run(["/bin/sh", "-c", script], env=environ, capture_output=True, text=True, check=True)
        assert "failed with\n" == shell.stdout

    def test_the_client_takes_it(self) -> None:
        """The client can be made from the variables that are set."""
        lines = [
            line.removeprefix("export ").split("=", 1)
            for line in environment(TOLD).splitlines()
            if line.startswith("export") and "#" not in line
        ]
        client = Brex.from_env({name: value.strip("'") for name, value in lines})
        assert TOLD.base_url in repr(client)

    def test_oauth_stands_in_comments(self) -> None:
        """A user token and a client contradict each other, so that the client is there to read only."""
        comments = [line for line in environment(TOLD).splitlines() if line.startswith("#")]
        assert "# export BREX_CLIENT_ID='it'\"'\"'s a client'" in comments
        assert f"export BREX_EMULATOR_PID={os.getpid()}  # to stop it: kill $BREX_EMULATOR_PID" in environment(TOLD)


class TestReadyFile:
    def test_it_is_there_while_the_block_runs(self, tmp_path: Path) -> None:
        """The file takes the place of an older one, holds everything, and goes with the block."""
        path = tmp_path / "ready.json"
        path.write_text("old")
        path.chmod(0o644)
        with ready_file(path, TOLD):
            assert TOLD == Announcement(**json.loads(path.read_text()))
            assert 0o600 == stat.S_IMODE(path.stat().st_mode)
        assert [] == list(tmp_path.iterdir())

    def test_the_file_of_another_process_stays(self, tmp_path: Path) -> None:
        """Whoever wrote the file last takes it away."""
        path = tmp_path / "ready.json"
        with ready_file(path, TOLD):
            path.write_text("another's")
        assert "another's" == path.read_text()

    def test_somebody_took_it_away(self, tmp_path: Path) -> None:
        """A file that is gone is no error at the end."""
        path = tmp_path / "ready.json"
        with ready_file(path, TOLD):
            path.unlink()
        assert not path.exists()

    def test_it_cannot_be_written(self, tmp_path: Path) -> None:
        """What stands in the way is named, and nothing is left behind."""
        path = tmp_path / "ready.json"
        path.mkdir()
        with (
            pytest.raises(ValueError, match=r"^ready_file: cannot write .*; name another file$"),
            ready_file(path, TOLD),
        ):
            pytest.fail("the block must not run")
        assert [path] == list(tmp_path.iterdir())

    def test_secrets_are_in_no_repr(self) -> None:
        """What is told shows no secret in a traceback."""
        assert "secret" not in repr(TOLD).replace("client_secret", "")
        assert "bxt_" not in repr(TOLD)
