"""Requests that no operation takes: their paths, methods, bodies and keys."""

from __future__ import annotations

import json

import pytest

from tests.emulator.asking import CARD, COMPANY, EXPENSES, INTEGRATION, RECORDS, RESULTS, TOKEN, WEBHOOKS, Emulator
from tests.emulator.operations.calls import REQUESTS, call
from tests.emulator.operations.tenant import CLASSIC_INVALID, ERP, INVALID, NOT_FOUND


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/v3",
            "/v3/accounting",
            "/v3/accounting/records/",
            "/v3/accounting/records/a/b",
            "/v3/accounting/integrations",
            "/v2/expenses",
            "/v1/webhooks/a/b",
            "/oauth2/default",
            "/v3/accounting/records/a%2Fb",
        ],
    )
    def test_unknown_path(self, brex: Emulator, path: str) -> None:
        """An unknown path is 404, with a token or without."""
        for token in ("", None):
            for method in ("GET", "POST"):
                reply = brex.ask(method, path.replace("%2F", "/"), token=token)
                assert (404, NOT_FOUND) == (reply.status, reply.error)

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            (INTEGRATION, {"POST"}),
            (f"{INTEGRATION}/int_1/disconnect", {"POST"}),
            (f"{INTEGRATION}/int_1/reactivate", {"POST"}),
            (RECORDS, {"GET"}),
            (f"{RECORDS}/accr_1", {"GET"}),
            (RESULTS, {"POST"}),
            (EXPENSES, {"GET"}),
            (f"{EXPENSES}/expense_1", {"GET"}),
            (f"{CARD}/expense_1", {"PUT"}),
            (f"{CARD}/receipt_match", {"POST"}),
            (f"{CARD}/expense_1/receipt_upload", {"POST"}),
            (WEBHOOKS, {"GET", "POST"}),
            (f"{WEBHOOKS}/secrets", {"GET"}),
            (f"{WEBHOOKS}/wh_1", {"GET", "PUT", "DELETE"}),
            (COMPANY, {"GET"}),
        ],
    )
    def test_method(self, brex: Emulator, path: str, allowed: set[str]) -> None:
        """Any other method is 405 with all those that the path has."""
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - allowed:
            reply = brex.ask(method, path)
            assert 405 == reply.status, method
            assert allowed == set((reply.header("allow") or "").split(", "))
            assert {"message"} < set(json.loads(reply.body))

    @pytest.mark.parametrize(("path", "method"), [(TOKEN, "POST"), ("/oauth2/default/v1/authorize", "GET")])
    def test_issuer(self, brex: Emulator, path: str, method: str) -> None:
        """The issuer's endpoints too."""
        reply = brex.ask("DELETE", path)
        assert (405, method) == (reply.status, reply.header("allow"))


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"", "application/json"),
            (b"{", "application/json"),
            (b'{"vendor": "\xff"}', "application/json"),
            (b'{"vendor": "\\ud800", "vendor_account_id": "1"}', "application/json"),
            (b'{"vendor": NaN, "vendor_account_id": "1"}', "application/json"),
            (json.dumps(ERP).encode("utf-16"), "application/json"),
            (json.dumps(ERP).encode(), "text/plain"),
            (json.dumps(ERP).encode(), "application/x-www-form-urlencoded"),
            (json.dumps(ERP).encode(), None),
        ],
    )
    def test_unreadable(self, brex: Emulator, body: bytes, kind: str | None) -> None:
        """A body that is not JSON, or does not say so, is refused with 400, or 422 where that is what is listed."""
        headers = [] if kind is None else [("content-type", kind)]
        for path, expected in ((INTEGRATION, 400), (RESULTS, 422)):
            reply = brex.ask("POST", path, body=body, headers=headers)
            assert (expected, INVALID) == (reply.status, reply.error)
        reply = brex.ask("POST", f"{CARD}/receipt_match", body=body, headers=headers)
        assert (400, CLASSIC_INVALID) == (reply.status, reply.error)

    def test_content_type_with_parameters(self, brex: Emulator) -> None:
        """Parameters of the content type, and its case, do not matter."""
        headers = [("content-type", "Application/JSON; charset=utf-8")]
        assert 200 == brex.ask("POST", INTEGRATION, body=json.dumps(ERP).encode(), headers=headers).status

    def test_too_long(self, brex: Emulator) -> None:
        """Ten megabytes are read, more are 413 with a trace id."""
        reply = brex.ask("POST", INTEGRATION, body=b" " * (10 * 2**20 + 1))
        assert (413, b"") == (reply.status, reply.body)
        padded = json.dumps(ERP).encode().ljust(10 * 2**20)
        assert 200 == brex.ask("POST", INTEGRATION, body=padded, headers=[("content-type", "application/json")]).status

    @pytest.mark.parametrize("key", ["", "k" * 256])
    @pytest.mark.parametrize("name", [name for name, request in REQUESTS.items() if request[0] in ("POST", "PUT")])
    def test_key_that_is_none(self, brex: Emulator, name: str, key: str) -> None:
        """A blank or endless Idempotency-Key is refused by every operation that takes one."""
        reply = call(brex, name, brex.token, key=key)
        assert reply.status in (400, 422)
        assert reply.error in (INVALID, CLASSIC_INVALID)
        assert 200 <= call(brex, name, brex.token, key="k" * 255).status < 500
