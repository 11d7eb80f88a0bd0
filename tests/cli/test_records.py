"""``brex-accounting records`` against the emulator: what it prints, and how it ends."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import Brex
from brex_accounting.cli.output import Table, without_member
from brex_accounting.emulator import TenantPlan
from brex_accounting_client.codec import decode
from brex_accounting_client.models import AccountingRecord
from tests.cli.auth.person import Person
from tests.cli.served import Command, Ran, Served, enter, serve
from tests.emulator import serving

LIST, GET = ("records", "list"), ("records", "get")
JSONL = ("--output", "jsonl")
LINKS = "download_uris"
COMMAND = (sys.executable, "-c", "import sys; from brex_accounting.cli import main; sys.exit(main())")
PATIENCE = 30.0


@pytest.fixture(scope="module")
def emulator() -> Iterator[Served]:
    with serve(TenantPlan(records=250, seed=7)) as found:
        yield found


@pytest.fixture
def served(emulator: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    emulator.reset()
    enter(emulator, monkeypatch)
    return emulator


@pytest.fixture
def run(served: Served, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def library(served: Served, **filters: Any) -> list[tuple[AccountingRecord, bytes]]:
    """What the client gives, with the bytes."""

    async def read() -> list[tuple[AccountingRecord, bytes]]:
        async with Brex(served.token, base_url=served.server.base_url) as brex:
            return [pair async for pair in brex.records.iter(with_raw=True, **filters)]

    return asyncio.run(read())


def unlinked(record: AccountingRecord) -> AccountingRecord:
    """The same record without the links to its receipts."""
    receipts = record.receipts
    if receipts is None:
        return record
    return attrs.evolve(record, receipts=[attrs.evolve(receipt, download_uris=None) for receipt in receipts])


def models(ran: Ran) -> list[AccountingRecord]:
    return [decode(line.encode(), AccountingRecord) for line in ran.texts]


class TestLines:
    def test_all_records(self, served: Served, run: Command) -> None:
        """JSON lines read back are what the client gives, over all pages, without the links to receipts."""
        ran = run(*LIST, *JSONL)
        assert (0, "") == (ran.status, ran.err)
        wanted = library(served)
        assert 250 == len(wanted)
        assert [unlinked(record) for record, _ in wanted] == models(ran)
        assert any(record.receipts for record in models(ran))
        assert LINKS not in ran.out
        assert served.server.file_url not in ran.out

    def test_every_byte_but_the_links(self, served: Served, run: Command) -> None:
        """Numbers keep their digits, and all else its bytes: only what is cut out is gone."""
        lines = run(*LIST, *JSONL).texts
        wanted = [without_links(raw.decode()) for _, raw in library(served)]
        assert wanted == lines

    def test_raw(self, served: Served, run: Command) -> None:
        """With --raw the links are there, and nothing else differs."""
        ran = run(*LIST, *JSONL, "--raw")
        assert 0 == ran.status
        assert LINKS in ran.out
        assert run(*LIST, *JSONL).texts == [without_links(line) for line in ran.texts]

    def test_what_the_models_do_not_know(self, served: Served, run: Command) -> None:
        """A member and a constant that no document lists are printed, digit by digit."""
        served.fault("unknown_field", "queryAccountingRecords")
        ran = run(*LIST, *JSONL, "--limit", "1")
        assert 0 == ran.status
        assert '"added_in_alpha":{"value":1.50}' in ran.out

    def test_broken_characters(self, served: Served, run: Command) -> None:
        """Half of a surrogate pair in a memo is printed as it came."""
        served.fault("lone_surrogate", "queryAccountingRecords")
        ran = run(*LIST, *JSONL, "--limit", "1")
        assert 0 == ran.status
        assert "\\ud800" in ran.out
        assert 1 == ran.out.count("\n")

    @pytest.mark.parametrize(
        ("arguments", "filters"),
        [
            (["--review-status", "READY_FOR_EXPORT"], {"review_status": "READY_FOR_EXPORT"}),
            (["--source-type", "BILL"], {"source_type": "BILL"}),
            (["--updated-at-gte", "2026-03-01"], {"updated_at_gte": "2026-03-01"}),
            (["--updated-at-gt", "2026-03-01T12:00:00Z"], {"updated_at_gt": "2026-03-01T12:00:00Z"}),
            (["--updated-at-lt", "2026-03-01"], {"updated_at_lt": "2026-03-01"}),
            (["--updated-at-lte", "2026-03-01"], {"updated_at_lte": "2026-03-01"}),
            (["--single-entry"], {"single_entry": True}),
            (["--page-size", "7"], {}),
        ],
    )
    def test_filters(self, arguments: list[str], filters: dict[str, Any], served: Served, run: Command) -> None:
        """Each filter is passed on as the client takes it."""
        ran = run(*LIST, *JSONL, *arguments)
        assert 0 == ran.status
        wanted = [unlinked(record) for record, _ in library(served, **filters)]
        assert wanted
        assert wanted == models(ran)
        everything = [unlinked(record) for record, _ in library(served)]
        assert (arguments[0] == "--page-size") is (everything == wanted)

    def test_ids(self, served: Served, run: Command) -> None:
        """Records can be named one by one, and those that are not there are told."""
        ids = [record.id for record, _ in library(served)][3:5]
        ran = run(*LIST, *JSONL, "--id", ids[0], "--id", ids[1], "--id", "accr_none")
        assert 0 == ran.status
        assert set(ids) == {line["id"] for line in ran.lines}
        assert "warning: no record fits 'accr_none'\n" == ran.err

    @pytest.mark.parametrize(("limit", "page_size", "requests"), [(3, None, 1), (5, 2, 3), (1000, None, 1)])
    def test_limit(self, limit: int, page_size: int | None, requests: int, served: Served, run: Command) -> None:
        """It stops after so many records, and asks for no more pages than it takes."""
        before = served.requests
        sizes = [] if page_size is None else ["--page-size", str(page_size)]
        ran = run(*LIST, *JSONL, "--limit", str(limit), *sizes)
        assert 0 == ran.status
        assert requests == served.requests - before
        assert [record.id for record, _ in library(served)][:limit] == [line["id"] for line in ran.lines]

    def test_they_come_while_pages_arrive(self, served: Served, run: Command) -> None:
        """What was read before a failure has been printed, and the failure is one line."""
        served.fault("status", "queryAccountingRecords", status=403, skip=2)
        ran = run(*LIST, *JSONL, "--page-size", "20")
        ran.assert_error(1, "403")
        served.reset()
        assert [record.id for record, _ in library(served)][:40] == [line["id"] for line in ran.lines]


def without_links(line: str) -> str:
    """The same by a pattern that is good enough for what the emulator writes."""
    return re.sub(rf',"{LINKS}":(\[[^\]]*\]|null)', "", line)


class TestTable:
    def test_rows(self, served: Served, run: Command) -> None:
        """A table has one whole line for each record, amounts exact, and neither names nor memos nor links."""
        ran = run(*LIST)
        assert (0, "") == (ran.status, ran.err)
        head, *rows = ran.texts
        assert "ID Type Review status Posting date Amount Currency Version Updated at" == " ".join(head.split())
        wanted = [
            [
                record.id,
                str(record.type),
                str(record.review_status),
                f"{record.erp_posting_date:%Y-%m-%d}",
                str(record.amount.amount),
                record.amount.currency,
                str(record.version),
                re.search(r'"updated_at":"([^"]*)"', raw.decode())[1],  # type: ignore[index]
            ]
            for record, raw in library(served)
        ]
        assert wanted == [row.split() for row in rows]

    def test_on_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A terminal gets it folded to its width, with no code that came over the wire."""

        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        terminal = Terminal()
        monkeypatch.setattr("sys.stdout", terminal)
        monkeypatch.setenv("COLUMNS", "30")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        table = Table(("ID", "Amount"), right=("Amount",))
        table.add("accr_" + "x" * 40, "1.50")
        table.add("\x1b[2Jaccr\n[red]", None)
        table.print()
        shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())  # styles of our own
        assert [] == [line for line in shown.split("\n") if len(line) > 30]
        assert "\x1b" not in shown
        assert "?[2Jaccr?[red]" in shown

    def test_a_failure_on_the_way(self, served: Served, run: Command) -> None:
        """The rows that were read before a failure are printed."""
        served.fault("status", "queryAccountingRecords", status=403, skip=1)
        ran = run(*LIST, "--page-size", "20")
        ran.assert_error(1, "403")
        assert 21 == ran.out.count("\n")


class TestGet:
    def test_a_record(self, served: Served, run: Command) -> None:
        """One record is printed as a list would."""
        [*_, (record, raw)] = library(served)
        ran = run(*GET, record.id, *JSONL)
        assert (0, "") == (ran.status, ran.err)
        assert without_links(raw.decode()) + "\n" == ran.out
        table = run(*GET, record.id)
        assert 0 == table.status
        assert 2 == table.out.count("\n")
        assert record.id in table.out

    def test_single_entry(self, served: Served, run: Command) -> None:
        """The view is passed on."""
        [(record, raw)] = library(served, ids=[library(served)[0][0].id], single_entry=True)
        assert without_links(raw.decode()) + "\n" == run(*GET, record.id, *JSONL, "--single-entry").out

    @pytest.mark.parametrize("output", ["table", "jsonl"])
    def test_no_such_record(self, output: str, run: Command) -> None:
        """An id that the account does not have is one line, and nothing looks like a record."""
        ran = run(*GET, "accr_none", "--output", output)
        ran.assert_error(1, "no such record", "check the id")
        assert "" == ran.out

    def test_another_record(self, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """A record that was not asked for is never taken for the one that was."""
        monkeypatch.setattr("brex_accounting.resources.records.some_ids", lambda _: None)  # as if Brex knew no ids
        ran = run(*GET, "accr_none", *JSONL)
        ran.assert_error(1, "no such record")
        assert "" == ran.out

    @pytest.mark.parametrize("record_id", ["", "x" * 101])
    def test_no_id(self, record_id: str, run: Command) -> None:
        """What cannot be an id is refused with the argument's name."""
        run(*GET, record_id).assert_error(2, "ID")

    def test_it_cannot_be_read(self, served: Served, run: Command) -> None:
        """A record that cannot be read is named with the place, and the exit status is 1."""
        served.fault("wrong_schema", "queryAccountingRecords")
        ran = run(*GET, library_id(served), *JSONL)
        assert (1, "") == (ran.status, ran.out)
        warning, error = ran.err.splitlines()
        assert warning.startswith("warning: item 0 cannot be read at $.items[0].")
        assert "error: the record cannot be read" == error


def library_id(served: Served) -> str:
    return next(iter(served.server.world.tenant().records.all())).id


class TestFailures:
    def test_unreadable_records(self, served: Served, run: Command) -> None:
        """Records that cannot be read are named on stderr; the others are printed, and the exit status is 1."""
        served.fault("wrong_schema", "queryAccountingRecords", times=2)
        ran = run(*LIST, *JSONL)
        assert 1 == ran.status
        assert 248 == len(ran.lines)
        *warnings, error = ran.err.splitlines()
        assert 2 == len(warnings)
        pattern = r"warning: item 0 cannot be read at \$\.items\[0\]\.\w+: .+"
        assert [] == [line for line in warnings if not re.fullmatch(pattern, line)]
        assert "error: 2 of the records cannot be read; the others are printed" == error

    def test_nothing_but_unreadable_records(self, served: Served, run: Command) -> None:
        """They are told also where a page has no other."""
        served.fault("wrong_schema", "queryAccountingRecords", times=1)
        ran = run(*LIST, "--id", library_id(served))
        assert 1 == ran.status
        assert "warning: item 0 cannot be read" in ran.err

    @pytest.mark.parametrize("status", [401, 403])
    @pytest.mark.parametrize("command", [LIST, (*GET, "accr_1")])
    def test_refused(self, status: int, command: tuple[str, ...], served: Served, run: Command) -> None:
        """An answer that refuses is one line with status and remedy, and none of Brex's own words."""
        served.fault("status", "queryAccountingRecords", status=status, message="canary words")
        ran = run(*command, "--account", "acme")
        ran.assert_error(1, str(status), "account acme", "trace ", "token")
        assert "canary" not in ran.err
        assert served.token not in ran.err

    def test_no_connection(self, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nobody listens, one line says so."""
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            monkeypatch.setenv("BREX_BASE_URL", f"http://127.0.0.1:{found.getsockname()[1]}")
            monkeypatch.setattr("asyncio.run", serving.run)  # waits between attempts without waiting
            ran = run(*LIST, *JSONL)
        ran.assert_error(1, "no connection")
        assert "" == ran.out

    def test_an_answer_that_is_none(self, served: Served, run: Command) -> None:
        """A body that is no page is one line without any of it."""
        served.fault("wrong_page", "queryAccountingRecords")
        run(*LIST, *JSONL).assert_error(1, "cannot be read at $")

    def test_time_is_up(self, served: Served, run: Command) -> None:
        """A deadline ends a call that would take longer."""
        served.fault("status", "queryAccountingRecords", status=429, retry_after=60)
        run(*LIST, "--deadline", "1").assert_error(1, "deadline")

    @pytest.mark.parametrize(
        ("arguments", "texts"),
        [
            (["--page-size", "1001"], ["--page-size: ", "1000"]),
            (["--limit", "0"], ["--limit"]),
            (["--updated-at-gte", "yesterday"], ["--updated-at-gte: ", "ISO 8601"]),
            (["--id", ""], ["--id[0]: "]),
            (["--source-type", "BILL", "--review-status", "REVIEW"], ["--review-status: ", "--updated-at-gt "]),
            (["--raw"], ["--raw: ", "--output jsonl"]),
            (["--deadline", "0"], ["--deadline: "]),
            (["--output", "xml"], ["--output"]),
        ],
    )
    def test_what_cannot_be_right(self, arguments: list[str], texts: list[str], served: Served, run: Command) -> None:
        """A mistake is one line that names the option, the exit status is 2, and nothing is asked."""
        before = served.requests
        ran = run(*LIST, *arguments)
        ran.assert_error(2, *texts)
        assert "" == ran.out
        assert before == served.requests

    def test_no_token(self, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without credentials, the line names the variables."""
        monkeypatch.delenv("BREX_ACCESS_TOKEN")
        run(*LIST).assert_error(2, "BREX_ACCESS_TOKEN is not set", "BREX_CLIENT_ID")

    def test_two_credentials(self, run: Command, tmp_path: Path) -> None:
        """A token file besides a user token is a contradiction, and told as one."""
        run(*LIST, "--token-file", str(tmp_path / "acme.json")).assert_error(2, "BREX_ACCESS_TOKEN and BREX_TOKEN_FILE")

    def test_a_token_file_without_a_grant(self, run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A grant that is not there is one line: the customer has to log in."""
        monkeypatch.delenv("BREX_ACCESS_TOKEN")
        monkeypatch.setenv("BREX_CLIENT_ID", "client")
        monkeypatch.setenv("BREX_CLIENT_SECRET", "canary-secret")
        file = ["--token-file", str(tmp_path / "acme.json")]
        run(*LIST, *file).assert_error(2, "BREX_ACCOUNT")
        ran = run(*LIST, *file, "--account", "acme")
        ran.assert_error(1, "acme", "auth login")
        assert "canary" not in ran.err
        assert "()" not in ran.err

    def test_a_long_wait(self, served: Served, run: Command) -> None:
        """Where Brex asks for more patience than a command has, the line says when to come back."""
        served.fault("status", "queryAccountingRecords", status=429, retry_after=3000, times=1)
        ran = run(*LIST, "--account", "impatient")  # one that no other test makes wait in this process
        ran.assert_error(1, "3000 s, longer than a command waits: run it again then")


class TestOtherAccounts:
    def test_an_empty_one(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """An account without records gives no line of JSON, and a table that has only its head."""
        with serve(TenantPlan(records=0)) as empty:
            enter(empty, monkeypatch)
            run = Command(capsys)
            assert Ran(0, "", "") == run(*LIST, *JSONL)
            table = run(*LIST)
        assert (0, "", 1) == (table.status, table.err, table.out.count("\n"))

    def test_a_cursor_comes_again(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """A walk that would never end is one line after the records that it has reached."""
        plan = TenantPlan(records=60, variants={"repeated_cursor": "second"})
        with serve(plan) as turning:
            enter(turning, monkeypatch)
            ran = Command(capsys)(*LIST, *JSONL, "--page-size", "10")
        ran.assert_error(1, "GET /v3/accounting/records: ")
        assert 20 == len(ran.lines)

    def test_one_that_has_logged_in(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The token file that a login has left is all that the command needs besides the application's own secrets."""
        uri = "https://erp.example.com/brex"
        token_file = str(tmp_path / "acme.json")
        with serve(TenantPlan(records=5), client_secret="canary-client-secret", redirect_uris=[uri]) as other:
            enter(other, monkeypatch)
            monkeypatch.delenv("BREX_ACCESS_TOKEN")
            monkeypatch.setenv("BREX_CLIENT_ID", other.server.world.issuer.client_id)
            monkeypatch.setenv("BREX_CLIENT_SECRET", "canary-client-secret")
            monkeypatch.setenv("BREX_ISSUER", other.server.world.issuer_url)
            monkeypatch.setattr("sys.stdin", Person(capsys))
            login = ("--redirect-uri", uri, "--paste", "--no-browser", "--token-file", token_file)
            assert 0 == Command(capsys)("auth", "login", *login).status
            ran = Command(capsys)(*LIST, *JSONL, "--token-file", token_file, "--account", "acme")
        assert (0, "") == (ran.status, ran.err)
        assert 5 == len(ran.lines)


class TestProcess:
    """The command in a process of its own."""

    @staticmethod
    def _start(served: Served, *arguments: str, stdout: Any = subprocess.PIPE) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BREX_")}
        # An interpreter without buffers would hide that lines are written at once.
        env = kept | served.environment | {"PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": ""}
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits deafness
        try:
            return subprocess.Popen([*COMMAND, *arguments], stdout=stdout, stderr=subprocess.PIPE, env=env)
        finally:
            signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize("arguments", [[], ["--output", "jsonl"], ["--limit", "1"]])
    def test_the_reader_goes_away(self, arguments: list[str], served: Served) -> None:
        """Whoever reads the output may stop: there is no traceback, and a shell's usual exit status."""
        with self._start(served, *LIST, *arguments) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert b"" == process.stderr.read()
            assert 141 == process.wait(PATIENCE)

    def test_a_line_is_there_at_once(self, served: Served) -> None:
        """The first line can be read while the command goes on; then the reader goes away in the midst of it."""
        with self._start(served, *LIST, *JSONL, "--page-size", "10") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert library_id(served) == json.loads(process.stdout.readline())["id"]
            process.stdout.close()
            assert b"" == process.stderr.read()
            assert 141 == process.wait(PATIENCE)

    def test_ctrl_c(self, served: Served) -> None:
        """Ctrl-C ends it quietly, with what has been printed."""
        served.fault("hang", "queryAccountingRecords", skip=1)
        with self._start(served, *LIST, *JSONL, "--page-size", "1") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert library_id(served) == json.loads(process.stdout.readline())["id"]
            process.send_signal(signal.SIGINT)
            assert 130 == process.wait(PATIENCE)
            assert (b"", b"") == (process.stdout.read(), process.stderr.read())

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
    def test_the_disk_is_full(self, served: Served) -> None:
        """Output that cannot be written is one line, and a failure."""
        with Path("/dev/full").open("wb") as full, self._start(served, *LIST, *JSONL, stdout=full) as process:
            assert process.stderr is not None
            assert b"error: the output cannot be written: No space left on device\n" == process.stderr.read()
            assert 1 == process.wait(PATIENCE)

    def test_help_is_light(self) -> None:
        """Help of each command comes without the client, the models and the table."""
        script = (
            "import sys; from brex_accounting.cli import main\n"
            "codes = [main([*line.split(), '--help']) for line in ('records list', 'integrations ensure')]\n"
            "heavy = [name for name in ('httpx', 'brex_accounting.client', 'brex_accounting_client', 'rich.table')\n"
            "         if name in sys.modules]\n"
            "print(codes, heavy, file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert "[0, 0] []\n" == done.stderr


# ---- cutting --------------------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just(LINKS), inner),
    max_leaves=20,
)


def pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: pruned(item) for name, item in value.items() if name != LINKS}
    return [pruned(item) for item in value] if isinstance(value, list) else value


class TestWithoutMember:
    @given(st.dictionaries(st.text() | st.just(LINKS), _JSON), st.booleans(), st.sampled_from([None, 1, "\t"]))
    def test_any_object(self, value: dict[str, Any], ascii_only: bool, indent: int | str | None) -> None:
        """Whatever the object, the member is gone at every depth, and the rest is what it was."""
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
        assert pruned(value) == json.loads(without_member(text, LINKS))

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ('{"download_uris":["x"],"a":1.50}', '{"a":1.50}'),
            ('{"a":1E5,"download_uris":["x,}]{[:","y"]}', '{"a":1E5}'),
            ('{"a":-0.0 , "download_uris" : null }', '{"a":-0.0 }'),
            ('{"download_uris":[{"download_uris":[]}]}', "{}"),
            ('{"a":1,"download_uris":[],"download_uris":[]}', '{"a":1}'),
            ('{"a":[{"download_uris":"x"},{"b":"\\"download_uris\\":"}]}', '{"a":[{},{"b":"\\"download_uris\\":"}]}'),
            ('{"download\\u005furis":["x"],"a":0}', '{"a":0}'),
            ('{"a":"download_uris","b":["download_uris","download_uris"]}',) * 2,
            ('{"a":123456789012345678901234567890.10,"b":"é\\u00e9\\ud800"}',) * 2,
        ],
    )
    def test_what_stays(self, text: str, wanted: str) -> None:
        """The member goes with one comma, and every other byte stays."""
        assert wanted.encode() == without_member(text.encode(), LINKS)

    def test_depth(self) -> None:
        """An object that is nested deeper than Python recurses is cut like any other."""
        deep = b'{"a":' * 5000 + b'{"download_uris":["x"],"b":1}' + b"}" * 5000
        assert deep.replace(b'"download_uris":["x"],', b"") == without_member(deep, LINKS)

    def test_broken_bytes(self) -> None:
        """Bytes that are no UTF-8 are left alone."""
        assert b'{"a":"\xff\xfe"}' == without_member(b'{"a":"\xff\xfe","download_uris":[]}', LINKS)
