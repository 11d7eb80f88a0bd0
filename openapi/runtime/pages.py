"""Pages of records: read in one pass, and where one record is broken, without losing the other ninety-nine.

A page keeps the bytes that it came from. What the models do not know is found in them when somebody asks, and costs
nothing otherwise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

import attrs
import msgspec

from .codec import decode_carefully
from .errors import BadRecord, BadRecords, InvalidInput, Undecodable
from .json_text import parse_json, readable
from .reader import reader
from .shape import ANYTHING, Kind, Shape, field_names, fields_of, is_list, is_object, shape_of
from .types import OnBadRecord
from .values import build

T = TypeVar("T")
P = TypeVar("P", bound="Page[Any]")


@attrs.frozen
class _Source:
    """Where a page came from: its bytes, and what reading them record by record found out."""

    raw: bytes
    raw_items: tuple[bytes, ...] | None = None
    bad_records: tuple[BadRecord, ...] = ()
    repaired: frozenset[int] = frozenset()


class Page(Generic[T]):
    """What every page model is besides its fields: the bytes behind it, and what was found while reading them."""

    __slots__ = ("_source",)

    if TYPE_CHECKING:
        items: list[T]

    @property
    def raw(self) -> bytes:
        """The body of the whole page as it came; empty for a page that was not read from bytes."""
        return self._origin.raw

    @property
    def bad_records(self) -> tuple[BadRecord, ...]:
        """The records that could not be read and are therefore missing from ``items``."""
        return self._origin.bad_records

    @property
    def repaired(self) -> frozenset[int]:
        """Indexes into ``items`` of records in which broken characters of known fields were replaced by U+FFFD."""
        return self._origin.repaired

    def raw_item(self, index: int) -> bytes:
        """The bytes of ``items[index]`` as they came.

        Raises:
            IndexError: There is no such item, or the page was not read from bytes.
        """
        return self._raw_items()[index]

    def _raw_items(self) -> tuple[bytes, ...]:
        source = self._origin
        if source.raw_items is None:
            split = _split(source.raw)[1] if source.raw else ()
            source = attrs.evolve(source, raw_items=split)
            object.__setattr__(self, "_source", source)
        return cast("tuple[bytes, ...]", source.raw_items)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles keep the bytes and the bad records, or a page with some left out would look whole."""
        fields = {name: getattr(self, name) for name in field_names(type(self))}
        return _restored, (type(self), fields, self._origin)

    @property
    def _origin(self) -> _Source:
        return cast("_Source", getattr(self, "_source", None) or _Source(raw=b""))


def _restored(page_type: type[P], fields: dict[str, Any], source: _Source) -> P:
    page = page_type(**fields)
    object.__setattr__(page, "_source", source)
    return page


def decode_page(data: bytes, page_type: type[P], *, on_bad_record: OnBadRecord = "raise") -> P:
    """Read a page.

    Args:
        data: The body as it came, UTF-8.
        page_type: A page model.
        on_bad_record: ``"raise"`` raises where a record cannot be read; ``"collect"`` leaves it out of ``items``
            and puts it on ``bad_records``.

    Raises:
        BadRecords: Records cannot be read; the page without them is on the error.
        Undecodable: The page itself is not what the document says.
        InvalidInput: on_bad_record is neither word.
    """
    if on_bad_record not in ("raise", "collect"):
        message = f"on_bad_record: expected 'raise' or 'collect', got {on_bad_record!r}"
        raise InvalidInput(message)
    page = reader(page_type).read(data)
    if page is not None:
        object.__setattr__(page, "_source", _Source(raw=data))
        return page
    page = _one_by_one(data, page_type)
    if page.bad_records and on_bad_record == "raise":
        first = page.bad_records[0]
        raise BadRecords(bad_records=page.bad_records, page=page, path=first.path, reason=first.reason, content=data)
    return page


def unknown_fields(page: Page[Any], index: int | None = None) -> dict[str, Any]:
    """What Brex sent and the models do not know.

    Args:
        page: A page that was read from bytes.
        index: The record ``page.items[index]``; None for the page around its records.

    Returns:
        JSON path (``$`` is the record, or the page) to the plain value, numbers exact.
    """
    page_fields = fields_of(type(page))
    if index is None:
        envelope = Shape(Kind.MODEL, model=type(page))
        value: dict[str, Any] = parse_json(page.raw)[0] if page.raw else {}
        return dict(_unknown({**value, "items": []}, envelope, "$"))
    return dict(_unknown(parse_json(page.raw_item(index))[0], _item_shape(page_fields), "$"))


def unknown_fields_of(data: bytes, type_: type[Any]) -> dict[str, Any]:
    """What a body holds that a model does not know, as ``unknown_fields`` gives it for pages.

    Args:
        data: The body as it came.
        type_: The model that it decodes to, or a list of one.
    """
    return dict(_unknown(parse_json(data)[0], shape_of(type_), "$"))


def _unknown(value: Any, shape: Shape, path: str) -> list[tuple[str, Any]]:
    if shape.item is not None and is_list(value):
        return [pair for i, item in enumerate(value) for pair in _unknown(item, shape.item, f"{path}[{i}]")]
    if shape.model is not None and is_object(value):
        known = fields_of(shape.model)
        found: list[tuple[str, Any]] = []
        for name, item in value.items():
            if name in known:
                found += _unknown(item, known[name], f"{path}.{name}")
            else:
                found.append((f"{path}.{name}", item))
        return found
    return []


# ---- record by record ------------------------------------------------------------------------------------------


def _one_by_one(data: bytes, page_type: type[P]) -> P:
    """Read a page whose records could not be read, or not be trusted, in one pass."""
    fields, raw_items = _split(data)
    envelope = {name: _field(name, fields[name], data) for name in fields_of(page_type) if name in fields}
    try:
        page = build({**envelope, "items": []}, page_type)
    except Undecodable as error:
        error.content = data
        raise
    item_type = _item_shape(fields_of(page_type)).model
    if item_type is None:
        raise Undecodable(path="$.items", reason="not a list of records", content=data)
    good: list[Any] = []
    kept: list[bytes] = []
    bad: list[BadRecord] = []
    repaired: set[int] = set()
    for index, raw in enumerate(raw_items):
        try:
            record, mended = _record(raw, item_type)
        except Undecodable as error:
            path = error.path.replace("$", f"$.items[{index}]", 1)
            bad.append(BadRecord(index=index, id=_id_of(raw), path=path, reason=error.reason, raw=raw))
            continue
        if mended:
            repaired.add(len(good))
        good.append(record)
        kept.append(raw)
    object.__setattr__(page, "items", good)  # the page is ours until it is handed out
    source = _Source(raw=data, raw_items=tuple(kept), bad_records=tuple(bad), repaired=frozenset(repaired))
    object.__setattr__(page, "_source", source)
    return page


def _field(name: str, raw: bytes, data: bytes) -> Any:
    try:
        return parse_json(raw)[0]
    except Undecodable as error:
        raise Undecodable(path=f"$.{name}", reason=error.reason, content=data) from None


def _record(raw: bytes, item_type: type[Any]) -> tuple[Any, bool]:
    quick = reader(item_type).read(raw)
    return decode_carefully(raw, item_type) if quick is None else (quick, False)


def _id_of(raw: bytes) -> str | None:
    try:
        value = parse_json(raw)[0]
    except Undecodable:
        return None
    found = value.get("id") if is_object(value) else None
    return found if isinstance(found, str) else None


def _item_shape(page_fields: dict[str, Shape]) -> Shape:
    return page_fields["items"].item or ANYTHING


def _split(data: bytes) -> tuple[dict[str, bytes], tuple[bytes, ...]]:
    """The bytes of each field of a page, and those of each of its records.

    Raises:
        Undecodable: The bytes are no page: no JSON, no object, or ``items`` is no list.
    """
    try:
        fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        items = msgspec.json.decode(fields.pop("items", msgspec.Raw(b"null")), type=list[msgspec.Raw])
        return {name: bytes(raw) for name, raw in fields.items()}, tuple(bytes(raw) for raw in items)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _split_text(data)


def _split_text(data: bytes) -> tuple[dict[str, bytes], tuple[bytes, ...]]:
    """The same by Python's own scanner, for text that msgspec does not take: it knows no lone surrogates."""
    scanner = _Scanner(data)
    fields: dict[str, bytes] = {}
    items: list[bytes] | None = None
    scanner.expect("{")
    while not scanner.took("}"):
        if fields or items is not None:
            scanner.expect(",")
        name = scanner.name()
        scanner.expect(":")
        if name == "items" and scanner.took("["):
            items = []
            while not scanner.took("]"):
                if items:
                    scanner.expect(",")
                items.append(scanner.raw_value())
        else:
            fields[name] = scanner.raw_value()
    scanner.end()
    if items is None:
        raise Undecodable(path="$.items", reason="not a list of records", content=data)
    return fields, tuple(items)


class _Scanner:
    """A cursor over JSON text that gives the bytes of values, even of such as cannot be read."""

    # What can open or close a value, and strings, in which all of that means nothing.
    _mark = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
    _scalar = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,:\[\]{}"]+', re.DOTALL)

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._text = readable(data)
        self._at = 0

    def name(self) -> str:
        self._skip()
        raw = self.raw_value() if self._text.startswith('"', self._at) else b""
        found = parse_json(raw)[0] if raw else None
        if not isinstance(found, str):
            self._fail(f"no JSON: a field without a name at character {self._at}")
        return found

    def raw_value(self) -> bytes:
        self._skip()
        start = self._at
        self._at = self._end_of_value()
        return self._text[start : self._at].encode("utf-8", "surrogateescape")

    def _end_of_value(self) -> int:
        """Where the value ends; without recursion, since a value may be nested deeper than Python goes."""
        if self._text[self._at : self._at + 1] not in ("{", "["):
            scalar = self._scalar.match(self._text, self._at)
            return scalar.end() if scalar else self._fail(f"no JSON: expected a value at character {self._at}")
        depth = 0
        for mark in self._mark.finditer(self._text, self._at):
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(mark[0], 0)
            if depth == 0:
                return mark.end()
        return self._fail(f"no JSON: the value at character {self._at} does not end")

    def took(self, mark: str) -> bool:
        self._skip()
        if self._text.startswith(mark, self._at):
            self._at += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.took(mark):
            self._fail(f"no JSON page: expected {mark} at character {self._at}")

    def end(self) -> None:
        self._skip()
        if self._at != len(self._text):
            self._fail(f"no JSON: something follows the page at character {self._at}")

    def _skip(self) -> None:
        while self._text[self._at : self._at + 1] in (" ", "\t", "\r", "\n"):
            self._at += 1

    def _fail(self, reason: str) -> NoReturn:
        raise Undecodable(path="$", reason=reason, content=self._data)


__all__ = ["Page", "decode_page", "unknown_fields", "unknown_fields_of"]
