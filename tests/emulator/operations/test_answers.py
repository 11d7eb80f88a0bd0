"""What every answer has: the body of a refusal as its document words it, and a trace id."""

from __future__ import annotations

import pytest

from tests.emulator.asking import EXPENSES, INTEGRATION, RECORDS, RESULTS, TOKEN, WEBHOOKS, Emulator, report, success


class TestErrorBodies:
    def test_accounting(self, brex: Emulator) -> None:
        """The accounting API says error_code, message and, for some, details."""
        record = f"{RECORDS}/accr_x"
        bare = {"error_code", "message"}
        assert bare == set(brex.get(record).json)
        assert bare == set(brex.get(record, token=None).json)
        assert bare == set(brex.get(record, token=brex.world.issuer.user_token("main", [])).json)
        assert bare == set(brex.get(RECORDS, [("limit", "x")]).json)
        assert bare | {"details"} == set(brex.post(RESULTS, report(success("accr_x"))).json)

    @pytest.mark.parametrize("path", [EXPENSES, WEBHOOKS])
    def test_classic(self, brex: Emulator, path: str) -> None:
        """The older APIs say type and message."""
        for reply in (brex.get(path, token=None), brex.get(path, [("limit", "x")]), brex.put(path, {})):
            assert {"type", "message"} == set(reply.json)

    def test_no_values(self, brex: Emulator) -> None:
        """A refusal does not repeat what a caller sent as a value of the wrong kind."""
        for query in ([("limit", "s3cret")], [("cursor", "s3cret")], [("updated_at[gt]", "s3cret")]):
            assert b"s3cret" not in brex.get(RECORDS, query).body


class TestTraces:
    def test_every_answer(self, brex: Emulator) -> None:
        """Whatever the status, an answer has an id that no other has; the journal knows it."""
        replies = [
            brex.get(RECORDS),
            brex.get(RECORDS, token=None),
            brex.get(RECORDS, token=brex.world.issuer.user_token("main", [])),
            brex.get(RECORDS, [("limit", "x")]),
            brex.get(f"{RECORDS}/x"),
            brex.put(RECORDS),
            brex.get("/unknown"),
            brex.post(RESULTS, report(success("accr_x"), success("accr_x"))),
            brex.ask("POST", INTEGRATION, body=b" " * (10 * 2**20 + 1)),
            brex.form(TOKEN, grant_type="nothing"),
            brex.fetch(f"{brex.world.file_url}/main/receipts/a/b"),
            brex.fetch(f"{brex.world.file_url}/nothing"),
        ]
        assert [200, 401, 403, 400, 404, 405, 404, 422, 413, 400, 403, 404] == [reply.status for reply in replies]
        traces = [reply.header("x-brex-trace-id") for reply in replies]
        assert len(replies) == len(set(traces) - {None})
        noted = [entry.trace_id for entry in (*brex.tenant.journal, *brex.world.strays)]
        assert set(noted) <= set(traces)

    def test_repeats(self) -> None:
        """Two runs give the same ids."""
        runs = []
        for _ in range(2):
            brex = Emulator()
            runs.append([brex.get(RECORDS).header("x-brex-trace-id") for _ in range(3)])
        assert runs[0] == runs[1]
