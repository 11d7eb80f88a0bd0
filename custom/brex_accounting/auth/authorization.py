"""A customer's consent: where to send the browser, and what it brings back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from attrs import field, frozen

from ..checks import header, text
from ..errors import AuthorizationDenied, AuthorizationError, InvalidArgument, StateMismatch
from ..transport.web import is_private

_AGAIN = "begin a new authorization_request()"
_CODE = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
_SCOPE = re.compile(r"[!#-\[\]-~]+", re.ASCII)  # RFC 6749, 3.3


@frozen(kw_only=True)
class AuthorizationRequest:
    """A request for a customer's consent: send the browser to ``url``, keep the rest for ``exchange``.

    It holds secrets. The customer's browser returns in another request, and maybe in another process: keep
    ``to_session()`` in the web session, on the server's side.

    Attributes:
        url: Where to send the browser.
        state: Comes back with it, so that nobody can slip in a code of his own.
        code_verifier: Proves to the issuer that the code comes back to who asked for it (PKCE, RFC 7636).
        redirect_uri: Where the issuer sends the browser back to, as it is registered.
        scopes: What is asked for.
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    scopes: tuple[str, ...]

    def to_session(self) -> dict[str, str]:
        """Everything that ``exchange`` needs, as plain values."""
        return {
            "url": self.url,
            "state": self.state,
            "code_verifier": self.code_verifier,
            "redirect_uri": self.redirect_uri,
            "scopes": " ".join(self.scopes),
        }

    @classmethod
    def from_session(cls, values: Mapping[str, Any]) -> Self:
        """A request from what ``to_session`` gave.

        Raises:
            InvalidArgument: Something is missing.
        """
        if not isinstance(values, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "values: expected what to_session() gave"
            raise InvalidArgument(message)
        found = {name: text(values.get(name), f"session {name}") for name in _KEPT}
        return cls(**{**found, "scopes": tuple(found["scopes"].split())})  # type: ignore[arg-type]

    def __reduce__(self) -> NoReturn:
        message = "an authorization request holds secrets; keep to_session() in a session on the server's side"
        raise TypeError(message)


_KEPT = ("url", "state", "code_verifier", "redirect_uri", "scopes")


def authorization_request(
    endpoint: str, *, client_id: str, redirect_uri: str, scopes: Iterable[str], login_hint: str | None
) -> AuthorizationRequest:
    """Make a request.

    Args:
        endpoint: The issuer's authorization endpoint.
        client_id: Who asks.
        redirect_uri: Where the browser comes back to.
        scopes: What for.
        login_hint: Who is expected to consent, where the issuer takes a hint.

    Raises:
        InvalidArgument: An argument cannot be right.
    """
    asked = scopes_of(scopes)
    if not is_private(text(redirect_uri, "redirect_uri")):
        message = "redirect_uri: expected the registered https URL (http to this machine only), without a fragment"
        raise InvalidArgument(message)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(asked),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if login_hint is not None:
        query["login_hint"] = text(login_hint, "login_hint")
    joint = "&" if "?" in endpoint else "?"
    url = f"{endpoint}{joint}{urlencode(query)}"
    return AuthorizationRequest(url=url, state=state, code_verifier=verifier, redirect_uri=redirect_uri, scopes=asked)


def scopes_of(scopes: object) -> tuple[str, ...]:
    """Scopes as they are asked for: each once.

    Raises:
        InvalidArgument: There are none, or one cannot be one.
    """
    if isinstance(scopes, str) or not isinstance(scopes, Iterable):
        message = 'scopes: expected several, such as ["accounting.record.read", "offline_access"]'
        raise InvalidArgument(message)
    found: list[str] = []
    for scope in scopes:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
            message = f"scopes: number {len(found) + 1} is none; expected names such as accounting.record.read"
            raise InvalidArgument(message)
        if scope not in found:
            found.append(scope)
    if not found:
        message = "scopes: expected at least one, such as accounting.record.read"
        raise InvalidArgument(message)
    return tuple(found)


def code_of(callback_url: str, request: AuthorizationRequest, *, issuer: str) -> str:
    """The code that a browser brought back.

    Args:
        callback_url: The URL that the browser came to, whole or from its path on, or its query.
        request: What it was sent away with.
        issuer: Who should have sent it back.

    Raises:
        InvalidArgument: An argument is of another type.
        StateMismatch: It belongs to another request, or somebody forged it.
        AuthorizationDenied: The issuer gave no code.
        AuthorizationError: It is no callback.
    """
    if not isinstance(callback_url, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        message = "callback_url: expected the URL that the browser came to, as a str; such as str(request.url)"
        raise InvalidArgument(message)
    if not isinstance(request, AuthorizationRequest):  # pyright: ignore[reportUnnecessaryIsInstance]
        message = "request: expected the AuthorizationRequest; from_session() makes it from what to_session() gave"
        raise InvalidArgument(message)
    values = _query(callback_url)
    if not hmac.compare_digest(values.get("state", "").encode(), request.state.encode()):
        message = f"state: the callback does not belong to this request, or was forged; {_AGAIN}"
        raise StateMismatch(message)
    # RFC 9207: an answer of another issuer, which would be sent our code.
    if "iss" in values and values["iss"].rstrip("/") != issuer:
        message = f"iss: the callback comes from another issuer; {_AGAIN}"
        raise StateMismatch(message)
    if "error" in values:
        error = values["error"] if _CODE.fullmatch(values["error"]) else None
        why = "access_denied: the customer did not consent" if error == "access_denied" else error or "no reason"
        message = f"the issuer sent the browser back without a code ({why}); {_AGAIN}"
        raise AuthorizationDenied(message, error_code=error)
    try:
        return header(values.get("code"), "code")
    except InvalidArgument:
        message = f"callback_url: it has no code; pass the URL that the browser came to, or {_AGAIN}"
    raise AuthorizationError(message)


def _query(callback_url: str) -> dict[str, str]:
    """The parameters of a callback; RFC 6749 allows each of them once."""
    try:
        query = urlsplit(callback_url).query if "?" in callback_url else callback_url
        pairs = parse_qsl(query.strip(), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        pairs = []
    names = [name for name, _ in pairs]
    if any(names.count(name) > 1 for name in ("state", "code", "error", "iss")):
        message = f"callback_url: a parameter is there twice; {_AGAIN}"
        raise AuthorizationError(message)
    return {name: value.encode(errors="replace").decode() for name, value in pairs}


__all__ = ["AuthorizationRequest", "authorization_request", "code_of", "scopes_of"]
