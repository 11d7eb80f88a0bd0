"""``brex.integrations``: each 409 an outcome, and nothing mistaken for a refusal after a lost answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from brex_accounting import (
    ActiveIntegrationExists,
    AnswerLost,
    Brex,
    Conflict,
    EnsuredIntegration,
    EnsureOutcome,
    Forbidden,
    IntegrationNotActive,
    InvalidArgument,
    NotFound,
    RetryPolicy,
    UnreadableAnswer,
    VendorAccountIdMismatch,
)
from brex_accounting_client.models import IntegrationStatus
from tests import wire
from tests.transport.scripted import INTEGRATION, Answer, Raise, Script, play

CREATE = "/v3/accounting/integration"
LOST = Raise(httpx.ReadError("reset"))


def conflict(code: str, **details: Any) -> Answer:
    body = {"error_code": code, "message": "a free text", "details": details}
    return Answer(409, body if details else {"error_code": code, "message": "a free text"})


async def ensure(brex: Brex, **options: Any) -> EnsuredIntegration:
    return await brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42", **options)


CONFLICTS: dict[str, tuple[Answer, EnsureOutcome, type[Conflict]]] = {
    "another vendor": (
        conflict("ACTIVE_INTEGRATION_EXISTS", existing_integration_id="int_9", existing_vendor="ERP_B"),
        EnsureOutcome.OTHER_VENDOR,
        ActiveIntegrationExists,
    ),
    "the same vendor under the wrong code": (
        conflict("ACTIVE_INTEGRATION_EXISTS", existing_integration_id="int_9", existing_vendor="ERP_A"),
        EnsureOutcome.OTHER_VENDOR_ACCOUNT,
        ActiveIntegrationExists,
    ),
    "another vendor account": (
        conflict("VENDOR_ACCOUNT_ID_MISMATCH", existing_integration_id="int_9", existing_vendor="ERP_A"),
        EnsureOutcome.OTHER_VENDOR_ACCOUNT,
        VendorAccountIdMismatch,
    ),
    "a mismatch without details": (
        conflict("VENDOR_ACCOUNT_ID_MISMATCH"),
        EnsureOutcome.OTHER_VENDOR_ACCOUNT,
        VendorAccountIdMismatch,
    ),
    "a code of another operation": (
        conflict("INTEGRATION_NOT_ACTIVE", current_status="DISABLED"),
        EnsureOutcome.CONFLICT,
        IntegrationNotActive,
    ),
    "an unknown code": (conflict("VENDOR_ON_HOLD", requested_vendor="ERP_A"), EnsureOutcome.CONFLICT, Conflict),
    "the older API's body": (
        Answer(409, {"type": "conflict", "message": "free", "code": None}),
        EnsureOutcome.CONFLICT,
        Conflict,
    ),
    "no body": (Answer(409), EnsureOutcome.CONFLICT, Conflict),
    "HTML": (Answer(409, b"<html>"), EnsureOutcome.CONFLICT, Conflict),
}


class TestEnsure:
    def test_created_or_found(self) -> None:
        """A 200 is the integration that was asked for; the request carries what the caller said and one key."""
        script = Script(Answer(200, INTEGRATION))
        ensured = play(script, lambda brex: ensure(brex, idempotency_key="key-1"))
        assert (EnsureOutcome.ACTIVE, "int_1", None) == (ensured.outcome, ensured.integration_id, ensured.conflict)
        assert (None, None) == (ensured.existing_integration_id, ensured.existing_vendor)
        (sent,) = script.sent
        assert ("POST", CREATE, "key-1") == (sent.method, sent.url.path, sent.key)
        assert {"vendor": "ERP_A", "vendor_account_id": "42"} == wire.loads(sent.content)
        assert "application/json" == sent.headers["Content-Type"]

    @pytest.mark.parametrize(("answer", "outcome", "kind"), CONFLICTS.values(), ids=CONFLICTS)
    def test_conflicts_are_outcomes(self, answer: Answer, outcome: EnsureOutcome, kind: type[Conflict]) -> None:
        """Every 409 comes back as an outcome, after one request; the id of somebody else's is never handed out."""
        script = Script(answer)
        ensured = play(script, ensure)
        assert (outcome, None) == (ensured.outcome, ensured.integration)
        assert kind is type(ensured.conflict)
        assert 1 == len(script.sent)
        with pytest.raises(kind) as caught:
            _ = ensured.integration_id
        assert caught.value is ensured.conflict

    def test_conflict_that_names_nobody(self) -> None:
        """An active integration of which Brex does not say whose it is, is not claimed to be another vendor's."""
        ensured = play(Script(conflict("ACTIVE_INTEGRATION_EXISTS")), ensure)
        assert EnsureOutcome.CONFLICT == ensured.outcome

    def test_disabled_one(self) -> None:
        """A 200 with an integration that is not active is an outcome of its own, and names the integration."""
        ensured = play(Script(Answer(200, {**INTEGRATION, "status": "DISABLED"})), ensure)
        assert (EnsureOutcome.NOT_ACTIVE, "int_1", None) == (ensured.outcome, ensured.integration_id, ensured.conflict)

    def test_existing_one_is_named(self) -> None:
        """What stands in the way is named where Brex names it, and is None where it does not."""
        answer, _, _ = CONFLICTS["another vendor"]
        ensured = play(Script(answer), ensure)
        assert ("int_9", "ERP_B") == (ensured.existing_integration_id, ensured.existing_vendor)
        ensured = play(Script(Answer(409)), ensure)
        assert (None, None) == (ensured.existing_integration_id, ensured.existing_vendor)

    def test_conflict_after_a_lost_answer(self) -> None:
        """A 409 after a lost answer says that the first attempt may have taken effect."""
        answer, _, _ = CONFLICTS["the same vendor under the wrong code"]
        script = Script(LOST, answer)
        ensured = play(script, ensure)
        assert ensured.conflict is not None
        assert (True, 2) == (ensured.conflict.maybe_applied, ensured.conflict.attempts)
        assert "may have taken effect" in str(ensured.conflict)
        assert 1 == len({sent.key for sent in script.sent})
        ensured = play(Script(answer), ensure)
        assert ensured.conflict is not None
        assert ensured.conflict.maybe_applied is False

    def test_other_failures_raise(self) -> None:
        """Anything but a 409 raises, among them a 200 that cannot be read: that may have taken effect."""
        with pytest.raises(Forbidden):
            play(Script(Answer(403, {"error_code": "FORBIDDEN", "message": "x"})), ensure)
        with pytest.raises(UnreadableAnswer) as caught:
            play(Script(Answer(200, {"vendor": "ERP_A"})), ensure)
        assert caught.value.maybe_applied is True
        with pytest.raises(AnswerLost) as lost:
            play(Script(LOST), ensure, retry=None)
        assert lost.value.maybe_applied is True

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("vendor", {"vendor": "", "vendor_account_id": "42"}),
            ("vendor", {"vendor": None, "vendor_account_id": "42"}),
            ("vendor_account_id", {"vendor": "ERP_A", "vendor_account_id": " "}),
            ("vendor_account_id", {"vendor": "ERP_A", "vendor_account_id": 42}),
            ("idempotency_key", {"vendor": "ERP_A", "vendor_account_id": "42", "idempotency_key": ""}),
            ("idempotency_key", {"vendor": "ERP_A", "vendor_account_id": "42", "idempotency_key": "é"}),
            ("idempotency_key", {"vendor": "ERP_A", "vendor_account_id": "42", "idempotency_key": "a\nb"}),
            ("idempotency_key", {"vendor": "ERP_A", "vendor_account_id": "42", "idempotency_key": "k" * 256}),
            ("idempotency_key", {"vendor": "ERP_A", "vendor_account_id": "42", "idempotency_key": 7}),
        ],
    )
    def test_bad_arguments(self, name: str, arguments: dict[str, Any]) -> None:
        """What cannot be right is refused by name before anything is sent."""
        script = Script()
        with pytest.raises(InvalidArgument, match=f"^{name}: expected"):
            play(script, lambda brex: brex.integrations.ensure(**arguments))
        assert [] == script.sent


class TestCreate:
    def test_gives_the_integration(self) -> None:
        """What Brex answers is the model, its status an enum."""
        found = play(
            Script(Answer(200, INTEGRATION)),
            lambda brex: brex.integrations.create(vendor="ERP_A", vendor_account_id="42"),
        )
        assert ("int_1", IntegrationStatus.ACTIVE) == (found.integration_id, found.status)

    @pytest.mark.parametrize(("answer", "outcome", "kind"), CONFLICTS.values(), ids=CONFLICTS)
    def test_conflicts_raise(self, answer: Answer, outcome: EnsureOutcome, kind: type[Conflict]) -> None:
        """Whoever wants an exception calls create: each 409 raises its class."""
        with pytest.raises(kind) as caught:
            play(Script(answer), lambda brex: brex.integrations.create(vendor="ERP_A", vendor_account_id="42"))
        assert kind is type(caught.value)
        del outcome

    def test_key_is_stable(self) -> None:
        """All attempts of one call carry one key, the next call another one."""
        script = Script(Answer(503), LOST, Answer(200, INTEGRATION), Answer(200, INTEGRATION))

        async def twice(brex: Brex) -> None:
            for _ in range(2):
                await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")

        play(script, twice, retry=RetryPolicy(attempts=3, backoff=0.01))
        first, second, third, fourth = [sent.key for sent in script.sent]
        assert first == second == third != fourth


@pytest.mark.parametrize("verb", ["disconnect", "reactivate"])
class TestTurningOffAndOn:
    def test_request(self, verb: str) -> None:
        """The id is in the path, as one segment; the key is the caller's; no body is sent."""
        script = Script(lambda _: Answer(200, {**INTEGRATION, "status": "DISABLED"}))

        async def ask(brex: Brex) -> list[Any]:
            method = getattr(brex.integrations, verb)
            return [await method("int_1", idempotency_key="key-1"), await method("int/1")]

        found, _ = play(script, ask)
        assert IntegrationStatus.DISABLED == found.status
        assert [f"{CREATE}/int_1/{verb}", f"{CREATE}/int%2F1/{verb}"] == [
            sent.url.raw_path.decode() for sent in script.sent
        ]
        assert ["POST", "POST"] == [sent.method for sent in script.sent]
        assert "key-1" == script.sent[0].key
        assert script.sent[1].key not in (None, "key-1")
        assert [b"", b""] == [sent.content for sent in script.sent]

    @pytest.mark.parametrize("integration_id", ["", " ", None, 7])
    def test_bad_id(self, verb: str, integration_id: Any) -> None:
        """An id that is none is refused by name."""
        with pytest.raises(InvalidArgument, match=r"^integration_id: expected"):
            play(Script(), lambda brex: getattr(brex.integrations, verb)(integration_id))

    def test_unknown_id(self, verb: str) -> None:
        """404 is NotFound, and no attempt is wasted on it."""
        with pytest.raises(NotFound) as caught:
            play(
                Script(Answer(404, {"error_code": "NOT_FOUND", "message": "x"})),
                lambda brex: getattr(brex.integrations, verb)("int_1"),
            )
        assert (1, False) == (caught.value.attempts, caught.value.maybe_applied)

    def test_after_a_lost_answer(self, verb: str) -> None:
        """A 409 after a lost answer may be the work of the first attempt, and says so; without one it does not."""
        code = {"disconnect": "INTEGRATION_NOT_ACTIVE", "reactivate": "ACTIVE_INTEGRATION_EXISTS"}[verb]
        kind = {"disconnect": IntegrationNotActive, "reactivate": ActiveIntegrationExists}[verb]
        refusal = conflict(code, current_status="DISABLED", existing_integration_id="int_1")
        for first, maybe in (([LOST], True), ([Answer(500)], True), ([Answer(429)], False), ([], False)):
            with pytest.raises(kind) as caught:
                play(Script(*first, refusal), lambda brex: getattr(brex.integrations, verb)("int_1"))
            assert (maybe, 1 + len(first)) == (caught.value.maybe_applied, caught.value.attempts)

    def test_details(self, verb: str) -> None:
        """The typed details say which state or which integration is in the way."""
        with pytest.raises(IntegrationNotActive) as caught:
            play(
                Script(conflict("INTEGRATION_NOT_ACTIVE", integration_id="int_1", current_status="DISABLED")),
                lambda brex: getattr(brex.integrations, verb)("int_1"),
            )
        assert "DISABLED" == caught.value.current_status
        with pytest.raises(IntegrationNotActive) as caught:
            play(Script(conflict("INTEGRATION_NOT_ACTIVE")), lambda brex: getattr(brex.integrations, verb)("int_1"))
        assert caught.value.current_status is None
