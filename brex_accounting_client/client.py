# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""Where calls go and with which token; one object for both the async and the sync forms.

This is the low level: no retries, no token refresh, no paging. ``brex_accounting`` adds those.
"""

from __future__ import annotations

import ssl
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
from attrs import define, evolve, field

from .errors import InvalidInput
from .requests import check_header
from .types import OnBadRecord

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""Seconds to wait for a byte to come or go, and for a connection."""


def _without_user(url: str) -> str:
    """A URL for a repr: without user, password and query."""
    parts = urlsplit(url)
    return repr(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")))


def _whole(response: httpx.Response, raw: bytes | None) -> httpx.Response:
    """The answer with its body; one that names an encoding which it does not have keeps the bytes that came."""
    if raw is None:
        return response
    headers = response.headers
    try:
        return httpx.Response(response.status_code, headers=headers, content=raw, request=response.request)
    except httpx.DecodingError:
        kept = [(name, value) for name, value in headers.raw if name.lower() != b"content-encoding"]
    return httpx.Response(response.status_code, headers=kept, content=raw, request=response.request)


def _check_token(_: object, __: object, token: str) -> None:
    check_header(token, "token")


def _check_headers(_: object, __: object, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        check_header(value, name)


def _check_on_bad_record(_: object, __: object, value: str) -> None:
    if value not in ("raise", "collect"):
        message = f"on_bad_record: expected 'raise' or 'collect', got {value!r}"
        raise InvalidInput(message)


@define(kw_only=True)
class Client:
    """A client without a token.

    Attributes:
        base_url: Scheme and host, such as ``https://api.brex.com``.
        headers: Header fields to send with every call.
        timeout: Seconds, or an ``httpx.Timeout``.
        verify_ssl: False turns certificate checks off; a context brings its own certificates.
        on_bad_record: What happens to a page with records that cannot be read: ``"raise"`` or ``"collect"``.
        httpx_args: More keyword arguments for ``httpx.Client`` and ``httpx.AsyncClient``.
    """

    base_url: str = field(repr=_without_user)
    headers: dict[str, str] = field(factory=dict[str, str], repr=False, validator=_check_headers)
    timeout: httpx.Timeout | float = field(default=DEFAULT_TIMEOUT)
    verify_ssl: bool | ssl.SSLContext = field(default=True)
    on_bad_record: OnBadRecord = field(default="raise", validator=_check_on_bad_record)
    httpx_args: dict[str, Any] = field(factory=dict[str, Any], repr=False)
    _client: httpx.Client | None = field(default=None, init=False, repr=False, eq=False)
    _async_client: httpx.AsyncClient | None = field(default=None, init=False, repr=False, eq=False)

    def with_headers(self, headers: dict[str, str]) -> Self:
        """A copy that sends these header fields too; this client stays as it is."""
        return evolve(self, headers={**self.headers, **headers})

    def with_timeout(self, timeout: httpx.Timeout | float) -> Self:
        """A copy with another timeout; this client stays as it is."""
        return evolve(self, timeout=timeout)

    def set_httpx_client(self, client: httpx.Client) -> Self:
        """Use this httpx client for the sync forms, with its own settings."""
        self._client = client
        return self

    def set_async_httpx_client(self, async_client: httpx.AsyncClient) -> Self:
        """Use this httpx client for the async forms, with its own settings."""
        self._async_client = async_client
        return self

    def get_httpx_client(self) -> httpx.Client:
        """The httpx client of the sync forms, made at the first call."""
        if self._client is None:
            self._client = httpx.Client(**self._settings())
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The httpx client of the async forms, made at the first call."""
        if self._async_client is None:
            self._async_client = httpx.AsyncClient(**self._settings())
        return self._async_client

    def send(self, request: dict[str, Any]) -> httpx.Response:
        """Send what an endpoint's ``_get_kwargs`` made, and read the whole answer."""
        client = self.get_httpx_client()
        response = client.send(client.build_request(**self._complete(request)), stream=True)
        try:
            if "content-encoding" not in response.headers:
                response.read()
                return response
            return _whole(response, None if response.is_stream_consumed else b"".join(response.iter_raw()))
        finally:
            response.close()

    async def send_async(self, request: dict[str, Any]) -> httpx.Response:
        """Send what an endpoint's ``_get_kwargs`` made, and read the whole answer."""
        client = self.get_async_httpx_client()
        response = await client.send(client.build_request(**self._complete(request)), stream=True)
        try:
            if "content-encoding" not in response.headers:
                await response.aread()
                return response
            return _whole(
                response,
                None if response.is_stream_consumed else b"".join([part async for part in response.aiter_raw()]),
            )
        finally:
            await response.aclose()

    def _settings(self) -> dict[str, Any]:
        return {"base_url": self.base_url, "timeout": self.timeout, "verify": self.verify_ssl, **self.httpx_args}

    def _complete(self, request: dict[str, Any]) -> dict[str, Any]:
        return {**request, "headers": {"Accept": "application/json", **self.headers, **request.get("headers", {})}}

    def __reduce__(self) -> NoReturn:
        """Refuse pickles and copies: they would hold the token, and connections cannot travel."""
        message = "a client holds secrets and connections and cannot be pickled; make another one from its settings"
        raise TypeError(message)

    def __enter__(self) -> Self:
        self.get_httpx_client().__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        self.get_httpx_client().__exit__(*args)

    async def __aenter__(self) -> Self:
        await self.get_async_httpx_client().__aenter__()
        return self

    async def __aexit__(self, *args: Any) -> None:
        await self.get_async_httpx_client().__aexit__(*args)


@define(kw_only=True)
class AuthenticatedClient(Client):
    """A client that sends a bearer token.

    Attributes:
        token: The access token. It may be replaced at any time; the next call sends the new one.
    """

    token: str = field(repr=False, validator=_check_token)

    def _complete(self, request: dict[str, Any]) -> dict[str, Any]:
        completed = super()._complete(request)
        completed["headers"]["Authorization"] = f"Bearer {self.token}"
        return completed


__all__ = ["DEFAULT_TIMEOUT", "AuthenticatedClient", "Client"]
