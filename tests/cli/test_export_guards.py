"""What ``brex-accounting export`` refuses before it begins, and how it says what went wrong."""

from __future__ import annotations

import datetime
import logging
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from brex_accounting import InvalidArgument, shell
from brex_accounting.cli import main
from brex_accounting.cli.ending import Failure, Refusal, one_line, tell_warnings
from brex_accounting.cli.export_mapping import EXAMPLE
from brex_accounting.cli.export_options import OPTIONS
from brex_accounting.cli.export_show import show_run_in_a_line
from brex_accounting.emulator import TenantPlan
from brex_accounting.errors import BadRequest
from brex_accounting.export import Change, Entry, ExportLoop, RunSummary, SqliteJournal, State
from brex_accounting.export.beancount.mapping import read_mapping
from tests.cli.exported import LABEL, MAPPING, ROOT, Account, ask
from tests.cli.served import Command, Served, enter, serve

LISTED = "queryAccountingRecords"
NOW = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
JSONL = ("--output", "jsonl")
COMMAND = (sys.executable, "-c", "import sys; from brex_accounting.cli import main; sys.exit(main())")
COMMANDS = ("run", "plan", "reconcile")

ADAPTER = """
import sys
from brex_accounting.export import Posted, Rejected

class Adapter:
    repeats = "searchable"
    search_lag = 0.0
    batch_size = 50

    async def post(self, postings):
        return [Posted(f"JE-{posting.key}") for posting in postings]

    async def find(self, keys):
        return {}

class Leaving(Adapter):
    async def post(self, postings):
        sys.exit(0)

class Slow(Adapter):
    search_lag = 1.0

class Failing(Adapter):
    async def post(self, postings):
        raise ConnectionError

    find = post

def leave():
    sys.exit(0)
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Served]:
    with serve(TenantPlan(records=60, seed=7, variants={"bill_ready": "reaches"})) as found:
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
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.fixture
def adapter(account: Account, request: pytest.FixtureRequest) -> str:
    # A module is imported once in a process, so each test has one of its own.
    name = f"guarded_{abs(hash(request.node.name))}"
    (account.folder / f"{name}.py").write_text(ADAPTER)
    return f"python:{name}"


def options(account: Account, erp: str) -> tuple[str, ...]:
    return ("--erp", erp, *account.journal, "--basis", "accrual")


class TestFiles:
    """Books, mapping, journal and grant are files of their own."""

    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize(
        ("files", "names"),
        [
            (("x.db", "m.toml", "x.db"), ("--erp", "--journal")),
            (("x.db", "m.toml", "./y/../x.db"), ("--erp", "--journal")),
            (("x.db", "m.toml", "linked.db"), ("--erp", "--journal")),
            (("x.db", "m.toml", "hard.db"), ("--erp", "--journal")),
            (("m.toml", "m.toml", "j.db"), ("--erp", "--mapping")),
            (("books.toml", None, "j.db"), ("--erp", "--mapping")),
            (("b.beancount", "m.toml", "m.toml"), ("--mapping", "--journal")),
            (("j.db-wal", "m.toml", "j.db"), ("--erp", "--journal")),
            (("j.db-shm", "m.toml", "j.db"), ("--erp", "--journal")),
            (("b.beancount", "m.toml", "b.beancount.index"), ("--erp", "--journal")),
            (("b.beancount", "m.toml", "b.beancount.lock"), ("--erp", "--journal")),
            (("b.beancount", "j.db-wal", "j.db"), ("--mapping", "--journal")),
        ],
    )
    def test_the_same_file(
        self, command: str, files: tuple[str, str | None, str], names: tuple[str, str], account: Account, run: Command
    ) -> None:
        """Two options that lead to one file, by whatever name, are refused by both names, and nothing is written."""
        books, mapping, journal = files
        Path("y").mkdir()
        Path("x.db").write_text("kept")
        Path("linked.db").symlink_to("x.db")
        Path("hard.db").hardlink_to("x.db")
        Path("m.toml").write_text(MAPPING.read_text())
        before = {path.name for path in account.folder.iterdir()}
        given = ("--erp", f"beancount:{books}", "--journal", journal, "--basis", "accrual")
        given = given if mapping is None else (*given, "--mapping", mapping)
        run("export", command, *given).assert_error(2, f"error: {names[0]} and {names[1]}: ", "a file of its own")
        assert before == {path.name for path in account.folder.iterdir()}
        assert "kept" == Path("x.db").read_text()

    def test_the_grant(self, account: Account, run: Command) -> None:
        """The file of the grant is none of them either."""
        ran = run("export", "run", *account.options, "--token-file", str(account.path))
        ran.assert_error(2, "--journal and --token-file")

    def test_names_that_are_alike(self, account: Account, run: Command) -> None:
        """Files that lie side by side under one name with different ends are no mistake."""
        Path("export.toml").write_text(MAPPING.read_text())
        given = ("--erp", "beancount:export.beancount", "--mapping", "export.toml", *account.journal)
        assert 0 == run("export", "plan", *given, "--basis", "accrual").status


class TestBasis:
    @pytest.mark.parametrize("arguments", [["run"], ["run", "--every", "1h"], ["plan"], ["reconcile"]])
    def test_another_basis(
        self, arguments: list[str], account: Account, run: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A journal that is kept on one basis refuses the other one, and the line names the option."""
        monkeypatch.delattr(ExportLoop, "run_forever")  # it would go on for ever
        ask(account.path, lambda journal: journal.set_note("basis", "accrual"), account=LABEL)
        ran = run("export", arguments[0], *account.options, "--basis", "cash", *arguments[1:])
        ran.assert_error(2, "error: --basis: this journal is kept on accrual")
        assert 0 == account.served.requests
        assert [] == account.entries()


class TestLabel:
    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize("label", [None, "", " "])
    def test_it_is_missing(
        self, command: str, label: str | None, account: Account, run: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a label a journal would be bound to no account, so that one is asked for."""
        monkeypatch.delenv("BREX_ACCOUNT")
        given = () if label is None else ("--account", label)
        ran = run("export", command, *account.options, *given)
        ran.assert_error(2, "--account: name the account, or set BREX_ACCOUNT", "never used for another one")
        assert [] == [*account.folder.iterdir()]

    @pytest.mark.parametrize(
        "arguments",
        [["status"], ["history", "accr_1"], ["resolve", "accr_1", "ignore", "--reason", "x"]],
    )
    @pytest.mark.parametrize("is_live", [False, True])
    def test_the_journals_own(
        self, arguments: list[str], is_live: bool, tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Commands that look at a journal need no label, in the middle of a run either; a wrong one is refused."""
        monkeypatch.delenv("BREX_ACCOUNT", raising=False)
        path = tmp_path / "export.db"

        async def looked_at(journal: SqliteJournal) -> int:
            row = Entry(record_id="accr_1", state=State.NEEDS_PERSON, since=NOW, reason="unbalanced")
            await journal.write([Change(entry=row)])
            return run_beside() if is_live else 0

        def run_beside() -> int:
            given = [*COMMAND, "export", *arguments, "--journal", str(path)]
            return subprocess.run(given, check=False, capture_output=True).returncode

        status = ask(path, looked_at, account=LABEL)
        if not is_live:
            status = run("export", *arguments, "--journal", str(path)).status
        assert (1 if arguments == ["status"] else 0) == status
        ran = run("export", *arguments, "--journal", str(path), "--account", "globex")
        ran.assert_error(1, "the journal is that of account acme")

    def test_status_tells_it(self, tmp_path: Path, run: Command) -> None:
        """Whose journal it is stands in what machines read."""

        async def nothing(_journal: SqliteJournal) -> None:
            pass

        ask(tmp_path / "export.db", nothing, account=LABEL)
        ran = run("export", "status", "--journal", str(tmp_path / "export.db"), *JSONL)
        assert LABEL == ran.lines[0]["account"]

    def test_an_empty_file(self, tmp_path: Path, run: Command) -> None:
        """A file without a byte is no journal, and is not made one."""
        path = tmp_path / "empty.db"
        path.touch()
        run("export", "status", "--journal", str(path)).assert_error(2, "--journal: the file", "is empty")
        assert b"" == path.read_bytes()


class TestFailures:
    def test_what_the_erp_said(self, adapter: str, account: Account, run: Command) -> None:
        """Where the ERP fails, the run says with what, and as what the account is known."""
        ran = run("export", "run", *options(account, f"{adapter}:Failing"))
        assert 1 == ran.status
        assert ran.out.startswith("erp failed: ")
        assert "the adapter raised ConnectionError" in ran.texts[-1]

    def test_one_run_of_many(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Runs for ever say what to do next as well, in terms of the command line."""
        advice = "It is tried again at next_due; resume() ends the pause at once."
        summary = RunSummary(
            ended="paused", account=LABEL, started=NOW, seconds=0.0, pause="x", next_due=NOW, advice=advice
        )
        show_run_in_a_line(summary)
        out = capsys.readouterr().out
        assert out.endswith(
            "0 exported, due again at 2026-01-31T12:00:00Z. It is tried again then; --resume ends the pause at once.\n"
        )

    def test_no_account(self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
        """Who has no label is called the account."""
        root = logging.getLogger()
        before, level = root.handlers, root.level
        root.handlers = []
        try:
            tell_warnings()
            logging.getLogger("brex_accounting.export").warning("a run of account %s failed", None)
        finally:
            root.handlers = before
            root.setLevel(level)
        assert "warning: a run of the account failed\n" == capsys.readouterr().err

    @pytest.mark.parametrize("command", ["run", "plan"])
    def test_an_unaccepted_token(
        self, command: str, account: Account, run: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A token that Brex does not take is called that, and not only a pause."""
        monkeypatch.setenv("BREX_ACCESS_TOKEN", "none-of-theirs")
        ran = run("export", command, *account.options)
        if command == "run":
            assert 3 == ran.status
            assert "the token is not accepted" in ran.out
            assert "the token is not accepted" in run("export", "status", *account.journal).out
        else:
            ran.assert_error(1, "answered 401", "Check the token")

    def test_an_adapter_that_ends_the_process(self, adapter: str, account: Account, run: Command) -> None:
        """An adapter cannot end the command with an exit status of its own, as if all were done."""
        ran = run("export", "run", *options(account, f"{adapter}:Leaving"))
        assert 1 == ran.status
        assert "SystemExit" in ran.out + ran.err
        ran = run("export", "plan", *options(account, f"{adapter}:leave"))
        ran.assert_error(1, "make the ERP by leave: the adapter raised SystemExit")

    def test_a_module_that_ends_the_process(self, account: Account, run: Command) -> None:
        """Importing cannot either."""
        (account.folder / "leaving_module.py").write_text("raise SystemExit(0)\n")
        ran = run("export", "run", *options(account, "python:leaving_module:make"))
        ran.assert_error(2, "--erp: importing 'leaving_module' raised SystemExit")

    def test_it_waits_first(self, adapter: str, account: Account, run: Command) -> None:
        """A first run that waits for the ERP's search says so at once, also where no terminal is."""
        ran = run("export", "run", *options(account, f"{adapter}:Slow"))
        assert ran.err.startswith("waiting: the ERP may not show its last entries yet")

    @pytest.mark.parametrize("arguments", [["export", "run"], ["export", "run", *JSONL], ["export", "mapping"]])
    def test_a_closed_output(self, arguments: list[str], account: Account) -> None:
        """Where the shell has closed the output the work is done, without a traceback and without a leak into files."""
        given = (*arguments, *account.options) if arguments[1] == "run" else arguments
        done = subprocess.run(
            ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *given],
            check=False,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        )
        assert (0, "") == (done.returncode, done.stderr)
        if arguments[1] == "run":
            assert account.entries()
            assert "complete:" not in account.books.read_text()


class TestStanding:
    def test_what_is_open(self, tmp_path: Path, run: Command) -> None:
        """Status names what was not taken and what is tried again, and not what has just not had its turn."""
        rows = [
            Entry(record_id="accr_1", state=State.REJECTED, since=NOW, reason="no-account:6410", attempts=1),
            Entry(record_id="accr_2", state=State.READY, since=NOW, attempts=3),
            Entry(record_id="accr_3", state=State.READY, since=NOW, reason="reposted"),
            Entry(record_id="accr_4", state=State.READY, since=NOW, amount=Decimal(1), currency="EUR"),
        ]

        async def written(journal: SqliteJournal) -> None:
            await journal.write([Change(entry=row) for row in rows])

        path = tmp_path / "export.db"
        ask(path, written)
        ran = run("export", "status", "--journal", str(path))
        found = [text.split() for text in ran.texts if text.startswith("accr_")]
        assert [
            ["accr_1", "rejected", "no-account:6410", "1"],
            ["accr_2", "ready", "-", "3"],
            ["accr_3", "ready", "reposted", "0"],
        ] == found
        ran = run("export", "status", "--journal", str(path), *JSONL)
        assert [("accr_1", 1), ("accr_2", 3), ("accr_3", 0)] == [
            (line["record_id"], line["attempts"]) for line in ran.lines if line["kind"] == "open"
        ]

    def test_too_many_refusals(self, account: Account, run: Command) -> None:
        """A run that stops since too much would be refused says what, and why; status does as well."""
        empty = account.folder / "empty.toml"
        empty.write_text("")
        ran = run("export", "run", *account.options, "--mapping", str(empty))
        assert 1 == ran.status
        assert "Would be refused" in ran.out
        assert "What Brex would be told" in ran.out
        assert "no-account:" in ran.out
        ran = run("export", "status", *account.journal)
        assert any(text.startswith("accr_") and " rejected " in text and "no-account:" in text for text in ran.texts)


class TestMapping:
    def test_the_example(self, tmp_path: Path, run: Command) -> None:
        """What is printed is a mapping, and knows all that the one in ``examples`` knows."""
        ran = run("export", "mapping")
        assert (0, EXAMPLE) == (ran.status, ran.out)
        path = tmp_path / "mapping.toml"
        path.write_text(ran.out)
        assert keys(tomllib.loads(MAPPING.read_text())) <= keys(tomllib.loads(ran.out))
        assert read_mapping(MAPPING).accounts.items() <= read_mapping(path).accounts.items()

    def test_what_is_commented_out(self, tmp_path: Path) -> None:
        """What stands in its comments is right as well."""
        lines = EXAMPLE.splitlines()
        commented = [
            line.removeprefix("# ") for line in lines if line.startswith("# ") and (" = " in line or "[" in line)
        ]
        text = "\n".join(
            line.removeprefix("# ") if line in {f"# {one}" for one in commented if not one.startswith("The ")} else line
            for line in lines
        )
        path = tmp_path / "mapping.toml"
        path.write_text(text)
        mapping = read_mapping(path)
        assert {"debit", "credit", "CARD_PAYMENT.debit"} == mapping.defaults.keys()
        assert (True, True) == (mapping.unmapped is not None, mapping.fava_url is not None)

    def test_none_is_there(self, account: Account, run: Command) -> None:
        """Where a mapping is missing, the line says what one is, where it is described, and how to get one."""
        ran = run("export", "plan", "--erp", f"beancount:{account.books}", *account.journal, "--basis", "accrual")
        ran.assert_error(2, "there is no books.toml", "which account", "docs/beancount.md")
        ran.assert_error(2, f"`{shell.COMMAND} export mapping > books.toml`")


def keys(table: dict[str, Any], at: str = "") -> set[str]:
    """The keys of a document, with those above them."""
    found: set[str] = set()
    for name, value in table.items():
        below = keys(cast("dict[str, Any]", value), f"{at}{name}.") if isinstance(value, dict) else {f"{at}{name}"}
        found |= below
    return found


class TestWords:
    """What the library says in its own words."""

    def test_of_a_call(self) -> None:
        """Attributes of errors are nothing that a shell has."""
        error = BadRequest("answered 400", operation="GET /x", advice="Brex's own words are on error.message.")
        with pytest.raises(Failure) as caught, one_line(OPTIONS):
            raise error
        assert "error.message" not in caught.value.message
        assert "Brex's own words are not printed" in caught.value.message

    def test_of_an_argument(self) -> None:
        """Nor are names of arguments and constants."""
        error = InvalidArgument("record_types: 'X' is no type that Brex lists; RECORD_TYPES has them all")
        with pytest.raises(Refusal) as caught, one_line(OPTIONS):
            raise error
        expected = "--record-type: 'X' is no type that Brex lists; docs/record-types.md has them all"
        assert expected == caught.value.message

    @pytest.mark.parametrize(
        ("command", "text"),
        [("resolve", "keeps the words as they are given"), ("reconcile", "the policy options of the run")],
    )
    def test_help(self, command: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Help says what surprises otherwise."""
        assert 0 == main(["export", command, "--help"])
        assert text in " ".join(capsys.readouterr().out.split())
