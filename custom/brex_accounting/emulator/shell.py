"""What a shell is told that evaluates the output of ``--print-env``."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .announce import Announcement


def environment(what: Announcement) -> str:
    """Lines for a shell: what ``Brex.from_env`` reads, and comments with the rest.

    A user token and an OAuth client contradict each other there, so that only the former is set.

    Args:
        what: What to tell.
    """
    set_ = {"BREX_BASE_URL": what.base_url, "BREX_ISSUER": what.issuer, "BREX_ACCESS_TOKEN": what.user_token}
    instead = {"BREX_CLIENT_ID": what.client_id, "BREX_CLIENT_SECRET": what.client_secret}
    lines = [
        f"unset {' '.join((*instead, 'BREX_TOKEN_FILE', 'BREX_ACCOUNT'))}",
        *(f"export {name}={shlex.quote(value)}" for name, value in set_.items()),
        "# OAuth instead, with BREX_ACCESS_TOKEN unset:",
        *(f"# export {name}={shlex.quote(value)}" for name, value in instead.items()),
        f"# refresh token: {what.refresh_token}",
        f"export BREX_EMULATOR_PID={os.getpid()}  # to stop it: kill $BREX_EMULATOR_PID",
    ]
    return "".join(f"{line}\n" for line in lines)


__all__ = ["environment"]
