"""Reports of export results: what each outcome moves, and what refuses a whole batch."""

from __future__ import annotations

from typing import Any

import pytest

from brex_accounting.emulator import move
from tests.emulator.asking import EXPENSES, INTEGRATION, RECORDS, RESULTS, Emulator, failure, report, success
from tests.emulator.operations.tenant import INVALID, NOT_FOUND, connected, one, other_token, served, stored


def state(brex: Emulator, record_id: str) -> tuple[str, int, str]:
    record = served(brex, record_id)
    return record["review_status"], record["version"], record["updated_at"]


class TestReport:
    def test_success(self, brex: Emulator) -> None:
        """A success exports the record, and raises version and updated_at."""
        record_id = one(brex)
        before = state(brex, record_id)
        brex.advance(3600)
        reply = brex.post(RESULTS, report(success(record_id)))
        assert (200, {"updated_accounting_record_ids": [record_id]}) == (reply.status, reply.json)
        assert brex.last.committed
        assert ("EXPORTED", before[1] + 1, "2026-07-01T10:00:00Z") == state(brex, record_id)

    def test_success_without_details(self, brex: Emulator) -> None:
        """All that a success tells may be left out, and the reference may be null."""
        results = [
            {"accounting_record_id": one(brex), "success": {}},
            {"accounting_record_id": one(brex, nth=1), "success": {"reference_id": None}},
        ]
        assert 200 == brex.post(RESULTS, report(*results)).status

    def test_failure(self, brex: Emulator) -> None:
        """A failure leaves the record where it is, or takes it back to PREPARE; version and updated_at move."""
        for value, stage in (("stays", "READY_FOR_EXPORT"), ("moves", "PREPARE")):
            record_id = one(brex)
            brex.choose(failure_result=value)
            before = state(brex, record_id)
            brex.advance(1)
            reply = brex.post(RESULTS, report(failure(record_id)))
            assert (200, {"updated_accounting_record_ids": [record_id]}) == (reply.status, reply.json)
            assert (stage, before[1] + 1, brex.tenant.timestamp()) == state(brex, record_id)

    def test_failure_without_message(self, brex: Emulator) -> None:
        """A failure says why."""
        for details in ({}, {"error_message": None}, {"error_message": 7}, "Nein"):
            reply = brex.post(RESULTS, report({"accounting_record_id": one(brex), "failure": details}))
            assert (422, INVALID) == (reply.status, reply.error)

    def test_moves_nothing(self, brex: Emulator) -> None:
        """Where reports do not move version and updated_at, only the stage changes."""
        brex.choose(report_moves="nothing")
        first, second = one(brex), one(brex, nth=1)
        before = [state(brex, record_id) for record_id in (first, second)]
        brex.advance(60)
        assert 200 == brex.post(RESULTS, report(success(first), failure(second))).status
        assert [("EXPORTED", *before[0][1:]), before[1]] == [state(brex, first), state(brex, second)]

    def test_many(self, brex: Emulator) -> None:
        """The answer names the records in the order of the request, successes and failures alike."""
        ready = stored(brex, lambda record: record.review_status == "READY_FOR_EXPORT")[::-1]
        results = [success(name) if index % 2 else failure(name) for index, name in enumerate(ready)]
        assert ready == brex.post(RESULTS, report(*results)).json["updated_accounting_record_ids"]
        stages = [state(brex, name)[0] for name in ready]
        assert [("EXPORTED" if index % 2 else "READY_FOR_EXPORT") for index in range(len(ready))] == stages

    def test_subset(self, brex: Emulator) -> None:
        """A 200 may leave out every third record, although it took effect."""
        brex.choose(report_200="subset")
        ready = stored(brex, lambda record: record.review_status == "READY_FOR_EXPORT")[:7]
        named = brex.post(RESULTS, report(*map(success, ready))).json["updated_accounting_record_ids"]
        assert [ready[index] for index in (0, 1, 3, 4, 6)] == named
        assert ["EXPORTED"] * 7 == [state(brex, name)[0] for name in ready]

    @pytest.mark.parametrize("stage", ["PREPARE", "REVIEW", "EXPORTED"])
    @pytest.mark.parametrize("source", ["CARD", "REIMBURSEMENT"])
    def test_not_ready(self, large: Emulator, source: str, stage: str) -> None:
        """What is in another stage than READY_FOR_EXPORT is refused, success or failure."""
        unready, ready = one(large, stage, source), one(large, "READY_FOR_EXPORT", source)
        before = [state(large, name) for name in (unready, ready)]
        details = {"not_ready_for_export_accounting_record_ids": [unready]}
        for result in (success, failure):
            reply = large.post(RESULTS, report(result(ready), result(unready)))
            expected = {"error_code": "ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT", "details": details}
            assert (422, expected, False) == (reply.status, reply.error, large.last.committed)
        assert before == [state(large, name) for name in (unready, ready)]

    def test_bills(self, large: Emulator) -> None:
        """A bill is reported from REVIEW; where bills reach READY_FOR_EXPORT, from there only."""
        bill, another = one(large, "REVIEW", "BILL"), one(large, "REVIEW", "BILL", nth=1)
        assert 200 == large.post(RESULTS, report(success(bill))).status
        assert "EXPORTED" == state(large, bill)[0]
        for stage in ("PREPARE", "EXPORTED"):
            assert 422 == large.post(RESULTS, report(success(one(large, stage, "BILL")))).status
        large.choose(bill_ready="reaches")
        refused = large.post(RESULTS, report(success(another)))
        details = {"not_ready_for_export_accounting_record_ids": [another]}
        assert details == refused.error["details"]
        move(large.tenant, another, "READY_FOR_EXPORT")
        assert 200 == large.post(RESULTS, report(success(another))).status

    def test_duplicates(self, brex: Emulator) -> None:
        """Ids that occur twice are named once each, in the order of the request."""
        first, second, third = (one(brex, nth=nth) for nth in range(3))
        results = [success(second), success(first), failure(second), success(third), success(first), success(second)]
        reply = brex.post(RESULTS, report(*results))
        details = {"duplicate_accounting_record_ids": [second, first]}
        expected = {"error_code": "DUPLICATE_ACCOUNTING_RECORD_IDS", "details": details}
        assert (422, expected) == (reply.status, reply.error)
        assert "READY_FOR_EXPORT" == state(brex, third)[0]

    def test_unknown(self, brex: Emulator) -> None:
        """Unknown ids are 404 and named, in the order of the request; another account's are unknown."""
        foreign = brex.get(RECORDS, token=other_token(brex)).json["items"][0]["id"]
        reply = brex.post(RESULTS, report(success("accr_x"), success(one(brex)), failure(foreign)))
        details = {"not_found_export_entry_source_ids": ["accr_x", foreign]}
        assert (404, {**NOT_FOUND, "details": details}) == (reply.status, reply.error)
        assert "READY_FOR_EXPORT" == state(brex, one(brex))[0]

    @pytest.mark.parametrize(
        ("names", "status", "details"),
        [
            ("uu xx pp rr", 422, {"duplicate_accounting_record_ids": ["x", "p", "r"]}),
            ("x p r r", 422, {"duplicate_accounting_record_ids": ["r"]}),
            ("x x p r", 422, {"duplicate_accounting_record_ids": ["x"]}),
            ("x p r", 404, {"not_found_export_entry_source_ids": ["x"]}),
            ("p r", 422, {"not_ready_for_export_accounting_record_ids": ["p"]}),
        ],
    )
    def test_precedence(self, brex: Emulator, names: str, status: int, details: dict[str, list[str]]) -> None:
        """Duplicates come before unknown ids, and those before what is not ready; only one list is filled."""
        named = {"x": "accr_x", "p": one(brex, "PREPARE"), "r": one(brex)}
        chosen = [named[name] for name in names.replace(" ", "") if name in named]
        reply = brex.post(RESULTS, report(*map(success, chosen)))
        expected = {key: [named[name] for name in values] for key, values in details.items()}
        assert (status, expected) == (reply.status, reply.error["details"])

    @pytest.mark.parametrize(
        ("bad", "status"), [(["x"], 404), (["p"], 422), (["r", "r"], 422), (["x", "p", "r", "r"], 422)]
    )
    def test_partial(self, brex: Emulator, bad: list[str], status: int) -> None:
        """Where a refusal is partial, the results that no rule refuses take effect, and no other."""
        brex.choose(report_422="partial", failure_result="moves")
        named = {"x": "accr_x", "p": one(brex, "PREPARE"), "r": one(brex)}
        good, failed = one(brex, nth=1), one(brex, nth=2)
        before = {name: state(brex, name) for name in (named["p"], named["r"], good, failed)}
        brex.advance(9)
        reply = brex.post(RESULTS, report(success(good), *[success(named[name]) for name in bad], failure(failed)))
        assert (status, True) == (reply.status, brex.last.committed)
        now = brex.tenant.timestamp()
        assert before | {
            good: ("EXPORTED", before[good][1] + 1, now),
            failed: ("PREPARE", before[failed][1] + 1, now),
        } == {name: state(brex, name) for name in before}

    def test_partial_without_good_ones(self, brex: Emulator) -> None:
        """A refusal of all results commits nothing, partial or not."""
        brex.choose(report_422="partial")
        assert 404 == brex.post(RESULTS, report(success("accr_x"))).status
        assert not brex.last.committed

    def test_inactive_integration(self, brex: Emulator) -> None:
        """A report needs an active integration where it does; the refusal comes first and has no details."""
        brex.choose(inactive_integration="refuses")
        expected = (422, {"error_code": "INTEGRATION_NOT_ACTIVE"})
        for results in ([success(one(brex))], [success("accr_x"), success("accr_x")]):
            reply = brex.post(RESULTS, report(*results))
            assert expected == (reply.status, reply.error)
        name = connected(brex)
        assert 200 == brex.post(RESULTS, report(failure(one(brex)))).status
        brex.post(f"{INTEGRATION}/{name}/disconnect")
        assert 422 == brex.post(RESULTS, report(failure(one(brex)))).status
        brex.choose(inactive_integration="ignored")
        assert 200 == brex.post(RESULTS, report(failure(one(brex)))).status

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"results": []},
            {"results": None},
            {"results": [{}]},
            {"results": [{"accounting_record_id": "accr_1"}]},
            {"results": [{"accounting_record_id": "accr_1", "success": None}]},
            {"results": [{"accounting_record_id": 1, "success": {}}]},
            {"results": [{"success": {}}]},
            {"results": [{"accounting_record_id": "a", "success": {}, "failure": {"error_message": "x"}}]},
            {"results": [{"accounting_record_id": "a", "success": {"deep_link_url": None}}]},
            [],
        ],
    )
    def test_malformed(self, brex: Emulator, body: Any) -> None:
        """What the document does not allow is 422, since it lists no 400: no result, both outcomes, or neither."""
        reply = brex.post(RESULTS, body)
        assert (422, INVALID) == (reply.status, reply.error)

    def test_expense(self, brex: Emulator) -> None:
        """The expense of an exported record says when; a failure says nothing."""
        record = next(
            it
            for it in brex.tenant.records.all()
            if it.review_status == "READY_FOR_EXPORT" and it.expense_id and it.source_type == "CARD"
        )
        before = brex.get(f"{EXPENSES}/{record.expense_id}").json
        brex.advance(1)
        brex.post(RESULTS, report(failure(record.id)))
        assert before == brex.get(f"{EXPENSES}/{record.expense_id}").json
        brex.post(RESULTS, report(success(record.id)))
        now = brex.tenant.timestamp()
        after = brex.get(f"{EXPENSES}/{record.expense_id}").json
        assert {**before, "exported_at": now, "updated_at": now} == after
