"""The company of an account."""

from __future__ import annotations

from tests.emulator.asking import COMPANY, Emulator
from tests.emulator.operations.tenant import other_token


class TestCompany:
    def test_id(self, brex: Emulator) -> None:
        """The company's id tells accounts apart."""
        token = other_token(brex)
        company = brex.get(COMPANY).json
        assert {"id", "legal_name", "mailing_address", "accountType"} == set(company)
        assert company["id"] != brex.get(COMPANY, token=token).json["id"]
