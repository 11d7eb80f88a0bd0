"""``brex-accounting integrations`` against the emulator: each outcome, with its remedy and exit status."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from brex_accounting.emulator import TenantPlan
from brex_accounting.shell import COMMAND
from tests.cli.served import Command, Ran, Served, enter, serve
from tests.emulator import serving

JSONL = ("--output", "jsonl")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Served]:
    with serve(TenantPlan(records=0)) as found:
        yield found


@pytest.fixture
def served(emulator: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    emulator.reset()
    enter(emulator, monkeypatch)
    return emulator


class Integrations(Command):
    """Runs commands on integrations."""

    def __call__(self, *arguments: str) -> Ran:
        return super().__call__("integrations", *arguments)

    def ensure(self, vendor: str = "ERP_A", vendor_account_id: str = "42", *arguments: str) -> Ran:
        return self("ensure", "--vendor", vendor, "--vendor-account-id", vendor_account_id, *arguments)

    def told(self, *arguments: str) -> dict[str, Any]:
        """What a command that succeeds prints as JSON."""
        ran = self(*arguments, *JSONL)
        assert (0, "") == (ran.status, ran.err)
        [facts] = ran.lines
        return facts

    def ensured(self) -> str:
        """The id of the integration that is active."""
        return self.told("ensure", "--vendor", "ERP_A", "--vendor-account-id", "42")["integration_id"]


@pytest.fixture
def run(served: Served, capsys: pytest.CaptureFixture[str]) -> Integrations:
    return Integrations(capsys)


class TestEnsure:
    def test_it_is_created(self, served: Served, run: Integrations) -> None:
        """The integration is printed with the outcome; asking again finds the same one."""
        ran = run.ensure("ERP_A", "42", *JSONL)
        assert (0, "") == (ran.status, ran.err)
        [facts] = ran.lines
        [made] = served.server.world.tenant().integrations.values()
        assert made.created_at.startswith(facts.pop("created_at").rstrip("Z"))
        assert facts == {
            "outcome": "active",
            "integration_id": made.integration_id,
            "vendor": "ERP_A",
            "vendor_account_id": "42",
            "status": "ACTIVE",
        }
        assert made.integration_id == run.ensured()

    def test_a_table(self, served: Served, run: Integrations) -> None:
        """A person gets a head and a row."""
        ran = run.ensure("ERP_A", "Konto 42 é")
        assert (0, "") == (ran.status, ran.err)
        head, row = ran.texts
        assert "Outcome Integration Vendor Vendor account Status Created at" == " ".join(head.split())
        [made] = served.server.world.tenant().integrations.values()
        assert ["active", made.integration_id, "ERP_A", "Konto", "42", "é", "ACTIVE"] == row.split()[:-1]

    @pytest.mark.parametrize(
        ("asked", "outcome", "texts"),
        [
            (("ERP_B", "42"), "other vendor", ["ACTIVE_INTEGRATION_EXISTS"]),
            (("ERP_A", "43"), "other vendor account", ["VENDOR_ACCOUNT_ID_MISMATCH", "or name its vendor account"]),
        ],
    )
    def test_another_is_in_the_way(
        self, asked: tuple[str, str], outcome: str, texts: list[str], run: Integrations
    ) -> None:
        """What is in the way is printed; one line says how to take it away, and the exit status is 1."""
        existing = run.ensured()
        as_json, as_table = run.ensure(*asked, *JSONL), run.ensure(*asked)
        for ran in (as_json, as_table):
            ran.assert_error(1, *texts, f"{COMMAND} integrations disconnect {existing}")
            assert "error." not in ran.err  # attributes of the library mean nothing here
        wanted = {"outcome": outcome, "existing_integration_id": existing, "existing_vendor": "ERP_A"}
        assert [wanted] == as_json.lines
        head, row = as_table.texts
        assert "Outcome Existing integration Existing vendor" == " ".join(head.split())
        assert [*outcome.split(), existing, "ERP_A"] == row.split()

    def test_the_remedy_works(self, run: Integrations) -> None:
        """What the line says can be pasted into a shell, and after it the integration can be made."""
        run.ensured()
        refused = run.ensure("ERP_B")
        command = refused.err.partition(f"{COMMAND} integrations ")[2].split()
        assert 0 == run(*command).status
        assert 0 == run.ensure("ERP_B").status

    @pytest.mark.parametrize("code", ["ACTIVE_INTEGRATION_EXISTS", "SOMETHING_NEW"])
    def test_a_conflict_without_details(self, code: str, served: Served, run: Integrations) -> None:
        """A conflict that does not say whose it is has an outcome of its own, and no words of Brex's."""
        served.fault("status", "createIntegration", status=409, code=code, message="canary words")
        ran = run.ensure("ERP_A", "42", *JSONL)
        ran.assert_error(1, code)
        assert "canary" not in ran.err
        assert [{"outcome": "conflict", "existing_integration_id": None, "existing_vendor": None}] == ran.lines

    def test_it_is_not_active(self, run: Integrations, monkeypatch: pytest.MonkeyPatch) -> None:
        """An integration that Brex answers with although it is off is printed, with the command that turns it on."""
        existing = run.ensured()
        disconnected = run("disconnect", existing, *JSONL)
        assert 0 == disconnected.status
        answer = _disabled(existing)
        monkeypatch.setattr("brex_accounting.resources.integrations.IntegrationsResource.create", answer)
        ran = run.ensure("ERP_A", "42", *JSONL)
        ran.assert_error(1, "not active", f"{COMMAND} integrations reactivate {existing}")
        assert ["not active", existing] == [ran.lines[0][name] for name in ("outcome", "integration_id")]

    @pytest.mark.parametrize(
        ("vendor", "vendor_account_id", "option"), [(" ", "42", "--vendor: "), ("A", "", "--vendor-account-id: ")]
    )
    def test_what_cannot_be_right(
        self, vendor: str, vendor_account_id: str, option: str, served: Served, run: Integrations
    ) -> None:
        """A mistake is one line that names the option, the exit status is 2, and nothing is asked."""
        before = served.requests
        run.ensure(vendor, vendor_account_id).assert_error(2, f"error: {option}")
        assert before == served.requests

    def test_options_are_needed(self, run: Integrations) -> None:
        """Both options have to be there."""
        run("ensure", "--vendor", "ERP_A").assert_error(2, "--vendor-account-id")


def _disabled(integration_id: str) -> Any:
    from brex_accounting_client.codec import decode
    from brex_accounting_client.models import AccountingIntegration

    text = (
        f'{{"integration_id":"{integration_id}","vendor":"ERP_A","vendor_account_id":"42","status":"DISABLED",'
        '"created_at":"2026-01-01T00:00:00Z"}'
    )

    async def create(*_: Any, **__: Any) -> AccountingIntegration:
        return decode(text.encode(), AccountingIntegration)

    return create


class TestOnAndOff:
    def test_off_and_on(self, served: Served, run: Integrations) -> None:
        """It is turned off and on again, and each command prints how it is now."""
        existing = run.ensured()
        off = run.told("disconnect", existing)
        assert ("disconnected", existing, "DISABLED") == (off["outcome"], off["integration_id"], off["status"])
        on = run.told("reactivate", existing)
        assert ("reactivated", existing, "ACTIVE") == (on["outcome"], on["integration_id"], on["status"])
        assert ["ACTIVE"] == [found.status for found in served.server.world.tenant().integrations.values()]

    def test_a_table(self, run: Integrations) -> None:
        """A person gets a head and a row."""
        ran = run("disconnect", run.ensured())
        assert (0, "") == (ran.status, ran.err)
        assert ["Outcome", "disconnected"] == [line.split()[0] for line in ran.texts]

    def test_it_is_off_already(self, run: Integrations) -> None:
        """There is nothing to disconnect twice, and one line says so."""
        existing = run.ensured()
        run.told("disconnect", existing)
        ran = run("disconnect", existing, *JSONL)
        ran.assert_error(1, "INTEGRATION_NOT_ACTIVE", "nothing to disconnect")
        assert "" == ran.out

    def test_it_is_on_already(self, run: Integrations) -> None:
        """One that is active is not told to be in its own way."""
        existing = run.ensured()
        ran = run("reactivate", existing)
        ran.assert_error(1, "ACTIVE_INTEGRATION_EXISTS", "nothing left to do")
        assert existing not in ran.err

    def test_another_is_active(self, run: Integrations) -> None:
        """One that is off cannot be turned on while another is active; the line names that one."""
        old = run.ensured()
        run.told("disconnect", old)
        assert 0 == run.ensure("ERP_B").status
        ran = run("reactivate", old)
        ran.assert_error(1, "ACTIVE_INTEGRATION_EXISTS", "integrations disconnect ")
        assert old not in ran.err

    @pytest.mark.parametrize("command", ["disconnect", "reactivate"])
    def test_no_such_integration(self, command: str, run: Integrations) -> None:
        """An id that the account does not have is one line."""
        run(command, "int_none").assert_error(1, "404", "Check the id")

    @pytest.mark.parametrize("command", ["disconnect", "reactivate"])
    def test_no_id(self, command: str, run: Integrations) -> None:
        """What cannot be an id is refused with the argument's name."""
        run(command, "").assert_error(2, "error: ID: ")
        run(command).assert_error(2, "ID")


class TestFailures:
    @pytest.mark.parametrize("status", [401, 403])
    @pytest.mark.parametrize(
        ("arguments", "operation"),
        [
            (["ensure", "--vendor", "A", "--vendor-account-id", "1"], "createIntegration"),
            (["disconnect", "int_1"], "disconnectIntegration"),
            (["reactivate", "int_1"], "reactivateIntegration"),
        ],
    )
    def test_refused(
        self, status: int, arguments: list[str], operation: str, served: Served, run: Integrations
    ) -> None:
        """An answer that refuses is one line with status, label and trace, without the token."""
        served.fault("status", operation, status=status)
        ran = run(*arguments, "--account", "acme")
        ran.assert_error(1, str(status), "account acme", "trace ")
        assert "" == ran.out
        assert served.token not in ran.err

    def test_no_connection(self, run: Integrations, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nobody listens, one line says so."""
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            monkeypatch.setenv("BREX_BASE_URL", f"http://127.0.0.1:{found.getsockname()[1]}")
            monkeypatch.setattr("asyncio.run", serving.run)  # waits between attempts without waiting
            ran = run.ensure()
        ran.assert_error(1, "no connection")

    def test_a_lost_answer(self, served: Served, run: Integrations) -> None:
        """An answer that is lost once is asked for again, and the command ends well."""
        served.fault("cut_body", "createIntegration", times=1)
        run.ensured()
        assert 1 == len(served.server.world.tenant().integrations)

    def test_no_token(self, run: Integrations, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without credentials, the line names the variables."""
        monkeypatch.delenv("BREX_ACCESS_TOKEN")
        run("disconnect", "int_1").assert_error(2, "BREX_ACCESS_TOKEN is not set")
