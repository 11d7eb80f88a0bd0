"""What ERPs and journals of other people may do to the loop: raise, lie, and answer what no adapter may."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from brex_accounting import ErpFailed, InvalidArgument, JournalError
from brex_accounting.export import ExportLoop, ExportPolicy, Outcome, Pending, Posted, Posting, Rejected, State
from brex_accounting.export.guards import GuardedErp, guard_journal
from brex_accounting.testing import make_posting

from .world import Account, pass_time, run

SECRET = "Ada Quill"


class Adapter:
    """An adapter that answers what it is told to."""

    repeats: Any = "idempotent"
    search_lag: Any = 0.0
    batch_size: Any = 10

    def __init__(self, answer: Any = None) -> None:
        self._answer = answer

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        return self._given(postings)

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        return self._given(keys)

    async def validate(self, posting: Posting) -> Rejected | None:
        return self._given(posting)

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        return self._given(posting)

    async def attach(self, posting: Posting, receipt: Any) -> None:
        self._given(posting)

    def _given(self, _asked: Any) -> Any:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


def calls(erp: GuardedErp) -> dict[str, Any]:
    posting = make_posting()
    return {
        "post": erp.post([posting]),
        "find": erp.find([posting.key]),
        "validate": erp.validate([posting]),
        "amend": erp.amend(posting, Posted("JE-1")),
        "attach": erp.attach(posting, None),  # type: ignore[arg-type]
    }


class TestAdapters:
    """Adapters that the loop is given."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("repeats", "sometimes"),
            ("repeats", None),
            ("batch_size", 0),
            ("batch_size", 2.5),
            ("batch_size", True),
            ("search_lag", -1),
            ("search_lag", float("nan")),
            ("search_lag", "5"),
            ("search_lag", 8 * 86_400),
        ],
    )
    def test_attributes_that_cannot_be_right(self, name: str, value: Any) -> None:
        """A wrong attribute is refused before anything happens, by its name."""
        adapter = Adapter()
        setattr(adapter, name, value)
        with pytest.raises(InvalidArgument, match=rf"^erp\.{name}: "):
            GuardedErp(adapter, "acme")

    @pytest.mark.parametrize("erp", [None, "beancount", object(), Adapter])
    def test_what_is_no_adapter(self, erp: Any) -> None:
        """Neither something else nor the class itself is taken for an adapter."""
        with pytest.raises(InvalidArgument, match=r"^erp: "):
            GuardedErp(erp, "acme")

    @pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
    def test_what_ends_the_process_is_not(self, kind: type[BaseException]) -> None:
        """What asks the whole process to end passes through, also where it comes with others in a group."""
        group = BaseExceptionGroup("two tasks", [kind(), ValueError()])

        async def main() -> None:
            made = calls(GuardedErp(Adapter(group), "acme"))
            wanted = made.pop("post")
            for other in made.values():
                other.close()
            with pytest.raises(BaseExceptionGroup) as raised:
                await wanted
            assert group is raised.value

        run(main())

    @pytest.mark.parametrize("method", ["post", "find", "validate", "amend", "attach"])
    def test_whatever_it_raises_is_wrapped(self, method: str) -> None:
        """What an adapter raises is the cause of our error, whose text repeats nothing of it."""

        async def main() -> ErpFailed:
            made = calls(GuardedErp(Adapter(LookupError(SECRET)), "acme"))
            wanted = made.pop(method)
            for other in made.values():
                other.close()
            with pytest.raises(ErpFailed) as raised:
                await wanted
            return raised.value

        error = run(main())
        assert isinstance(error.__cause__, LookupError)
        assert "acme" == error.account
        assert SECRET not in str(error)
        assert "LookupError" in str(error)

    def test_cancellation_passes(self) -> None:
        """A cancelled call is cancelled, not failed."""

        async def main() -> None:
            hanging = Adapter()

            async def hang(_keys: Sequence[str]) -> Mapping[str, Posted]:
                await asyncio.sleep(3600)
                return {}

            hanging.find = hang  # type: ignore[method-assign]
            task = asyncio.create_task(GuardedErp(hanging, "acme").find(["accr_1"]))
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        run(main())

    def test_a_cancellation_that_nobody_asked_for(self) -> None:
        """What an adapter cancels by itself is a failure of the adapter, or it would end the caller silently."""

        async def main() -> None:
            with pytest.raises(ErpFailed, match="CancelledError"):
                await GuardedErp(Adapter(asyncio.CancelledError()), "acme").find(["accr_1"])

        run(main())

    def test_a_call_that_hangs_is_given_up(self) -> None:
        """After its time nobody knows what has happened, and the call is a failure."""

        async def main() -> None:
            hanging = Adapter()

            async def hang(_postings: Sequence[Posting]) -> Sequence[Outcome]:
                await asyncio.sleep(3600)
                return []

            hanging.post = hang  # type: ignore[method-assign]
            with pytest.raises(ErpFailed, match="nothing in time"):
                await GuardedErp(hanging, "acme", timeout=60).post([make_posting()])

        run(main())

    def test_each_of_many_that_are_validated_has_its_time(self) -> None:
        """However many postings are validated one after the other, only one of them that hangs is given up."""

        async def main() -> None:
            slow = Adapter()
            seconds = iter([50, 50, 50, 50, 70])

            async def wait(_posting: Posting) -> Rejected | None:
                await asyncio.sleep(next(seconds))
                return None

            slow.validate = wait  # type: ignore[method-assign]
            erp = GuardedErp(slow, "acme", timeout=60)
            assert [None] * 4 == await erp.validate([make_posting() for _ in range(4)])
            with pytest.raises(ErpFailed, match="nothing in time"):
                await erp.validate([make_posting()])

        run(main())

    def test_rejections_stand_where_their_postings_stood(self) -> None:
        """Each of many that are validated has its own answer."""
        second = make_posting(key="accr_2")

        async def main() -> None:
            picky = Adapter()

            async def pick(posting: Posting) -> Rejected | None:
                return Rejected("Not this one.", code="no") if posting.key == "accr_2" else None

            picky.validate = pick  # type: ignore[method-assign]
            said = await GuardedErp(picky, "acme").validate([make_posting(), second, make_posting()])
            assert [None, Rejected("Not this one.", code="no"), None] == said

        run(main())

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            [],
            [Posted("JE-1"), Posted("JE-2")],
            ["JE-1"],
            [None],
            [Posted("")],
            [Posted("  ")],
            [Posted(7)],  # type: ignore[arg-type]
            [Pending("")],
            [Rejected("")],
            [Rejected("why", code="")],
            [Posted("JE-\ud800")],
            [Posted("JE-1", content_hash=7)],  # type: ignore[arg-type]
            [Posted("JE-1", content_hash=b"1:00")],  # type: ignore[arg-type]
        ],
    )
    def test_outcomes_that_no_adapter_may_give(self, answer: Any) -> None:
        """One outcome for each posting, with a reference, or nobody knows what has happened."""

        async def main() -> None:
            with pytest.raises(ErpFailed):
                await GuardedErp(Adapter(answer), "acme").post([make_posting()])

        run(main())

    @pytest.mark.parametrize("answer", [{"accr_contract1": Pending("P-1")}, {"accr_contract1": "JE-1"}, None, 5])
    def test_finds_that_no_adapter_may_give(self, answer: Any) -> None:
        """What is found is posted."""

        async def main() -> None:
            with pytest.raises(ErpFailed):
                await GuardedErp(Adapter(answer), "acme").find(["accr_contract1"])

        run(main())

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            (None, None),
            ("1:0a", "1:0a"),
            ("22:0a", "22:0a"),
            ("", None),
            ("1:", None),
            ("1:0A", None),
            ("1:0a ", None),
            ("0a", None),
            ("Toner for Jane", None),
            ("1:" + "a" * 129, None),
        ],
    )
    def test_hashes_that_cannot_be_ones_say_nothing(self, given: str | None, kept: str | None) -> None:
        """What is kept in the journal has the form of a hash; the reference and the link are as they were."""

        async def main() -> Mapping[str, Posted]:
            answer = {"accr_1": Posted("JE-1", "https://erp.example.com/1", given)}
            return await GuardedErp(Adapter(answer), "acme").find(["accr_1"])

        assert {"accr_1": Posted("JE-1", "https://erp.example.com/1", kept)} == run(main())

    @pytest.mark.parametrize(
        ("given", "is_believed"),
        [(None, True), ("1:0000", False), ("2:0000", True), ("no hash", True), (make_posting().content_hash, True)],
    )
    def test_an_amendment_to_something_else_is_none(self, given: str | None, is_believed: bool) -> None:
        """An entry that is said to hold another content than was asked for was not amended."""

        async def main() -> None:
            erp = GuardedErp(Adapter(Posted("JE-1", content_hash=given)), "acme")
            if is_believed:
                assert "JE-1" == getattr(await erp.amend(make_posting(), Posted("JE-1")), "reference", None)
                return
            with pytest.raises(ErpFailed, match="holds another content than it was to be brought to"):
                await erp.amend(make_posting(), Posted("JE-1"))

        run(main())

    def test_keys_that_nobody_asked_for_are_not_found(self) -> None:
        """An adapter that gives more than was asked is not believed."""

        async def main() -> Mapping[str, Posted]:
            answer = {"accr_1": Posted("JE-1"), "accr_2": Posted("JE-2"), "accr_3": None}
            return await GuardedErp(Adapter(answer), "acme").find(["accr_1", "accr_3"])

        assert {"accr_1": Posted("JE-1")} == run(main())


def test_outcomes_are_written_as_they_are_spoken_of() -> None:
    """Reference and link, message and code: by place or by name."""
    assert Posted("JE-1", "https://erp.example.com/1") == Posted("JE-1", deep_link="https://erp.example.com/1")
    assert Rejected("why", "no-account") == Rejected("why", code="no-account")
    assert (None, "rejected") == (Posted("JE-1").deep_link, Rejected("why").code)


class TestJournals:
    """Journals that the loop is given."""

    @pytest.mark.parametrize("journal", [None, "export.db", object()])
    def test_what_is_no_journal(self, journal: Any) -> None:
        """Something else is refused."""
        with pytest.raises(InvalidArgument, match=r"^journal: "):
            guard_journal(journal, "acme")

    def test_whatever_it_raises_is_wrapped(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A journal that fails in a run ends it with our error, and the next run goes on."""

        async def main() -> None:
            account = Account(folder)
            async with account.worker() as loop:
                assert (await account.run()).ended == "complete"
                journal: Any = loop._journal._journal  # type: ignore[attr-defined]

                async def broken(*_: Any, **__: Any) -> None:
                    raise ZeroDivisionError(SECRET)

                monkeypatch.setattr(journal, "load", broken)
                with pytest.raises(JournalError) as raised:
                    await loop.run_once()
                assert isinstance(raised.value.__cause__, ZeroDivisionError)
                assert SECRET not in str(raised.value)
            assert (await account.finish()).ended == "complete"
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("policy", [None, "accrual", {"basis": "accrual"}])
    def test_what_is_no_policy(self, folder: Path, policy: Any) -> None:
        """A loop without a policy is none."""

        async def main() -> None:
            async with Account(folder).worker() as loop:
                with pytest.raises(InvalidArgument, match=r"^policy: "):
                    ExportLoop(loop._brex, Adapter(), loop._journal, policy)

        run(main())

    def test_what_no_calendar_holds(self, folder: Path) -> None:
        """Times that are none or lead too far are refused at once, and so is a text in the place of ids."""

        async def main() -> None:
            account = Account(folder)
            async with account.worker() as loop:
                with pytest.raises(InvalidArgument, match=r"^every: expected at most 31622400 seconds"):
                    await loop.run_forever(every=datetime.timedelta.max)
                with pytest.raises(InvalidArgument, match=r"^every: expected a datetime\.timedelta, got int"):
                    await loop.run_forever(every=3600)  # type: ignore[arg-type]
                with pytest.raises(InvalidArgument, match=r"^record_ids: expected ids"):
                    await loop.retry("accr_1")
            with pytest.raises(InvalidArgument, match=r"^lease: expected at most 31622400 seconds"):
                async with account.worker(lease=1e12):
                    pass

        run(main())


class Refusing(Adapter):
    """An ERP that can be asked, and raises whenever it is to post."""

    def __init__(self) -> None:
        super().__init__()
        self.posts = 0

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        self.posts += 1
        raise ConnectionError(SECRET)

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        return {}

    async def validate(self, posting: Posting) -> Rejected | None:
        return None


class TestAnErpThatIsDown:
    """An ERP that never posts, although it can be asked."""

    def test_it_is_left_alone_after_some_failures(self, folder: Path) -> None:
        """A run that gets nothing posted says so, does not try for ever, and leaves everything for the next one."""

        async def main() -> None:
            account = Account(folder)
            erp = Refusing()
            async with account.worker(erp=erp) as loop:
                summary = await loop.run_once()
            assert ("erp failed", 0, 0) == (summary.ended, summary.posted, summary.exported)
            assert 3 == erp.posts
            assert "ERP" in summary.advice
            rows = await account.rows()
            assert {State.POSTING, State.READY, State.NOT_FOR_LEDGER} >= {row.state for row in rows.values()}
            await pass_time(3600)
            assert (await account.finish()).ended == "complete"
            await account.audit(account.wanted())

        run(main())


def test_policy_is_what_types_say() -> None:
    """A policy without a basis is a mistake of the program."""
    with pytest.raises(TypeError):
        ExportPolicy()  # type: ignore[call-arg]
