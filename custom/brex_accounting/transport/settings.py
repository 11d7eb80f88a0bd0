"""How to reach a server: certificates, proxies, what requests say of us."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from attrs import field, frozen

from ..errors import InvalidArgument
from .send_failed import system_reason

AsyncTransport = httpx.AsyncBaseTransport
"""What ``transport=`` takes: httpx's own interface for what carries requests."""


@frozen(kw_only=True)
class NetworkSettings:
    """How to reach any server.

    Attributes:
        user_agent: The whole ``User-Agent``.
        proxy: URL of a proxy for everything; None takes the environment's, as httpx does.
        ssl_context: Certificates to trust; None takes the shared default context.
        transport: Carries requests instead of httpx's own; no proxy applies then.
    """

    user_agent: str
    proxy: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = None
    transport: AsyncTransport | None = None

    def __attrs_post_init__(self) -> None:
        if self.transport is not None and not isinstance(self.transport, AsyncTransport):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "transport: expected an httpx.AsyncBaseTransport"
            raise InvalidArgument(message)
        if self.transport is not None and (self.proxy is not None or self.ssl_context is not None):
            message = "transport: carries requests by itself; give it the proxy or ssl_context, not the client"
            raise InvalidArgument(message)
        if self.ssl_context is not None and not isinstance(self.ssl_context, ssl.SSLContext):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "ssl_context: expected an ssl.SSLContext"
            raise InvalidArgument(message)
        if self.proxy is not None:
            _check_proxy(self.proxy)

    @property
    def brings_its_own(self) -> bool:
        """Whether the shared default TLS context is not needed."""
        return self.transport is not None or self.ssl_context is not None

    def httpx_client(
        self,
        ssl_context: ssl.SSLContext | None,
        *,
        transport: AsyncTransport | None = None,
        limits: httpx.Limits = httpx.Limits(),  # noqa: B008 - never changed
        on_response: Callable[[httpx.Response], Awaitable[None]] | None = None,
    ) -> httpx.AsyncClient:
        """A client of httpx that keeps no cookies and follows no redirects.

        Args:
            ssl_context: Used where the settings bring none.
            transport: Stands for the one of the settings.
            limits: On its connections.
            on_response: Called with the head of each answer.

        Raises:
            InvalidArgument: The environment names a proxy that cannot be used.
        """
        try:
            return httpx.AsyncClient(
                headers={"User-Agent": self.user_agent},
                proxy=self.proxy,
                verify=self.ssl_context or ssl_context or True,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                follow_redirects=False,
                transport=transport or self.transport,
                limits=limits,
                event_hooks={} if on_response is None else {"response": [on_response]},
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            # What httpx says of a proxy's URL repeats it, with its password.
            message = (
                "proxy, or HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: expected the URL of an HTTP proxy, such as "
                "http://proxy.example.com:3128 (socks5:// needs the package socksio)"
            )
        raise InvalidArgument(message)


@frozen(kw_only=True)
class HttpSettings(NetworkSettings):
    """How to reach Brex.

    Attributes:
        base_url: Scheme and host, and a path where a gateway needs one.
    """

    base_url: str

    def __attrs_post_init__(self) -> None:
        _check_base_url(self.base_url)
        super().__attrs_post_init__()

    @property
    def host(self) -> str:
        """Scheme, host and port, however they are spelled; Brex counts requests for each of them."""
        url = httpx.URL(self.base_url)
        return f"{url.scheme}://{url.host}:{url.port or {'http': 80, 'https': 443}[url.scheme]}"


def default_ssl_context() -> ssl.SSLContext:
    """Certificates as httpx finds them: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, else certifi's.

    Raises:
        InvalidArgument: The environment names certificates that cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one too
        message = f"SSL_CERT_FILE or SSL_CERT_DIR: no certificates can be read there{system_reason(error)}"
    raise InvalidArgument(message)


def _check_base_url(base_url: str) -> None:
    try:
        url = httpx.URL(base_url)
        bare = not (url.userinfo or url.query or url.fragment or any(map(str.isspace, base_url)))
        if url.scheme in ("http", "https") and url.host and url.port != 0 and bare:
            return
    except (ValueError, TypeError, httpx.InvalidURL):
        pass
    message = "base_url: expected a scheme and a host, such as https://api.brex.com, without user, query or fragment"
    raise InvalidArgument(message)


def _check_proxy(proxy: str) -> None:
    """Refuse what httpx would refuse with the URL, password included, in its message."""
    try:
        httpx.Proxy(proxy)
    except (ValueError, TypeError, httpx.InvalidURL):
        pass
    else:
        return
    message = "proxy: expected the URL of a proxy, such as http://proxy.example.com:3128"
    raise InvalidArgument(message)


__all__ = ["AsyncTransport", "HttpSettings", "NetworkSettings", "default_ssl_context"]
