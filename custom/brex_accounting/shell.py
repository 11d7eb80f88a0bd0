"""What a shell is told that evaluates the output of ``--print-env``, where the command does not start."""

from __future__ import annotations

from typing import Final

FAILED: Final = "unset BREX_ACCESS_TOKEN BREX_BASE_URL BREX_ISSUER; false"
"""Not to go on with what it had, which may lead to Brex itself."""

__all__ = ["FAILED"]
