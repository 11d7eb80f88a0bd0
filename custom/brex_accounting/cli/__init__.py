"""``brex-accounting``: the command line. It takes the extra ``cli``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..shell import install
from .failure import open_closed_streams, tell_shell


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status: 0 done, 2 the command line cannot be right.

    Args:
        arguments: Those of the process by default.
    """
    open_closed_streams()
    try:
        from .commands import run  # noqa: PLC0415 - typer comes with an extra
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        tell_shell(sys.argv[1:] if arguments is None else arguments)
        print(f"error: the command line needs more packages: {install('cli')}", file=sys.stderr)
        return 2
    return run(arguments)


__all__ = ["main"]
