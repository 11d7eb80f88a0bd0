"""Every status but 2xx raises, whatever its body; and what is raised tells everything and leaks nothing."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from brex_accounting_client import (
    AuthenticatedClient,
    BadRecord,
    BadRecords,
    ClientError,
    InvalidInput,
    StatusError,
    Undecodable,
)
from brex_accounting_client.api.accounting_integrations import create_integration
from brex_accounting_client.api.accounting_records import get_accounting_record, query_accounting_records
from brex_accounting_client.api.expenses import list_expenses
from brex_accounting_client.models import AccountingError, AccountingErrorCode, ApiError, CreateIntegrationRequest
from tests import wire

MODERN = {
    "error_code": "ACTIVE_INTEGRATION_EXISTS",
    "message": "Ada Quill already connected one",
    "details": {"existing_integration_id": "int_1", "existing_vendor": "ERP_B", "requested_vendor": "ERP_A"},
}
CLASSIC = {"type": "UNAUTHORIZED", "message": "PERMISSION_DENIED: Ada Quill", "code": None}
TRACE = {"X-Brex-Trace-Id": "trace-1"}


async def query(httpx_mock: HTTPXMock, status: int, content: bytes, **headers: str) -> Any:
    httpx_mock.add_response(status_code=status, content=content, headers={**TRACE, **headers})
    async with AuthenticatedClient(base_url="https://api.brex.com", token="bxt_token", verify_ssl=False) as client:
        return await query_accounting_records.asyncio(client=client)


@pytest.mark.asyncio
class TestStatuses:
    @pytest.mark.parametrize("status", range(200, 600))
    async def test_each_one(self, status: int, httpx_mock: HTTPXMock) -> None:
        """Of all statuses from 200 to 599, 2xx gives the page and every other a StatusError with that number."""
        content = wire.dumps(wire.page([wire.record(0)])) if status < 300 else wire.dumps(MODERN)
        if status < 300:
            assert "accr_0" == (await query(httpx_mock, status, content)).items[0].id
            return
        with pytest.raises(StatusError) as caught:
            await query(httpx_mock, status, content)
        assert status == caught.value.status_code
        assert content == caught.value.content
        assert isinstance(caught.value.parsed, AccountingError)

    @pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 520, 599])
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html><body>520: Ada Quill</body></html>",
            b"null",
            b"[]",
            b"{}",
            b'{"error_code": null}',
            b'{"error":"Ada Quill"}',
            b'{"error_code":"X","mess',
            b"\xff\xfe",
        ],
    )
    async def test_bodies_that_are_no_error(self, status: int, content: bytes, httpx_mock: HTTPXMock) -> None:
        """HTML, nothing, another shape or half a body: the status raises all the same, with the bytes."""
        with pytest.raises(StatusError) as caught:
            await query(httpx_mock, status, content)
        assert (status, None, content) == (caught.value.status_code, caught.value.parsed, caught.value.content)

    @pytest.mark.parametrize("content", [b"", b"<html/>", b"null", b"{}", b'{"items":[', wire.dumps(MODERN)])
    async def test_2xx_without_the_model(self, content: bytes, httpx_mock: HTTPXMock) -> None:
        """A 2xx whose body is not what the document says raises Undecodable, saying which call it answered."""
        with pytest.raises(Undecodable) as caught:
            await query(httpx_mock, 200, content)
        assert ("GET /v3/accounting/records", 200) == (caught.value.operation, caught.value.status_code)
        assert content == caught.value.content
        assert "GET /v3/accounting/records answered 200" in str(caught.value)


@pytest.mark.asyncio
class TestErrorBodies:
    async def test_accounting_shape(self, httpx_mock: HTTPXMock) -> None:
        """An accounting error body is a model with typed details."""
        httpx_mock.add_response(status_code=409, content=wire.dumps(MODERN), headers=TRACE)
        async with AuthenticatedClient(base_url="https://api.brex.com", token="t") as client:
            with pytest.raises(StatusError) as caught:
                await create_integration.asyncio(
                    client=client, body=CreateIntegrationRequest(vendor="ERP_A", vendor_account_id="1")
                )
        error = caught.value
        assert AccountingErrorCode.ACTIVE_INTEGRATION_EXISTS == error.parsed.error_code
        assert "int_1" == error.parsed.details.existing_integration_id
        assert "POST /v3/accounting/integration answered 409 ACTIVE_INTEGRATION_EXISTS (trace trace-1)" == str(error)
        assert "trace-1" == error.trace_id == error.headers["x-brex-trace-id"]

    async def test_classic_shape(self, httpx_mock: HTTPXMock) -> None:
        """The older shape, which the gateway sends for any operation, is a model as well."""
        with pytest.raises(StatusError) as caught:
            await query(httpx_mock, 401, wire.dumps(CLASSIC))
        assert ApiError(type="UNAUTHORIZED", message="PERMISSION_DENIED: Ada Quill") == caught.value.parsed
        assert "UNAUTHORIZED" == caught.value.error_code

    async def test_documents_without_error_bodies(self, httpx_mock: HTTPXMock) -> None:
        """Operations whose document gives no error body read the older shape."""
        httpx_mock.add_response(status_code=400, content=wire.dumps(CLASSIC))
        async with AuthenticatedClient(base_url="https://api.brex.com", token="t") as client:
            with pytest.raises(StatusError) as caught:
                await list_expenses.asyncio(client=client)
        assert isinstance(caught.value.parsed, ApiError)

    async def test_unknown_code(self, httpx_mock: HTTPXMock) -> None:
        """An error code that no document lists is kept, not an error within the error."""
        with pytest.raises(StatusError) as caught:
            await query(httpx_mock, 418, wire.dumps({"error_code": "TEAPOT", "message": "m", "details": {"new": 1}}))
        assert "TEAPOT" == caught.value.error_code
        assert not caught.value.parsed.error_code.is_known

    @pytest.mark.parametrize("code", ["Ada Quill <ada@example.com>", "x" * 81, "", "Zeile\nZwei"])
    async def test_a_code_that_is_none_stays_out_of_the_text(self, code: str, httpx_mock: HTTPXMock) -> None:
        """Only what looks like a code appears in the text of an error."""
        with pytest.raises(StatusError) as caught:
            await query(httpx_mock, 400, wire.dumps({"error_code": code, "message": "m"}), **{"X-Brex-Trace-Id": "a b"})
        assert "GET /v3/accounting/records answered 400" == str(caught.value)
        assert caught.value.trace_id is None


@pytest.mark.asyncio
class TestBadRecords:
    async def test_the_client_chooses(self, httpx_mock: HTTPXMock) -> None:
        """on_bad_record of the client decides: raise by default, or collect."""
        content = wire.dumps(wire.page([wire.record(0), wire.record(1, version="x")]))
        with pytest.raises(BadRecords) as caught:
            await query(httpx_mock, 200, content)
        assert ("GET /v3/accounting/records", 200) == (caught.value.operation, caught.value.status_code)
        httpx_mock.add_response(content=content)
        async with AuthenticatedClient(base_url="https://x", token="t", on_bad_record="collect") as client:
            page = await query_accounting_records.asyncio(client=client)
        assert ["accr_0"] == [item.id for item in page.items]
        assert ["accr_1"] == [bad.id for bad in page.bad_records]

    async def test_a_single_record(self, httpx_mock: HTTPXMock) -> None:
        """A single record that cannot be read raises with its path; collecting has no meaning there."""
        httpx_mock.add_response(content=wire.dumps(wire.record(0, version="x")))
        async with AuthenticatedClient(base_url="https://x", token="t", on_bad_record="collect") as client:
            with pytest.raises(Undecodable, match=r"answered 200.*\$\.version"):
                await get_accounting_record.asyncio("accr_0", client=client)

    async def test_there_are_two_choices(self) -> None:
        """Another word for on_bad_record is refused when the client is made."""
        with pytest.raises(InvalidInput, match="on_bad_record"):
            AuthenticatedClient(base_url="https://x", token="t", on_bad_record="ignore")  # type: ignore[arg-type]


BODY = b'{"message": "Ada Quill"}'
BAD = BadRecord(index=3, id="accr_3", path="$.items[3].id", reason="r", raw=BODY)
ERRORS: list[ClientError] = [
    StatusError(
        operation="GET /x",
        status_code=409,
        headers={"x-brex-trace-id": "t1", "set-cookie": "Ada Quill"},
        parsed=AccountingError(error_code=AccountingErrorCode.NOT_FOUND, message="Ada Quill"),
        content=BODY,
    ),
    Undecodable(path="$.a", reason="r", content=BODY, operation="GET /x", status_code=200),
    Undecodable(path="$.a", reason="r", content=BODY),
    BadRecords(bad_records=(BAD,), page="Ada Quill", path="$.items[3].id", reason="r", content=BODY),
    InvalidInput("memo: expected a string"),
]


class TestErrorObjects:
    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
    def test_no_text_holds_a_body(self, error: ClientError) -> None:
        """Neither text nor repr nor arguments of an error hold what came over the wire."""
        for surface in (str(error), repr(error), repr(error.args)):
            assert "Ada" not in surface

    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
    @pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
    def test_pickles_leave_the_body_behind(self, error: ClientError, again: Any) -> None:
        """A pickled error comes back with type, text and facts, and without any body."""
        assert b"Ada" not in pickle.dumps(error)
        back = again(error)
        assert type(error) is type(back)
        assert str(error) == str(back)
        for fact in ("operation", "status_code", "path", "reason", "error_code", "trace_id"):
            assert getattr(error, fact, None) == getattr(back, fact, None)

    def test_the_tree(self) -> None:
        """One root; invalid input is the nearest builtin as well."""
        assert all(isinstance(error, ClientError) for error in ERRORS)
        assert issubclass(InvalidInput, ValueError)
        assert issubclass(BadRecords, Undecodable)
