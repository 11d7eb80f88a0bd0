"""The client object: settings, copies, and secrets that show nowhere."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from brex_accounting_client import (
    AuthenticatedClient,
    Client,
    InvalidInput,
    Response,
    StatusError,
    Undecodable,
    decode,
)
from brex_accounting_client.api.accounting_records import get_accounting_record
from brex_accounting_client.api.webhook_subscriptions import list_secrets
from brex_accounting_client.models import AccountingRecord, ExpenseReceipt, FileUpload, Receipt, WebhookSecret
from tests import wire

SECRET = "s3cret-canary"


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives as a stream, as over a socket."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"<html>"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"<html>"


def client(**settings: Any) -> AuthenticatedClient:
    return AuthenticatedClient(**{"base_url": "https://api.brex.com", "token": f"bxt_{SECRET}", **settings})


class TestSecrets:
    @pytest.mark.parametrize(
        "holder",
        [
            client(
                headers={"X-Key": SECRET},
                httpx_args={"auth": ("u", SECRET)},
                base_url=f"https://u:{SECRET}@host/x?t={SECRET}#{SECRET}",
            ),
            Client(base_url=f"https://{SECRET}@host", headers={"Authorization": SECRET}),
            WebhookSecret(secret=SECRET, status="ACTIVE"),
            FileUpload(id="f", uri=f"https://x.example/?sig={SECRET}"),
            Receipt(id="r", download_uris=[SECRET]),
            ExpenseReceipt(id="r", download_uris=[SECRET]),
            Response(status_code=200, content=SECRET.encode(), headers={"set-cookie": SECRET}, parsed=[SECRET]),
        ],
        ids=lambda holder: type(holder).__name__,
    )
    def test_no_repr_shows_one(self, holder: object) -> None:
        """Tokens, webhook secrets, presigned URLs and passwords in URLs are in no repr or str."""
        assert SECRET not in repr(holder)
        assert SECRET not in str(holder)

    def test_nor_a_record_that_holds_one(self) -> None:
        """The repr of a whole record hides the presigned URLs of its receipts."""
        record = wire.record(0, receipts=[{"id": "r", "download_uris": [f"https://x.example/?sig={SECRET}"]}])
        assert SECRET not in repr(decode(wire.dumps(record), AccountingRecord))

    @pytest.mark.parametrize("token", ["", f"{SECRET}\n", f" {SECRET}", f"{SECRET}\r\nX: y", f"{SECRET}é"])
    def test_a_token_that_cannot_be_sent(self, token: str) -> None:
        """A token with a line break or beyond ASCII is refused at once, and its text not repeated."""
        with pytest.raises(InvalidInput, match=r"^token: ") as caught:
            client(token=token)
        assert SECRET not in str(caught.value)
        running = client()
        with pytest.raises(InvalidInput, match=r"^token: "):
            running.token = token

    @pytest.mark.asyncio
    async def test_nor_a_log(self, httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture) -> None:
        """No log record, nor any argument of one, holds the token or a secret that came back."""
        httpx_mock.add_response(json=[{"secret": SECRET, "status": "ACTIVE"}])
        with caplog.at_level(logging.DEBUG):
            async with client() as brex:
                await list_secrets.asyncio(client=brex)
        for record in caplog.records:
            assert SECRET not in record.getMessage()
            assert SECRET not in repr(record.args)

    def test_nor_a_pickle(self) -> None:
        """A client is not pickled or copied: its token would travel with it."""
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled"):
                attempt(client())

    @pytest.mark.parametrize("value", ["a\nb", "é", " x", ""])
    def test_headers_are_checked_when_given(self, value: str) -> None:
        """A header of the client's that cannot be sent is refused at once, its value not repeated."""
        with pytest.raises(InvalidInput, match=r"^X-Key: "):
            client(headers={"X-Key": value})

    def test_an_error_keeps_no_text_behind(self) -> None:
        """The error for cut JSON has no other one behind it that holds the body."""
        with pytest.raises(Undecodable) as caught:
            decode(b'{"memo": "' + SECRET.encode(), AccountingRecord)
        assert caught.value.__context__ is None


class TestSettings:
    @pytest.mark.asyncio
    async def test_headers_are_sent(self, httpx_mock: HTTPXMock) -> None:
        """The client's header fields go out with every call, in both forms."""
        httpx_mock.add_response(content=wire.dumps(wire.record(1)), is_reusable=True)
        async with client(headers={"X-Partner": "erp/1"}) as brex:
            await get_accounting_record.asyncio("accr_1", client=brex)
            get_accounting_record.sync("accr_1", client=brex)
        assert ["erp/1", "erp/1"] == [request.headers["x-partner"] for request in httpx_mock.get_requests()]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("status", [200, 502])
    async def test_an_encoding_that_is_a_lie(self, status: int) -> None:
        """A body that is not in the encoding it names is kept as it came, under a typed error."""

        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(status, headers={"Content-Encoding": "gzip"}, stream=Body())

        transport = httpx.MockTransport(answer)
        plain = client().set_httpx_client(httpx.Client(base_url="https://x.example", transport=transport))
        with pytest.raises((StatusError, Undecodable)) as caught:
            get_accounting_record.sync("accr_1", client=plain)
        assert (status, b"<html>") == (caught.value.status_code, caught.value.content)
        async with httpx.AsyncClient(base_url="https://x.example", transport=transport) as inner:
            with pytest.raises((StatusError, Undecodable)) as caught:
                await get_accounting_record.asyncio("accr_1", client=client().set_async_httpx_client(inner))
        assert (status, b"<html>") == (caught.value.status_code, caught.value.content)

    def test_there_is_a_timeout(self) -> None:
        """Without a word from the caller, no call waits for ever."""
        for made in (client().get_httpx_client(), client().get_async_httpx_client()):
            assert httpx.Timeout(30.0, connect=10.0) == made.timeout

    def test_redirects_are_not_followed(self) -> None:
        """A redirect would carry the token elsewhere; it is an error status instead."""
        assert not client().get_httpx_client().follow_redirects

    def test_copies_leave_the_original_alone(self) -> None:
        """with_headers and with_timeout give copies with clients of their own."""
        original = client(headers={"A": "1"})
        inner = original.get_httpx_client()
        other = original.with_headers({"B": "2"}).with_timeout(5.0)
        assert {"A": "1"} == original.headers
        assert {"A": "1", "B": "2"} == other.headers
        assert inner is original.get_httpx_client()
        assert inner is not other.get_httpx_client()
        assert httpx.Timeout(5.0) == other.get_httpx_client().timeout
        assert httpx.Timeout(30.0, connect=10.0) == inner.timeout
        assert original.token == other.token

    @pytest.mark.asyncio
    async def test_a_new_token_is_sent_at_once(self, httpx_mock: HTTPXMock) -> None:
        """The token is read for each call, so that a refreshed one is never stale."""
        httpx_mock.add_response(content=wire.dumps(wire.record(1)), is_reusable=True)
        async with client() as brex:
            await get_accounting_record.asyncio("accr_1", client=brex)
            brex.token = "bxt_second"
            await get_accounting_record.asyncio("accr_1", client=brex)
        sent = [request.headers["authorization"] for request in httpx_mock.get_requests()]
        assert [f"Bearer bxt_{SECRET}", "Bearer bxt_second"] == sent

    @pytest.mark.asyncio
    async def test_own_httpx_clients(self) -> None:
        """An httpx client of the caller's is used with its own settings."""
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(200, content=wire.dumps(wire.record(1)))

        transport = httpx.MockTransport(answer)
        with httpx.Client(base_url="https://one.example", transport=transport) as plain:
            get_accounting_record.sync("accr_1", client=client().set_httpx_client(plain))
        async with httpx.AsyncClient(base_url="https://two.example", transport=transport) as asynchronous:
            own = client().set_async_httpx_client(asynchronous)
            await get_accounting_record.asyncio("accr_1", client=own)
        assert ["one.example", "two.example"] == [request.url.host for request in seen]
        assert all("authorization" in request.headers for request in seen)
