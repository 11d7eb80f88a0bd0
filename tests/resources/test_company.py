"""``brex.company``."""

from __future__ import annotations

import pytest

from brex_accounting import Forbidden, UnreadableAnswer
from tests.transport.scripted import COMPANY, Answer, Script, play


class TestCompany:
    def test_get(self) -> None:
        """The company is the model of the answer; one GET without a body, a query or a key."""
        script = Script(Answer(200, {**COMPANY, "new_field": 1, "accountType": "NEW_TYPE"}))
        company = play(script, lambda brex: brex.company.get())
        assert ("cmp_1", "Paper & Co", "NEW_TYPE") == (company.id, company.legal_name, company.accountType)
        (sent,) = script.sent
        assert ("GET", "https://api.brex.com/v2/company", b"", None) == (
            sent.method,
            str(sent.url),
            sent.content,
            sent.key,
        )

    def test_scope_is_missing(self) -> None:
        """A token without the scope is told what to do; the older API's body is read."""
        with pytest.raises(Forbidden, match="scope") as caught:
            play(Script(Answer(403, {"type": "forbidden", "message": "no"})), lambda brex: brex.company.get())
        assert ("forbidden", "no") == (caught.value.error_code, caught.value.message)

    def test_unreadable(self) -> None:
        """A body that is none is an error that names the place; a read never may have taken effect."""
        with pytest.raises(UnreadableAnswer) as caught:
            play(Script(Answer(200, {"id": "cmp_1"})), lambda brex: brex.company.get())
        assert ("GET /v2/company", 200, False) == (
            caught.value.operation,
            caught.value.status_code,
            caught.value.maybe_applied,
        )
