"""What must be true in the end, whoever was killed when: read from Brex, the journal and the text of the books.

Nothing here uses the code that is under test but the policy: sums are made from Brex's own lines and from the text.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from decimal import Context, Decimal, Inexact, localcontext
from pathlib import Path
from typing import Any

from brex_accounting.emulator.stored import StoredRecord
from brex_accounting.export import ExportPolicy
from tests.export.crash.scene import UNMAPPED, Scene, program, twin
from tests.export.crash.worker import is_refused
from tests.export.durable_erp import DurableErp

Sums = dict[str, Decimal]

_HEADER = re.compile(r"\d{4}-\d\d-\d\d \* ")
_KEY = re.compile(r'  brex-key: "([^"]+)"')
_LEG = re.compile(r"  (\S+:\S+)  (-?[\d.]+) (\S+)(?: @@ ([\d.]+) (\S+))?")
_EXACT = Context(prec=60, traps=[Inexact])


def check(scene: Scene, *, pairs: bool = False) -> dict[str, int]:
    """Hold everything against everything.

    Args:
        scene: The account, with no worker at it any more.
        pairs: Whether two workers at a time were at it.

    Returns:
        How many records came to which end.

    Raises:
        AssertionError: Something is missing, twice, or different.
    """
    assert [] == scene.world.bugs, f"the emulator broke its documents: {scene.world.bugs[:3]}"
    allowed = {"two_clients"} if pairs else set[str]()
    if scene.tenant.variants["report_422"] == "partial":
        allowed.add("reported_twice")  # nobody can know that the others of a refused report took effect
    broken = [found for found in scene.world.violations(scene.tenant) if found.invariant not in allowed]
    assert [] == broken, f"invariants: {len(broken)} breaches, such as {broken[:3]}"
    entered = entries(scene)
    twice = {key: len(found) for key, found in entered.items() if len(found) > 1}
    assert {} == twice, f"{len(twice)} entries more than once in the books: {list(twice.items())[:10]}"
    assert {} == scene.under_way(), f"under way for good: {scene.under_way()}"
    ends = _ends(scene, entered)
    _check_sums(scene, {key: found[0] for key, found in entered.items()})
    if scene.plan["erp"] == "beancount":
        _bean_check(scene.books)
    return dict(ends)


def entries(scene: Scene) -> Mapping[str, list[Sums]]:
    """What each entry of the books debits, by its key; more than one where it is in the books more than once."""
    found: dict[str, list[Sums]] = {}
    if scene.plan["erp"] == "durable":
        for document in DurableErp(scene.books).documents:
            found.setdefault(document.key, []).append(dict(document.debits))
        return found
    current: Sums = {}
    for line in scene.books.read_text().splitlines():
        if _HEADER.match(line):
            current = {}
        elif key := _KEY.fullmatch(line):
            found.setdefault(key[1], []).append(current)
        elif leg := _LEG.fullmatch(line):
            amount, currency = (leg[2], leg[3]) if leg[4] is None else (leg[4], leg[5])
            if Decimal(leg[2]) > 0:
                _add(current, currency, Decimal(amount))
    return found


def _ends(scene: Scene, entered: Mapping[str, list[Sums]]) -> Counter[str]:
    """Each record is where it belongs, by what it was before the first worker came."""
    journal = {
        record_id: (state, reason, reference)
        for record_id, state, reason, reference in scene.rows("select record_id, state, reason, reference from entries")
    }
    before = {record.id: record for record in twin(scene).records.all()}
    now = {record.id: record for record in scene.tenant.records.all()}
    assert before.keys() == now.keys(), "the twin is none"
    assert journal.keys() <= now.keys(), "the journal has records that Brex has not"
    assert entered.keys() <= now.keys(), "the books have records that Brex has not"
    taken = ExportPolicy(basis="accrual").types
    counted: Counter[str] = Counter()
    wrong: dict[str, object] = {}
    for record_id, record in before.items():
        end = _end(record, taken, scene.plan["erp"])
        state, reason, reference = journal.get(record_id, (None, None, None))
        is_in = record_id in entered
        shown = now[record_id].review_status
        match end:
            case "exported":
                fits = (state, is_in, shown) == ("exported", True, "EXPORTED") and bool(reference)
                if scene.takes_no_report(record) and state == "posted":
                    end, fits = "posted, not to be reported yet", is_in and reason == f"Brex shows {shown}"
            case "refused":
                fits = (state, is_in, shown) == ("refused", False, record.review_status) and bool(reason)
                if scene.takes_no_report(record) and state == "ready":
                    end, fits = "refused, not to be reported yet", not is_in
            case "not for this ledger":
                fits = (state, is_in, shown) == ("not for this ledger", False, record.review_status)
            case _:  # nothing was to be done about it
                fits = (state, is_in, shown) == (None, False, record.review_status)
        counted[end] += 1
        if not fits:
            wrong[record_id] = (end, state, reason, reference, is_in, shown)
    assert {} == wrong, f"{len(wrong)} records are not where they belong: {list(wrong.items())[:10]}"
    return counted


def _end(record: StoredRecord, taken: frozenset[str], erp: str) -> str:
    """Where a record has to come, by what Brex showed at first."""
    if record.review_status == "EXPORTED":
        return "exported before"
    if record.source_type != "BILL" and record.review_status != "READY_FOR_EXPORT":
        return "not ready"
    if record.type not in taken:
        return "not for this ledger"
    if is_refused(record.id) if erp == "durable" else not _has_accounts(record):
        return "refused"
    return "exported"


def _has_accounts(record: StoredRecord) -> bool:
    """Whether somebody has chosen an account for each line, and one that the books have."""
    fields = [
        {value["remote_field_id"]: value["remote_field_value_id"] for value in line["accounting_field_values"]}
        for line in lines(record)
    ]
    return all(found.get("account", UNMAPPED) != UNMAPPED for found in fields)


def lines(record: StoredRecord) -> list[dict[str, Any]]:
    """A record's lines as Brex has them."""
    text = b"[" + record.lines + b"," + record.counter_lines + b"]"
    found: list[dict[str, Any]] = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return found


def _check_sums(scene: Scene, entered: Mapping[str, Sums]) -> None:
    """Each entry, and all of them together, debit what Brex's lines do, to the last digit."""
    booked: Sums = {}
    wanted: Sums = {}
    for key, sums in entered.items():
        record = scene.tenant.records.get(key)
        assert record is not None
        own: Sums = {}
        for line in lines(record):
            if line["type"] == "DEBIT":
                _add(own, line["amount"]["currency"], line["amount"]["amount"])
        assert _without_zeros(own) == _without_zeros(sums), f"{key}: Brex has {own}, the books {sums}"
        for total, part in ((booked, sums), (wanted, own)):
            for currency, amount in part.items():
                _add(total, currency, amount)
    assert _without_zeros(wanted) == _without_zeros(booked), f"Brex has {wanted}, the books {booked}"


def _add(sums: Sums, currency: str, amount: Decimal) -> None:
    with localcontext(_EXACT):
        sums[currency] = sums.get(currency, Decimal()) + amount


def _without_zeros(sums: Sums) -> Sums:
    return {currency: amount for currency, amount in sums.items() if amount}


def _bean_check(books: Path) -> None:
    found = subprocess.run(
        [program("bean-check"), "--no-cache", books], capture_output=True, text=True, timeout=300, check=False
    )
    said = (found.returncode, found.stdout[-2000:], found.stderr[-2000:])
    assert (0, "", "") == said, f"bean-check: {said}"


__all__ = ["check", "entries", "lines"]
