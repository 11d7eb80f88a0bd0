"""The command line of the emulator.

What takes long to import is imported when it is clear that the emulator starts: help and mistakes come at once, and one
line says so where the extra is not installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..errors import InvalidArgument
from ..shell import FAILED, install
from .shell import environment

if TYPE_CHECKING:
    from types import FrameType

    from .server import EmulatorServer

_EXTRA: Final = frozenset({"jsonschema_rs", "starlette", "uvicorn"})
"""What the extra ``emulator`` installs besides the command line itself."""

_OPTIONS: Final = {
    "host": "--host",
    "port": "--port",
    "file_port": "--file-port",
    "records": "--records",
    "seed": "--seed",
    "redirect_uris": "--redirect-uri",
    "client_id": "--client-id",
    "client_secret": "--client-secret",
    "ready_file": "--ready-file",
}
"""What the command line calls the arguments that an ``InvalidArgument`` begins with."""

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class Refusal(typer.TyperException):
    """The command cannot start. The text is one line that names the option and the remedy."""

    exit_code = 2


@app.command()
def emulator(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen at; other machines reach any but loopback.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of API, issuer and control API; 0 for any that is free.")] = 8787,
    file_port: Annotated[int, typer.Option(help="Port of the receipts; 0 for any that is free.")] = 0,
    records: Annotated[int, typer.Option(help="How many accounting records to seed.")] = 500,
    seed: Annotated[int, typer.Option(help="The same number makes the same data and tokens.")] = 1,
    rate_limit: Annotated[bool, typer.Option(help="Answer 429 after 1,000 requests in 60 s.")] = True,
    variant: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Another answer to an open question; repeatable.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Where the clock starts, such as 2026-07-01T09:00Z.")
    ] = None,
    redirect_uri: Annotated[
        list[str] | None, typer.Option(metavar="URI", help="Where the issuer may send a browser back to; repeatable.")
    ] = None,
    client_id: Annotated[str | None, typer.Option(help="The OAuth client's id; made from the seed otherwise.")] = None,
    client_secret: Annotated[str | None, typer.Option(help="Its secret; made from the seed otherwise.")] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="JSON with URLs and tokens, there while the emulator answers.")
    ] = None,
    print_env: Annotated[
        bool, typer.Option("--print-env", help='Print lines for a shell: eval "$(... --print-env &)".')
    ] = False,
    variants: Annotated[bool, typer.Option("--variants", help="List the open questions, and leave.")] = False,
    validate_whole: Annotated[
        bool, typer.Option("--validate-whole", help="Hold each answer against its document whole; slower.")
    ] = False,
) -> None:
    """Serve a stand-in for Brex.

    It has an issuer, a file host, faults and a clock of its own, and starts from the same data each time. SIGTERM and
    Ctrl-C stop it.
    """
    if variants:
        from .announce import print_variants  # noqa: PLC0415 - see above

        print_variants()
        return
    plays, begins = _variants(variant or ()), None if start is None else _instant(start)
    if ready_file is not None:
        _check(ready_file)
    try:
        from .issuer import DEFAULT_REDIRECT_URI  # noqa: PLC0415 - see above
        from .server import EmulatorServer, listen  # noqa: PLC0415 - see above
        from .tenant import TenantPlan  # noqa: PLC0415 - see above
        from .world import World  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        message = f"the emulator needs more packages: {install('emulator')}"
        raise Refusal(message) from error
    limit = TenantPlan().rate_limit if rate_limit else None
    plan = TenantPlan(records=records, seed=seed, start=begins, rate_limit=limit, variants=plays)
    with _Stop() as stop:
        try:
            # Many records take their time: what is taken shows before.
            for name, number in (("port", port), ("file_port", file_port)):
                listen(name, host, number).close()
            if ready_file is not None:
                _clear(ready_file)
            world = World(
                plan,
                seed=seed,
                client_id=client_id,
                client_secret=client_secret,
                redirect_uris=redirect_uri or (DEFAULT_REDIRECT_URI,),
            )
            server = EmulatorServer(world, host=host, port=port, file_port=file_port, whole=validate_whole)
            asyncio.run(_serve(server, stop, ready_file, print_env=print_env))
        except InvalidArgument as error:
            raise Refusal(_in_options(str(error))) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status: 0 stopped, 2 cannot start.

    Args:
        arguments: Those of the process by default.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        return app(arguments, standalone_mode=False) or 0
    except typer.TyperException as error:
        if "--print-env" in given:
            print(FAILED)
        print(f"error: {error.format_message()}", file=sys.stderr)
        return error.exit_code


# ---- options --------------------------------------------------------------------------------------------------------


def _variants(pairs: Sequence[str]) -> dict[str, str]:
    from .variants import VARIANTS, Variants  # noqa: PLC0415 - see above

    chosen: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name not in VARIANTS:
            message = f"--variant: expected NAME=VALUE with a name that --variants lists, got {pair!r}"
            raise Refusal(message)
        try:
            Variants(**{name: value})
        except InvalidArgument as error:
            message = f"--variant: {error}"
            raise Refusal(message) from error
        chosen[name] = value
    return chosen


def _instant(text: str) -> datetime:
    with contextlib.suppress(ValueError):
        instant = datetime.fromisoformat(text)
        # The clock moves on from there, and any zone has to have a name for it.
        if instant.tzinfo is not None and 1972 <= instant.year <= 9000:
            return instant
    message = f"--start: expected an ISO 8601 instant with Z or an offset, such as 2026-07-01T09:00Z, got {text!r}"
    raise Refusal(message)


def _check(path: Path) -> None:
    if not path.parent.is_dir():
        message = f"--ready-file: there is no folder {str(path.parent)!r}; make it first"
        raise Refusal(message)
    if path.is_dir():
        message = f"--ready-file: {str(path)!r} is a folder; name a file in it"
        raise Refusal(message)
    if path.exists() and not path.is_file():
        message = f"--ready-file: {str(path)!r} is no file, and would be replaced by one; name another one"
        raise Refusal(message)


def _clear(path: Path) -> None:
    """Take away what a process left behind that was killed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        message = f"--ready-file: cannot replace {str(path)!r} ({error.strerror}); name another file"
        raise Refusal(message) from error


def _in_options(message: str) -> str:
    names, colon, rest = message.partition(": ")
    return re.sub(r"\w+", lambda name: _OPTIONS.get(name[0], name[0]), names) + colon + rest


# ---- life -----------------------------------------------------------------------------------------------------------


_HANG_UP = (signal.SIGHUP,) if sys.platform != "win32" else ()
"""A terminal that is closed stops what runs in it."""


class _Stop:
    """What SIGTERM and Ctrl-C do: the first one stops the emulator, another one ends the process at once.

    ``signal.signal`` works on all platforms, as a loop's own signal handlers do not.
    """

    def __init__(self) -> None:
        self.act: Callable[[], object] = partial(sys.exit, 0)
        self._numbers = [
            number
            for number in (signal.SIGINT, signal.SIGTERM, *_HANG_UP)
            if signal.getsignal(number) is not signal.SIG_IGN  # a shell's background process stays deaf to Ctrl-C
        ]

    def __enter__(self) -> _Stop:
        self._before = [signal.signal(number, self._handle) for number in self._numbers]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(self._numbers, self._before, strict=True):
            signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        for number in self._numbers:
            signal.signal(number, signal.SIG_DFL)
        self.act()


async def _serve(server: EmulatorServer, stop: _Stop, path: Path | None, *, print_env: bool) -> None:
    from .announce import announcement, print_banner, ready_file  # noqa: PLC0415 - see above
    from .world import DEFAULT_TENANT  # noqa: PLC0415 - see above

    stopped = asyncio.Event()
    stop.act = partial(asyncio.get_running_loop().call_soon_threadsafe, stopped.set)
    async with server:
        what = announcement(server, DEFAULT_TENANT)
        with contextlib.nullcontext() if path is None else ready_file(path, what):
            if not server.loopback:
                text = "warning: other machines reach the emulator, and may read its tokens and change its state"
                print(text, file=sys.stderr)
            if print_env:
                print(environment(what), end="", flush=True)
                _let_go_of_stdout()
            else:
                print_banner(server, what, DEFAULT_TENANT)
            await stopped.wait()


def _let_go_of_stdout() -> None:
    """Let a shell that reads all of the output go on: ``eval "$(brex-accounting emulator --print-env &)"``."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


__all__ = ["Refusal", "app", "emulator", "main"]
