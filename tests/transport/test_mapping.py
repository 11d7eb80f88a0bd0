"""What came back, as a model or as one of our errors: every status, every code, and what may have happened at Brex."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import (
    ActiveIntegrationExists,
    AnswerLost,
    AttemptTimedOut,
    BadRequest,
    Brex,
    BrexError,
    CallError,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    DuplicateRecords,
    Forbidden,
    IntegrationNotActive,
    NotFound,
    RateLimited,
    RecordsNotFound,
    RecordsNotReadyForExport,
    RetryPolicy,
    ServerError,
    StatusError,
    Unauthorized,
    UnexpectedStatus,
    Unprocessable,
    UnreadableAnswer,
    UnreadableRecords,
    VendorAccountIdMismatch,
)
from brex_accounting_client.models import AccountingErrorCode
from tests import virtual, wire
from tests.transport.scripted import (
    COMPANY,
    DELETE,
    GET,
    INTEGRATION,
    METHODS,
    POST,
    PUT,
    Answer,
    Cut,
    Hang,
    Method,
    Raise,
    Script,
    Step,
    client,
    play,
)

by_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)

CANARY = "Ada Quill <ada@example.com>"
TOKEN = "bxt_canary"  # a token of nobody's
DETAILS = {
    "existing_integration_id": "int_1",
    "existing_vendor": "ERP_B",
    "requested_vendor": "ERP_A",
    "integration_id": "int_2",
    "current_status": "DISABLED",
    "duplicate_accounting_record_ids": ["accr_1", "accr_2"],
    "not_ready_for_export_accounting_record_ids": ["accr_3"],
}
BODIES: dict[str, Any] = {
    "accounting shape": {"error_code": "SOME_CODE", "message": CANARY, "details": DETAILS},
    "older shape": {"type": "SOME_TYPE", "message": CANARY, "code": None},
    "html": f"<html><body>{CANARY}</body></html>".encode(),
    "nothing": b"",
    "null": b"null",
    "list": [CANARY],
    "other object": {"error": CANARY},
    "half": b'{"error_code": "SOME_CODE", "mess',
    "no text": b"\xff\xfe\x00",
}


def raised(*steps: Step, method: Method = POST, **options: Any) -> CallError:
    """The error in which a call ends."""
    script = Script(*steps)
    with pytest.raises(CallError) as caught:
        play(script, method.ask, **{"credentials": TOKEN, "retry": RetryPolicy(attempts=len(steps)), **options})
    assert len(steps) == len(script.sent)
    return caught.value


def of_status(status: int) -> type[StatusError]:
    known = {
        400: BadRequest,
        401: Unauthorized,
        403: Forbidden,
        404: NotFound,
        409: Conflict,
        422: Unprocessable,
        429: RateLimited,
    }
    return known.get(status) or (ServerError if 500 <= status <= 599 else UnexpectedStatus)


class TestStatuses:
    @by_method
    @pytest.mark.parametrize("shape", ["accounting shape", "older shape", "html"])
    def test_each_one(self, method: Method, shape: str) -> None:
        """Each status from 304 to 599, and what is no status at all, has its class and keeps its number."""
        statuses = [304, *range(400, 600), 600, 700, 999]

        async def main() -> dict[int, type[BrexError]]:
            script = Script(lambda _: Answer(status, BODIES[shape], headers={"Location": "/x"}))
            found: dict[int, type[BrexError]] = {}
            async with client(script, retry=None, rate_limit=None) as brex:
                for status in statuses:
                    with pytest.raises(StatusError) as caught:
                        await method.ask(brex)
                    assert status == caught.value.status_code
                    found[status] = type(caught.value)
            return found

        assert {status: of_status(status) for status in statuses} == virtual.run(main())

    @by_method
    @pytest.mark.parametrize("shape", BODIES)
    @pytest.mark.parametrize("status", [400, 404, 409, 418, 422, 500, 599])
    def test_any_body(self, method: Method, shape: str, status: int) -> None:
        """Whatever stands in the body, the status has its class, and the bytes are on the error."""
        error = raised(Answer(status, BODIES[shape]), method=method)
        assert of_status(status) is type(error)
        expected = BODIES[shape] if isinstance(BODIES[shape], bytes) else wire.dumps(BODIES[shape])
        assert expected == error.content

    @given(content=st.binary(max_size=60), status=st.sampled_from([400, 404, 409, 422, 503, 600]))
    def test_any_bytes(self, content: bytes, status: int) -> None:
        """No body makes reading an error fail."""
        assert of_status(status) is type(raised(Answer(status, content), retry=None))


CODES = [
    (409, "ACTIVE_INTEGRATION_EXISTS", ActiveIntegrationExists),
    (409, "INTEGRATION_NOT_ACTIVE", IntegrationNotActive),
    (409, "VENDOR_ACCOUNT_ID_MISMATCH", VendorAccountIdMismatch),
    (422, "DUPLICATE_ACCOUNTING_RECORD_IDS", DuplicateRecords),
    (422, "ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT", RecordsNotReadyForExport),
    (400, "INVALID_REQUEST", BadRequest),
    (401, "UNAUTHORIZED", Unauthorized),
    (403, "FORBIDDEN", Forbidden),
    (404, "NOT_FOUND", NotFound),
    (500, "INTERNAL_ERROR", ServerError),
]


def modern(code: str, details: Any = None) -> dict[str, Any]:
    return {"error_code": code, "message": CANARY, "details": details}


class TestCodes:
    def test_all_that_are_documented(self) -> None:
        """The list below has every code of the API's document."""
        assert {code for _, code, _ in CODES} == {str(code) for code in AccountingErrorCode}

    @pytest.mark.parametrize(("status", "code", "kind"), CODES)
    @pytest.mark.parametrize("details", [None, {}, DETAILS], ids=["none", "empty", "full"])
    def test_each_one(self, status: int, code: str, kind: type[StatusError], details: Any) -> None:
        """Each code has its class at its status, with or without details, and stands on the error and in its text."""
        error = raised(Answer(status, modern(code, details)))
        assert kind is type(error)
        assert code == error.error_code
        assert f"answered {status} {code}" in str(error)
        assert isinstance(error, of_status(status))

    @pytest.mark.parametrize(("_", "code", "kind"), CODES)
    def test_at_another_status(self, _: int, code: str, kind: type[StatusError]) -> None:
        """At another status the status decides, and the code is kept."""
        error = raised(Answer(418, modern(code)))
        assert (UnexpectedStatus, code) == (type(error), error.error_code)
        assert kind is not UnexpectedStatus

    @pytest.mark.parametrize("status", [400, 409, 422, 503])
    def test_unknown_codes(self, status: int) -> None:
        """A code that no document lists is kept, under the class of the status."""
        error = raised(Answer(status, modern("BRAND_NEW")))
        assert (of_status(status), "BRAND_NEW") == (type(error), error.error_code)

    @pytest.mark.parametrize("code", [CANARY, "", "x" * 81, "two\nlines", None, 5, ["A"]])
    def test_what_is_no_code(self, code: Any) -> None:
        """What does not look like a code is none, and in no text."""
        error = raised(Answer(409, modern(code)))
        assert (Conflict, None) == (type(error), error.error_code)
        assert "answered 409 (" in str(error)

    @pytest.mark.parametrize("kind", ["UNAUTHORIZED", "BRAND_NEW"])
    def test_older_shape(self, kind: str) -> None:
        """The older shape's type is the code."""
        error = raised(Answer(401, {"type": kind, "message": CANARY, "code": None}), method=GET)
        assert (Unauthorized, kind) == (type(error), error.error_code)
        assert isinstance(error, StatusError)
        assert (CANARY, None) == (error.message, error.details)

    def test_older_shape_from_the_accounting_api(self) -> None:
        """The gateway answers in the older shape also where the accounting API has its own."""
        error = raised(Answer(401, {"type": "UNAUTHORIZED", "message": CANARY, "code": None}))
        assert (Unauthorized, "UNAUTHORIZED") == (type(error), error.error_code)


class TestDetails:
    @pytest.mark.parametrize("code", ["ACTIVE_INTEGRATION_EXISTS", "VENDOR_ACCOUNT_ID_MISMATCH"])
    def test_integrations(self, code: str) -> None:
        """A conflict of integrations names the one in the way."""
        error = raised(Answer(409, modern(code, DETAILS)))
        assert isinstance(error, (ActiveIntegrationExists, VendorAccountIdMismatch))
        assert ("int_1", "ERP_B") == (error.existing_integration_id, error.existing_vendor)
        assert error.details is not None
        assert ("ERP_A", "int_2") == (error.details.requested_vendor, error.details.integration_id)
        bare = raised(Answer(409, modern(code)))
        assert isinstance(bare, (ActiveIntegrationExists, VendorAccountIdMismatch))
        assert (None, None, None) == (bare.existing_integration_id, bare.existing_vendor, bare.details)

    def test_state(self) -> None:
        """One that is not active tells its state."""
        error = raised(Answer(409, modern("INTEGRATION_NOT_ACTIVE", DETAILS)))
        assert isinstance(error, IntegrationNotActive)
        assert "DISABLED" == error.current_status
        bare = raised(Answer(409, modern("INTEGRATION_NOT_ACTIVE")))
        assert isinstance(bare, IntegrationNotActive)
        assert bare.current_status is None

    @pytest.mark.parametrize(
        ("code", "ids"),
        [
            ("DUPLICATE_ACCOUNTING_RECORD_IDS", ("accr_1", "accr_2")),
            ("ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT", ("accr_3",)),
        ],
    )
    def test_records(self, code: str, ids: tuple[str, ...]) -> None:
        """A refused report names the records."""
        for details, expected in ((DETAILS, ids), (None, ()), ({}, ())):
            error = raised(Answer(422, modern(code, details)))
            assert isinstance(error, (DuplicateRecords, RecordsNotReadyForExport))
            assert expected == error.record_ids

    @pytest.mark.parametrize("code", ["NOT_FOUND", "BRAND_NEW"])
    def test_records_not_found(self, code: str) -> None:
        """A 404 that names records is one about these records."""
        error = raised(Answer(404, modern(code, {"not_found_export_entry_source_ids": ["accr_4"]})))
        assert RecordsNotFound is type(error)
        assert ("accr_4",) == error.record_ids  # type: ignore[attr-defined]
        for details in (None, {}, {"not_found_export_entry_source_ids": []}):
            assert NotFound is type(raised(Answer(404, modern(code, details))))

    def test_unknown_fields(self) -> None:
        """What is new in details disturbs nothing."""
        error = raised(Answer(409, modern("ACTIVE_INTEGRATION_EXISTS", {**DETAILS, "brand_new": {"a": [1]}})))
        assert isinstance(error, ActiveIntegrationExists)
        assert "int_1" == error.existing_integration_id

    @pytest.mark.parametrize("details", ["text", 5, [DETAILS], {"existing_integration_id": 7}], ids=repr)
    def test_of_another_shape(self, details: Any) -> None:
        """Details that are not what the document says leave the status and its class."""
        error = raised(Answer(409, modern("ACTIVE_INTEGRATION_EXISTS", details)))
        assert isinstance(error, Conflict)
        assert 409 == error.status_code


class TestUnreadable:
    @by_method
    @pytest.mark.parametrize("body", [b"", b"<html/>", b"null", b"{}", b'{"id": 5}', b"\xff", [COMPANY]])
    def test_a_success_that_says_nothing(self, method: Method, body: Any) -> None:
        """A 2xx with another body than the document's is an error, and a write may well have been done."""
        if method is DELETE:
            play(Script(Answer(200, body)), method.ask)
            return
        error = raised(Answer(200, body, headers={"X-Brex-Trace-Id": "t1"}), method=method)
        assert UnreadableAnswer is type(error)
        assert (200, "t1", 1, method is not GET) == (
            error.status_code,
            error.trace_id,
            error.attempts,
            error.maybe_applied,
        )
        assert error.path.startswith("$")  # type: ignore[attr-defined]
        assert method.operation in str(error)

    @pytest.mark.parametrize("status", [200, 201, 202, 206, 226, 299])
    def test_every_success(self, status: int) -> None:
        """Each 2xx with the document's body is a success."""
        assert "int_1" == play(Script(Answer(status, INTEGRATION)), POST.ask).integration_id

    def test_where(self) -> None:
        """The first place that is wrong is named, and no value."""
        error = raised(Answer(200, {**INTEGRATION, "created_at": CANARY}))
        assert isinstance(error, UnreadableAnswer)
        assert "$.created_at" == error.path
        assert "$.created_at" in str(error)
        assert CANARY not in str(error) + error.reason

    def test_records_of_a_page(self) -> None:
        """Records that cannot be read raise with the others on the error, and are named by id and path."""
        body = wire.page([wire.record(0), wire.record(1, version=CANARY), wire.record(2, id=CANARY, version="x")])

        async def ask(brex: Brex) -> Any:
            return await brex.records.query()

        with pytest.raises(UnreadableRecords) as caught:
            play(Script(Answer(200, body, headers={"X-Brex-Trace-Id": "t1"})), ask)
        error = caught.value
        assert ["accr_0"] == [record.id for record in error.page.items]  # type: ignore[union-attr]
        assert ["accr_1", CANARY] == [bad.id for bad in error.bad_records]
        assert ("$.items[1].version", 200, "t1", False) == (
            error.path,
            error.status_code,
            error.trace_id,
            error.maybe_applied,
        )
        assert "2 records of the page cannot be read (accr_1, item 2), the first at $.items[1].version" in str(error)
        assert CANARY not in str(error)

    def test_is_not_tried_again(self) -> None:
        """Asking again would give the same."""
        script = Script(Answer(200, b"<"))
        with pytest.raises(UnreadableAnswer):
            play(script, GET.ask)
        assert 1 == len(script.sent)


LOST = Raise(httpx.ReadError(""))
NOT_SENT = Raise(httpx.ConnectError(""))
LATE = Raise(httpx.ReadTimeout(""))
CUT = Cut(200, b"{")
S409, S422, S400, S404, S401, S429 = (Answer(status) for status in (409, 422, 400, 404, 401, 429))
S408, S500, S502, S503, S520 = (Answer(status) for status in (408, 500, 502, 503, 520))
S501 = Answer(501)

SURELY_NOT: dict[str, list[Step]] = {
    "a refusal": [S409],
    "a refusal of the content": [S422],
    "a bad request": [S400],
    "no such thing": [S404],
    "no token": [S401],
    "a teapot": [Answer(418)],
    "429 only": [S429, S429],
    "429, then a refusal": [S429, S422],
    "no connection": [NOT_SENT],
    "no connection, then a refusal": [NOT_SENT, NOT_SENT, S409],
    "no connection, then 429": [NOT_SENT, S429],
}
PERHAPS: dict[str, list[Step]] = {
    "a lost answer": [LOST],
    "a late answer": [LATE],
    "a cut body": [CUT],
    "a cut failure": [Cut(500, b"{")],
    "a lost answer, then a refusal": [LOST, S409],
    "a late answer, then a refusal": [LATE, S409],
    "a cut body, then a refusal": [CUT, S422],
    "5xx": [S500],
    "5xx that is not tried again": [S501],
    "5xx, then a refusal of the content": [S503, S422],
    "a gateway's timeout, then a bad request": [Answer(504), S400],
    "a gateway's own number, then no connection": [S520, NOT_SENT],
    "408, then a refusal": [S408, S409],
    "a lost answer, then 429": [LOST, S429],
    "429 in between": [S502, S429, NOT_SENT, S409],
    "a lost answer, then no token": [LOST, S401],
    "a success that cannot be read": [Answer(200, b"<html/>")],
    "no content where there should be some": [Answer(204)],
    "no connection, then a success that cannot be read": [NOT_SENT, Answer(200, b"")],
}


def caused(cause: BaseException) -> httpx.ConnectError:
    error = httpx.ConnectError(CANARY)
    error.__cause__ = cause
    return error


class TestConnections:
    @pytest.mark.parametrize(
        ("cause", "said"),
        [
            (ConnectionRefusedError(errno.ECONNREFUSED, CANARY), os.strerror(errno.ECONNREFUSED)),
            (socket.gaierror(socket.EAI_NONAME, CANARY), "name cannot be resolved"),
            (OSError(CANARY), "no connection: ConnectError ("),
            (ValueError(CANARY), "no connection: ConnectError ("),
        ],
    )
    def test_say_why(self, cause: Exception, said: str) -> None:
        """Why there is no connection is told in the operating system's words, and in nobody else's."""
        error = raised(Raise(caused(cause)))
        assert ConnectionFailed is type(error)
        assert said in str(error)
        assert "Ada" not in str(error)


class TestMaybeApplied:
    """An error says whether an attempt of its call may have taken effect."""

    @pytest.mark.parametrize("name", SURELY_NOT)
    @by_method
    def test_surely_not(self, method: Method, name: str) -> None:
        """Attempts that were refused or never left did nothing."""
        error = raised(*SURELY_NOT[name], method=method)
        assert error.maybe_applied is False
        assert "may have taken effect" not in str(error)

    @pytest.mark.parametrize("name", PERHAPS)
    @pytest.mark.parametrize("method", [POST, PUT], ids=["POST", "PUT"])
    def test_perhaps(self, method: Method, name: str) -> None:
        """An attempt whose outcome is unknown leaves a doubt, whatever comes after it; the text says so."""
        error = raised(*PERHAPS[name], method=method)
        assert error.maybe_applied is True
        assert "may have taken effect" in str(error)

    @pytest.mark.parametrize("name", PERHAPS)
    def test_never_for_reads(self, name: str) -> None:
        """A read changes nothing."""
        assert raised(*PERHAPS[name], method=GET).maybe_applied is False

    @pytest.mark.parametrize("name", [name for name in PERHAPS if "success" not in name and "content w" not in name])
    def test_deletes(self, name: str) -> None:
        """A delete is a write, whose success has no body to read."""
        assert raised(*PERHAPS[name], method=DELETE).maybe_applied is True

    def test_a_delete_whose_answer_was_lost(self) -> None:
        """A delete that finds nothing after a lost answer did what it was asked to; without one it is an error."""
        play(Script(LOST, S404), DELETE.ask)
        with pytest.raises(NotFound):
            play(Script(S429, S404), DELETE.ask)

    @pytest.mark.parametrize("first", [LOST, S503, CUT], ids=repr)
    def test_a_conflict_with_oneself(self, first: Step) -> None:
        """The conflict that follows a lost answer may be with what this very call did, and says so."""
        error = raised(first, Answer(409, modern("ACTIVE_INTEGRATION_EXISTS", DETAILS)))
        assert isinstance(error, ActiveIntegrationExists)
        assert error.maybe_applied

    def test_a_deadline(self) -> None:
        """A deadline keeps the doubt of the attempts before it."""
        policy = RetryPolicy(backoff=100.0, max_backoff=100.0)
        error = raised(LOST, deadline=1.0, retry=policy)
        assert isinstance(error, DeadlineExceeded)
        assert error.maybe_applied
        error = raised(NOT_SENT, deadline=1.0, retry=policy)
        assert isinstance(error, DeadlineExceeded)
        assert not error.maybe_applied

    def test_not_from_the_call_before(self) -> None:
        """Each call starts without a doubt."""

        async def main() -> None:
            async with client(Script(LOST, S409), retry=None) as brex:
                for expected in (True, False):
                    with pytest.raises(CallError) as caught:
                        await POST.ask(brex)
                    assert expected is caught.value.maybe_applied

        virtual.run(main())


ENDINGS: dict[str, tuple[list[Step], type[CallError]]] = {
    **{
        f"{status}": ([Answer(status, modern("SOME_CODE", DETAILS))], of_status(status))
        for status in (400, 401, 403, 404, 409, 418, 422, 429, 500, 503)
    },
    **{f"{status} {code}": ([Answer(status, modern(code, DETAILS))], kind) for status, code, kind in CODES},
    "older shape": ([Answer(403, BODIES["older shape"])], Forbidden),
    "html": ([Answer(502, BODIES["html"])], ServerError),
    "redirect": ([Answer(302, headers={"Location": f"https://x/{CANARY}"})], UnexpectedStatus),
    "unreadable": ([Answer(200, {**INTEGRATION, "created_at": CANARY})], UnreadableAnswer),
    "not sent": ([Raise(httpx.ProxyError(CANARY))], ConnectionFailed),
    "no connection": ([Raise(httpx.ConnectError(CANARY))], ConnectionFailed),
    "lost": ([Raise(httpx.ReadError(CANARY))], AnswerLost),
    "late": ([Raise(httpx.ReadTimeout(CANARY))], AttemptTimedOut),
    "cut": ([Cut(200, CANARY.encode(), error=httpx.RemoteProtocolError(CANARY))], AnswerLost),
}


class TestTexts:
    @pytest.mark.parametrize("name", ENDINGS)
    def test_all_facts(self, name: str) -> None:
        """Each text names operation, account, attempts and what to do next, and what Brex gave of its own."""
        steps, kind = ENDINGS[name]
        steps = [
            Answer(s.status, s.body, headers=[*s.headers, ("X-Brex-Trace-Id", "trace-1")]) if type(s) is Answer else s
            for s in steps
        ]
        error = raised(*steps, account="acme")
        assert kind is type(error)
        text = str(error)
        assert text.startswith("POST /v3/accounting/integration: ")
        assert "account acme" in text
        assert "attempts 1" in text
        assert error.advice
        assert text.endswith(error.advice)
        if type(steps[0]) is Answer:
            assert "trace trace-1" in text
            assert str(steps[0].status) in text
        if error.error_code is not None:
            assert error.error_code in text
        facts = (error.operation, error.account, error.attempts)
        assert ("POST /v3/accounting/integration", "acme", 1) == facts

    @pytest.mark.parametrize("name", ENDINGS)
    def test_no_body_message_or_token(self, name: str) -> None:
        """No text, repr or argument of an error, or of what hangs on it, holds the body, Brex's prose or the token."""
        steps, _ = ENDINGS[name]
        error: BaseException | None = raised(*steps, account="acme")
        while error is not None:
            for surface in (str(error), repr(error), repr(error.args), str(getattr(error, "advice", ""))):
                assert "Ada" not in surface
                assert "example.com" not in surface
                assert TOKEN not in surface
            error = error.__cause__ or error.__context__

    def test_in_full(self) -> None:
        """One of them, in full."""
        error = raised(
            LOST,
            Answer(409, modern("ACTIVE_INTEGRATION_EXISTS", DETAILS), headers={"X-Brex-Trace-Id": "trace-1"}),
            account="acme",
        )
        assert (
            "POST /v3/accounting/integration: answered 409 ACTIVE_INTEGRATION_EXISTS "
            "(account acme, trace trace-1, attempts 2). "
            "An attempt of this call may have taken effect: read the state back before doing it again. "
            "Disconnect error.existing_integration_id first, if it is yours to disconnect."
        ) == str(error)

    def test_without_label_and_trace(self) -> None:
        """What there is not is not mentioned."""
        assert (
            "GET /v2/company: answered 418 (attempts 1). Check base_url, and what stands between here and Brex."
        ) == str(raised(Answer(418), method=GET))

    @pytest.mark.parametrize("trace", [CANARY, "two words", "", "x" * 81])
    def test_what_is_no_trace_id(self, trace: str) -> None:
        """A trace id that does not look like one is none."""
        error = raised(Answer(400, headers={"X-Brex-Trace-Id": trace}))
        assert error.trace_id is None
        assert "trace" not in str(error)

    def test_what_came_is_at_hand(self) -> None:
        """Body and Brex's own words are attributes, for those who ask for them."""
        error = raised(Answer(400, modern("INVALID_REQUEST")))
        assert isinstance(error, StatusError)
        assert CANARY == error.message
        assert wire.dumps(modern("INVALID_REQUEST")) == error.content

    @pytest.mark.parametrize("status", [400, 401, 403, 409, 429, 503])
    def test_retry_after(self, status: int) -> None:
        """What Brex asked to wait is on the error at every status."""
        assert 3.0 == raised(Answer(status, headers={"Retry-After": "3"})).retry_after

    def test_timeouts(self) -> None:
        """An attempt that took too long says how long it was given."""
        error = raised(Hang(), timeout=0.5)
        assert AttemptTimedOut is type(error)
        assert "attempt took longer than 0.5 s" in str(error)
        assert "timeout=" in error.advice
