"""``brex-accounting export`` against the emulator: what it does, what it prints, and how it ends."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.emulator import TenantPlan
from brex_accounting.export import Change, Entry, SqliteJournal, State
from tests.cli.exported import LABEL, MAPPING, READY, Account, ask
from tests.cli.served import Command, Ran, Served, enter, serve

RUN, PLAN, RECONCILE = ("export", "run"), ("export", "plan"), ("export", "reconcile")
STATUS, HISTORY, RESOLVE = ("export", "status"), ("export", "history"), ("export", "resolve")
JSONL = ("--output", "jsonl")
LISTED = "queryAccountingRecords"
NOW = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Served]:
    with serve(TenantPlan(records=120, seed=7, variants={"bill_ready": "reaches"})) as found:
        yield found


@pytest.fixture
def account(emulator: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    emulator.reset()
    enter(emulator, monkeypatch)
    monkeypatch.setenv("BREX_ACCOUNT", LABEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return Account(emulator, tmp_path)


@pytest.fixture
def run(account: Account, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def kinds(ran: Ran, kind: str) -> list[Any]:
    """The JSON lines of one kind."""
    return [line for line in ran.lines if line["kind"] == kind]


def mapped(path: Path, *, without: str) -> Path:
    """The example's mapping without one account."""
    lines = MAPPING.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(f'"{without}"')))
    return path


class TestRun:
    def test_everything(self, account: Account, run: Command) -> None:
        """A run brings every record that is ready into the books and tells Brex; the next one has nothing to do."""
        wanted = account.wanted(READY)
        ran = run(*RUN, *account.options, *JSONL)
        assert (0, "") == (ran.status, ran.err)
        (summary,) = ran.lines
        assert wanted == account.entries()
        assert ["complete", len(wanted), len(wanted)] == [summary[name] for name in ("ended", "posted", "exported")]
        assert set() == set(wanted) & set(account.wanted(READY))
        sums: dict[str | None, Decimal] = {}
        for row in account.rows().values():
            if row.state is State.EXPORTED:
                sums[row.currency] = sums.get(row.currency, Decimal()) + (row.amount or 0)
        assert sums == {currency: Decimal(amount) for currency, amount in summary["amounts"].items()}

        books = account.books.read_bytes()
        (summary,) = run(*RUN, *account.options, *JSONL, "--once").lines
        assert ["complete", 0, 0] == [summary[name] for name in ("ended", "posted", "exported")]
        assert books == account.books.read_bytes()

    def test_a_table(self, account: Account, run: Command) -> None:
        """People get counts with their names, and exact sums by currency."""
        ran = run(*RUN, *account.options)
        assert (0, "") == (ran.status, ran.err)
        assert ran.out.startswith("complete: ")
        wanted = len(account.entries())
        assert f"{wanted:>7}  posted" in ran.texts
        assert f"{wanted:>7}  exported" in ran.texts
        assert "Currency" in ran.out

    def test_a_mapping_beside_the_books(self, account: Account, run: Command) -> None:
        """Without --mapping the file beside the books counts; where there is none, one line says so."""
        options = ("--erp", f"beancount:{account.books}", *account.journal, "--basis", "accrual")
        run(*RUN, *options).assert_error(2, "--mapping: there is no books.toml beside the books")
        mapped(account.folder / "books.toml", without="nothing")
        assert 0 == run(*RUN, *options).status
        assert account.entries()

    def test_refusals(self, account: Account, run: Command) -> None:
        """What is refused is told with its reason, and tried again when the mapping knows more, or on request."""
        mapping = mapped(account.folder / "mapping.toml", without="6410")
        options = ("--erp", f"beancount:{account.books}", "--mapping", str(mapping))
        options = (*options, *account.journal, "--basis", "accrual")
        ran = run(*RUN, *options)
        assert 0 == ran.status
        assert "no-account:6410" in ran.out
        (summary,) = run(*RUN, *options, *JSONL, "--retry-refused").lines
        refused = [row for row in account.rows().values() if row.state is State.REFUSED]
        assert refused
        assert len(refused) == summary["seen"] - summary["not_for_ledger"] or summary["ended"] == "complete"
        ran = run(*STATUS, *account.journal)
        assert f"{len(refused):>7}  no-account:6410  {refused[0].record_id}" in ran.texts
        assert 0 == run(*RUN, *account.options).status
        assert {row.record_id for row in refused} <= set(account.entries())

    def test_retry(self, account: Account, run: Command) -> None:
        """--retry-refused says how many are tried again; nobody else knows whether something has changed."""
        mapping = mapped(account.folder / "mapping.toml", without="6410")
        options = ("--erp", f"beancount:{account.books}", "--mapping", str(mapping))
        options = (*options, *account.journal, "--basis", "accrual")
        run(*RUN, *options)
        refused = sum(row.state is State.REFUSED for row in account.rows().values())
        ran = run(*RUN, *options, *JSONL, "--retry-refused")
        assert f"{refused} refused records are tried again\n" == ran.err
        assert refused == ran.lines[0]["refused"]
        assert 0 == run(*RUN, *options, *JSONL).lines[0]["refused"]

    def test_too_many_refusals(self, account: Account, run: Command) -> None:
        """Where too much would be refused, nothing is told to Brex, and the option that allows it is named."""
        empty = account.folder / "empty.toml"
        empty.write_text("")
        options = ("--erp", f"beancount:{account.books}", "--mapping", str(empty))
        options = (*options, *account.journal, "--basis", "accrual")
        before = account.wanted(READY)
        ran = run(*RUN, *options)
        assert 1 == ran.status
        assert ran.out.startswith("too many refusals: ")
        assert "--accept-refusals" in ran.out
        assert "accept_refusals" not in ran.out
        reports = [entry for entry in account.tenant.journal if entry.operation == "reportExportResults"]
        assert [] == reports
        (summary,) = run(*RUN, *options, *JSONL, "--accept-refusals").lines
        assert ["complete", len(before)] == [summary["ended"], summary["refused"]]

    def test_a_pause(self, account: Account, run: Command) -> None:
        """An account that may not be called pauses with exit status 3, says why, and goes on when it is told to."""
        account.served.fault("status", LISTED, status=403)
        ran = run(*RUN, *account.options)
        assert 3 == ran.status
        assert ran.out.startswith("paused (")
        account.served.reset()
        ran = run(*RUN, *account.options)
        assert 3 == ran.status
        assert "--resume tries it at once" in run(*STATUS, *account.journal).out
        assert "--resume ends the pause at once" in ran.out
        assert 3 == run(*STATUS, *account.journal).status
        assert 0 == run(*RUN, *account.options, "--resume").status
        assert account.entries()

    def test_an_error(self, account: Account, run: Command) -> None:
        """What Brex refuses is one line, and the exit status 1."""
        account.served.fault("status", LISTED, status=400)
        run(*RUN, *account.options).assert_error(1, "GET /v3/accounting/records")

    @pytest.mark.parametrize(
        ("options", "state"),
        [
            (["--start", "2030-01-01"], State.NOT_FOR_LEDGER),
            (["--closed-through", "2030-01-01"], State.WAITING),
            (["--closed-through", "2030-01-01", "--closed", "wait"], State.WAITING),
            (["--closed-through", "2030-01-01", "--closed", "fail", "--accept-refusals"], State.REFUSED),
            (["--closed-through", "2030-01-01", "--closed", "next-open-date"], State.EXPORTED),
        ],
    )
    def test_policies(self, options: list[str], state: State, account: Account, run: Command) -> None:
        """Each option of the policy is what the library makes of it."""
        wanted = account.wanted(READY)
        assert 0 == run(*RUN, *account.options, *options).status
        rows = account.rows()
        assert {state} == {rows[record_id].state for record_id in wanted}
        if state is State.EXPORTED:
            assert "\n2030-01-02 * " in account.books.read_text()

    def test_record_types(self, account: Account, run: Command) -> None:
        """Only the types that are named come into the books."""
        options = ("--record-type", "CARD_EXPENSE_POST", "--record-type", "BILL_EXPENSE")
        assert 0 == run(*RUN, *account.options, *options).status
        types = {record.type for record in account.tenant.records.all() if record.id in account.entries()}
        assert {"CARD_EXPENSE_POST", "BILL_EXPENSE"} == types

    def test_bills_on_arrival(self, account: Account, run: Command) -> None:
        """With --bills arrival a bill is posted before Brex shows it as ready."""
        bills = [
            record.id
            for record in account.tenant.records.all()
            if record.source_type == "BILL" and record.id in account.wanted("PREPARE", "REVIEW")
        ]
        assert bills
        assert 0 == run(*RUN, *account.options, "--bills", "arrival").status
        assert set(bills) <= account.rows().keys()
        assert set(bills) & set(account.entries())

    def test_from_the_environment(self, account: Account, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is the same in every call may stand in the environment."""
        monkeypatch.setenv("BREX_EXPORT_ERP", f"beancount:{account.books}")
        monkeypatch.setenv("BREX_EXPORT_JOURNAL", str(account.path))
        monkeypatch.setenv("BREX_EXPORT_BASIS", "accrual")
        assert 0 == run(*RUN, "--mapping", str(MAPPING)).status
        assert 0 == run(*STATUS).status
        run(*STATUS, "--account", "globex").assert_error(1, "the journal is that of account acme")

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (["--once", "--every", "1h"], "--once and --every"),
            (["--every", "0h"], "--every: expected a time such as 90s, 30m, 1h or 1d, got '0h'"),
            (["--every", "1w"], "--every"),
            (["--every", "1h", "--accept-refusals"], "--accept-refusals"),
            (["--every", "1h", "--rebuild"], "--rebuild"),
            (["--basis", "cahs"], "--basis: expected 'accrual' or 'cash', got 'cahs'"),
            (["--start", "31.01.2026"], "--start: expected a date such as 2026-01-31"),
            (["--start", "2026-02-30"], "--start"),
            (["--closed-through", "20260101"], "--closed-through"),
            (["--closed", "never"], "--closed"),
            (["--bills", "never"], "--bills"),
            (["--record-type", "CARD"], "--record-type: 'CARD' is no type"),
            (["--page-size", "1001"], "--page-size"),
            (["--deadline", "-1"], "--deadline"),
            (["--journal", ""], "--journal"),
            (["--erp", "netsuite:x"], "--erp: 'netsuite:' names no ERP; expected beancount:PATH, or python:"),
            (["--erp", "books.beancount"], "--erp: a kind of ERP is missing"),
            (["--erp", "beancount:"], "--erp"),
            (["--erp", "beancount:.", "--mapping", str(MAPPING)], "--erp: '.' is a folder"),
            (["--mapping", "nowhere.toml"], "--mapping: nowhere.toml cannot be read"),
            (["--erp", "python:json:loads"], "--mapping: it is for --erp beancount:PATH only"),
        ],
    )
    def test_mistakes(self, arguments: list[str], text: str, account: Account, run: Command) -> None:
        """What cannot be right is one line that names the option as it was typed; nothing is begun."""
        run(*RUN, *account.options, *arguments).assert_error(2, text)
        assert [] == [*account.folder.iterdir()]
        assert 0 == account.served.requests

    def test_a_mapping_that_is_wrong(self, account: Account, run: Command) -> None:
        """A mistake in the mapping names the option, the file and the place in it."""
        wrong = account.folder / "mapping.toml"
        wrong.write_text('[accounts]\n"6410" = "expenses"\n')
        ran = run(*RUN, *account.options, "--mapping", str(wrong))
        ran.assert_error(2, "error: --mapping: mapping.toml: accounts.6410: ")

    def test_the_basis_is_missing(self, account: Account, run: Command) -> None:
        """There is no default for the basis, and the line says why."""
        run(*RUN, *account.erp, *account.journal).assert_error(2, "--basis: expected accrual or cash")

    def test_without_credentials(self, account: Account, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the environment names no account, one line says which variables would."""
        monkeypatch.delenv("BREX_ACCESS_TOKEN")
        run(*RUN, *account.options).assert_error(2, "BREX_ACCESS_TOKEN")

    def test_another_accounts_journal(self, account: Account, run: Command) -> None:
        """A journal serves one account, and another one's is left alone."""
        assert 0 == run(*RUN, *account.options, "--account", "acme").status
        run(*RUN, *account.options, "--account", "globex").assert_error(1, "the journal is that of account acme")


ADAPTER = """
from pathlib import Path
from brex_accounting.export import Posted

LOG = Path("log")

def log(text):
    with LOG.open("a") as file:
        file.write(text + "\\n")

class Adapter:
    repeats = "searchable"
    search_lag = 0.0
    batch_size = 50

    async def post(self, postings):
        for posting in postings:
            log(posting.key)
        return [Posted(f"JE-{posting.key}") for posting in postings]

    async def find(self, keys):
        return {key: Posted(f"JE-{key}") for key in keys if LOG.exists() and key in LOG.read_text().split()}

class Opened(Adapter):
    async def open(self):
        log("opened")

    async def aclose(self):
        log("closed")

class Block(Adapter):
    async def __aenter__(self):
        log("opened")
        return self

    async def __aexit__(self, *_):
        log("closed")

async def awaited():
    return Opened()

class Broken(Adapter):
    async def post(self, postings):
        raise ValueError("Anna Canary")

    async def find(self, keys):
        raise ValueError("Anna Canary")

def raising():
    raise ValueError("Anna Canary")

def nothing():
    return None

NUMBER = 1
"""


class TestPython:
    """Adapters of one's own."""

    @pytest.fixture
    @staticmethod
    def named(account: Account, request: pytest.FixtureRequest) -> str:
        # A module is imported once in a process, so each test has one of its own.
        name = f"adapter_{abs(hash(request.node.name))}"
        (account.folder / f"{name}.py").write_text(ADAPTER)
        return name

    @staticmethod
    def options(account: Account, target: str) -> tuple[str, ...]:
        return ("--erp", f"python:{target}", *account.journal, "--basis", "accrual")

    @pytest.mark.parametrize("factory", ["Opened", "Block", "awaited"])
    def test_opened_and_closed(self, factory: str, named: str, account: Account, run: Command) -> None:
        """An adapter from the working directory is made, opened, used and closed, whatever kind it is of."""
        wanted = account.wanted(READY)
        ran = run(*RUN, *self.options(account, f"{named}:{factory}"))
        assert (0, "") == (ran.status, ran.err)
        lines = Path("log").read_text().split()
        assert ["opened", "closed"] == [lines[0], lines[-1]]
        assert wanted == sorted(lines[1:-1])

    def test_one_that_needs_no_opening(self, named: str, account: Account, run: Command) -> None:
        """Opening and closing are optional."""
        assert 0 == run(*RUN, *self.options(account, f"{named}:Adapter")).status

    def test_one_that_fails(self, named: str, account: Account, run: Command) -> None:
        """An ERP that cannot be asked ends the run with 1, and what it said is not repeated."""
        ran = run(*RUN, *self.options(account, f"{named}:Broken"))
        assert 1 == ran.status
        assert "Canary" not in ran.out + ran.err

    @pytest.mark.parametrize(
        ("target", "error"),
        [
            ("{}:nowhere", (2, "--erp: module '{}' has no 'nowhere'")),
            ("{}:NUMBER", (2, "--erp: 'NUMBER' in module '{}' cannot be called")),
            ("{}", (2, "--erp: expected python:package.module:factory, got 'python:{}'")),
            ("{}:", (2, "--erp: expected python:package.module:factory")),
            ("there.is.none:make", (2, "--erp: there is no module 'there'")),
            ("{}:nothing", (2, "--erp: expected an object with post, find")),
            ("{}:raising", (1, "make the ERP by raising: the adapter raised ValueError")),
        ],
    )
    def test_mistakes(self, target: str, error: tuple[int, str], named: str, account: Account, run: Command) -> None:
        """What cannot be an adapter is one line that says what to name; what it raised is not repeated."""
        ran = run(*RUN, *self.options(account, target.format(named)))
        ran.assert_error(error[0], error[1].format(named))
        assert "Canary" not in ran.err

    @pytest.mark.parametrize(("line", "name"), [("1 / 0", "ZeroDivisionError"), ("import nowhere", "ModuleNotFound")])
    def test_a_module_that_raises(self, line: str, name: str, account: Account, run: Command) -> None:
        """A module that cannot be imported is told from one that is not there, with a way to see what is wrong."""
        module = f"raising_{name}"
        (account.folder / f"{module}.py").write_text(f"{line}\n")
        ran = run(*RUN, *self.options(account, f"{module}:make"))
        ran.assert_error(2, f"--erp: importing '{module}' raised {name}", f"python -c 'import {module}'")


class TestPlan:
    def test_nothing_is_written(self, account: Account, run: Command) -> None:
        """A plan only reads: no file is there afterwards, and Brex is asked by GET alone."""
        ran = run(*PLAN, *account.options)
        assert (0, "") == (ran.status, ran.err)
        assert [] == [*account.folder.iterdir()]
        assert {LISTED} == {entry.operation for entry in account.tenant.journal}

    def test_it_foretells_the_run(self, account: Account, run: Command) -> None:
        """What a plan says record by record and in sums is what the run then does."""
        ran = run(*PLAN, *account.options, *JSONL)
        (planned,) = kinds(ran, "plan")
        posted = sorted(line["record_id"] for line in kinds(ran, "record") if line["action"] == "post")
        assert 0 == run(*RUN, *account.options).status
        assert posted == account.entries()
        (done,) = run(*RECONCILE, *account.options, *JSONL).lines
        assert done["ledger"]["debits"] == planned["debits"]
        (planned,) = kinds(run(*PLAN, *account.options, *JSONL), "plan")
        assert 0 == planned["counts"]["post"]

    def test_a_table(self, account: Account, run: Command) -> None:
        """People see each entry, sums by period and currency, and counts with their reasons."""
        ran = run(*PLAN, *account.options)
        wanted = account.wanted(READY)
        assert all(f'\n  brex-record: "{record_id}"\n' in ran.out for record_id in wanted)
        assert "Period" in ran.out
        assert f"{len(wanted):>7}  post" in ran.out
        (planned,) = kinds(run(*PLAN, *account.options, *JSONL), "plan")
        totals = [line.split() for line in ran.texts if line.startswith("all ")]
        assert planned["debits"] == {currency: amount for _, currency, amount in totals}

    def test_without_a_preview(self, account: Account, run: Command) -> None:
        """Where the ERP shows no entry, its date, its record and its lines stand for it."""
        (account.folder / "adapter_plain.py").write_text(ADAPTER)
        options = ("--erp", "python:adapter_plain:Adapter", *account.journal, "--basis", "accrual")
        ran = run(*PLAN, *options)
        assert 0 == ran.status
        record_id = account.wanted(READY)[0]
        at = next(number for number, text in enumerate(ran.texts) if f" {record_id} " in text)
        assert ran.texts[at + 1].startswith(("  DEBIT ", "  CREDIT "))

    def test_too_many_refusals(self, account: Account, run: Command) -> None:
        """What would be refused is named with its reason, and a run that would stop over it ends with 1."""
        empty = account.folder / "empty.toml"
        empty.write_text("")
        ran = run(*PLAN, *account.options, "--mapping", str(empty))
        assert 1 == ran.status
        assert "no-account" in ran.out
        assert "--accept-refusals" in ran.out

    @pytest.mark.parametrize(("policy", "what"), [("wait", "Waits"), ("fail", "Would be refused")])
    def test_closed_periods(self, policy: str, what: str, account: Account, run: Command) -> None:
        """What would wait or be refused is told record by record."""
        options = ("--closed-through", "2026-01-31", "--closed", policy)
        ran = run(*PLAN, *account.options, *options)
        assert what in ran.out
        assert "closed-period" in ran.out

    def test_a_pause(self, account: Account, run: Command) -> None:
        """A run would do nothing while the account pauses, and the exit status says so."""
        account.served.fault("status", LISTED, status=403)
        run(*RUN, *account.options)
        account.served.reset()
        ran = run(*PLAN, *account.options)
        assert 3 == ran.status
        assert "The account pauses" in ran.out


class TestReconcile:
    def test_they_agree(self, account: Account, run: Command) -> None:
        """After a run the three sides agree to the last digit."""
        run(*RUN, *account.options)
        count = len(account.entries())
        ran = run(*RECONCILE, *account.options)
        assert (0, "") == (ran.status, ran.err)
        assert ["records", "-", str(count), str(count), str(count), "-"] == ran.texts[1].split()
        assert "Brex, journal and books agree." == ran.texts[-1]

    def test_an_entry_is_gone(self, account: Account, run: Command) -> None:
        """An entry that is taken out of the books is named with what to do about it; the exit status is 1."""
        run(*RUN, *account.options)
        blocks = account.books.read_text().split("\n\n")
        gone = blocks.pop(1).split('brex-record: "')[1].partition('"')[0]
        account.books.write_text("\n\n".join(blocks))
        ran = run(*RECONCILE, *account.options)
        assert 1 == ran.status
        assert any(gone in text and "in the journal and not in the books" in text for text in ran.texts)
        assert "resolve it with repost, or with posted=REF" in ran.out
        assert "yes" == ran.texts[1].split()[-1]
        assert "Brex, journal and books do not agree." == ran.texts[-1]
        ran = run(*RECONCILE, *account.options, *JSONL)
        assert [gone] == [line["record_id"] for line in kinds(ran, "difference")]
        assert False is kinds(ran, "reconciliation")[0]["agrees"]

    def test_a_list_that_does_not_end(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where Brex's list cannot be read to its end, a run is incomplete, and nobody can say that all agrees."""
        run = Command(capsys)
        with serve(TenantPlan(records=250, variants={"repeated_cursor": "second"})) as turning:
            enter(turning, monkeypatch)
            monkeypatch.setenv("BREX_ACCOUNT", LABEL)
            account = Account(turning, tmp_path)
            ran = run(*RUN, *account.options, "--page-size", "20")
            assert 1 == ran.status
            assert ran.out.startswith("incomplete: ")
            assert "The list of changes was not read to its end" in ran.out
            # A page of 1,000 is refused, so that there are several of Brex's own size.
            turning.fault("status", LISTED, status=400, times=1)
            ran = run(*RECONCILE, *account.options)
            assert 1 == ran.status
            assert "The list of all records was not read to its end" in ran.out
            turning.fault("status", LISTED, status=400, times=1)
            ran = run(*PLAN, *account.options)
            assert 1 == ran.status
            assert "The list of changes was not read to its end" in ran.out

    def test_without_a_journal(self, account: Account, run: Command) -> None:
        """A journal that is not there is a mistake, and none is made."""
        run(*RECONCILE, *account.options).assert_error(2, "--journal: there is no file")
        assert [] == [*account.folder.iterdir()]


def waiting(record_id: str, *, reference: str | None = None, reason: str = "unbalanced") -> Entry:
    return Entry(
        record_id=record_id,
        state=State.NEEDS_PERSON,
        since=NOW,
        reason=reason,
        reference=reference,
        amount=Decimal("12.50"),
        currency="EUR",
        content_hash="1:x",
    )


class TestJournal:
    """The commands that look at the journal only: no environment names an account, and Brex is not there."""

    @pytest.fixture
    @staticmethod
    def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name in ("BREX_ACCESS_TOKEN", "BREX_BASE_URL", "BREX_ACCOUNT"):
            monkeypatch.delenv(name, raising=False)
        path = tmp_path / "export.db"
        rows = [waiting("accr_1"), waiting("accr_2", reference="JE-2", reason="changed after it was posted")]
        rows += [
            Entry(record_id=f"accr_{n}", state=State.READY, since=NOW, amount=Decimal("0.10"), currency="EUR")
            for n in range(3, 6)
        ]

        async def written(journal: SqliteJournal) -> None:
            await journal.write([Change(entry=row) for row in rows], owner="worker-1")
            await journal.set_note("watermark", NOW.isoformat())

        ask(path, written)
        return path

    @pytest.fixture
    @staticmethod
    def run(capsys: pytest.CaptureFixture[str]) -> Command:
        return Command(capsys)

    def test_status(self, path: Path, run: Command) -> None:
        """Status tells counts, exact sums, the watermark, and who has to decide about what, and ends with 1 then."""
        ran = run(*STATUS, "--journal", str(path))
        assert (1, "") == (ran.status, ran.err)
        assert "Changes are in the journal up to: 2026-01-31T12:00:00Z" == ran.texts[0]
        assert ["ready", "3", "EUR", "0.30"] in [text.split() for text in ran.texts]
        (first,) = [text for text in ran.texts if text.startswith("accr_1 ")]
        (second,) = [text for text in ran.texts if text.startswith("accr_2 ")]
        assert first.endswith("unbalanced                   2026-01-31T12:00:00Z  repost | posted=REF | ignore")
        assert second.endswith("keep | repost | ignore")
        assert "export resolve ID" in ran.texts[-1]

    def test_status_as_json(self, path: Path, run: Command) -> None:
        """Machines get the same, one object a line."""
        ran = run(*STATUS, "--journal", str(path), *JSONL)
        assert 1 == ran.status
        (journal,) = kinds(ran, "journal")
        assert ["2026-01-31T12:00:00Z", None] == [journal["watermark"], journal["pause"]]
        assert {"ready": "0.30", "needs a person": "25.00"} == {
            line["state"]: line["amount"] for line in kinds(ran, "count")
        }
        person = {line["record_id"]: line["decisions"] for line in kinds(ran, "needs a person")}
        assert {"accr_1": ["repost", "posted=REF", "ignore"], "accr_2": ["keep", "repost", "ignore"]} == person

    def test_status_changes_nothing(self, path: Path, run: Command) -> None:
        """Looking leaves the file and its folder as they are."""
        before = {entry.name: entry.read_bytes() for entry in path.parent.iterdir()}
        run(*STATUS, "--journal", str(path))
        run(*HISTORY, "accr_1", "--journal", str(path))
        assert before == {entry.name: entry.read_bytes() for entry in path.parent.iterdir()}

    def test_many_that_need_a_person(self, path: Path, run: Command) -> None:
        """A table names the first fifty, and says how to see the rest."""

        async def written(journal: SqliteJournal) -> None:
            await journal.write([Change(entry=waiting(f"more_{n:04}")) for n in range(1200)])

        ask(path, written)
        ran = run(*STATUS, "--journal", str(path))
        assert 48 == sum(text.startswith("more_") for text in ran.texts)
        assert "and 1152 more; --output jsonl has them all" in ran.texts
        assert 1202 == len(kinds(run(*STATUS, "--journal", str(path), *JSONL), "needs a person"))

    def test_history(self, path: Path, run: Command) -> None:
        """The history is there as a table and as lines, with what a person said."""
        run(*RESOLVE, "accr_1", "ignore", "--reason", "a test of ours", "--journal", str(path))
        ran = run(*HISTORY, "accr_1", "--journal", str(path), *JSONL)
        assert 0 == ran.status
        assert ["needs a person", "ignored"] == [line["state"] for line in ran.lines]
        assert [None, "a test of ours"] == [line["note"] for line in ran.lines]
        assert ["worker-1", "export resolve"] == [line["owner"] for line in ran.lines]
        ran = run(*HISTORY, "accr_1", "--journal", str(path))
        assert 3 == len(ran.texts)
        assert ran.texts[2].endswith("a test of ours")

    def test_an_unknown_record(self, path: Path, run: Command) -> None:
        """A record that the journal has never seen is a failure, not a mistake of the command line."""
        run(*HISTORY, "accr_9", "--journal", str(path)).assert_error(1, "'accr_9'")
        ran = run(*RESOLVE, "accr_9", "ignore", "--reason", "x", "--journal", str(path))
        ran.assert_error(1, "ID: the journal has no accr_9")

    @pytest.mark.parametrize(
        ("decided", "state", "reference"),
        [
            (("accr_2", "keep"), State.POSTED, "JE-2"),
            (("accr_1", "repost"), State.READY, None),
            (("accr_1", "posted=JE=7"), State.POSTED, "JE=7"),
            (("accr_2", "ignore"), State.IGNORED, "JE-2"),
        ],
    )
    def test_decisions(
        self, decided: tuple[str, str], state: State, reference: str | None, path: Path, run: Command
    ) -> None:
        """Each decision is in the journal, durably, and what it led to is printed."""
        ran = run(*RESOLVE, *decided, "--reason", "as agreed", "--journal", str(path), *JSONL)
        assert (0, "") == (ran.status, ran.err)
        assert [state, reference] == [ran.lines[0]["state"], ran.lines[0]["reference"]]
        row = ask(path, lambda journal: journal.load([decided[0]]))[decided[0]]
        assert (state, reference) == (row.state, row.reference)

    def test_a_decision_that_does_not_fit(self, path: Path, run: Command) -> None:
        """What is not in the books cannot be kept there."""
        ran = run(*RESOLVE, "accr_1", "keep", "--reason", "x", "--journal", str(path))
        ran.assert_error(1, "DECISION: 'keep' does not fit accr_1, which is needs a person")

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (["accr_1", "drop", "--reason", "x"], "DECISION: expected keep, repost, posted=REF or ignore, got 'drop'"),
            (["accr_1", "posted", "--reason", "x"], "DECISION"),
            (["accr_1", "posted=", "--reason", "x"], "DECISION"),
            (["accr_1", "keep=JE-1", "--reason", "x"], "DECISION"),
            (["accr_1", "ignore", "--reason", " "], "--reason: expected some words"),
            (["accr_1", "ignore"], "--reason"),
        ],
    )
    def test_mistakes(self, arguments: list[str], text: str, path: Path, run: Command) -> None:
        """A decision that nobody can take is one line."""
        run(*RESOLVE, *arguments, "--journal", str(path)).assert_error(2, text)

    @pytest.mark.parametrize(
        "command", [[*STATUS], [*HISTORY, "accr_1"], [*RESOLVE, "accr_1", "ignore", "--reason", "x"]]
    )
    def test_another_journal(self, command: list[str], path: Path, tmp_path: Path, run: Command) -> None:
        """A file that is not there is not made, and another account's is not touched."""
        run(*command, "--journal", "nowhere.db").assert_error(2, "--journal: there is no file 'nowhere.db'")
        assert not Path("nowhere.db").exists()
        run(*command, "--journal", str(path), "--account", "acme").assert_error(1, "account without a label")


class TestHelp:
    def test_it_is_light(self) -> None:
        """Help of each command comes without the client, the models, the database and the table."""
        script = (
            "import sys; from brex_accounting.cli import main\n"
            "names = ('run', 'plan', 'mapping', 'status', 'history', 'resolve', 'reconcile')\n"
            "codes = {main(['export', name, '--help']) for name in names}\n"
            "heavy = [name for name in ('httpx', 'msgspec', 'sqlite3', 'brex_accounting_client', 'rich.table')\n"
            "         if name in sys.modules]\n"
            "print(json.dumps([[*codes], heavy]), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", f"import json\n{script}"], capture_output=True, text=True, check=True
        )
        assert [[0], []] == json.loads(done.stderr)
