"""What the output of a command holds for a shell that evaluates it, where the command does not get to run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..shell import FAILED


def tell_shell(arguments: Sequence[str]) -> None:
    """Tell a shell that nothing has started, if it listens.

    Args:
        arguments: Those of the command.
    """
    if "--print-env" in arguments:
        print(FAILED)


def open_closed_streams() -> None:
    """Let what is written to a standard stream that a shell has closed (``>&-``) go nowhere.

    Otherwise the next file that is opened, such as the books, would get the number of the stream.
    """
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_WRONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:  # by number, from the lowest that is free
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8", closefd=False))


__all__ = ["open_closed_streams", "tell_shell"]
