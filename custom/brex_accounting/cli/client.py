"""The client of a command: from the environment, and from the few options that differ between customers.

Tokens and the client secret are no options: others on the machine can read the arguments of a process.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from ..client import Brex

CLIENT_OPTIONS: Final = {
    "account": "--account",
    "base_url": "BREX_BASE_URL",
    "client_id": "BREX_CLIENT_ID",
    "client_secret": "BREX_CLIENT_SECRET",
    "deadline": "--deadline",
    "issuer": "BREX_ISSUER",
    "path": "--token-file",
    "token": "BREX_ACCESS_TOKEN",
}
"""What the command line calls the client's arguments."""

Account = Annotated[
    str | None,
    typer.Option(envvar="BREX_ACCOUNT", metavar="LABEL", help="What errors call the account; a grant needs one."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(envvar="BREX_TOKEN_FILE", help="Where the grant is kept, if it is not a user token that is used."),
]
Deadline = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="The most that a call may take, its retries included. If not given: 600."),
]


def client(*, account: str | None, token_file: Path | None, deadline: float | None) -> Brex:
    """A client for the account that the environment and the options name.

    Args:
        account: Its label.
        token_file: Where its grant is.
        deadline: Seconds for a call.

    Raises:
        InvalidArgument: Something is missing or cannot be right.
    """
    from ..client import Brex  # noqa: PLC0415 - help and mistakes come at once

    environ = dict(os.environ) if token_file is None else {**os.environ, "BREX_TOKEN_FILE": str(token_file)}
    options: dict[str, Any] = {"account": account, "deadline": deadline}
    return Brex.from_env(environ, **{name: value for name, value in options.items() if value is not None})


__all__ = ["CLIENT_OPTIONS", "Account", "Deadline", "TokenFile", "client"]
