"""The seeder: the same bytes for the same plan, valid against the published documents, and balanced to the digit."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.clock import timestamp
from brex_accounting.emulator.seeder import SEED_UNTIL, Seeded, SeedPlan, seed
from brex_accounting.emulator.stored import FILE_HOST, SIGNATURE, StoredExpense, StoredRecord
from brex_accounting.errors import InvalidArgument

from ..strategies import ROOT, document
from .not_emulated import not_emulated

Facts = dict[str, Any]

MINOR_DIGITS = defaultdict(lambda: 2, JPY=0, KRW=0, KWD=3)
BACK = {
    "CARD_EXPENSE_REFUND",
    "CARD_EXPENSE_REPAYMENT",
    "CARD_PAYMENT_REFUND",
    "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT_REVERSAL",
    "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_REFUND",
    "REIMBURSEMENT_EXPENSE_REPAYMENT",
}
"""Types of records whose money comes back."""
PARTIAL = {"CARD_EXPENSE_REFUND", "CARD_EXPENSE_REPAYMENT", "CARD_PAYMENT_REFUND"}
"""Types of records that may be about a part of a purchase."""

EXPENSE_ATTRIBUTES = ("id", "expense_type", "status", "payment_status", "user_id", "budget_id", "spending_entity_id")
EXPENSE_MOMENTS = ("purchased_at", "updated_at", "payment_posted_at")

plans = st.builds(
    SeedPlan,
    records=st.integers(0, 80),
    seed=st.integers(0, 2**63 - 1),
    bill_ready=st.booleans(),
    reimbursements=st.sampled_from(["both", "accrual", "cash"]),
    source_id=st.sampled_from(["expense", "other"]),
)


@cache
def seeded(records: int = 500, number: int = 1) -> Seeded:
    return seed(SeedPlan(records=records, seed=number))


def filled_in(text: bytes) -> bytes:
    return text.replace(FILE_HOST, b"https://files.example.com/tenant").replace(SIGNATURE, b"expires=1&signature=00")


def text_of(record: StoredRecord) -> bytes:
    return b"".join(record.pieces(record.facts, single_entry=False))


def record_facts(record: StoredRecord) -> Facts:
    """The record with its amounts to the digit."""
    return json.loads(filled_in(text_of(record)), parse_float=Decimal, parse_int=Decimal)


def expense_facts(expense: StoredExpense) -> Facts:
    return json.loads(filled_in(expense.text))


def lines_of(text: bytes) -> list[Facts]:
    return json.loads(b"[%b]" % text, parse_float=Decimal, parse_int=Decimal)


def minor(amount: Facts) -> Decimal:
    """An amount of the accounting API in minor units."""
    return amount["amount"] * 10 ** MINOR_DIGITS[amount["currency"]]


def all_bytes(data: Seeded) -> Iterator[bytes]:
    """All that was seeded, whatever else the emulator may come to keep with it."""
    yield json.dumps(data.company).encode()
    for record in data.records:
        yield text_of(record)
        yield repr((record.position, record.type, record.source_type, record.amount, record.currency)).encode()
        yield repr((record.expense_id, record.lines, record.counter_lines)).encode()
    for expense in data.expenses:
        yield expense.text
        yield repr([getattr(expense, name) for name in (*EXPENSE_ATTRIBUTES, "position", "parent_expense_id")]).encode()
        yield repr([str(getattr(expense, name)) for name in EXPENSE_MOMENTS]).encode()


def digest(data: Seeded) -> str:
    total = hashlib.sha256()
    for piece in all_bytes(data):
        total.update(piece)
    return total.hexdigest()


def in_json_schema(schema: Any) -> Any:
    """OpenAPI 3.0 says ``nullable``, JSON Schema does not know it."""
    if isinstance(schema, list):
        return [in_json_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    rewritten = {name: in_json_schema(part) for name, part in schema.items() if name != "nullable"}
    return {"anyOf": [rewritten, {"type": "null"}]} if schema.get("nullable") is True else rewritten


@cache
def validator(api: str, name: str) -> jsonschema_rs.Draft4Validator:
    components = in_json_schema(document(api)["components"])
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def problems(api: str, name: str, value: Any) -> list[str]:
    return [f"{list(error.instance_path)}: {error.message}" for error in validator(api, name).iter_errors(value)]


def sums(lines: Iterable[Facts], member: str) -> Counter[tuple[str, str]]:
    """Debits and credits by currency."""
    total: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if line.get(member):
            total[line["type"], line[member]["currency"]] += line[member]["amount"]
    return total


def check_invariants(plan: SeedPlan) -> None:
    """What holds for each plan, however small."""
    data = seed(plan)
    assert plan.records == len(data.records)
    assert list(range(plan.records)) == [record.position for record in data.records]
    assert list(range(len(data.expenses))) == [expense.position for expense in data.expenses]
    expenses = {expense.id: expense for expense in data.expenses}
    assert len(expenses) == len(data.expenses)
    for record in data.records:
        check_record(record)
        assert record.expense_id is None or record.expense_id in expenses
    for expense in data.expenses:
        assert [] == problems("expenses_api", "Expense", expense_facts(expense))
        assert expense.parent_expense_id is None or expense.parent_expense_id in expenses


def check_record(record: StoredRecord) -> None:
    facts = record_facts(record)
    assert [] == problems("accounting_api", "AccountingRecord", json.loads(filled_in(text_of(record))))
    assert (record.amount, record.currency) == (facts["amount"]["amount"], facts["amount"]["currency"])
    assert str(record.amount) == str(facts["amount"]["amount"])
    lines, counter_lines = lines_of(record.lines), lines_of(record.counter_lines)
    assert lines
    assert counter_lines
    assert facts["line_items"] == lines + counter_lines
    assert {"CREDIT" if record.type in BACK else "DEBIT"} == {line["type"] for line in lines}
    assert {"DEBIT" if record.type in BACK else "CREDIT"} == {line["type"] for line in counter_lines}
    assert all(line["amount"]["amount"] >= 0 for line in facts["line_items"])
    for member in ("amount", "original_amount"):
        whole = facts.get(member)
        if whole is None:
            assert not any(line.get(member) for line in facts["line_items"])
            continue
        assert (whole["amount"] < 0) == (record.type in BACK and whole["amount"] != 0)
        size, currency = abs(whole["amount"]), whole["currency"]
        assert {("DEBIT", currency): size, ("CREDIT", currency): size} == sums(facts["line_items"], member)


class TestSeedPlan:
    @pytest.mark.parametrize(
        ("arguments", "name"),
        [
            ({"records": -1}, "records"),
            ({"records": 1_000_001}, "records"),
            ({"records": 1.0}, "records"),
            ({"records": True}, "records"),
            ({"seed": -1}, "seed"),
            ({"seed": "1"}, "seed"),
            ({"seed": 2**63}, "seed"),
            ({"until": datetime.datetime(2026, 1, 1)}, "until"),
            ({"until": "2026-01-01"}, "until"),
            ({"until": datetime.date(2026, 1, 1)}, "until"),
            ({"until": datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)}, "until"),
            ({"bill_ready": "reaches"}, "bill_ready"),
            ({"reimbursements": "neither"}, "reimbursements"),
            ({"source_id": None}, "source_id"),
        ],
    )
    def test_names_the_argument_that_is_wrong(self, arguments: Facts, name: str) -> None:
        """An argument that cannot be right is refused by its name, with what is expected."""
        with pytest.raises(InvalidArgument, match=rf"^{name}: expected "):
            SeedPlan(**arguments)

    def test_takes_the_limits(self) -> None:
        """The limits themselves are allowed."""
        plan = SeedPlan(records=1_000_000, seed=2**63 - 1)

        assert (1_000_000, 2**63 - 1, SEED_UNTIL) == (plan.records, plan.seed, plan.until)


class TestSeed:
    @given(plans)
    def test_small_accounts_balance(self, plan: SeedPlan) -> None:
        """Whatever the plan: as many records as asked for, each valid and balanced in each currency."""
        check_invariants(plan)

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_large_accounts_balance(self, number: int) -> None:
        """The same holds where everything that is rare comes too."""
        check_invariants(SeedPlan(records=400, seed=number))

    @pytest.mark.parametrize("records", [0, 1, 7, 60])
    def test_any_number_of_records(self, records: int) -> None:
        """An account can stop anywhere, in the middle of an event too."""
        check_invariants(SeedPlan(records=records))

    def test_nothing_gives_nothing(self) -> None:
        """An account without records has no expenses, and still a company."""
        data = seed(SeedPlan(records=0))

        assert ([], []) == (data.records, data.expenses)
        assert data.company["id"]

    @given(plans)
    def test_is_deterministic(self, plan: SeedPlan) -> None:
        """The same plan gives the same bytes."""
        assert list(all_bytes(seed(plan))) == list(all_bytes(seed(plan)))

    @pytest.mark.parametrize("hash_seed", ["0", "4242"])
    def test_is_deterministic_in_another_process(self, hash_seed: str) -> None:
        """Another process with other hashes of strings gives the same bytes."""
        program = (
            "from tests.emulator.test_seeder import digest, seed, SeedPlan; print(digest(seed(SeedPlan(300, seed=5))))"
        )
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)

        assert digest(seeded(300, 5)) == done.stdout.decode().strip()

    def test_is_the_same_on_all_machines(self) -> None:
        """These bytes are a promise: whoever changes them changes what users' tests find under a number."""
        assert "4b936b1ddecb8f580f664848b96f8ce6058fbdb5cb8c750952eb62ba5214312c" == digest(seeded(200, 7))

    def test_seeds_differ(self) -> None:
        """Another number gives other records, and no id twice."""
        ids = [record.id for number in range(1, 6) for record in seeded(500, number).records]

        assert len(ids) == len(set(ids))

    def test_until_moves_everything(self) -> None:
        """Data that end on another day, in another zone, are the same but for the days."""
        zone = datetime.timezone(datetime.timedelta(hours=5))
        until = SEED_UNTIL - datetime.timedelta(days=700)
        moved = seed(SeedPlan(until=until.astimezone(zone)))

        assert [record.updated_at - until for record in moved.records] == [
            record.updated_at - SEED_UNTIL for record in seeded().records
        ]
        assert {datetime.timezone.utc} == {record.updated_at.tzinfo for record in moved.records}

    def test_company_is_valid(self) -> None:
        """The company is what the Team API's document says."""
        assert [] == problems("team_api", "Company", seeded().company)

    def test_changing_one_company_leaves_the_next(self) -> None:
        """Companies share nothing that can be changed."""
        first = seed(SeedPlan(records=0)).company
        first["mailing_address"]["city"] = "Elsewhere"

        assert "San Francisco" == seed(SeedPlan(records=0)).company["mailing_address"]["city"]


class TestVariants:
    def test_bills_do_not_become_ready(self) -> None:
        """Bills are in PREPARE, REVIEW or EXPORTED, most of them in REVIEW."""
        stages = Counter(record.review_status for record in seeded(2000).records if record.source_type == "BILL")

        assert {"PREPARE", "REVIEW", "EXPORTED"} == set(stages)
        assert stages["REVIEW"] > stages.total() / 2

    def test_bills_become_ready(self) -> None:
        """Where the variant says so, bills get ready, and nothing else differs but that."""
        ready = seed(SeedPlan(records=2000, bill_ready=True)).records

        assert "READY_FOR_EXPORT" in {record.review_status for record in ready if record.source_type == "BILL"}
        assert [(record.id, record.review_status) for record in ready if record.source_type != "BILL"] == [
            (record.id, record.review_status) for record in seeded(2000).records if record.source_type != "BILL"
        ]

    @pytest.mark.parametrize(
        ("variant", "missing"),
        [
            ("both", set[str]()),
            ("accrual", {"REIMBURSEMENT_EXPENSE_POST"}),
            ("cash", {"REIMBURSEMENT_EXPENSE_APPROVAL"}),
        ],
    )
    def test_reimbursements_have_one_view_or_both(self, variant: str, missing: set[str]) -> None:
        """Only the records of the view that is played exist; all other types do."""
        types = {record.type for record in seed(SeedPlan(records=60, reimbursements=variant)).records}

        assert types == record_types() - missing

    def test_source_can_be_of_another_kind(self) -> None:
        """Where the variant says so, no source_id is the id of an expense, and nothing else differs."""
        other = seed(SeedPlan(source_id="other"))
        sources = [record_facts(record).get("source_id") for record in other.records if record.expense_id]

        assert all(source.startswith("src_") for source in sources)
        assert [expense.text for expense in other.expenses] == [expense.text for expense in seeded().expenses]


class TestRecords:
    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_all_types_from_sixty_records_on(self, number: int) -> None:
        """Sixty records suffice to see each of the types, nineteen at least."""
        types = {record.type for record in seeded(60, number).records}

        assert record_types() == types
        assert len(types) >= 19

    def test_types_have_their_source(self) -> None:
        """The source follows from the type."""
        for record in seeded().records:
            prefix = record.type.partition("_")[0]
            expected = {"REWARD": "CARD", "INVOICE": "BILL"}.get(prefix, prefix)
            assert expected == record.source_type == record_facts(record)["source_type"]

    def test_stages_of_cards_and_reimbursements(self) -> None:
        """About a tenth is in PREPARE, three fifths are ready, and the rest is in REVIEW or EXPORTED."""
        stages = Counter(record.review_status for record in seeded(2000).records if record.source_type != "BILL")
        shares = {stage: round(count * 100 / stages.total()) for stage, count in stages.items()}

        assert shares == pytest.approx({"PREPARE": 10, "REVIEW": 15, "READY_FOR_EXPORT": 60, "EXPORTED": 15}, abs=4)

    def test_attributes_repeat_the_text(self) -> None:
        """What rules read as attributes is what the text says."""
        for record in seeded().records:
            facts = record_facts(record)
            stored = (record.id, record.type, record.review_status, timestamp(record.updated_at), record.version)
            assert stored == tuple(facts[name] for name in ("id", "type", "review_status", "updated_at", "version"))

    def test_single_entry_is_one_side(self) -> None:
        """The single-entry view shows the lines of one side, which add up to the amount."""
        for record in seeded().records:
            text = b"".join(record.pieces(record.facts, single_entry=True))
            lines = json.loads(filled_in(text), parse_float=Decimal, parse_int=Decimal)["line_items"]
            assert 1 == len({line["type"] for line in lines})
            assert abs(record.amount) == sum(line["amount"]["amount"] for line in lines)

    def test_moments_are_in_order_and_in_the_span(self) -> None:
        """A record is posted, then changed, both within the 180 days before the end; it is booked at midnight."""
        first = SEED_UNTIL - datetime.timedelta(days=180)
        for record in seeded(2000).records:
            facts = record_facts(record)
            posted = datetime.datetime.fromisoformat(facts["posted_at"])
            assert first <= posted <= record.updated_at <= SEED_UNTIL
            booked = datetime.datetime.fromisoformat(facts["erp_posting_date"])
            assert datetime.time(0, tzinfo=datetime.timezone.utc) == booked.timetz()
            assert booked <= posted

    def test_moments_spread_and_meet(self) -> None:
        """Changes cover the whole span; some have microseconds, and some come at the same instant."""
        moments = Counter(record.updated_at for record in seeded(2000).records)
        months = Counter((moment - SEED_UNTIL).days // 30 for moment in moments)

        assert set(range(-6, 0)) <= set(months)
        assert min(months[month] for month in range(-6, 0)) > 100
        assert any(moment.microsecond for moment in moments)
        assert max(moments.values()) > 1

    def test_versions(self) -> None:
        """Versions go from 1 to 6."""
        assert set(range(1, 7)) == {record.version for record in seeded().records}

    def test_only_bills_are_due(self) -> None:
        """Due dates and numbers of invoices are for bills; most bills have both."""
        bills = 0
        for record in seeded().records:
            facts = record_facts(record)
            due = (facts.get("due_at"), facts.get("invoice_number"))
            if record.source_type == "BILL":
                bills += None not in due
            else:
                assert (None, None) == due
        assert bills > 0.8 * sum(record.source_type == "BILL" for record in seeded().records)

    def test_ids_are_unique(self) -> None:
        """No id of a record, line or expense comes twice."""
        data = seeded(2000)
        ids = [record.id for record in data.records] + [expense.id for expense in data.expenses]
        ids += [line["id"] for record in data.records for line in record_facts(record)["line_items"]]

        assert len(ids) == len(set(ids))
        assert {"accr", "arli", "expense"} == {id_.partition("_")[0] for id_ in ids}


class TestAmounts:
    def test_several_currencies(self) -> None:
        """Records are in several currencies, with and without cents, and so are the original amounts."""
        facts = [record_facts(record) for record in seeded(2000).records]
        originals = [record["original_amount"] for record in facts if record.get("original_amount")]

        assert {"USD", "EUR", "GBP", "JPY", "KWD"} <= {record["amount"]["currency"] for record in facts}
        assert {"USD", "EUR", "GBP", "JPY", "KWD", "KRW"} <= {original["currency"] for original in originals}
        assert all(
            record["original_amount"]["currency"] != record["amount"]["currency"]
            for record in facts
            if record.get("original_amount")
        )

    def test_no_currency_has_too_many_digits(self) -> None:
        """No amount has a fraction of its currency's smallest unit."""
        for record in seeded(2000).records:
            facts = record_facts(record)
            for holder in (facts, *facts["line_items"]):
                for member in ("amount", "original_amount"):
                    if holder.get(member):
                        assert minor(holder[member]) == int(minor(holder[member]))

    def test_numbers_are_written_digit_by_digit(self) -> None:
        """Some amounts end in zeros, some leave them out, some are nothing, and some are more than a float holds."""
        numbers = re.findall(rb'"amount":(-?[0-9.]+)', b"".join(text_of(record) for record in seeded().records))
        texts = {number.decode() for number in numbers}

        assert all(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d{1,3})?", text) for text in texts)
        assert any(re.search(r"\.\d0$", text) for text in texts)
        assert any(re.search(r"\.[1-9]$", text) for text in texts)
        assert "98765432109876543.21" in texts
        assert any(Decimal(text) != Decimal(float(text)).quantize(Decimal(text)) for text in texts)
        assert {"0.00", "0.01"} <= texts
        assert not {text for text in texts if text.startswith("-") and Decimal(text) == 0}

    def test_records_of_nothing(self) -> None:
        """A record of nothing has lines of nothing."""
        nothing = [record for record in seeded().records if record.amount == 0]

        assert nothing
        for record in nothing:
            assert {Decimal(0)} == {line["amount"]["amount"] for line in record_facts(record)["line_items"]}

    def test_money_that_comes_back_is_negative(self) -> None:
        """Refunds, reversals and repayments are negative, and nothing else is."""
        for record in seeded(2000).records:
            assert (record.amount < 0) == (record.type in BACK and record.amount != 0)

    def test_some_are_split(self) -> None:
        """Records have one line or several on either side."""
        assert {1, 2, 3, 5} <= {len(lines_of(record.lines)) for record in seeded().records}
        assert {1, 2} == {len(lines_of(record.counter_lines)) for record in seeded().records}


class TestLinks:
    def test_accrual_and_cash_are_of_one_expense(self) -> None:
        """The accrual and the cash record of a reimbursement have the same expense, source and amount."""
        views = ("REIMBURSEMENT_EXPENSE_APPROVAL", "REIMBURSEMENT_EXPENSE_POST")
        pairs: dict[str | None, dict[str, StoredRecord]] = defaultdict(dict)
        for record in seeded().records[:-1]:
            if record.type in views:
                pairs[record.expense_id][record.type] = record

        assert len(pairs) > 20
        for expense_id, pair in pairs.items():
            accrual, cash = (record_facts(pair[view]) for view in views)
            assert expense_id == accrual["source_id"] == cash["source_id"]
            assert accrual["amount"] == cash["amount"]
            assert accrual["posted_at"] <= cash["posted_at"]

    def test_source_is_the_expense(self) -> None:
        """A record that comes from an expense names it as its source."""
        for record in seeded().records:
            if record.expense_id is not None:
                assert record.expense_id == record_facts(record)["source_id"]

    def test_refunds_are_of_earlier_purchases(self) -> None:
        """A refund or repayment has an earlier purchase of the same expense and currency, and of at least as much."""
        purchases: dict[str, StoredRecord] = {}
        backs = 0
        for record in seeded(2000).records:
            if record.type == "CARD_EXPENSE_POST":
                purchases[record.expense_id or ""] = record
            elif record.type in {"CARD_EXPENSE_REFUND", "CARD_EXPENSE_REPAYMENT"}:
                purchase = purchases[record.expense_id or ""]
                assert purchase.currency == record.currency
                assert purchase.amount >= -record.amount > 0
                assert record_facts(purchase)["posted_at"] <= record_facts(record)["posted_at"]
                backs += 1
        assert backs > 50

    def test_reversals_are_of_earlier_payouts(self) -> None:
        """A payout that is reversed was made before, and the money goes back to the customer."""
        prefix = "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_"
        by_expense: dict[str | None, list[StoredRecord]] = defaultdict(list)
        for record in seeded(2000).records[:-8]:
            by_expense[record.expense_id].append(record)
        reversed_ = [
            records
            for records in by_expense.values()
            if any(record.type == f"{prefix}PAYOUT_REVERSAL" for record in records)
        ]

        assert len(reversed_) > 5
        for records in reversed_:
            amounts = {record.type.removeprefix(prefix): record.amount for record in records}
            assert amounts["PAYIN"] == amounts["PAYOUT"] == -amounts["PAYOUT_REVERSAL"] == -amounts["REFUND"]

    def test_expenses_agree_with_their_records(self) -> None:
        """An expense is billed what its record says, in minor units, and its original amount is the record's."""
        data = seeded(2000)
        expenses = {expense.id: expense_facts(expense) for expense in data.expenses}
        compared = Counter[str]()
        for record in data.records:
            if record.expense_id is None or record.type in PARTIAL:
                continue
            facts, expense = record_facts(record), expenses[record.expense_id]
            sign = -1 if record.type in BACK and expense.get("expense_type") != "CLAWBACK" else 1
            if expense.get("expense_type") is None:  # a sparse one does not say whether it is a clawback
                sign = -1 if record.type in BACK - {"REIMBURSEMENT_EXPENSE_REPAYMENT"} else 1
            for member, amount in (
                ("billing_amount", facts["amount"]),
                ("original_amount", facts.get("original_amount") or facts["amount"]),
                ("purchased_amount", facts.get("original_amount") or facts["amount"]),
            ):
                if expense.get(member):
                    assert expense[member] == {"amount": sign * minor(amount), "currency": amount["currency"]}
                    compared[amount["currency"]] += 1
        assert {"USD", "EUR", "GBP", "JPY", "KWD", "KRW"} <= set(compared)

    def test_parts_add_up_to_their_whole(self) -> None:
        """The parts of a split expense have a parent, are its line items, and add up to it."""
        data = seeded(2000)
        parts: dict[str, list[StoredExpense]] = defaultdict(list)
        for expense in data.expenses:
            if expense.parent_expense_id is not None:
                parts[expense.parent_expense_id].append(expense)
        wholes = [expense for expense in data.expenses if expense.id in parts]

        assert len(wholes) > 10
        for whole in wholes:
            facts = expense_facts(whole)
            items = facts["expense_line_items"]
            assert "SPLIT" == whole.status
            assert [part.id for part in parts[whole.id]] == [item["id"] for item in items]
            for member in ("billing_amount", "original_amount"):
                assert facts[member]["amount"] == sum(item[member]["amount"] for item in items)
                for part, item in zip(parts[whole.id], items, strict=True):
                    assert expense_facts(part).get(member) in (None, item[member])

    def test_receipts_are_those_of_the_expense(self) -> None:
        """A record shows the receipts and the memo of its expense."""
        data = seeded()
        expenses = {expense.id: expense_facts(expense) for expense in data.expenses}
        for record in data.records:
            if record.expense_id is not None:
                assert record_facts(record).get("receipts") == expenses[record.expense_id].get("receipts")


class TestExpenses:
    def test_attributes_repeat_the_text(self) -> None:
        """What rules read as attributes is what the text says, None where it says nothing."""
        for expense in seeded().expenses:
            facts = expense_facts(expense)
            assert [getattr(expense, name) for name in EXPENSE_ATTRIBUTES] == [
                facts.get(name) for name in EXPENSE_ATTRIBUTES
            ]
            for name in EXPENSE_MOMENTS:
                moment = getattr(expense, name)
                assert (moment and timestamp(moment)) == facts.get(name)
                assert moment is None or moment <= SEED_UNTIL

    def test_nested_objects_are_filled_in(self) -> None:
        """Where there is an id, the object it names is there too."""
        names = ("location", "department", "merchant", "budget", "user", "spending_entity")
        for expense in seeded().expenses:
            facts = expense_facts(expense)
            for name in names:
                if facts.get(f"{name}_id") is not None:
                    assert facts[f"{name}_id"] == facts[name].get("id", facts[f"{name}_id"])

    def test_amounts_fit_into_64_bits(self) -> None:
        """Amounts are counts that the document's int64 can hold."""
        for expense in seeded(2000).expenses:
            for name, value in expense_facts(expense).items():
                if name.endswith("_amount") and value is not None:
                    assert type(value["amount"]) is int
                    assert -(2**63) <= value["amount"] < 2**63

    def test_states(self) -> None:
        """Expenses of every type, status and payment status exist, and some come with no record."""
        data = seeded(2000)
        schemas = document("expenses_api")["components"]["schemas"]
        linked = {record.expense_id for record in data.records}

        assert {*schemas["ExpenseType"]["enum"], None} == {expense.expense_type for expense in data.expenses}
        assert {*schemas["ExpenseStatus"]["enum"], None} == {expense.status for expense in data.expenses}
        assert {*schemas["ExpensePaymentStatus"]["enum"], None} == {expense.payment_status for expense in data.expenses}
        assert any(not expense.parent_expense_id and expense.id not in linked for expense in data.expenses)

    def test_lead_to_the_dashboard(self) -> None:
        """Each links to itself on a dashboard that does not exist."""
        for expense in seeded().expenses:
            url = expense_facts(expense)["dashboard_url"]
            assert url.startswith("https://dashboard.example.com/")
            assert url.endswith(expense.id)


class TestCoverage:
    @pytest.mark.parametrize("api", ["accounting_api", "expenses_api"])
    def test_each_member_is_there_null_and_absent_wherever_it_may_be(self, api: str) -> None:
        """In an account of some size each member has a value, is null where allowed, and absent where allowed.

        Members that came with an update of a document, and that the emulator does not make yet, are listed in a file;
        who teaches it to make one takes it out there.
        """
        seen: set[tuple[str, str, str]] = set()
        data = seeded(2000)
        if api == "accounting_api":
            root, values = "AccountingRecord", [record_facts(record) for record in data.records]
        else:
            root, values = "Expense", [expense_facts(expense) for expense in data.expenses]
        for value in values:
            note_members(api, root, value, seen)

        missing = possible_members(api, root) - seen
        never = {f"{name}.{member}" for name, member, way in missing if way == "value"}
        assert {f"{name}.{member}" for name, member, _ in possible_members(api, root)} & not_emulated(api) == never
        assert set() == {(name, member, way) for name, member, way in missing if f"{name}.{member}" not in never}

    def test_people_have_every_role_and_status(self) -> None:
        """The people of an account have all roles and states that there are."""
        schemas = document("accounting_api")["components"]["schemas"]
        users = [facts["user"] for facts in map(record_facts, seeded().records) if facts.get("user")]

        assert set(schemas["UserRole"]["enum"]) == {user["role"] for user in users}
        assert set(schemas["UserStatus"]["enum"]) == {user["status"] for user in users}

    def test_receipts_are_null_absent_empty_and_filled(self) -> None:
        """Records have no receipts in three ways, one, or two; receipts have no file in two ways, one, or two."""
        kinds: set[object] = set()
        files: set[object] = set()
        for facts in map(record_facts, seeded().records):
            receipts = facts.get("receipts", "absent")
            kinds.add(len(receipts) if isinstance(receipts, list) else receipts)
            for receipt in receipts if isinstance(receipts, list) else []:
                uris = receipt.get("download_uris", "absent")
                files.add(len(uris) if isinstance(uris, list) else uris)

        assert {"absent", None, 0, 1, 2} == kinds
        assert {"absent", None, 1, 2} == files


class TestText:
    def test_scripts(self) -> None:
        """Names and memos come in many scripts, with accents of their own, right to left, quotes, breaks and emoji."""
        text = b"".join(text_of(record) for record in seeded().records).decode()
        characters = {character for facts in seeded_strings() for character in facts}
        names = {unicodedata.name(character, "").split(" ")[0] for character in characters}

        assert {"ARABIC", "CJK", "CYRILLIC", "DEVANAGARI", "GREEK", "HANGUL", "HEBREW", "HIRAGANA", "THAI"} <= names
        assert {"COMBINING", "EMOJI", "ZERO"} <= names
        assert {'"', "\\", "\n", "\t", "\u2028"} <= characters
        assert r"\ud83c\udf89" in text

    def test_no_lone_surrogate(self) -> None:
        """All text can be written as UTF-8."""
        for text in seeded_strings():
            text.encode()

    def test_no_member_twice(self) -> None:
        """No object has the same member twice."""

        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            assert len(pairs) == len(dict(pairs))
            return dict(pairs)

        data = seeded()
        for text in (*map(text_of, data.records), *(expense.text for expense in data.expenses)):
            json.loads(filled_in(text), object_pairs_hook=once)

    def test_files_are_at_the_file_host(self) -> None:
        """Links to files are stand-ins around the receipt's own id and a plain name."""
        data = seeded()
        pattern = (
            rb'"id":"(rcpt_\w+)","download_uris":\["\x00/receipts/\1/[\w.-]+\.(?:pdf|png|jpg)\?\x01"'
            rb'(?:,"\x00/receipts/\1/[\w.-]+\.(?:pdf|png|jpg)\?\x01")?\]'
        )
        for text in (*(record.facts for record in data.records), *(expense.text for expense in data.expenses)):
            rest = re.sub(pattern, b"", text)
            assert FILE_HOST not in rest
            assert SIGNATURE not in rest
        assert any(FILE_HOST in record.facts for record in data.records)
        assert not any(FILE_HOST in record.lines + record.counter_lines for record in data.records)

    def test_nobody_can_be_reached(self) -> None:
        """Addresses and numbers are of the reserved kind."""
        texts = set(seeded_strings())

        assert all(text.endswith("@example.com") for text in texts if re.fullmatch(r"\S+@\S+", text))
        assert all(re.fullmatch(r"\+1-555-01\d\d", text) for text in texts if re.fullmatch(r"\+[\d-]+", text))
        assert all(
            re.match(r"https://([a-z0-9]+\.)?example\.com($|/)", text) for text in texts if text.startswith("http")
        )


@cache
def seeded_strings() -> frozenset[str]:
    """Every string of an account."""
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            for part in value.values():
                collect(part)
        elif isinstance(value, list):
            for part in value:
                collect(part)

    data = seeded()
    collect([record_facts(record) for record in data.records])
    collect([expense_facts(expense) for expense in data.expenses])
    return frozenset(found)


def named(schema: Facts) -> str | None:
    """The component that a member refers to, if it does."""
    for part in (schema, *schema.get("allOf", ()), schema.get("items", {})):
        if "$ref" in part:
            return part["$ref"].rpartition("/")[2]
    return None


def possible_members(api: str, root: str) -> set[tuple[str, str, str]]:
    """Every member of every object that the root leads to, with the ways in which it may show itself."""
    schemas = document(api)["components"]["schemas"]
    todo, done, possible = [root], set[str](), set[tuple[str, str, str]]()
    while todo:
        name = todo.pop()
        if name in done:
            continue
        done.add(name)
        for member, schema in schemas[name].get("properties", {}).items():
            possible.add((name, member, "value"))
            if schema.get("nullable"):
                possible.add((name, member, "null"))
            if member not in schemas[name].get("required", ()):
                possible.add((name, member, "absent"))
            todo += [inner] if (inner := named(schema)) else []
    return possible


def record_types() -> set[str]:
    """The types of records that the emulator makes: those of the document but what is known to be missing."""
    types: list[str] = document("accounting_api")["components"]["schemas"]["AccountingRecordType"]["enum"]
    return {name for name in types if f"AccountingRecordType.{name}" not in not_emulated("accounting_api")}


def note_members(api: str, name: str, value: Facts, seen: set[tuple[str, str, str]]) -> None:
    for member, schema in document(api)["components"]["schemas"][name].get("properties", {}).items():
        found = value.get(member)
        seen.add((name, member, "absent" if member not in value else "null" if found is None else "value"))
        inner = named(schema)
        for part in found if isinstance(found, list) else [found]:
            if inner and isinstance(part, dict):
                note_members(api, inner, part, seen)
