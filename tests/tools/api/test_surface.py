"""What is public, read from sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.api.surface import read
from tools.errors import ToolError

from .made_up import surface, write

SHOP = '''
    """A package."""

    from __future__ import annotations

    import datetime
    from enum import StrEnum
    from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypedDict, Unpack, overload

    import attrs
    from attrs import field, frozen

    if TYPE_CHECKING:
        from .goods import Basket, Moment, Shelf

    LIMIT: Final = 1000
    _QUIET = object()
    Size = Literal["small", "large"]

    __all__ = ["LIMIT", "Basket", "Client", "Colour", "Filters", "Order", "Parcel", "Payer", "Refused", "Size", "buy"]


    class _Base:
        def close(self) -> None: ...
        def _hidden(self) -> None: ...


    class Client(_Base):
        count: int = 0

        def __init__(self, token: str, *, timeout: float = 30.0, limit: int = LIMIT, mark: object = _QUIET) -> None:
            self.account: str | None = None
            self._token = token

        @property
        def shelf(self) -> Shelf:
            """Where goods are."""

        @classmethod
        def from_env(cls, **options: Any) -> Client: ...

        @staticmethod
        def version() -> str: ...

        async def find(self, since: Moment | None = None, /, *ids: str, **filters: Unpack[Filters]) -> list[Order]: ...

        @overload
        def pick(self, raw: Literal[False] = ...) -> str: ...
        @overload
        def pick(self, raw: Literal[True]) -> bytes: ...
        def pick(self, raw: bool = False) -> str | bytes: ...

        async def __aenter__(self) -> Client: ...
        def __repr__(self) -> str: ...


    class Colour(StrEnum):
        RED = "red"
        BLUE = "blue"


    class Filters(TypedDict, total=False):
        size: Size


    @frozen
    class Order:
        id: str
        _secret: bytes = field(default=b"", repr=False)
        lines: list[str] = field(factory=list, kw_only=True)
        at: datetime.datetime = attrs.field(kw_only=True, converter=_moment)
        total: int = attrs.field(init=False, default=0)

        @property
        def first(self) -> str: ...


    @frozen(kw_only=True)
    class _Weighed:
        weight: int


    @frozen
    class Parcel(Order, _Weighed):
        label: str = ""


    def _moment(value: str | datetime.datetime) -> datetime.datetime: ...


    class Payer(Protocol):
        def pay(self, amount: int) -> None: ...


    class Refused(ValueError):
        """No.

        Deprecated: since 0.3, use ValueError.
        """


    def buy(order: Order) -> None: ...


    def not_exported() -> None: ...
'''
GOODS = """
    import datetime
    from typing import TypeAlias

    Moment: TypeAlias = str | datetime.datetime


    class Basket:
        pass


    class Shelf:
        def __init__(self, secret: int) -> None: ...
        def take(self, warehouse: "Warehouse") -> "Warehouse": ...


    class Warehouse:
        pass
"""


class TestRead:
    def test_everything_public(self, tmp_path: Path) -> None:
        """Constructors, fields, methods, overloads, members, keys, aliases are there; private names are not."""
        place = "positional or keyword"
        assert {
            "made_up.LIMIT": {"kind": "constant", "type": "Final", "value": "1000"},
            "made_up.Basket": {"kind": "class"},
            "made_up.Client": {"kind": "class"},
            "made_up.Client(token)": {"kind": "parameter", "type": "str", "argument": place, "position": 0},
            "made_up.Client(timeout)": {
                "kind": "parameter",
                "type": "float",
                "default": "30.0",
                "argument": "keyword only",
            },
            "made_up.Client(limit)": {
                "kind": "parameter",
                "type": "int",
                "default": "1000",
                "argument": "keyword only",
            },
            "made_up.Client(mark)": {
                "kind": "parameter",
                "type": "object",
                "default": "object()",
                "argument": "keyword only",
            },
            "made_up.Client.__aenter__": {"kind": "method", "returns": "Client", "async": True},
            "made_up.Client.account": {"kind": "attribute", "type": "str | None"},
            "made_up.Client.close": {"kind": "method", "returns": "None"},
            "made_up.Client.count": {"kind": "attribute", "type": "int", "default": "0"},
            "made_up.Client.find": {"kind": "method", "returns": "list[Order]", "async": True},
            "made_up.Client.find(since)": {
                "kind": "parameter",
                "type": "Moment | None",
                "default": "None",
                "argument": "positional only",
                "position": 0,
            },
            "made_up.Client.find(ids)": {"kind": "parameter", "type": "str", "argument": "any positional"},
            "made_up.Client.find(filters)": {
                "kind": "parameter",
                "type": "Unpack[Filters]",
                "argument": "any keyword",
            },
            "made_up.Client.from_env": {"kind": "classmethod", "returns": "Client"},
            "made_up.Client.from_env(options)": {"kind": "parameter", "type": "Any", "argument": "any keyword"},
            "made_up.Client.pick": {"kind": "method"},
            "made_up.Client.pick#1": {"kind": "overload", "returns": "str"},
            "made_up.Client.pick#1(raw)": {
                "kind": "parameter",
                "type": "Literal[False]",
                "default": "False",
                "argument": place,
                "position": 0,
            },
            "made_up.Client.pick#2": {"kind": "overload", "returns": "bytes"},
            "made_up.Client.pick#2(raw)": {
                "kind": "parameter",
                "type": "Literal[True]",
                "argument": place,
                "position": 0,
            },
            "made_up.Client.shelf": {"kind": "property", "type": "Shelf"},
            "made_up.Client.version": {"kind": "staticmethod", "returns": "str"},
            "made_up.Colour": {"kind": "enum", "bases": ["enum.StrEnum"]},
            "made_up.Colour.RED": {"kind": "member", "value": "'red'"},
            "made_up.Colour.BLUE": {"kind": "member", "value": "'blue'"},
            "made_up.Filters": {"kind": "typed dict", "bases": ["TypedDict"], "total": "False"},
            "made_up.Filters.size": {"kind": "key", "type": "Size"},
            "made_up.Order": {"kind": "class", "decorators": ["attrs.frozen"]},
            "made_up.Order.id": {"kind": "attribute", "type": "str", "argument": place, "position": 0},
            "made_up.Order(secret)": {
                "kind": "parameter",
                "type": "bytes",
                "default": "b''",
                "argument": place,
                "position": 1,
            },
            "made_up.Order.lines": {
                "kind": "attribute",
                "type": "list[str]",
                "default": "list()",
                "argument": "keyword only",
            },
            "made_up.Order.at": {
                "kind": "attribute",
                "type": "datetime.datetime",
                "accepts": "str | datetime.datetime",
                "argument": "keyword only",
            },
            "made_up.Order.total": {"kind": "attribute", "type": "int"},
            "made_up.Order.first": {"kind": "property", "type": "str"},
            "made_up.Parcel": {"kind": "class", "bases": ["made_up.Order"], "decorators": ["attrs.frozen"]},
            "made_up.Parcel.weight": {"kind": "attribute", "type": "int", "argument": "keyword only"},
            "made_up.Parcel.label": {
                "kind": "attribute",
                "type": "str",
                "default": "''",
                "argument": place,
                "position": 2,
            },
            "made_up.Payer": {"kind": "protocol", "bases": ["Protocol"]},
            "made_up.Payer.pay": {"kind": "method", "returns": "None"},
            "made_up.Payer.pay(amount)": {"kind": "parameter", "type": "int", "argument": place, "position": 0},
            "made_up.Refused": {
                "kind": "exception",
                "bases": ["ValueError"],
                "deprecated": "since 0.3, use ValueError.",
            },
            "made_up.Size": {"kind": "alias", "type": "Literal['small', 'large']"},
            "made_up.buy": {"kind": "function", "returns": "None"},
            "made_up.buy(order)": {"kind": "parameter", "type": "Order", "argument": place, "position": 0},
            "made_up:Moment": {"kind": "alias", "type": "str | datetime.datetime"},
            "made_up:Shelf": {"kind": "class"},
            "made_up:Shelf.take": {"kind": "method", "returns": "Warehouse"},
            "made_up:Shelf.take(warehouse)": {
                "kind": "parameter",
                "type": "Warehouse",
                "argument": place,
                "position": 0,
            },
        } == surface(tmp_path, SHOP, goods=GOODS)

    def test_nothing_is_imported(self, tmp_path: Path) -> None:
        """Sources are read and never run: a package that raises when it is imported is read like any other."""
        source = 'raise SystemExit\n__all__ = ["f"]\ndef f() -> None: ...\n'
        assert {"made_up.f": {"kind": "function", "returns": "None"}} == surface(tmp_path, source)

    def test_a_name_of_two_roots(self, tmp_path: Path) -> None:
        """What two roots export is told once, by the first, and named by the second."""
        folder = write(
            tmp_path,
            {
                "__init__": 'from .inner import f\n__all__ = ["f"]\n',
                "inner": '__all__ = ["f"]\ndef f() -> None: ...\n',
            },
        )
        assert {
            "made_up.f": {"kind": "function", "returns": "None"},
            "made_up.inner.f": {"kind": "also", "of": "made_up.f"},
        } == read(["made_up", "made_up.inner"], [folder / "custom"])

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("x = 1\n", "made_up: is no module with an __all__; see the roots in tools/api/__main__.py"),
            ('__all__ = ["gone"]\n', "made_up: __all__ names 'gone', which is neither defined nor imported there"),
        ],
    )
    def test_what_cannot_be_public(self, tmp_path: Path, source: str, message: str) -> None:
        """A root without ``__all__``, or with a name that is not there, is refused by name."""
        with pytest.raises(ToolError) as caught:
            surface(tmp_path, source)
        assert message == str(caught.value)

    def test_no_package(self, tmp_path: Path) -> None:
        """A folder without the package says so."""
        with pytest.raises(ToolError, match=r"^nowhere_at_all: is in none of .*; run this in the project's folder$"):
            read(["nowhere_at_all"], [tmp_path])

    def test_two_types_of_one_name(self, tmp_path: Path) -> None:
        """Two types that only attributes lead to cannot share a name in the record."""
        source = """
            from .a import Thing
            from .b import Thing as Other
            __all__ = ["Box"]
            class Box:
                one: Thing
                two: Other
        """
        thing = "class Thing: ...\n"
        with pytest.raises(ToolError, match=r"^made_up\.b\.Thing: made_up:Thing is another type already; rename"):
            surface(tmp_path, source, a=thing, b=thing)
