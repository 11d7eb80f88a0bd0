"""The one client that is registered: its redirect URIs, and how it proves who it is."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_plus, urlsplit

import attrs

from ...errors import InvalidArgument
from .messages import INVALID_CLIENT, INVALID_REQUEST, OAuthRefusal, Parameters
from .tokens import same_secret

DEFAULT_REDIRECT_URI: Final = "http://127.0.0.1:8765/callback"
"""Registered unless told otherwise."""

AUTHENTICATION_METHODS: Final = ("client_secret_post", "client_secret_basic")

_CHALLENGE: Final = (("www-authenticate", 'Basic realm="token"'),)


@attrs.frozen
class Client:
    """A partner's application.

    Args:
        id: ``client_id``.
        secret: ``client_secret``.
        redirect_uris: Where answers of the authorize endpoint may go; compared as text, ports and all.
    """

    id: str
    secret: str = attrs.field(repr=False)
    redirect_uris: tuple[str, ...]

    def redirect_uri(self, query: Parameters) -> str:
        """Where the answer to an authorize request goes.

        Raises:
            OAuthRefusal: The client or the redirect URI is unknown: nothing may be sent there.
        """
        if query.get("client_id") != self.id:
            raise OAuthRefusal(INVALID_CLIENT, "client_id: no such client")
        uri = query.get("redirect_uri")
        if uri is None or uri not in self.redirect_uris:
            raise OAuthRefusal(INVALID_REQUEST, "redirect_uri: not one of those that are registered")
        return uri

    def authenticate(self, form: Parameters, authorization: str | None) -> None:
        """Check who sends a form, by client_secret_post or client_secret_basic.

        Args:
            form: The form.
            authorization: The header of that name.

        Raises:
            OAuthRefusal: It is not this client, or it says so in two ways.
        """
        client_id, secret = form.get("client_id"), form.get("client_secret")
        if authorization is not None:
            if secret is not None:
                text = "client_secret: the Authorization header authenticates the client already"
                raise OAuthRefusal(INVALID_REQUEST, text)
            named, secret = _basic(authorization)
            # RFC 6749 lets a form repeat the client_id; it must not name somebody else.
            if client_id not in {None, named}:
                raise OAuthRefusal(INVALID_REQUEST, "client_id: the Authorization header names another one")
            client_id = named
        # Both comparisons are made, so that the time does not tell which one failed.
        known = same_secret(client_id or "", self.id) & same_secret(secret or "", self.secret)
        if not known:
            headers = () if authorization is None else _CHALLENGE
            raise OAuthRefusal(INVALID_CLIENT, "client authentication failed", status=401, headers=headers)


def registered(redirect_uris: Iterable[str]) -> tuple[str, ...]:
    """Redirect URIs, as they may be registered.

    Raises:
        InvalidArgument: There is none, or one of them cannot be redirected to.
    """
    uris = tuple(redirect_uris)
    if not uris:
        message = "redirect_uris: expected at least one"
        raise InvalidArgument(message)
    for uri in uris:
        sendable = uri.isascii() and uri.isprintable() and " " not in uri
        if not sendable or "#" in uri or not urlsplit(uri).scheme:
            message = f"redirect_uris: expected absolute URIs in ASCII without a fragment, got {uri!r}"
            raise InvalidArgument(message)
    return uris


def _basic(authorization: str) -> tuple[str, str]:
    """Id and secret from a Basic header, blank where it holds none; each is form-encoded (RFC 6749, section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        return "", ""
    client_id, _, secret = pair.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


__all__ = ["AUTHENTICATION_METHODS", "DEFAULT_REDIRECT_URI", "Client", "registered"]
