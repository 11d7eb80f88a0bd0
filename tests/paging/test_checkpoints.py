"""Checkpoints as text: whole or refused, for the same list or refused, and silent about people."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import InvalidArgument
from brex_accounting.paging import checkpoint
from brex_accounting.paging.checkpoint import Bookmark, Checkpoint, IdDigest
from brex_accounting.paging.cursors import END
from brex_accounting.paging.listing import Place

from .fake import Brex, collected, names, run, take

any_text = st.text(max_size=20)
BELONGS = "resume: this checkpoint belongs to another list"


class TestText:
    @given(any_text, st.integers(0, 1000), st.binary(max_size=16), st.binary(max_size=40), st.booleans())
    def test_says_what_was_written(self, cursor: str, finished: int, digest: bytes, absent: bytes, end: bool) -> None:
        """Any cursor travels through text that any URL, header or file can hold; white space around it is no harm."""
        listing = Brex([]).listing()
        print_ = checkpoint.fingerprint(listing)
        written = Checkpoint(END if end else Bookmark(Place(0, cursor), finished, digest), absent)
        text = checkpoint.write(written, print_)
        assert re.fullmatch(r"[A-Za-z0-9._-]+", text)
        assert written == checkpoint.read(f"\n{text} \n", listing, print_)

    def test_any_cursor(self) -> None:
        """Even one that is no proper Unicode."""
        listing = Brex([]).listing()
        written = Checkpoint(Bookmark(Place(0, "\ud800")))
        assert written == checkpoint.read(checkpoint.write(written, _print(listing)), listing, _print(listing))

    @given(st.data())
    def test_damage_is_seen(self, data: st.DataObject) -> None:
        """One character changed, or some cut off, and it is refused, with the remedy."""
        text = Brex([]).records().checkpoint
        at = data.draw(st.integers(2, len(text) - 1))
        other = data.draw(st.sampled_from(sorted(set("abcXYZ019-_.=é ") - {text[at]})))
        changed = f"{text[:at]}{other}{text[at + 1 :]}"
        for damaged in (text[:at], text[at:], changed):
            # The last character of base64 has bits that mean nothing.
            if _bytes(damaged) != _bytes(text):
                with pytest.raises(InvalidArgument, match=r"resume: this checkpoint is damaged\. Pass the whole text"):
                    Brex([]).records(resume=damaged)

    @pytest.mark.parametrize("wrong", ["", " ", ".", "1.", "1", "null", "accr_1", "1.AAAA", "e" * 1000])
    def test_other_text(self, wrong: str) -> None:
        """What never was a checkpoint is refused the same way."""
        with pytest.raises(InvalidArgument, match="resume: this checkpoint is damaged"):
            Brex([]).records(resume=wrong)

    @pytest.mark.parametrize("wrong", [b"1.AAAA", 1, object()])
    def test_no_text(self, wrong: Any) -> None:
        """What is no text is named by its type."""
        with pytest.raises(InvalidArgument, match=f"resume: expected the text .* got {type(wrong).__name__}"):
            Brex([]).records(resume=wrong)

    def test_another_version(self) -> None:
        """A later layout is refused as that, not as damage."""
        with pytest.raises(InvalidArgument, match="resume: this checkpoint was made by another version"):
            Brex([]).records(resume="2" + Brex([]).records().checkpoint[1:])

    def test_forged(self) -> None:
        """Text with a seal of its own is refused too where it cannot be true."""
        listing = Brex([]).listing(ids=("accr_1",))
        for forged in (Checkpoint(Bookmark(Place(1, "c"))), Checkpoint(Bookmark(Place(0, "c")), b"nonsense")):
            with pytest.raises(InvalidArgument, match="resume: this checkpoint is damaged"):
                Brex([]).records(ids=("accr_1",), resume=checkpoint.write(forged, _print(listing)))

    def test_holds_no_ids_and_stays_short(self) -> None:
        """Besides the cursor there are digests only, and not one for each item or id."""
        server = Brex(names(1000), shape=(1000,))

        async def main() -> None:
            stream = server.records(filters={"memo": "Lunch with Ada"}, ids=tuple(names(3000)))
            await take(stream, 400)
            text = stream.checkpoint
            assert len(text) < 400
            assert not re.search(b"accr|Lunch|Ada", _bytes(text) or b"")
            await stream.aclose()

        run(main())


class TestFingerprint:
    @given(st.dictionaries(any_text, any_text | st.lists(any_text), max_size=3), st.none() | st.lists(any_text))
    def test_is_of_what_identifies_a_list(self, filters: dict[str, Any], ids: list[str] | None) -> None:
        """The order of filters, repeated ids, page size and prefetch change nothing."""
        text = Brex([]).records(filters=filters, ids=ids).checkpoint
        Brex([]).records(
            filters={**dict(reversed(filters.items())), "longer than any drawn name": None},
            ids=ids and [*ids, ids[0]],
            page_size=7,
            prefetch=3,
            resume=text,
        )

    @pytest.mark.parametrize(
        "other",
        [
            {"operation": "GET /v1/expenses"},
            {"account": "globex"},
            {"account": None},
            {"filters": {}},
            {"filters": {"a": "1"}},
            {"filters": {"a": "1", "b": ["x", "z"]}},
            {"filters": {"a": "1", "b": ["x"], "y": []}},
            {"filters": {"a": "1", "b": "xy"}},
            {"filters": {"a": "1", "b": ["x", "y"], "c": ""}},
            {"ids": None},
            {"ids": ()},
            {"ids": ("2", "1")},
            {"ids": ("1",)},
            {"ids": ("12",)},
        ],
    )
    def test_refuses_other_lists(self, other: dict[str, Any]) -> None:
        """Another operation, account, filter or id makes another list."""
        given_: dict[str, Any] = {"account": "acme", "filters": {"a": "1", "b": ["x", "y"]}, "ids": ("1", "2")}
        text = Brex([]).records(**given_).checkpoint
        with pytest.raises(InvalidArgument, match=BELONGS):
            Brex([]).records(**(given_ | other), resume=text)


class TestReading:
    def test_is_possible_at_any_time(self) -> None:
        """Before the first item and with each in hand; it moves only when the next item is asked for."""
        server = Brex(names(7))

        async def main() -> None:
            stream = server.records()
            seen = [stream.checkpoint]
            seen += [stream.checkpoint async for _ in stream]
            assert seen[0] == seen[1]
            seen.append(stream.checkpoint)
            assert 8 == len(set(seen))
            for finished, text in enumerate(seen[1:]):
                assert names(7)[finished:] == await collected(server.records(resume=text))

        run(main())

    def test_asks_for_no_id_before_it_is_read(self) -> None:
        """A walk that nobody takes checkpoints of looks at no id; one that does looks at each once."""
        server = Brex(names(30), shape=(30,))
        asked: list[str] = []

        def identity(item: str) -> str:
            asked.append(item)
            return item

        async def main() -> None:
            await collected(server.records(identity=identity))
            assert [] == asked
            stream = server.records(identity=identity)
            async for _ in stream:
                assert stream.checkpoint
            assert names(29) == asked

        run(main())

    def test_digest_of_ids(self) -> None:
        """Where one id ends and the next begins is part of it."""
        digests = set()
        for ids in (["ab", "c"], ["a", "bc"], ["abc"], [], [""], ["", ""], ["1:a"], ["\ud800"]):
            digest = IdDigest()
            digest.add(ids)
            digests.add(digest.value())
            assert len(ids) == digest.count
        assert 8 == len(digests)


def _print(listing: Any) -> bytes:
    return checkpoint.fingerprint(listing)


def _bytes(text: str) -> bytes | None:
    version, _, encoded = text.partition(".")
    try:
        data = base64.b64decode(encoded.strip() + "=" * (-len(encoded.strip()) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return data if version == "1" else None
