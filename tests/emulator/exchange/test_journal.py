"""The journal of exchanges: what an entry holds, and whose it is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from brex_accounting.emulator.journal import Exchange
from brex_accounting.emulator.world import ISSUER_PATH
from tests.emulator.asking import COMPANY, EXPENSES, INTEGRATION, RECORDS, START, TOKEN, Emulator
from tests.emulator.exchange.tenant import ERP


class TestJournal:
    def test_entry(self, brex: Emulator) -> None:
        """An entry holds request and answer as they were, who asked, and whether anything changed."""
        brex.advance(1.5)
        reply = brex.post(INTEGRATION, ERP, key="k1", agent="acme-erp/2.1")
        (entry,) = brex.tenant.journal
        [label, agent] = entry.client.split(", ")
        assert label.startswith("user token ")
        expected = Exchange(
            number=1,
            at=START + timedelta(seconds=1.5),
            operation="createIntegration",
            method="POST",
            path=INTEGRATION,
            client=entry.client,
            idempotency_key="k1",
            request='{"vendor":"ERP_A","vendor_account_id":"42"}',
            trace_id=reply.header("x-brex-trace-id") or "",
            faults=[],
            committed=True,
            ended="answered",
        )
        expected.answered(200, reply.body)
        assert expected == entry
        assert (reply.body.decode(), len(reply.body)) == (entry.answer, entry.answer_size)
        assert "acme-erp/2.1" == agent
        assert {"at": "2026-07-01T09:00:01.500000Z", "number": 1}.items() <= json.loads(
            json.dumps(entry.to_json())
        ).items()

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (("GET", RECORDS, [("limit", 1)]), ("queryAccountingRecords", f"{RECORDS}?limit=1", 200, False)),
            (("GET", f"{RECORDS}/accr_x"), ("getAccountingRecord", f"{RECORDS}/accr_x", 404, False)),
            (("GET", EXPENSES, [("limit", "x")]), ("listExpenses", f"{EXPENSES}?limit=x", 400, False)),
            (("DELETE", RECORDS), (None, RECORDS, 405, False)),
            (("POST", INTEGRATION), ("createIntegration", INTEGRATION, 400, False)),
        ],
    )
    def test_refused(self, brex: Emulator, request_: Any, expected: tuple[Any, ...]) -> None:
        """What is refused is noted too."""
        brex.ask(*request_)
        entry = brex.last
        assert expected == (entry.operation, entry.path, entry.status, entry.committed)
        assert "answered" == entry.ended

    def test_numbers(self, brex: Emulator) -> None:
        """Numbers count on, also after the journal was cleared or the tenant reset."""
        for clear in (lambda: None, brex.tenant.journal.clear, brex.tenant.reset):
            brex.get(COMPANY)
            brex.get(COMPANY)
            clear()
        brex.get(COMPANY)
        assert [7] == [entry.number for entry in brex.tenant.journal]

    def test_cut(self, brex: Emulator) -> None:
        """Of long bodies the beginning is kept, and the size of the answer."""
        reply = brex.get(EXPENSES)
        assert len(reply.body) > 4096 == len(brex.last.answer.encode())
        assert (True, len(reply.body)) == (reply.body.decode().startswith(brex.last.answer), brex.last.answer_size)
        brex.ask("POST", INTEGRATION, body=b"x" * 5000)
        assert "x" * 4096 == brex.last.request

    def test_strays(self, brex: Emulator) -> None:
        """What belongs to no tenant is noted apart; an expired token still has a tenant."""
        expired = brex.world.issuer.grant("main").access_token
        brex.advance(3600)
        brex.get(RECORDS, token=None)
        brex.get(RECORDS, token="unknown")
        brex.get("/unknown")
        brex.fetch(f"{brex.world.file_url}/nobody/receipts/a/b")
        brex.get(RECORDS, token=expired)
        assert [401, 401, 404, 404] == [entry.status for entry in brex.world.strays]
        assert [401] == [entry.status for entry in brex.tenant.journal]

    def test_of_each_tenant(self, brex: Emulator) -> None:
        """Each tenant has a journal of its own, the issuer's and the file host's exchanges among them."""
        brex.world.add("globex")
        token = brex.world.issuer.user_token("globex")
        page = brex.get(RECORDS, token=token).json
        brex.fetch(next(it for it in page["items"] if it.get("receipts"))["receipts"][0]["download_uris"][0])
        refresh = brex.world.issuer.grant("globex").refresh_token
        brex.form(TOKEN, grant_type="refresh_token", refresh_token=refresh)
        journal = brex.world.tenant("globex").journal
        assert ["queryAccountingRecords", "downloadReceipt", "token"] == [entry.operation for entry in journal]
        assert 0 == len(brex.tenant.journal) == len(brex.world.strays)

    def test_issuer_on_its_own(self, brex: Emulator) -> None:
        """What the issuer is asked about nobody is noted with the default tenant."""
        brex.form(TOKEN, grant_type="refresh_token", refresh_token="unknown")
        brex.get(f"{ISSUER_PATH}/.well-known/openid-configuration", token=None)
        noted = [(entry.operation, entry.status) for entry in brex.tenant.journal]
        assert [("token", 400), ("discovery", 200)] == noted

    def test_size(self) -> None:
        """The latest ten thousand are kept."""
        brex = Emulator(records=0)
        brex.get(COMPANY)
        for _ in range(10_000):
            brex.tenant.journal.open(
                at=START,
                operation=None,
                method="GET",
                path="/",
                client="",
                idempotency_key=None,
                request=b"",
                trace_id="",
            )
        assert [2, 10_001] == [list(brex.tenant.journal)[index].number for index in (0, -1)]
