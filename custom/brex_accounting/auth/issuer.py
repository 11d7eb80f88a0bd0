"""The issuer: where its endpoints are, and how this application shows there who it is."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Mapping
from typing import Any, Final, Literal, cast
from urllib.parse import quote
from weakref import WeakKeyDictionary

import msgspec
from attrs import frozen

from ..checks import header
from ..errors import InvalidArgument
from ..events import logger
from ..transport.runtime import Runtime
from ..transport.send_failed import SendFailed
from ..transport.settings import NetworkSettings
from ..transport.web import Web, WebAnswer, is_private

ISSUER: Final = "https://accounts-api.brex.com/oauth2/default"
"""Brex's issuer (https://developer.brex.com/guides/partner_authentication)."""

ClientAuthentication = Literal["client_secret_post", "client_secret_basic"]
"""How the application shows its secret: in the form, as Brex's examples do, or in the header (RFC 6749, 2.3.1)."""

_MOST_AT_ONCE = 32
"""How many requests for tokens are under way in an event loop; each takes a few file descriptors."""

_DISCOVERY_SECONDS = 5.0
_KNOWN_FOR = 3600.0
"""Seconds for which endpoints are not looked up again."""

_ASKED_AGAIN_AFTER = 300.0
"""Seconds after a lookup that failed."""


@frozen
class Endpoints:
    """Where the issuer is asked what."""

    authorize: str
    token: str
    revoke: str


class Issuer:
    """An issuer, as one application sees it; usable in several event loops and threads.

    Args:
        url: The issuer, without a slash at its end.
        client_id: The application's id.
        client_secret: Its secret.
        authentication: How it shows the secret.
        settings: How to reach it.
        runtime: The time, and the TLS context.

    Raises:
        InvalidArgument: An argument cannot be right.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        client_secret: str,
        authentication: ClientAuthentication,
        settings: NetworkSettings,
        runtime: Runtime,
    ) -> None:
        self.url: str = _issuer_url(url)
        self.client_id: str = header(client_id, "client_id")
        self._secret = header(client_secret, "client_secret")
        if authentication not in ("client_secret_post", "client_secret_basic"):
            message = "client_authentication: expected client_secret_post or client_secret_basic"
            raise InvalidArgument(message)
        self._authentication = authentication
        self._settings = settings
        self._runtime = runtime
        self._lock = threading.Lock()
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._endpoints = self.documented()
        self._look_up_at = runtime.clock.monotonic()

    def documented(self) -> Endpoints:
        """The endpoints as Brex documents them, under the issuer's path."""
        return Endpoints(f"{self.url}/v1/authorize", f"{self.url}/v1/token", f"{self.url}/v1/revoke")

    @property
    def known(self) -> Endpoints:
        """The endpoints as far as they are known without asking."""
        return self._endpoints

    def web(self) -> Web:
        """Connections for a few requests; whoever takes them closes them."""
        context = None if self._settings.brings_its_own else self._runtime.ssl_context()
        return Web(self._settings, context)

    async def discover(self, web: Web) -> Endpoints:
        """The endpoints that the issuer names, looked up once an hour; the documented ones where it names none.

        Args:
            web: The connections to use.
        """
        if self._runtime.clock.monotonic() < self._look_up_at:
            return self._endpoints
        async with self._turn():  # hundreds of grants begin at once, and one look-up is enough
            now = self._runtime.clock.monotonic()
            if now >= self._look_up_at:
                found = await self._looked_up(web)
                if found is None:
                    logger.warning("the OAuth issuer does not name its endpoints; going on with those known before")
                self._endpoints = found or self._endpoints
                self._look_up_at = now + (_KNOWN_FOR if found else _ASKED_AGAIN_AFTER)
        return self._endpoints

    def place(self) -> asyncio.Semaphore:
        """A place among those that ask the issuer at once; hundreds of grants can come at the same instant."""
        with self._lock:
            return self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_MOST_AT_ONCE))

    def _turn(self) -> asyncio.Lock:
        with self._lock:
            return self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    async def _looked_up(self, web: Web) -> Endpoints | None:
        url = f"{self.url}/.well-known/openid-configuration"
        try:
            answer = await web.send("GET", url, seconds=_DISCOVERY_SECONDS, headers={"Accept": "application/json"})
            found: Any = msgspec.json.decode(answer.content) if answer.status == 200 else None
        except (SendFailed, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        # RFC 8414, 3.3: a document about another issuer must not be used.
        if not isinstance(found, dict):
            return None
        members = cast("dict[str, Any]", found)
        if str(members.get("issuer", "")).rstrip("/") != self.url:
            return None
        documented = self.documented()
        return Endpoints(
            authorize=_endpoint(members.get("authorization_endpoint")) or documented.authorize,
            token=_endpoint(members.get("token_endpoint")) or documented.token,
            revoke=_endpoint(members.get("revocation_endpoint")) or documented.revoke,
        )

    async def post(self, web: Web, url: str, form: Mapping[str, str], *, seconds: float) -> WebAnswer:
        """Send a form, and show who sends it.

        Args:
            web: The connections to use.
            url: The endpoint.
            form: What to ask.
            seconds: The most that it may take.

        Raises:
            SendFailed: There is no whole answer.
        """
        headers = {"Accept": "application/json"}
        if self._authentication == "client_secret_basic":
            pair = f"{quote(self.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form = {**form, "client_id": self.client_id, "client_secret": self._secret}
        return await web.send("POST", url, seconds=seconds, headers=headers, form=form)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"


def _issuer_url(url: object) -> str:
    if isinstance(url, str) and is_private(url) and "?" not in url and not any(map(str.isspace, url)):
        return url.rstrip("/")
    message = f"issuer: expected an https URL without query or fragment, such as {ISSUER}"
    raise InvalidArgument(message)


def _endpoint(url: object) -> str | None:
    """An endpoint that the client's secret may be sent to."""
    return url if isinstance(url, str) and is_private(url) else None


__all__ = ["ISSUER", "ClientAuthentication", "Endpoints", "Issuer"]
