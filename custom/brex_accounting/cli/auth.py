"""``brex-accounting auth``: put a customer's grant into a token file, look at it, end it.

What takes long to import is imported when a command does its work: help and mistakes come at once. The client secret
is no option: others on the machine can read the arguments of a process.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from ..clock import SystemClock
from .ending import Failure, Refusal, one_line, tell_warnings

if TYPE_CHECKING:
    from ..auth.app import OAuthApp
    from ..auth.authorization import AuthorizationRequest
    from ..auth.file_store import FileTokenStore
    from ..auth.grant_state import GrantState
    from .callback import CallbackListener

_SCOPES: Final = (
    "accounting.integration.read",
    "accounting.integration.write",
    "accounting.record.read",
    "accounting.record.write",
    "companies.readonly",
)
"""What an ERP connection needs; the last one tells whose webhook deliveries are whose."""

_OFFLINE_ACCESS: Final = "offline_access"
"""Brings a refresh token, without which a grant lasts an hour."""

_SECRET: Final = "BREX_CLIENT_SECRET"  # noqa: S105 - the name of a variable
_LONGEST_LINE: Final = 1 << 16

_OPTIONS: Final = {
    "client_id": "--client-id",
    "client_secret": _SECRET,
    "client_authentication": "--client-authentication",
    "issuer": "--issuer",
    "path": "--token-file",
    "redirect_uri": "--redirect-uri",
    "scopes": "--scope",
}
"""What the command line calls the arguments that an ``InvalidArgument`` begins with."""

ClientId = Annotated[str, typer.Option(envvar="BREX_CLIENT_ID", help="The application's id, as Brex issued it.")]
Issuer = Annotated[str | None, typer.Option(envvar="BREX_ISSUER", help="Brex's own, if not given.")]
TokenFile = Annotated[Path, typer.Option(envvar="BREX_TOKEN_FILE", help="Where the grant is kept.")]
ClientAuthentication = Annotated[
    Literal["client_secret_post", "client_secret_basic"], typer.Option(help="How the secret is shown to the issuer.")
]

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def auth() -> None:
    """Log in for a customer, see how it stands, end it."""
    tell_warnings()


@app.command()
def login(
    *,
    client_id: ClientId,
    token_file: TokenFile,
    redirect_uri: Annotated[
        str,
        typer.Option(
            envvar="BREX_REDIRECT_URI", metavar="URI", help="Where the browser comes back to, exactly as registered."
        ),
    ],
    issuer: Issuer = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"What to ask for; repeatable. {_OFFLINE_ACCESS} is always added. If not given: {', '.join(_SCOPES)}.",
        ),
    ] = None,
    client_authentication: ClientAuthentication = "client_secret_post",
    paste: Annotated[
        bool, typer.Option("--paste", help="Do not listen: take the browser's last address from the standard input.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    wait: Annotated[float, typer.Option(min=1, max=3600, help="Seconds to wait for the browser.")] = 300,
    replace: Annotated[
        bool, typer.Option("--replace", "--yes", help="Replace a grant that is still alive without asking.")
    ] = False,
) -> None:
    """Send a browser to Brex for a customer's consent, and put the grant into the token file.

    Where the redirect URI leads to this machine, such as http://127.0.0.1:8765/callback, the browser is waited for
    there. Where it leads to a web server, take --paste: copy the address that the browser came to. The client secret
    is taken from BREX_CLIENT_SECRET, or asked for.
    """
    with one_line(_OPTIONS):
        from .callback import CallbackListener, Loopback  # noqa: PLC0415 - see above

        loopback = None if paste else Loopback.of(redirect_uri)
        if loopback is None and not paste:
            message = (
                "--redirect-uri: the command can listen at http addresses of this machine only, such as "
                "http://127.0.0.1:8765/callback; add --paste for the address of a web server"
            )
            raise Refusal(message)
        store = _store(token_file)
        _let_replace(_stored(store), client_id, issuer, replace=replace)
        application = _application(client_id, issuer, client_authentication)
        scopes = [*(scope or _SCOPES), _OFFLINE_ACCESS]
        if loopback is None:
            request = _request(application, redirect_uri, scopes, browser=browser)
            callback_url = _pasted()
        else:
            with CallbackListener(loopback) as listener:
                request = _request(application, redirect_uri, scopes, browser=browser)
                callback_url = asyncio.run(_awaited(listener, request, wait))
        asyncio.run(_exchange(application, callback_url, request, store))
        state = _stored(store)
    if state is not None:
        print(f"The grant is in {store.path}, for {' '.join(state.scopes)}.")
        if state.refresh_token is None:
            print("warning: the issuer gave no refresh token: the grant ends with its access token", file=sys.stderr)


@app.command()
def status(
    *,
    token_file: TokenFile,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print how the grant in the token file stands; nothing is asked of Brex.

    The exit status is 1 if the customer has to log in again, or if the file cannot be read.
    """
    with one_line(_OPTIONS):
        from . import stored_grant  # noqa: PLC0415 - see above

        store = _store(token_file)
        state, now = _stored(store), SystemClock().now()
        if machine:
            print(json.dumps(stored_grant.facts(store, state, now), indent=2))
        else:
            stored_grant.print_table(store, state, now)
    if stored_grant.needs_login(state, now):
        raise typer.Exit(1)


@app.command()
def revoke(
    *,
    client_id: ClientId,
    token_file: TokenFile,
    issuer: Issuer = None,
    client_authentication: ClientAuthentication = "client_secret_post",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let Brex end the grant, and take its tokens out of the token file.

    The client secret is taken from BREX_CLIENT_SECRET, or asked for.
    """
    with one_line(_OPTIONS):
        store = _store(token_file)
        state = _stored(store)
        if state is None or state.dead is not None:
            why = "it is empty" if state is None else "the grant in it is dead already"
            print(f"There is nothing to revoke in {store.path}: {why}.")
            return
        _check_owner(state, client_id, issuer)
        if not yes:
            _confirm("The customer has to consent again after that. Revoke the grant?", "--yes")
        application = _application(client_id, issuer, client_authentication)
        asyncio.run(application.grant(store).revoke())
    print(f"The grant in {store.path} is revoked.")


# ---- what the commands share ----------------------------------------------------------------------------------------


def _store(token_file: Path) -> FileTokenStore:
    from ..auth.file_store import FileTokenStore  # noqa: PLC0415 - see above

    return FileTokenStore(token_file)


def _stored(store: FileTokenStore) -> GrantState | None:
    from .stored_grant import stored  # noqa: PLC0415 - see above

    return asyncio.run(stored(store))


def _application(
    client_id: str, issuer: str | None, client_authentication: Literal["client_secret_post", "client_secret_basic"]
) -> OAuthApp:
    from ..auth.app import OAuthApp  # noqa: PLC0415 - see above
    from ..auth.issuer import ISSUER  # noqa: PLC0415 - see above

    return OAuthApp(
        client_id=client_id,
        client_secret=_client_secret(),
        issuer=issuer or ISSUER,
        client_authentication=client_authentication,
    )


def _client_secret() -> str:
    secret = os.environ.get(_SECRET)
    if secret:
        return secret
    if not sys.stdin.isatty():
        message = f"{_SECRET} is not set, and there is no terminal to ask for it"
        raise Refusal(message)
    return getpass.getpass("Client secret: ")


def _confirm(question: str, option: str) -> None:
    if not sys.stdin.isatty():
        message = f"{question} There is no terminal to ask: {option} says yes"
        raise Refusal(message)
    if not typer.confirm(question, err=True):
        message = "nothing was changed"
        raise Failure(message)


def _check_owner(state: GrantState, client_id: str, issuer: str | None) -> None:
    """A store takes grants of one application; that comes to light here, and not after the customer has consented."""
    from ..auth.issuer import ISSUER  # noqa: PLC0415 - see above

    for option, stored, given in (
        ("--client-id", state.client_id, client_id),
        ("--issuer", state.issuer, (issuer or ISSUER).rstrip("/")),
    ):
        if stored != given:
            message = f"{option}: the token file holds a grant of {stored}; name that, or another --token-file"
            raise Refusal(message)


# ---- a login, step by step ------------------------------------------------------------------------------------------


def _let_replace(state: GrantState | None, client_id: str, issuer: str | None, *, replace: bool) -> None:
    from .stored_grant import needs_login, summary  # noqa: PLC0415 - see above

    if state is None:
        return
    _check_owner(state, client_id, issuer)
    now = SystemClock().now()
    if not replace and needs_login(state, now) is None:
        _confirm(f"The token file holds a grant {summary(state, now)}, which is still alive. Replace it?", "--replace")


def _request(application: OAuthApp, redirect_uri: str, scopes: Sequence[str], *, browser: bool) -> AuthorizationRequest:
    """Ask for consent at the authorization endpoint that the issuer names."""
    asyncio.run(application.discover())
    request = application.authorization_request(redirect_uri=redirect_uri, scopes=scopes)
    print(f"Open this address in a browser, and consent:\n\n{request.url}\n", flush=True)
    if browser:
        # A browser for terminals runs until it is left.
        threading.Thread(target=webbrowser.open, args=[request.url], daemon=True).start()
    return request


async def _awaited(listener: CallbackListener, request: AuthorizationRequest, seconds: float) -> str:
    print(f"Waiting for the browser at {request.redirect_uri}, {seconds:g} s at most.", flush=True)
    return await listener.wait(request.state, seconds=seconds)


def _pasted() -> str:
    """The address that the browser came to. It holds the code, so a terminal does not show it."""
    if sys.stdin.isatty():
        line = getpass.getpass("Then paste the address that the browser came to (it is not shown): ")
    else:
        line = sys.stdin.readline(_LONGEST_LINE)
    if not line.strip():
        message = "nothing came from the standard input: the address that the browser came to is expected there"
        raise Failure(message)
    return line.strip()


async def _exchange(
    application: OAuthApp, callback_url: str, request: AuthorizationRequest, store: FileTokenStore
) -> None:
    await application.exchange(callback_url, request, store=store)


__all__ = ["app", "auth", "login", "revoke", "status"]
