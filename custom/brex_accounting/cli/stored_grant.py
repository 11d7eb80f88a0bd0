"""What a token file holds, for people and machines to look at: everything but the tokens."""

from __future__ import annotations

import datetime
import sys
from typing import Any

from ..auth.ages import WARNED_AT
from ..auth.file_store import FileTokenStore
from ..auth.grant_state import GrantState, Unreadable, from_bytes
from ..errors import ReauthorizationCause, TokenStoreError

_DAY = 86_400.0


async def stored(store: FileTokenStore) -> GrantState | None:
    """The grant in a token file, None where there is no file. Takes no client id or secret: nothing is asked.

    Args:
        store: The file.

    Raises:
        TokenStoreError: It cannot be read.
    """
    try:
        found = await store.load()
        return None if found is None else from_bytes(found.content)
    except (OSError, ValueError) as error:
        raise file_failed(error) from error
    except Unreadable as error:
        message = f"{store.path.name} holds no grant that can be read: {error}"
        raise TokenStoreError(message, operation="token file", advice="Restore it, or name another file.") from error


def file_failed(error: OSError | ValueError) -> TokenStoreError:
    """What a token file raised, as our error; its text names the file and the remedy."""
    return TokenStoreError(str(error).rstrip("."), operation="token file")


def needs_login(state: GrantState | None, now: datetime.datetime) -> ReauthorizationCause | None:
    """Why the customer has to consent again, None where there is no need.

    Args:
        state: What is stored.
        now: The instant.
    """
    if state is None:
        return "no grant"
    if state.dead is not None:
        return state.dead.cause
    return "no refresh token" if state.refresh_token is None and state.expires_at <= now else None


def summary(state: GrantState, now: datetime.datetime) -> str:
    """A living grant in a few words."""
    return f"of {_days(state.granted_at, now):.0f} days, for {' '.join(state.scopes)}"


def facts(store: FileTokenStore, state: GrantState | None, now: datetime.datetime) -> dict[str, Any]:
    """What a machine may want to know, as plain JSON values.

    Args:
        store: The file.
        state: What is stored.
        now: The instant.
    """
    cause = needs_login(state, now)
    found: dict[str, Any] = {"file": str(store.path), "needs_login": cause is not None, "reason": cause}
    if state is None:
        return found
    refreshable = state.refresh_token is not None
    return found | {
        "since": None if state.dead is None else _text(state.dead.since),
        "issuer": state.issuer,
        "client_id": state.client_id,
        "scopes": list(state.scopes),
        "granted_at": _text(state.granted_at),
        "granted_days_ago": round(_days(state.granted_at, now), 2),
        "refresh_token_at": _text(state.refresh_token_at) if refreshable else None,
        "refresh_token_days": round(_days(state.refresh_token_at, now), 2) if refreshable else None,
        "expires_at": _text(state.expires_at) if state.access_token is not None else None,
        "expires_in": round((state.expires_at - now).total_seconds()) if state.access_token is not None else None,
        "refresh_begun_at": _text(state.intent.begun_at) if state.pending and state.intent is not None else None,
    }


def print_table(store: FileTokenStore, state: GrantState | None, now: datetime.datetime) -> None:
    """What a person may want to know, one line each.

    Args:
        store: The file.
        state: What is stored.
        now: The instant.
    """
    from rich.console import Console  # noqa: PLC0415 - --json does without
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415 - see above

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value, style in [("File", str(store.path), ""), *_rows(state, now)]:
        table.add_row(Text(name, "dim"), Text(value, style))
    # A pipe has no width, and what reads from it wants whole lines.
    Console(width=None if sys.stdout.isatty() else 1000, highlight=False).print(table)


def _rows(state: GrantState | None, now: datetime.datetime) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    if state is not None:
        rows += [
            ("Issuer", state.issuer, ""),
            ("Client id", state.client_id, ""),
            ("Scopes", " ".join(state.scopes), ""),
            ("Consent", *_age(state.granted_at, now)),
        ]
        if state.refresh_token is not None:
            rows.append(("Refresh token", *_age(state.refresh_token_at, now)))
        elif state.access_token is not None:
            rows.append(("Refresh token", "none: the scope offline_access brings one", "yellow"))
        if state.access_token is not None:
            rows.append(("Access token", _left((state.expires_at - now).total_seconds()), ""))
        if state.pending and state.intent is not None:
            rows.append(("Refresh", f"begun {_text(state.intent.begun_at)}, not yet ended", "yellow"))
    cause = needs_login(state, now)
    since = "" if state is None or state.dead is None else f", since {_text(state.dead.since)}"
    rows.append(("Needs login", "no" if cause is None else f"yes: {cause}{since}", "" if cause is None else "bold red"))
    return rows


def _age(since: datetime.datetime, now: datetime.datetime) -> tuple[str, str]:
    """An age with the style that it deserves: Brex's refresh tokens last 90 days, by one clock or the other."""
    days = _days(since, now)
    warn, alarm = WARNED_AT
    text = f"{days:.1f} days old, of {_text(since)}"
    if days < warn:
        return text, ""
    return f"{text}; Brex's grants may end at 90 days", "bold red" if days >= alarm else "yellow"


def _left(seconds: float) -> str:
    minutes = abs(seconds) / 60
    span = (
        f"{minutes:.0f} min"
        if minutes < 120
        else f"{minutes / 60:.0f} h"
        if minutes < 2880
        else f"{minutes / 1440:.0f} days"
    )
    return f"expires in {span}" if seconds > 0 else f"expired {span} ago"


def _days(since: datetime.datetime, now: datetime.datetime) -> float:
    return (now - since).total_seconds() / _DAY


def _text(instant: datetime.datetime) -> str:
    return f"{instant.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


__all__ = ["facts", "file_failed", "needs_login", "print_table", "stored", "summary"]
