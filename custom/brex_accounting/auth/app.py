"""An application that customers grant access to."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from attrs import field, frozen

from ..checks import seconds
from ..errors import InvalidArgument
from ..events import Observer, OnEvent, checked_hook, logger
from ..transport.runtime import Runtime, checked_runtime, default_runtime
from ..transport.settings import AsyncTransport, NetworkSettings
from ..version import __version__
from .authorization import AuthorizationRequest, authorization_request, code_of
from .grant import Grant
from .issuer import ISSUER, ClientAuthentication, Issuer
from .keeper import Keeper
from .kept import KeptGrant
from .renewal import Terms
from .store import TokenStore

_LEASES = 2.0
"""How many times as long as a request for tokens the store's lock lasts: less than three, so that whoever gets in by
the end of a lease still comes within the time for which the issuer repeats an answer."""


@frozen
class UnsavedGrant:
    """New tokens that a store does not take.

    Attributes:
        store: The store.
        content: What its ``compare_and_swap`` should store, as soon as it can: UTF-8 text with tokens in it.
    """

    store: TokenStore
    content: bytes = field(repr=False)

    def __reduce__(self) -> NoReturn:
        message = "tokens do not travel in pickles and copies; write content to a safe place"
        raise TypeError(message)


class OAuthApp:
    """A partner's OAuth application: one for each, with a grant for each customer.

    Args:
        client_id: As Brex issued it.
        client_secret: As Brex issued it.
        issuer: Brex's issuer; its discovery document names the endpoints.
        client_authentication: How the secret is shown: ``client_secret_post`` or ``client_secret_basic``.
        refresh_timeout: Seconds for a request for tokens, with all its attempts. A token whose answer was lost is sent
            again within this time, so it should be a third, at most, of the time for which the issuer repeats an
            answer. Brex does not document that; 10 fits the 30 seconds that are usual.
        proxy: URL of a proxy; None takes the environment's, as httpx does.
        ssl_context: Certificates to trust; None takes ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, else certifi's.
        transport: Carries requests instead of httpx's own transport; it is left open.
        on_event: Takes the events of grants that are not used by a client.
        on_unsaved: Called with new tokens that a store does not take: a last chance to put them somewhere safe before
            the process may end. They are secrets.
        runtime: State to share, and the sources of time and randomness; the process's by default.

    Raises:
        InvalidArgument: An argument cannot be right.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        issuer: str = ISSUER,
        client_authentication: ClientAuthentication = "client_secret_post",
        refresh_timeout: float = 10.0,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        transport: AsyncTransport | None = None,
        on_event: OnEvent | None = None,
        on_unsaved: Callable[[UnsavedGrant], object] | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        settings = NetworkSettings(
            user_agent=f"brex-accounting-client/{__version__}",
            proxy=proxy,
            ssl_context=ssl_context,
            transport=transport,
        )
        self._runtime = default_runtime() if runtime is None else checked_runtime(runtime)
        request_seconds = seconds(refresh_timeout, "refresh_timeout")
        lease = _LEASES * request_seconds
        self._issuer = Issuer(
            issuer,
            client_id=client_id,
            client_secret=client_secret,
            authentication=client_authentication,
            settings=settings,
            runtime=self._runtime,
        )
        self._terms = Terms(
            issuer=self._issuer,
            runtime=self._runtime,
            request_seconds=request_seconds,
            lease=lease,
            wait=lease + request_seconds,
        )
        self._observer = Observer(on_event)
        self._on_unsaved = checked_hook(on_unsaved, "on_unsaved")

    @property
    def client_id(self) -> str:
        """The application's id."""
        return self._issuer.client_id

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return self._issuer.url

    def grant(self, store: TokenStore) -> Grant:
        """One customer's grant.

        Args:
            store: Where it is kept, or will be.

        Raises:
            InvalidArgument: It is no token store.
        """
        if isinstance(store, type) or not isinstance(store, TokenStore):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "store: expected a token store, such as FileTokenStore('tokens/acme.json')"
            raise InvalidArgument(message)
        if not isinstance(store, Hashable):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "store: expected one that hashes; give its class __hash__, or no __eq__"
            raise InvalidArgument(message)
        kept = KeptGrant(store, issuer=self.issuer, client_id=self.client_id, patience=self._terms.lease)
        on_unsaved = partial(self._unsaved, store)
        key = ("grant", self.issuer, self.client_id, store)
        keeper = self._runtime.shared(key, lambda: Keeper(self._runtime, kept))
        return Grant(self._terms, keeper, account=None, observer=self._observer, on_unsaved=on_unsaved)

    async def discover(self) -> None:
        """Look the issuer's endpoints up, so that ``authorization_request`` knows them.

        Requests for tokens do this by themselves. Where the issuer does not answer, the documented endpoints are used.
        """
        async with self._issuer.web() as web:
            await self._issuer.discover(web)

    def authorization_request(
        self, *, redirect_uri: str, scopes: Iterable[str], login_hint: str | None = None
    ) -> AuthorizationRequest:
        """Ask a customer for consent: send the browser to the ``url`` of this.

        Args:
            redirect_uri: Where the browser comes back to, exactly as it is registered with Brex.
            scopes: What for; ``offline_access`` brings a refresh token.
            login_hint: Who is expected to consent, where the issuer takes a hint.

        Raises:
            InvalidArgument: An argument cannot be right.
        """
        return authorization_request(
            self._issuer.known.authorize,
            client_id=self.client_id,
            redirect_uri=redirect_uri,
            scopes=scopes,
            login_hint=login_hint,
        )

    async def exchange(self, callback_url: str, request: AuthorizationRequest, *, store: TokenStore) -> Grant:
        """Take the customer's consent from the URL that the browser came back to; it is stored when this returns.

        A grant that the store holds already is replaced, and clients that use it go on with the new one.

        Args:
            callback_url: That URL, whole or from its path on.
            request: What ``authorization_request`` made.
            store: Where to keep the grant.

        Raises:
            AuthorizationDenied: The customer did not consent.
            StateMismatch: The callback belongs to another request, or somebody forged it.
            AuthorizationError: The issuer gives no tokens for it.
            TokenError: The store, or the issuer, did not do its part.
        """
        grant = self.grant(store)
        await grant.redeem(code_of(callback_url, request, issuer=self.issuer), request)
        return grant

    def _unsaved(self, store: TokenStore, content: bytes) -> None:
        if self._on_unsaved is None:
            return
        try:
            self._on_unsaved(UnsavedGrant(store, content))
        except Exception as error:  # noqa: BLE001 - it was the last chance, and must not cost the next one
            with suppress(Exception):  # no traceback: frames of a hook that was given tokens may show them
                logger.critical("on_unsaved raised %s", type(error).__name__)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.client_id} at {self.issuer}>"

    def __reduce__(self) -> tuple[Any, ...]:
        message = "an application holds its secret and does not travel; make another one from its settings"
        raise TypeError(message)


__all__ = ["OAuthApp", "UnsavedGrant"]
