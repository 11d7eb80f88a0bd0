"""Blocks: what one append puts into the books, so that a piece of one is known for what it is.

::

    ; brex-accounting batch 12 entries 2 bytes 641 sha256 9f86d0…
    2026-01-31 * "Paper & Co" "Toner" ^accr_1 ^JE-MZUW4ZLT
      brex-record: "accr_1"
      …
    ; end of batch 12 sha256 9f86d0…

The first line says how much is to follow, so a file that ends before that was left by a writer that died: what it
wrote of the block is cut off. Everything else in the file belongs to whoever wrote it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, TypeAlias

from attrs import frozen

from .entries import Transaction
from .syntax import unquoted

TOLERANCE: Final = 'option "inferred_tolerance_default" "*:0.001"\n'
"""Total prices are divided and multiplied again in 28 digits, and what is edited by hand may leave no room for that."""

OPERATING: Final = 'option "operating_currency" "%s"'
"""What Fava shows totals in."""

_MARK: Final = b"; brex-accounting batch "
_BEGIN: Final = re.compile(rb"; brex-accounting batch (\d+) entries \d+ bytes (\d+) sha256 ([0-9a-f]{64})\s*")
_HEADER: Final = re.compile(rb"\d{4,}[-/]\d+[-/]\d+\s+(?:[*!&#?%A-Z]|txn)(?![^\s\"])")
_OPEN: Final = re.compile(rb"\d{4,}[-/]\d+[-/]\d+\s+open\s+([^\s;]+)([^;\"\n]*)")
_FACT: Final = re.compile(rb"\s+brex-(key|hash|reverses):\s*(?:\"((?:[^\\\"]|\\.)*)\"|TRUE)")
_STRING: Final = rb'"(?:[^"\\]|\\.)*"'
_OPENS: Final = re.compile(rb"\d{4}-\d\d-\d\d open \S+|option \"operating_currency\" \"[A-Z0-9'._-]+\"")
_BOOKS: Final = re.compile(rb"\d{4,}-\d\d-\d\d \* (?:%b ?){0,2}(?: ?\^[A-Za-z0-9\-_/.]+)*" % _STRING)
_BELOW: Final = re.compile(
    rb"  brex-[a-z]+: (?:%b|TRUE)|    [a-z][a-zA-Z0-9_-]+: (?:%b|-?[\d.]+ \S+)"
    rb"|  \S+:\S+  -?[\d.]+ \S+(?: @@ [\d.]+ \S+)?" % (_STRING, _STRING)
)
_SHORTEST: Final = (
    b'2000-01-01 * ""',
    b"2000-01-01 open A",
    OPERATING.encode() % b"A",
    b'  brex-a: ""',
    b"  brex-reverses: TRUE",
    b'    aa: ""',
)
"""Lines that the beginning of one may be filled up with."""
_ENDINGS: Final = (
    *(b"", b'"', b'""', b' ""', b': ""', b'a: ""', b"A", b" A", b"1 A", b" 1 A", b"  1 A", b"A  1 A", b":A  1 A"),
    *(b"@ 1 A", b"@@ 1 A", b"^A"),
)
"""What one of these makes a line of, its beginning may have been one of ours."""


@frozen
class BookedAt:
    """A transaction of ours.

    Attributes:
        offset: Where it begins.
        key: The key of its entry.
        content_hash: Of the version that it books, or takes back.
        reversal: Whether it takes a version back.
    """

    offset: int
    key: str
    content_hash: str
    reversal: bool


@frozen
class OpenedAt:
    """An ``open`` directive.

    Attributes:
        offset: Where it is.
        account: What it opens.
        currencies: What may be booked there, with a blank between; empty where that is anything.
    """

    offset: int
    account: str
    currencies: str = ""


@frozen
class BlockEnd:
    """The end of a whole block.

    Attributes:
        stop: Where the next line begins.
        number: The block's number.
    """

    stop: int
    number: int


Found: TypeAlias = BookedAt | OpenedAt | BlockEnd


@frozen
class Unended:
    """A block whose last line is missing.

    Attributes:
        start: Where its first line begins.
        body: Where that ends; None where it is not whole.
        length: How many bytes were to follow.
        end: What its last line was to be.
        number: Its number.
    """

    start: int
    body: int | None = None
    length: int = 0
    end: bytes = b""
    number: int = 0


@frozen
class Block:
    """A block as it is appended.

    Attributes:
        data: Its text.
        found: What a walk over it finds; None where it is to be walked over, since it takes an entry back.
    """

    data: bytes
    found: Sequence[Found] | None


def block(
    number: int,
    transactions: Sequence[Transaction],
    opens: Sequence[str],
    *,
    first: bool,
    currency: str | None = None,
    at: int = 0,
) -> Block:
    """The text of a block.

    Args:
        number: Its number.
        transactions: What is booked.
        opens: ``open`` directives that are due.
        first: Whether it is the first one of its file.
        currency: The operating currency that it names; None for none.
        at: Where it is to begin.
    """
    options = (TOLERANCE if first else "") + ("" if currency is None else f"{OPERATING % currency}\n")
    directives = [f"{line}\n".encode() for line in opens]
    head = options.encode() + b"".join(directives)
    texts = [one.text.encode() for one in transactions]
    body = b"\n".join([head, *texts] if head else texts)
    digest = hashlib.sha256(body).hexdigest()
    end = _end(number, digest)
    begin = b"%b%d entries %d bytes %d sha256 %b\n" % (
        _MARK, number, len(transactions), len(body) + len(end), digest.encode()
    )  # fmt: skip
    data = begin + body + end
    if any(one.said_key is None for one in transactions):
        return Block(data, None)
    found: list[Found] = []
    offset = at + len(begin) + len(options.encode())
    for line in directives:
        found += filter(None, [_opened(offset, line)])
        offset += len(line)
    offset += 1 if head else 0
    for one, text in zip(transactions, texts, strict=True):
        found.append(BookedAt(offset, one.said_key or "", one.said_hash, reversal=False))
        offset += len(text) + 1
    found.append(BlockEnd(at + len(data), number))
    return Block(data, found)


class Scan:
    """One walk over the text, line by line.

    Args:
        file: The books.
        start: Where to begin: at the beginning, or behind a block.
    """

    def __init__(self, file: BinaryIO, start: int = 0) -> None:
        self._file = file
        self.position: int = start
        self.unended: Unended | None = None
        """After the walk: the block that the file ends in."""
        self.binary: int | None = None
        """The first line that is no text."""

    def __iter__(self) -> Iterator[Found]:
        self._file.seek(self.position)
        offset, facts = -1, dict[bytes, str]()
        current: Unended | None = None
        line = b""
        for line in self._file:
            at = self.position
            self.position += len(line)
            self._check(line, at)
            if line[:1] in (b" ", b"\t"):
                if offset >= 0 and b"brex-" in line and (fact := _FACT.match(line)) and fact[1] not in facts:
                    facts[fact[1]] = unquoted((fact[2] or b"").decode(errors="replace"))
                continue
            if offset >= 0:
                if b"key" in facts:
                    yield BookedAt(offset, facts[b"key"], facts.get(b"hash", ""), b"reverses" in facts)
                offset, facts = -1, {}
            if line[:1].isdigit():
                if _HEADER.match(line):
                    offset = at
                elif opened := _opened(at, line):
                    yield opened
            elif line.startswith(_MARK):
                # A block before it that has no end was edited: an append never leaves one behind.
                current = self._begun(at, line)
            elif current is not None and line.rstrip() == current.end.rstrip():
                yield BlockEnd(self.position, current.number)
                current = None
        if offset >= 0 and b"key" in facts:
            yield BookedAt(offset, facts[b"key"], facts.get(b"hash", ""), b"reverses" in facts)
        self.unended = current
        # A first line that was broken off early, or room that was made for a block, and nothing in it.
        if current is None and (line.startswith(b"\0") or (len(line) > 2 and _MARK.startswith(line))):
            self.unended = Unended(self.position - len(line))

    def _check(self, line: bytes, at: int) -> None:
        if self.binary is None and (b"\0" in line or not (line.isascii() or _is_utf8(line))):
            self.binary = at

    def _begun(self, at: int, line: bytes) -> Unended | None:
        found = _BEGIN.fullmatch(line)
        if found is None:
            return None if line.endswith(b"\n") else Unended(at)
        number = int(found[1])
        return Unended(at, self.position, int(found[2]), _end(number, found[3].decode()), number)


def is_torn(unended: Unended, tail: bytes) -> bool:
    """Whether the end of a file is what a writer of ours left when it died, and nothing else.

    Args:
        unended: The block that the file ends in.
        tail: Everything from its first line on.
    """
    text = tail.rstrip(b"\0")  # a power cut can leave room behind that was never filled
    if unended.body is None:
        return b"\n" not in text and (_MARK.startswith(text) or text.startswith(_MARK))
    body = text[unended.body - unended.start :]
    *lines, rest = body.split(b"\n")
    if len(body) >= unended.length or not (unended.end.startswith(rest) or _could_become_ours(rest)):
        return False
    booked = False
    for place, line in enumerate(lines):
        if _BOOKS.fullmatch(line):
            # A transaction by hand has no record behind its first line.
            following = lines[place + 1] if place + 1 < len(lines) else b"  brex-record: "
            if not following.startswith(b"  brex-record: "):
                return False
            booked = True
        elif booked:
            if line and not _BELOW.fullmatch(line):
                return False
        elif line and not _OPENS.fullmatch(line) and line + b"\n" != TOLERANCE.encode():
            return False
    return True


def _could_become_ours(rest: bytes) -> bool:
    """Whether a last line without its end is the beginning of one that an append writes."""
    whole = [rest + line[len(rest) :] for line in _SHORTEST] + [rest + ending for ending in _ENDINGS]
    return TOLERANCE.encode().startswith(rest) or any(
        kind.fullmatch(line) for line in whole for kind in (_BELOW, _BOOKS, _OPENS)
    )


def _opened(at: int, line: bytes) -> OpenedAt | None:
    found = _OPEN.match(line)
    if found is None:
        return None
    currencies = found[2].decode(errors="replace").replace(",", " ").split()
    return OpenedAt(at, found[1].decode(errors="replace"), " ".join(currencies))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _end(number: int, digest: str) -> bytes:
    return f"; end of batch {number} sha256 {digest}\n".encode()


__all__ = [
    "OPERATING",
    "TOLERANCE",
    "Block",
    "BlockEnd",
    "BookedAt",
    "Found",
    "OpenedAt",
    "Scan",
    "Unended",
    "block",
    "is_torn",
]
