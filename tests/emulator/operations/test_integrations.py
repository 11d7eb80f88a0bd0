"""Integrations: one is active at most, and each conflict names both sides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.asking import INTEGRATION, Emulator
from tests.emulator.operations.tenant import ERP, INVALID, NOT_FOUND, connected, other_token


class TestCreateIntegration:
    def test_new(self, brex: Emulator) -> None:
        """Without an active integration there is a new one, active since now."""
        brex.advance(1.5)
        reply = brex.post(INTEGRATION, ERP)
        created = reply.json
        assert (200, True) == (reply.status, brex.last.committed)
        assert {**ERP, "status": "ACTIVE", "created_at": "2026-07-01T09:00:01.500000Z"} == {
            name: value for name, value in created.items() if name != "integration_id"
        }

    def test_get_or_create(self, brex: Emulator) -> None:
        """The same vendor and vendor account get the active one again, and nothing changes."""
        created = brex.post(INTEGRATION, ERP).json
        brex.advance(60)
        again = brex.post(INTEGRATION, ERP)
        assert (200, created, False) == (again.status, again.json, brex.last.committed)
        assert 1 == len(brex.tenant.integrations)

    def test_new_after_disconnecting(self, brex: Emulator) -> None:
        """A disabled integration is not got again: there is a new one."""
        old = connected(brex)
        brex.post(f"{INTEGRATION}/{old}/disconnect")
        new = connected(brex)
        assert old != new
        assert ["DISABLED", "ACTIVE"] == [brex.tenant.integrations[name].status for name in (old, new)]

    def test_new_after_restoring(self, brex: Emulator) -> None:
        """Ids that were given before a snapshot are not given again after it is restored."""
        old = connected(brex)
        brex.post(f"{INTEGRATION}/{old}/disconnect")
        brex.tenant.restore(brex.tenant.snapshot())
        new = connected(brex)
        assert [old, new] == list(brex.tenant.integrations)

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"vendor_account_id": "43"}, "VENDOR_ACCOUNT_ID_MISMATCH"),
            ({"vendor": "ERP_B"}, "ACTIVE_INTEGRATION_EXISTS"),
            ({"vendor": "ERP_B", "vendor_account_id": "43"}, "ACTIVE_INTEGRATION_EXISTS"),
            ({"vendor": "erp_a"}, "ACTIVE_INTEGRATION_EXISTS"),
        ],
    )
    def test_conflict(self, brex: Emulator, change: dict[str, str], code: str) -> None:
        """Another vendor or vendor account is a conflict that names both sides."""
        existing = connected(brex)
        reply = brex.post(INTEGRATION, {**ERP, **change})
        details = {
            "existing_integration_id": existing,
            "existing_vendor": "ERP_A",
            "requested_vendor": change.get("vendor", "ERP_A"),
        }
        assert (409, {"error_code": code, "details": details}) == (reply.status, reply.error)
        assert [existing] == list(brex.tenant.integrations)

    @pytest.mark.parametrize(
        "body", [{}, {"vendor": "A"}, {"vendor_account_id": "1"}, {**ERP, "vendor": None}, {**ERP, "vendor": 1}, [ERP]]
    )
    def test_malformed(self, brex: Emulator, body: Any) -> None:
        """A body that the document does not allow is refused with 400."""
        reply = brex.post(INTEGRATION, body)
        assert (400, INVALID) == (reply.status, reply.error)
        assert not brex.tenant.integrations

    def test_unknown_members(self, brex: Emulator) -> None:
        """Members that no document lists are passed over, and never come back."""
        created = brex.post(INTEGRATION, {**ERP, "status": "DISABLED", "integration_id": "mine"}).json
        assert "ACTIVE" == created["status"]
        assert "mine" != created["integration_id"]


class TestDisconnectIntegration:
    def test_active(self, brex: Emulator) -> None:
        """An active integration becomes a disabled one, otherwise unchanged."""
        created = brex.post(INTEGRATION, ERP).json
        brex.advance(5)
        reply = brex.post(f"{INTEGRATION}/{created['integration_id']}/disconnect")
        assert (200, {**created, "status": "DISABLED"}) == (reply.status, reply.json)

    def test_disabled(self, brex: Emulator) -> None:
        """What is not active cannot be disconnected; the details name its status."""
        name = connected(brex)
        brex.post(f"{INTEGRATION}/{name}/disconnect")
        reply = brex.post(f"{INTEGRATION}/{name}/disconnect")
        details = {"integration_id": name, "current_status": "DISABLED"}
        assert (409, {"error_code": "INTEGRATION_NOT_ACTIVE", "details": details}) == (reply.status, reply.error)

    @pytest.mark.parametrize("action", ["disconnect", "reactivate"])
    def test_unknown(self, brex: Emulator, action: str) -> None:
        """An unknown id is 404 with the id, whatever is active."""
        connected(brex)
        reply = brex.post(f"{INTEGRATION}/int_unknown/{action}")
        expected = {**NOT_FOUND, "details": {"integration_id": "int_unknown"}}
        assert (404, expected) == (reply.status, reply.error)

    @pytest.mark.parametrize("action", ["disconnect", "reactivate"])
    def test_of_another_account(self, brex: Emulator, action: str) -> None:
        """The integration of another account is unknown."""
        token = other_token(brex)
        name = brex.post(INTEGRATION, ERP, token=token).json["integration_id"]
        assert 404 == brex.post(f"{INTEGRATION}/{name}/{action}").status
        assert "ACTIVE" == brex.world.tenant("globex").integrations[name].status


class TestReactivateIntegration:
    def test_disabled(self, brex: Emulator) -> None:
        """A disabled integration becomes active again, otherwise unchanged."""
        created = brex.post(INTEGRATION, ERP).json
        brex.post(f"{INTEGRATION}/{created['integration_id']}/disconnect")
        reply = brex.post(f"{INTEGRATION}/{created['integration_id']}/reactivate")
        assert (200, created) == (reply.status, reply.json)

    def test_active_already(self, brex: Emulator) -> None:
        """One that is active conflicts with itself."""
        name = connected(brex)
        reply = brex.post(f"{INTEGRATION}/{name}/reactivate")
        details = {
            "existing_integration_id": name,
            "existing_vendor": "ERP_A",
            "requested_vendor": "ERP_A",
            "integration_id": name,
            "current_status": "ACTIVE",
        }
        assert (409, {"error_code": "ACTIVE_INTEGRATION_EXISTS", "details": details}) == (reply.status, reply.error)

    def test_another_is_active(self, brex: Emulator) -> None:
        """While another one is active a disabled one stays so; the details name both."""
        old = connected(brex)
        brex.post(f"{INTEGRATION}/{old}/disconnect")
        active = brex.post(INTEGRATION, {"vendor": "ERP_B", "vendor_account_id": "1"}).json["integration_id"]
        reply = brex.post(f"{INTEGRATION}/{old}/reactivate")
        details = {
            "existing_integration_id": active,
            "existing_vendor": "ERP_B",
            "requested_vendor": "ERP_A",
            "integration_id": old,
            "current_status": "DISABLED",
        }
        assert (409, {"error_code": "ACTIVE_INTEGRATION_EXISTS", "details": details}) == (reply.status, reply.error)
        assert "DISABLED" == brex.tenant.integrations[old].status
