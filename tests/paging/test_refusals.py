"""What Brex may say that cannot be followed, and what a stream makes of it: an error that names the way on."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from brex_accounting import errors
from brex_accounting.paging.cursors import Trail
from brex_accounting.paging.listing import Place
from brex_accounting_client import BadRecord, decode_page
from brex_accounting_client.models import AccountingRecordPage, ExpensePage
from tests import virtual

from .fake import Brex, collected, flat, into, lost, names, run, status, take

SIZES = "pass a smaller page_size"


class TestWhatFollows:
    @pytest.mark.parametrize("cursor", ["null", "NULL", " Null ", "none", "None", "undefined", "UnDefined\n", " "])
    @pytest.mark.parametrize("accounting", [True, False])
    def test_words_are_no_cursors(self, cursor: str, accounting: bool) -> None:
        """What a server writes for nothing by mistake is not sent back as a cursor, and not taken for the end."""
        for says in (True, False):
            _refused(Brex(names(6), accounting=accounting, lies={"3-1": (says, cursor)}), errors.CursorInvalid)

    @pytest.mark.parametrize(("says", "cursor"), [(True, None), (True, ""), (False, "9-9")])
    def test_contradictions(self, says: bool, cursor: str | None) -> None:
        """has_next_page without a cursor, or a cursor without has_next_page, is neither page nor end."""
        _refused(Brex(names(6), lies={"3-1": (says, cursor)}), errors.PageContradiction)

    def test_contradictions_of_empty_pages(self) -> None:
        """A page that holds nothing may contradict itself too."""
        _refused(Brex([], lies={None: (True, None)}), errors.PageContradiction, calls=1)

    @pytest.mark.parametrize("accounting", [True, False])
    def test_an_empty_cursor_is_the_end(self, accounting: bool) -> None:
        """No cursor and an empty one mean the same."""
        server = Brex(names(6), accounting=accounting, lies={"3-1": (False, "")})
        assert names(6) == virtual.run(collected(server.records()))

    def test_a_page_that_leaves_open_whether_it_is_the_last(self) -> None:
        """A has_next_page that is null is none."""
        server = Brex(names(6), lies={None: (None, "3-1"), "3-1": (None, None)})

        async def main() -> None:
            assert names(6) == await collected(server.records())

        run(main())

    @pytest.mark.parametrize("prefetch", [0, 1, 2, 4])
    @pytest.mark.parametrize("back_to", ["3-1", "6-2", "9-3"])
    @pytest.mark.parametrize("accounting", [True, False])
    def test_a_repeated_cursor(self, prefetch: int, back_to: str, accounting: bool) -> None:
        """A cursor that leads back, to its own page or further, is not followed."""
        server = Brex(names(12), accounting=accounting, lies={"9-3": (True, back_to)})
        _refused(server, errors.CursorRepeated, prefetch=prefetch, calls=4)

    def test_a_cursor_that_repeats_in_a_page_fetched_anew(self) -> None:
        """A page that said one wrong thing and then another one is still behind the cursors of its walk."""
        server = Brex(names(12), lies={"9-3": (True, None)})

        async def main() -> None:
            stream = server.records()
            got: list[str] = []
            with pytest.raises(errors.PageContradiction):
                await into(got, stream)
            server.lies["9-3"] = (True, "3-1")
            with pytest.raises(errors.CursorRepeated):
                await into(got, stream)
            assert names(12) == got

        run(main())

    def test_cursors_repeat_within_a_chunk_only(self) -> None:
        """Each chunk of ids is a list of its own, whose cursors may look like those of the last one."""
        server = Brex(names(4), shape=(1,))
        ids = ("accr_0", "accr_1", "accr_2", "accr_3")

        async def main() -> None:
            stream = server.records(
                ids=(*ids, *(f"x{id_}" for id_ in ids)),
                ids_in_a_call=4,
                fetch=lambda _, cursor: server.fetch(ids, cursor),
            )
            assert names(4) * 2 == await collected(stream)

        run(main())

    def test_an_interrupted_walk_is_no_repetition(self) -> None:
        """A page that is fetched again after an error, or was fetched ahead for nothing, has not been walked."""
        server = Brex(names(12), lies={"9-3": (True, None)}, faults={2: lost(), 4: lost()})

        async def main() -> None:
            stream = server.records(prefetch=2)
            got: list[str] = []
            for kind in (errors.AnswerLost, errors.AnswerLost, errors.PageContradiction, errors.PageContradiction):
                with pytest.raises(kind):
                    await into(got, stream)
            server.lies.clear()
            assert names(12) == got + await collected(stream)

        run(main())


class TestTrail:
    def test_rewinding_forgets_what_came_later_only(self) -> None:
        """A walk that goes back to a place has still been at the places before it."""
        trail = Trail()
        places = [Place(1, None), Place(1, "a"), Place(1, "b"), Place(1, "c")]
        for place in places:
            trail.add(place)
        trail.rewind(places[2])
        assert [True, True, True, False] == [place in trail for place in places]
        assert Place(0, "a") not in trail
        trail.add(Place(2, "a"))
        assert [False] * 4 == [place in trail for place in places]


class TestRefusedCursors:
    @pytest.mark.parametrize("code", [400, 404, 410, 422])
    @pytest.mark.parametrize("prefetch", [0, 2])
    @pytest.mark.parametrize("page_size", [None, 3])
    def test_are_a_paging_error(self, code: int, prefetch: int, page_size: int | None) -> None:
        """A status that can mean an expired cursor, in answer to one, says what to do; the original is its cause."""
        original = status(code, errors.NotFound)
        server = Brex(names(9), faults={1: original})

        async def main() -> None:
            stream = server.records(prefetch=prefetch, page_size=page_size, account="acme")
            assert names(3) == await take(stream, 3)
            with pytest.raises(errors.CursorRefused) as refused:
                await anext(stream)
            error = refused.value
            assert original is error.__cause__
            assert (code, "SOME_CODE", "trace-1") == (error.status_code, error.error_code, error.trace_id)
            assert ("acme", "GET /v3/accounting/records") == (error.account, error.operation)
            assert f"refused its own cursor with {code} SOME_CODE (account acme, trace trace-1)" in str(error)
            assert "start again without resume; nothing is lost" in str(error)
            assert (page_size is not None) == (f"{SIZES} with resume=error.checkpoint" in str(error))
            assert error.checkpoint == stream.checkpoint == original.checkpoint
            smaller = Brex(names(9), shape=(2,))
            assert names(9)[3:] == await collected(
                smaller.records(resume=error.checkpoint, page_size=2, account="acme")
            )
            assert names(9)[3:] == await collected(stream)

        run(main())

    @pytest.mark.parametrize("code", [400, 404, 410, 422])
    @pytest.mark.parametrize("page_size", [None, 3])
    def test_a_first_page_has_none(self, code: int, page_size: int | None) -> None:
        """The same status without a cursor stays what it is, with a word on the page size where the caller gave one."""
        original = status(code)
        server = Brex(names(9), faults={0: original})

        async def main() -> None:
            stream = server.records(page_size=page_size)
            with pytest.raises(errors.BadRequest) as raised:
                await anext(stream)
            assert original is raised.value
            sized = page_size is not None
            assert (sized, sized) == (SIZES in original.advice, SIZES in str(original))
            assert (sized, True) == (SIZES in str(pickle.loads(pickle.dumps(original))), "Look." in str(original))
            assert names(9) == await collected(server.records(resume=original.checkpoint))

        run(main())

    @pytest.mark.parametrize("failing", [0, 1])
    @pytest.mark.parametrize(
        "original", [status(401, errors.Unauthorized), status(429), status(500), status(409), lost()], ids=repr
    )
    def test_other_errors_pass(self, original: errors.CallError, failing: int) -> None:
        """Every other failure of a call is raised as it is, and says where the stream stood."""
        text = str(original)
        server = Brex(names(9), faults={failing: original})

        async def main() -> None:
            stream = server.records(page_size=3)
            await take(stream, failing * 3)
            with pytest.raises(type(original)) as raised:
                await anext(stream)
            assert (original, text) == (raised.value, str(original))
            assert stream.checkpoint == original.checkpoint

        run(main())

    @pytest.mark.parametrize("prefetch", [0, 2])
    def test_programming_errors_pass(self, prefetch: int) -> None:
        """What is nobody's fault but ours is not dressed up."""
        server = Brex(names(9), faults={1: KeyError("ours")})

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            assert names(3) == await take(stream, 3)
            with pytest.raises(KeyError, match="ours"):
                await anext(stream)
            assert names(9)[3:] == await collected(stream)

        run(main())

    def test_a_hook_that_raises(self) -> None:
        """An error of on_page passes untouched, and loses no page."""
        server = Brex(names(9))
        reached: list[Any] = []

        def on_page(page: Any) -> None:
            reached.append(page)
            if len(reached) == 2:
                raise KeyError

        async def main() -> None:
            stream = server.records(on_page=on_page, prefetch=2)
            got: list[str] = []
            with pytest.raises(KeyError):
                await into(got, stream)
            assert names(9) == got + await collected(stream)
            assert 3 == len(reached)

        run(main())


class TestBadRecords:
    @pytest.mark.parametrize("prefetch", [0, 1, 3])
    def test_collected(self, prefetch: int) -> None:
        """They are told when the caller reaches their page; positions count without them."""
        server = Brex(names(9), bad=frozenset({"accr_1", "accr_4", "accr_5"}))

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            told: list[int] = []
            for good in ("accr_0", "accr_2", "accr_3", "accr_6", "accr_7"):
                told.append(len(stream.bad_records))
                assert good == await anext(stream)
            assert [0, 1, 1, 3, 3] == told
            assert ["accr_1", "accr_4", "accr_5"] == [bad.id for bad in stream.bad_records]
            rest = server.records(resume=stream.checkpoint)
            assert ["accr_7", "accr_8"] == await collected(rest)
            assert () == rest.missing_ids

        run(main())

    def test_count_as_returned(self) -> None:
        """An id whose record cannot be read is not missing; nor are records that a resumed walk passes over silent."""
        server = Brex(names(9), bad=frozenset({"accr_1"}), shape=(9,))

        async def main() -> None:
            stream = server.records(ids=(*names(9), "other"))
            await take(stream, 6)
            smaller = Brex(names(9), bad=server.bad, shape=(3,))
            rest = smaller.records(ids=(*names(9), "other"), resume=stream.checkpoint)
            assert names(9)[6:] == await collected(rest)
            assert (("other",), ["accr_1"]) == (rest.missing_ids, [bad.id for bad in rest.bad_records])

        run(main())

    def test_a_page_fetched_anew_counts_once(self) -> None:
        """Where a page had to be fetched again, its newer answer takes the place of the older one."""
        server = Brex(names(6), bad=frozenset({"accr_4"}), lies={"3-1": (True, None)})

        async def main() -> None:
            stream = server.records()
            for _ in range(3):
                with pytest.raises(errors.PageContradiction):
                    await collected(stream)
            assert ["accr_4"] == [bad.id for bad in stream.bad_records]
            server.bad = frozenset({"accr_3"})
            server.lies.clear()
            assert ["accr_4", "accr_5"] == await collected(stream)
            assert ["accr_3"] == [bad.id for bad in stream.bad_records]
            assert 2 == len(server.reached)

        run(main())

    @pytest.mark.parametrize("prefetch", [0, 1])
    def test_raised(self, prefetch: int) -> None:
        """Of a page that raises nothing is handed out; the checkpoint stands before it, and asking again fetches it."""
        bad = BadRecord(index=0, id="accr_3", path="$", reason="test", raw=b"{}")
        unreadable = errors.UnreadableRecords(
            "bad", operation="GET /", bad_records=(bad,), page=None, path="$", reason="test"
        )
        server = Brex(names(9), faults={1: unreadable})

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            assert names(3) == await take(stream, 3)
            with pytest.raises(errors.UnreadableRecords) as raised:
                await anext(stream)
            assert names(9)[3:] == await collected(server.records(resume=raised.value.checkpoint))
            assert (names(9)[3:], ()) == (await collected(stream), stream.bad_records)

        run(main())


class TestModels:
    def test_of_the_client_are_what_a_walk_needs(self) -> None:
        """Both kinds of generated pages are walked: with has_next_page, and without."""
        answers: dict[type[Any], list[bytes]] = {
            AccountingRecordPage: [
                b'{"items":[],"next_cursor":"c","has_next_page":true}',
                b'{"items":[],"has_next_page":false}',
            ],
            ExpensePage: [b'{"items":[],"next_cursor":"c"}', b'{"items":[],"next_cursor":""}'],
        }
        for model, (first, second) in answers.items():

            async def fetch(
                _: Any, cursor: str | None, *, model: Any = model, one: bytes = first, two: bytes = second
            ) -> Any:
                return decode_page(two if cursor else one, model)

            pages = virtual.run(collected(Brex([]).pages(fetch=fetch)))
            assert [(model, first), (model, second)] == [(type(page), page.raw) for page in pages]


def _refused(server: Brex, kind: type[errors.PagingError], prefetch: int = 1, calls: int = 2) -> None:
    """All items come, then the error, as often as one asks; from its checkpoint on once Brex has healed."""

    async def main() -> None:
        stream = server.records(prefetch=prefetch)
        got: list[str] = []
        for again in range(2):
            with pytest.raises(kind) as refused:
                await into(got, stream, work=1)
            assert (server.held, calls + again) == (got, len(server.calls))
            assert stream.checkpoint == refused.value.checkpoint
            assert "resume=" in str(refused.value)
        with pytest.raises(kind):
            await collected(server.records(resume=refused.value.checkpoint))
        server.lies.clear()
        assert [] == await collected(server.records(resume=refused.value.checkpoint))
        assert [] == flat(await collected(server.pages(resume=refused.value.checkpoint)))
        assert [] == await collected(stream)

    run(main())
