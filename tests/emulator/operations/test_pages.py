"""Pages of every list: how many items, which cursors, and what comes next."""

from __future__ import annotations

import pytest

from brex_accounting.emulator import move
from tests.emulator.asking import EXPENSES, RECORDS, RESULTS, WEBHOOKS, Emulator, report, success
from tests.emulator.operations.tenant import CLASSIC_INVALID, INVALID, ids, one, other_token, stored


class TestPages:
    @pytest.mark.parametrize("cursor", ["offset", "key", "snapshot"])
    @pytest.mark.parametrize("limit", [1, 7, 30, 59, 60, 61, 1000])
    def test_sizes(self, brex: Emulator, limit: int, cursor: str) -> None:
        """Pages of any size hold every record once, and the last of them is not empty."""
        brex.choose(cursor=cursor)
        pages = list(brex.pages(RECORDS, [("limit", limit)]))
        assert stored(brex) == [record["id"] for page in pages for record in page["items"]]
        assert -(-60 // limit) == len(pages)

    @pytest.mark.parametrize(("path", "most"), [(RECORDS, 1000), (EXPENSES, 100)])
    def test_limit(self, huge: Emulator, path: str, most: int) -> None:
        """A limit outside of 1 to the most is taken for the nearest that is allowed, or refused."""
        wrong = [0, -1, most + 1, 2_000_000_000]
        assert [1, 1, most, most] == [len(huge.get(path, [("limit", limit)]).json["items"]) for limit in wrong]
        huge.choose(limit="refused")
        assert [400] * 4 == [huge.get(path, [("limit", limit)]).status for limit in wrong]
        assert [1, most] == [len(huge.get(path, [("limit", limit)]).json["items"]) for limit in (1, most)]
        assert 100 == len(huge.get(path).json["items"])

    def test_whole_numbers(self, brex: Emulator) -> None:
        """A number is whole however it is written, where the document says number; not where it says integer."""
        for limit in ("5.0", "5e0", "50e-1"):
            assert 5 == len(brex.get(RECORDS, [("limit", limit)]).json["items"])
            assert 400 == brex.get(EXPENSES, [("limit", limit)]).status
        assert 400 == brex.get(EXPENSES, [("limit", str(2**31))]).status

    def test_size_may_change_on_the_way(self, brex: Emulator) -> None:
        """A cursor belongs to the filters, not to limit and view."""
        first = brex.get(RECORDS, [("limit", 10)]).json
        rest = brex.get(RECORDS, [("limit", 25), ("single_entry", True), ("cursor", first["next_cursor"])]).json
        assert stored(brex)[10:35] == ids(rest["items"])

    @pytest.mark.parametrize("cursor", ["offset", "key", "snapshot"])
    def test_foreign_cursor(self, brex: Emulator, cursor: str) -> None:
        """A cursor of another query, list or account, or one that was tampered with, is refused."""
        brex.choose(cursor=cursor)
        token = other_token(brex)
        given = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        expected = (400, INVALID)
        for query in ([("source_type", "CARD")], [("ids", stored(brex)[0])], [("updated_at[gt]", "2020-01-01")]):
            reply = brex.get(RECORDS, [*query, ("cursor", given)])
            assert expected == (reply.status, reply.error)
        for changed in (given[:-1], given + "A", given[1:], ("B" if given[0] == "A" else "A") + given[1:], given + "="):
            reply = brex.get(RECORDS, [("cursor", changed)])
            assert expected == (reply.status, reply.error)
        reply = brex.get(EXPENSES, [("cursor", given)])
        assert (400, CLASSIC_INVALID) == (reply.status, reply.error)
        if cursor == "snapshot":
            assert 400 == brex.get(RECORDS, [("cursor", given)], token=token).status

    def test_lifetime(self, brex: Emulator) -> None:
        """A cursor works for good, or for ten minutes from its page on."""
        brex.advance(0.25)
        first = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        brex.choose(cursor_lifetime="600s")
        brex.advance(600)
        second = brex.get(RECORDS, [("limit", 10), ("cursor", first)])
        assert 200 == second.status
        brex.advance(0.000_001)
        expired = brex.get(RECORDS, [("limit", 10), ("cursor", first)])
        assert (400, INVALID) == (expired.status, expired.error)
        assert 200 == brex.get(RECORDS, [("limit", 10), ("cursor", second.json["next_cursor"])]).status
        brex.choose(cursor_lifetime="forever")
        brex.advance(1e9)
        assert ids(second.json["items"]) == ids(brex.get(RECORDS, [("limit", 10), ("cursor", first)]).json["items"])

    @pytest.mark.parametrize(
        ("cursor", "rest"),
        [
            ("offset", slice(15, None)),  # five have left: the next five are skipped
            ("key", slice(10, None)),
            ("snapshot", slice(10, None)),
        ],
    )
    def test_leaving(self, brex: Emulator, cursor: str, rest: slice) -> None:
        """Records of a page leave the filter: by offset the walk skips others, by key and snapshot it does not."""
        brex.choose(cursor=cursor)
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 10)]
        all_ids = ids(brex.items(RECORDS, query))
        first = brex.get(RECORDS, query).json
        brex.post(RESULTS, report(*[success(record_id) for record_id in all_ids[:5]]))
        found = brex.items(RECORDS, [*query[:1], ("limit", 1000), ("cursor", first["next_cursor"])])
        assert all_ids[rest] == ids(found)

    def test_leaving_later(self, brex: Emulator) -> None:
        """A snapshot shows records that have left the filter since, as they are now; other cursors do not."""
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 10)]
        all_ids = ids(brex.items(RECORDS, query))
        cursors = {}
        for cursor in ("offset", "key", "snapshot"):
            brex.choose(cursor=cursor)
            cursors[cursor] = brex.get(RECORDS, query).json["next_cursor"]
        left = all_ids[12]
        brex.post(RESULTS, report(success(left)))
        found = {name: brex.get(RECORDS, [*query, ("cursor", cursor)]).json for name, cursor in cursors.items()}
        assert left not in ids(found["offset"]["items"]) + ids(found["key"]["items"])
        assert all_ids[10:20] == ids(found["snapshot"]["items"])
        assert "EXPORTED" == found["snapshot"]["items"][2]["review_status"]

    def test_joining(self, brex: Emulator) -> None:
        """Records that join behind the cursor are met by offset and key, and not in a snapshot."""
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 10)]
        for cursor, met in (("offset", True), ("key", True), ("snapshot", False)):
            brex.choose(cursor=cursor)
            first = brex.get(RECORDS, query).json
            joining = stored(brex, lambda it: it.review_status != "READY_FOR_EXPORT" and it.source_type == "CARD")[-1]
            move(brex.tenant, joining, "READY_FOR_EXPORT")
            rest = brex.items(RECORDS, [*query[:1], ("limit", 1000), ("cursor", first["next_cursor"])])
            assert met == (joining in ids(rest))
            move(brex.tenant, joining, "PREPARE")

    @pytest.mark.parametrize("cursor", ["offset", "key", "snapshot"])
    def test_way_back(self, brex: Emulator, cursor: str) -> None:
        """A cursor of before a snapshot leads on after it is restored; a list that was kept is gone after a reset."""
        brex.choose(cursor=cursor)
        given = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        snapshot = brex.tenant.snapshot()
        move(brex.tenant, stored(brex)[0], "EXPORTED")
        for _ in range(2):
            brex.tenant.restore(snapshot)
            assert stored(brex)[10:] == ids(brex.items(RECORDS, [("limit", 50), ("cursor", given)]))
        brex.tenant.reset()
        assert (400 if cursor == "snapshot" else 200) == brex.get(RECORDS, [("cursor", given)]).status

    def test_last_cursor(self, brex: Emulator) -> None:
        """The last page has null, nothing, or the string null in place of a cursor."""
        for path in (RECORDS, EXPENSES, WEBHOOKS):
            for value, expected in (("null", [None]), ("absent", []), ("string", ["null"])):
                brex.choose(last_cursor=value)
                page = brex.get(path).json
                assert expected == [page[name] for name in ("next_cursor",) if name in page]

    def test_empty_page(self, brex: Emulator) -> None:
        """The second page is empty and has a cursor; the third goes on where the first ended."""
        brex.choose(empty_page="second")
        for cursor in ("offset", "key", "snapshot"):
            brex.choose(cursor=cursor)
            pages = list(brex.pages(RECORDS, [("limit", 25)]))
            assert [25, 0, 25, 10] == [len(page["items"]) for page in pages]
            assert [True, True, True, False] == [page["has_next_page"] for page in pages]
            assert stored(brex) == [record["id"] for page in pages for record in page["items"]]

    def test_repeated_cursor(self, brex: Emulator) -> None:
        """The second page gives its own cursor again."""
        brex.choose(repeated_cursor="second")
        first = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        second = brex.get(RECORDS, [("limit", 10), ("cursor", first)]).json
        assert (first, stored(brex)[10:20]) == (second["next_cursor"], ids(second["items"]))

    def test_has_next_page(self, brex: Emulator) -> None:
        """has_next_page may say what next_cursor does not."""
        for value, expected in (("truthful", [True, False]), ("true", [True, True]), ("false", [False, False])):
            brex.choose(has_next_page=value)
            pages = list(brex.pages(RECORDS, [("limit", 30)]))
            assert expected == [page["has_next_page"] for page in pages]
            assert [True, False] == [page["next_cursor"] is not None for page in pages]

    def test_total_count(self, brex: Emulator) -> None:
        """total_count counts what fits now, or is null."""
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 1)]
        count = brex.get(RECORDS, query).json["total_count"]
        assert len(brex.items(RECORDS, query)) == count
        brex.post(RESULTS, report(success(one(brex))))
        assert count - 1 == brex.get(RECORDS, query).json["total_count"]
        brex.choose(total_count="null")
        assert brex.get(RECORDS, query).json["total_count"] is None
