"""What people are told to type into a shell, and what a shell is told that evaluates the output of ``--print-env``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

FAILED: Final = "unset BREX_ACCESS_TOKEN BREX_BASE_URL BREX_ISSUER; false"
"""Where the command does not start: not to go on with what it had, which may lead to Brex itself."""

_PACKAGE: Final = __name__.rpartition(".")[0]
_IS_COPY: Final = "." in _PACKAGE  # it lives below a package of somebody else's

COMMAND: Final = f"python -m {_PACKAGE}" if _IS_COPY else "brex-accounting"
"""The command line; a copy has no script."""


def install(extra: str) -> str:
    """How to get the packages that an extra brings.

    Args:
        extra: Its name. A copy has no extras, and lists what all of its parts take in a file.
    """
    if _IS_COPY:
        return f"pip install --requirement {shlex.quote(str(Path(__file__).parent / 'vendored' / 'requirements.txt'))}"
    return f"pip install 'brex-accounting-client[{extra}]'"


__all__ = ["COMMAND", "FAILED", "install"]
