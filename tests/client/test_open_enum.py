"""Enums that a new constant of Brex's cannot break."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import sys
import threading
import weakref

import pytest
from hypothesis import given

from brex_accounting_client import decode, encode
from brex_accounting_client.models import AccountingRecord, AccountingRecordType, ReviewStatus, SourceType
from tests import strategies, wire


class TestKnownMembers:
    @pytest.mark.parametrize("member", list(AccountingRecordType))
    def test_are_strings_and_members(self, member: AccountingRecordType) -> None:
        """A documented constant is a member: equal to its string, hashed like it, known."""
        assert member == member.value
        assert hash(member) == hash(member.value)
        assert member is AccountingRecordType(member.value)
        assert member.is_known

    def test_there_are_all_record_types(self) -> None:
        """The enum lists what the document lists, nineteen types at least."""
        listed = strategies.document("accounting_api")["components"]["schemas"]["AccountingRecordType"]["enum"]
        assert listed == [member.value for member in AccountingRecordType]
        assert len(listed) >= 19


class TestUnknownValues:
    @given(value=strategies.text().filter(lambda text: text not in ReviewStatus._value2member_map_))
    def test_behave_like_members(self, value: str) -> None:
        """Equality, hash, copies, pickles, str and value work as for members; only is_known tells them apart."""
        member = ReviewStatus(value)
        assert member == value
        assert hash(member) == hash(value)
        assert value == member.value == str(member)
        assert not member.is_known
        assert isinstance(member, ReviewStatus)
        for again in (
            copy.copy(member),
            copy.deepcopy(member),
            pickle.loads(pickle.dumps(member)),
            ReviewStatus(value),
        ):
            assert member is again
        assert member not in list(ReviewStatus)
        assert json.dumps(value) == json.dumps(member)

    def test_match(self) -> None:
        """A match statement tells known constants, and falls through for unknown ones."""

        def kind(status: ReviewStatus) -> str:
            match status:
                case ReviewStatus.EXPORTED:
                    return "done"
                case ReviewStatus.READY_FOR_EXPORT | ReviewStatus.REVIEW:
                    return "open"
                case _:
                    return "other"

        assert ["done", "open", "other"] == [kind(ReviewStatus(v)) for v in ("EXPORTED", "REVIEW", "ARCHIVED")]

    def test_of_different_enums_are_different(self) -> None:
        """The same unknown word in two enums gives two members, each of its own class."""
        assert type(ReviewStatus("NEW")) is ReviewStatus
        assert type(SourceType("NEW")) is SourceType

    def test_a_member_of_another_enum_is_its_string(self) -> None:
        """A value that comes as another enum's member is kept as the plain string."""
        value = SourceType(ReviewStatus.PREPARE).value
        assert "PREPARE" == value
        assert str is type(value)

    def test_repr(self) -> None:
        """A repr says whether the value is known."""
        assert "<ReviewStatus.EXPORTED: 'EXPORTED'>" == repr(ReviewStatus.EXPORTED)
        assert "<ReviewStatus unknown: 'NEW'>" == repr(ReviewStatus("NEW"))

    @pytest.mark.parametrize("value", [None, 5, 1.5, b"EXPORTED", [], object()])
    def test_what_is_no_string_is_refused(self, value: object) -> None:
        """An enum is open to strings only."""
        with pytest.raises(ValueError, match="is not a valid ReviewStatus"):
            ReviewStatus(value)

    def test_never_lose_a_record(self) -> None:
        """A new record type, status, role and line type arrive, compare, and go back out unchanged."""
        raw = wire.record(0, type="CRYPTO_EXPENSE", review_status="PARKED", source_type="CRYPTO")
        raw["line_items"][0]["type"] = "MEMO"
        record = decode(wire.dumps(raw), AccountingRecord)
        assert ("CRYPTO_EXPENSE", "PARKED", "CRYPTO") == (record.type, record.review_status, record.source_type)
        assert not record.line_items[0].type.is_known
        assert "CRYPTO_EXPENSE" == wire.loads(encode(record))["type"]


class TestMemory:
    def test_identity_holds_while_a_reference_lives(self) -> None:
        """The same unknown value is the same object as long as somebody holds it."""
        first = ReviewStatus("HELD")
        assert first is ReviewStatus("HELD")
        assert first is decode(wire.dumps(wire.record(0, review_status="HELD")), AccountingRecord).review_status

    def test_is_freed_after(self) -> None:
        """A value that nobody holds any more is gone."""
        reference = weakref.ref(ReviewStatus("GONE"))
        gc.collect()
        assert reference() is None

    def test_hostile_values_leave_nothing_behind(self) -> None:
        """100,000 different unknown values leave neither members nor cache entries."""
        from brex_accounting_client import enums

        gc.collect()
        before = len(enums._unknown)
        for index in range(100_000):
            ReviewStatus(f"HOSTILE_{index}")
        gc.collect()
        assert before == len(enums._unknown)
        assert 4 == len(ReviewStatus)

    def test_threads_agree(self) -> None:
        """Threads that meet and drop a new value at the same time always share one object."""
        differing: list[int] = []
        interval = sys.getswitchinterval()

        def meet() -> None:
            for turn in range(3000):
                first, second = ReviewStatus("RACE"), ReviewStatus("RACE")
                if first is not second:
                    differing.append(turn)
                del first, second

        threads = [threading.Thread(target=meet) for _ in range(8)]
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        assert [] == differing
