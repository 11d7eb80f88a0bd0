"""Names, memos, messages and links stay out of the journal, the log, events and errors."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from brex_accounting.export import Rejected

from .traps import Trap
from .world import Account, run

LINK = "https://erp.example.com/entries/"
MESSAGE = "No account for the dinner of Renée"


def told(account: Account) -> set[str]:
    """Every name, memo and address that Brex has sent."""
    found: set[str] = {LINK, MESSAGE}
    for record in account.tenant.records.all():
        for text in (record.facts, record.lines, record.counter_lines):
            for value in re.findall(rb'"(?:memo|name|first_name|last_name|email|phone|website)":"([^"]+)"', text):
                found.add(value.decode())
    return {value for value in found if len(value) > 4}


def journal_bytes(folder: Path) -> bytes:
    """All files of the journal."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_nothing_personal_is_kept_or_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After runs with refusals, failures and links, no file of the journal, log record or event holds any of it."""

    async def main() -> None:
        caplog.set_level(logging.DEBUG)
        account = Account(folder, records=60)
        bad = account.wanted()[:2]

        def make(account: Account, trap: Trap) -> object:
            from .world import honest

            erp = honest(account, trap)
            post = erp.post

            async def linked(postings: object) -> list[object]:
                outcomes = await post([each for each in postings if each.key not in bad])  # type: ignore[attr-defined]
                given = iter(outcomes)
                made: list[object] = []
                for each in postings:  # type: ignore[attr-defined]
                    if each.key in bad:
                        made.append(Rejected(MESSAGE, code="no-account"))
                    else:
                        outcome = next(given)
                        made.append(type(outcome)(outcome.reference, deep_link=LINK + outcome.reference))
                return made

            erp.post = linked  # type: ignore[method-assign,assignment]
            return erp

        account.make_erp = make  # type: ignore[assignment]
        summary = await account.run()
        assert 2 == summary.refused
        assert {MESSAGE} == {one.message for one in summary.refusals}
        assert MESSAGE not in repr(summary)
        kept = journal_bytes(folder)
        assert len(kept) > 10_000
        said = "\n".join([*(record.getMessage() for record in caplog.records), *map(repr, account.events)])
        assert said
        words = told(account)
        assert len(words) > 20
        assert [] == [word for word in sorted(words) if word.encode() in kept or word in said]

    run(main())
