"""Samples of receipts: files of the kind that their names say, which whoever opens them finds in order."""

from __future__ import annotations

import re
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.files import sample

ODD_IDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["a)b(c\\", "(((", ")", "\\", "%PDF", "endstream", "ü", "\x00", "\ud800", "x" * 70_000, "é" * 70_000, ""]
    ),
)


def read_pdf(content: bytes) -> str:
    """The text on a PDF's only page, found from its end as a viewer does.

    Trailer, cross-reference table and objects have to be where each says that the next one is.
    """
    assert content.startswith(b"%PDF-1.")
    tail = re.fullmatch(rb".*startxref\n(\d+)\n%%EOF\n", content, re.DOTALL)
    assert tail is not None
    table = re.match(rb"xref\n0 (\d+)\n((?:\d{10} \d{5} [nf] \n)+)trailer << (.*?) >>\n", content[int(tail[1]) :])
    assert table is not None
    rows = [table[2][at : at + 20] for at in range(0, len(table[2]), 20)]
    assert (int(table[1]), b"0000000000 65535 f \n") == (len(rows), rows[0])
    assert b"/Size %d" % len(rows) in table[3]
    objects = {number: read_object(content, number, int(row[:10])) for number, row in enumerate(rows[1:], 1)}
    page = objects[reference(objects[reference(objects[reference(table[3], b"Root")], b"Pages")], b"Kids")]
    stream = objects[reference(page, b"Contents")]
    found = re.fullmatch(rb"<< /Length (\d+) >>\nstream\n(.*)\nendstream", stream, re.DOTALL)
    assert found is not None
    assert int(found[1]) == len(found[2])
    assert all(b"/Type /" + kind in b" ".join(objects.values()) for kind in (b"Catalog", b"Pages", b"Page", b"Font"))
    text = re.fullmatch(rb"BT /F1 \d+ Tf \d+ \d+ Td \(([^()\\]*)\) Tj ET", found[2])
    assert text is not None
    return text[1].decode("ascii")


def read_object(content: bytes, number: int, at: int) -> bytes:
    start = b"%d 0 obj\n" % number
    assert content[at:].startswith(start)
    return content[at + len(start) : content.index(b"\nendobj\n", at)]


def reference(text: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb" \[?(\d+) 0 R", text)
    assert found is not None
    return int(found[1])


def read_png(content: bytes) -> str:
    """The comment of a PNG whose chunks are all in order and whose pixels are all there."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = list[tuple[bytes, bytes]](), 8
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.pack(">I", zlib.crc32(kind + data)) == content[at + 8 + length : at + 12 + length]
        chunks.append((kind, data))
        at += 12 + length
    assert [b"IHDR", b"tEXt", b"IDAT", b"IEND"] == [kind for kind, _ in chunks]
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (8, 0, [0, 0, 0]) == (depth, colour, rest)  # eight bits of grey, no interlacing
    rows = zlib.decompress(chunks[2][1])
    assert (width + 1) * height == len(rows)
    assert {0} == set(rows[:: width + 1])  # each row begins with its filter: none
    assert b"" == chunks[3][1]
    keyword, _, text = chunks[1][1].partition(b"\0")
    assert b"Comment" == keyword
    assert b"\0" not in text
    return text.decode("latin-1")


def read_jpeg(content: bytes) -> str:
    """The comment of a JPEG whose segments follow each other from its beginning to its end."""
    assert content[:2] == b"\xff\xd8"
    segments, at = dict[int, bytes](), 2
    while content[at : at + 2] != b"\xff\xd9":
        assert 0xFF == content[at]
        (length,) = struct.unpack_from(">H", content, at + 2)
        segments[content[at + 1]] = content[at + 4 : at + 2 + length]
        at += 2 + length
    assert at + 2 == len(content)
    assert (True, 14) == (segments[0xE0].startswith(b"JFIF\0"), len(segments[0xE0]))
    return segments[0xFE].decode("ascii")


KINDS = {
    "a.pdf": ("application/pdf", read_pdf),
    "a.png": ("image/png", read_png),
    "a.jpg": ("image/jpeg", read_jpeg),
    "a.jpeg": ("image/jpeg", read_jpeg),
}


class TestSample:
    @pytest.mark.parametrize("name", KINDS)
    def test_each_kind(self, name: str) -> None:
        """A sample is a file of its kind, sound in every part, that holds the receipt's id."""
        content_type, read = KINDS[name]
        found_type, content = sample("receipt_main_000042", name)
        assert content_type == found_type
        assert "receipt_main_000042" in read(content)
        assert len(content) < 2000

    @pytest.mark.parametrize(
        ("name", "content_type"),
        [("A.PDF", "application/pdf"), ("Scan.PNG", "image/png"), ("x.JpEg", "image/jpeg"), ("a.tar.png", "image/png"),
         (".png", "image/png"), ("quittung münchen.jpg", "image/jpeg"), ("a.pdf.", "application/pdf")],
    )  # fmt: skip
    def test_extensions(self, name: str, content_type: str) -> None:
        """The last extension counts, in any case."""
        assert content_type == sample("r", name)[0]

    @pytest.mark.parametrize("name", ["", "receipt", "png", "jpg", "a.gif", "a.heic", "a.", ".", "a.png ", "png/a"])
    def test_no_extension(self, name: str) -> None:
        """A name without an extension, or with one of another kind, gives a PDF."""
        content_type, content = sample("r1", name)
        assert ("application/pdf", "Receipt r1") == (content_type, read_pdf(content))

    @pytest.mark.parametrize("name", KINDS)
    def test_the_same_for_the_same(self, name: str) -> None:
        """A receipt has one content, in every run; another receipt has another."""
        assert sample("r1", name) == sample("r1", name)
        assert sample("r1", name) != sample("r2", name)
        assert sample("r1", name) == sample("r1", f"other{name}")

    @given(ODD_IDS, st.sampled_from(sorted(KINDS)))
    def test_any_id(self, receipt_id: str, name: str) -> None:
        """Whatever stands in an address as the id, the file is sound."""
        content_type, read = KINDS[name]
        found_type, content = sample(receipt_id, name)
        read(content)
        assert (content_type, True) == (found_type, len(content) < 3000)

    @given(st.text(max_size=20), st.text(max_size=20))
    def test_any_name(self, stem: str, extension: str) -> None:
        """Whatever stands there as the name, there is a file."""
        content_type, content = sample("r1", f"{stem}.{extension}")
        assert content_type in {kind for kind, _ in KINDS.values()}
        assert content
