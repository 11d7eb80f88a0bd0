"""What the output of a command holds for a shell that evaluates it, where the command does not get to run."""

from __future__ import annotations

from collections.abc import Sequence


def tell_shell(arguments: Sequence[str]) -> None:
    """Tell a shell that nothing has started, if it listens.

    Args:
        arguments: Those of the command.
    """
    if "--print-env" in arguments:
        from ..emulator.shell import FAILED  # noqa: PLC0415 - other commands do without the emulator

        print(FAILED)


__all__ = ["tell_shell"]
