"""Which differences break what users wrote."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tools.api.changes import compare

from .made_up import surface

BREAKING, ADDITION, OTHER = "breaking", "addition", "other"


def told(folder: Path, old: str, new: str) -> list[tuple[str, str]]:
    """Severity and path of each difference between two packages, each given from its ``__all__`` on."""
    names = "ClassVar, Literal, Optional, Protocol, Required, TypeAlias, TypedDict, Union, overload"
    head = f"import attrs\nimport functools\nfrom enum import Enum\nfrom typing import {names}\n__all__ = ['X']\n"
    surfaces = [surface(folder / name, head + textwrap.dedent(source)) for name, source in (("old", old), ("new", new))]
    return [(change.severity, change.path.removeprefix("made_up.")) for change in compare(*surfaces)]


METHODS = "class X:\n    def f(self{}) -> {}: ...\n"
FUNCTION = "def X({}) -> None: ...\n"
FIELDS = "@attrs.frozen\nclass X:\n    a: int\n{}"
PROTOCOL = "class X(Protocol):\n    def f(self{}) -> None: ...\n{}"

KINDS = {
    "a class is gone": ("class X:\n    def f(self): ...\n", "__all__ = []\n", [(BREAKING, "X")]),
    "a class is new, with all that it has": ("__all__ = []\n", "class X:\n    def f(self): ...\n", [(ADDITION, "X")]),
    "a method is renamed": (
        "class X:\n    def f(self, a): ...\n",
        "class X:\n    def g(self, a): ...\n",
        [(BREAKING, "X.f"), (ADDITION, "X.g")],
    ),
    "a required argument is added": (FUNCTION.format("a"), FUNCTION.format("a, b"), [(BREAKING, "X(b)")]),
    "an optional argument is added": (FUNCTION.format("a"), FUNCTION.format("a, b=1"), [(ADDITION, "X(b)")]),
    "an optional argument is put in front": (
        FUNCTION.format("a=1"),
        FUNCTION.format("b=1, a=1"),
        [(BREAKING, "X(a)"), (ADDITION, "X(b)")],
    ),
    "an argument is gone": (FUNCTION.format("a, b"), FUNCTION.format("a"), [(BREAKING, "X(b)")]),
    "an argument becomes optional": (FUNCTION.format("a"), FUNCTION.format("a=1"), [(ADDITION, "X(a)")]),
    "an argument becomes required": (FUNCTION.format("a=1"), FUNCTION.format("a"), [(BREAKING, "X(a)")]),
    "a default is changed": (FUNCTION.format("a=1"), FUNCTION.format("a=2"), [(BREAKING, "X(a)")]),
    "a default is changed where it is held": (
        "LIMIT = 1\n" + FUNCTION.format("a=LIMIT"),
        "LIMIT = 2\n" + FUNCTION.format("a=LIMIT"),
        [(BREAKING, "X(a)")],
    ),
    "a value of a class is changed where it is held": (
        "LIMIT = 1\nclass X:\n    a: ClassVar[int] = LIMIT\n",
        "LIMIT = 2\nclass X:\n    a: ClassVar[int] = LIMIT\n",
        [(BREAKING, "X.a")],
    ),
    "a value of a class is another one of another package": (
        "import logging\nclass X:\n    a: ClassVar[int] = logging.INFO\n",
        "import logging\nclass X:\n    a: ClassVar[int] = logging.DEBUG\n",
        [(BREAKING, "X.a")],
    ),
    "an argument takes less by a private alias": (
        "_A: TypeAlias = int | str\ndef X(a: _A | None) -> None: ...\n",
        "_A: TypeAlias = int\ndef X(a: _A | None) -> None: ...\n",
        [(BREAKING, "X(a)")],
    ),
    "objects are equal no more": (
        "class X:\n    def __eq__(self, other): ...\n    def __hash__(self): ...\n",
        "class X: ...\n",
        [(BREAKING, "X.__eq__"), (BREAKING, "X.__hash__")],
    ),
    "an argument becomes keyword only": (FUNCTION.format("a"), FUNCTION.format("*, a"), [(BREAKING, "X(a)")]),
    "an argument may be given by place, too": (FUNCTION.format("*, a"), FUNCTION.format("a"), [(ADDITION, "X(a)")]),
    "an argument takes less": (FUNCTION.format("a: int | str"), FUNCTION.format("a: int"), [(BREAKING, "X(a)")]),
    "an argument takes more": (FUNCTION.format("a: int"), FUNCTION.format("a: str | int"), [(ADDITION, "X(a)")]),
    "an argument takes a word more": (
        FUNCTION.format("a: Literal['x, y'] | None"),
        FUNCTION.format("a: Literal['x, y', 'z'] | None"),
        [(ADDITION, "X(a)")],
    ),
    "an argument takes something else": (FUNCTION.format("a: int"), FUNCTION.format("a: str"), [(BREAKING, "X(a)")]),
    "a result may be None": (METHODS.format("", "int"), METHODS.format("", "int | None"), [(BREAKING, "X.f")]),
    "a result is never None": (METHODS.format("", "int | None"), METHODS.format("", "int"), [(OTHER, "X.f")]),
    "an argument's union is written otherwise": (
        FUNCTION.format("a: Union[int, Optional[str]]"),
        FUNCTION.format("a: str | int | None"),
        [(OTHER, "X(a)")],
    ),
    "a union has another order": (METHODS.format("", "int | str"), METHODS.format("", "str | int"), [(OTHER, "X.f")]),
    "a property is never None": (
        "class X:\n    @property\n    def a(self) -> int | None: ...\n",
        "class X:\n    @property\n    def a(self) -> int: ...\n",
        [(OTHER, "X.a")],
    ),
    "a property that can be set is never None": (
        "class X:\n    @property\n    def a(self) -> int | None: ...\n    @a.setter\n    def a(self, value): ...\n",
        "class X:\n    @property\n    def a(self) -> int: ...\n    @a.setter\n    def a(self, value): ...\n",
        [(BREAKING, "X.a")],
    ),
    "a property may be None": (
        "class X:\n    @property\n    def a(self) -> int: ...\n",
        "class X:\n    @property\n    def a(self) -> int | None: ...\n",
        [(BREAKING, "X.a")],
    ),
    "a function becomes async": ("def X(): ...\n", "async def X(): ...\n", [(BREAKING, "X")]),
    "a function is async no more": ("async def X(): ...\n", "def X(): ...\n", [(BREAKING, "X")]),
    "a method becomes a property": (
        "class X:\n    def f(self): ...\n",
        "class X:\n    @property\n    def f(self): ...\n",
        [(BREAKING, "X.f")],
    ),
    "a method becomes one of the class": (
        "class X:\n    def f(self): ...\n",
        "class X:\n    @classmethod\n    def f(cls): ...\n",
        [(BREAKING, "X.f")],
    ),
    "an overload is gone": (
        "@overload\ndef X(a: int) -> int: ...\n@overload\ndef X(a: str) -> str: ...\ndef X(a): ...\n",
        "@overload\ndef X(a: int) -> int: ...\ndef X(a): ...\n",
        [(BREAKING, "X#2")],
    ),
    "an enum value is changed": (
        "class X(Enum):\n    A = 'a'\n",
        "class X(Enum):\n    A = 'b'\n",
        [(BREAKING, "X.A")],
    ),
    "an enum member is gone": (
        "class X(Enum):\n    A = 'a'\n    B = 'b'\n",
        "class X(Enum):\n    A = 'a'\n",
        [(BREAKING, "X.B")],
    ),
    "an enum member is new": (
        "class X(Enum):\n    A = 'a'\n",
        "class X(Enum):\n    A = 'a'\n    B = 'b'\n",
        [(ADDITION, "X.B")],
    ),
    "a constant is changed": ("X = 1\n", "X = 2\n", [(BREAKING, "X")]),
    "a class has another base": (
        "class X(ValueError): ...\n",
        "class X(TypeError): ...\n",
        [(BREAKING, "X")],
    ),
    "a class has one base more": (
        "class X(ValueError): ...\n",
        "class X(ValueError, TypeError): ...\n",
        [(ADDITION, "X")],
    ),
    "an attribute has another type": ("class X:\n    a: int\n", "class X:\n    a: int | None\n", [(BREAKING, "X.a")]),
    "a required field is added": (FIELDS.format(""), FIELDS.format("    b: int\n"), [(BREAKING, "X.b")]),
    "an optional field is added": (FIELDS.format(""), FIELDS.format("    b: int = 1\n"), [(ADDITION, "X.b")]),
    "a field becomes keyword only": (
        FIELDS.format("    b: int\n"),
        FIELDS.format("    b: int = attrs.field(kw_only=True)\n"),
        [(BREAKING, "X.b")],
    ),
    "a field has another name in the constructor": (
        FIELDS.format("    b: int\n"),
        FIELDS.format("    b: int = attrs.field(alias='c')\n"),
        [(BREAKING, "X.b")],
    ),
    "a class is not frozen any more": (
        "@attrs.frozen\nclass X:\n    a: int\n",
        "@attrs.define\nclass X:\n    a: int\n",
        [(BREAKING, "X")],
    ),
    "users have to write one method more": (
        PROTOCOL.format("", ""),
        PROTOCOL.format("", "    def g(self) -> None: ...\n"),
        [(BREAKING, "X.g")],
    ),
    "users have to take one argument more": (
        PROTOCOL.format("", ""),
        PROTOCOL.format(", a: int = 1", ""),
        [(BREAKING, "X.f(a)")],
    ),
    "an alias takes less": ("X: TypeAlias = Literal['a', 'b']\n", "X: TypeAlias = Literal['a']\n", [(BREAKING, "X")]),
    "an alias takes more": ("X: TypeAlias = Literal['a']\n", "X: TypeAlias = Literal['a', 'b']\n", [(ADDITION, "X")]),
    "a dict has to have a key": (
        "class X(TypedDict):\n    a: int\n",
        "class X(TypedDict):\n    a: int\n    b: int\n",
        [(BREAKING, "X.b")],
    ),
    "a dict may have a key": (
        "class X(TypedDict, total=False):\n    a: int\n",
        "class X(TypedDict, total=False):\n    a: int\n    b: int\n",
        [(ADDITION, "X.b")],
    ),
    "a dict has to have a key among those that it may have": (
        "class X(TypedDict, total=False):\n    a: int\n",
        "class X(TypedDict, total=False):\n    a: int\n    b: Required[int]\n",
        [(BREAKING, "X.b")],
    ),
    "a method moves into a base that users see": (
        "__all__ = ['X', 'B']\nclass B: ...\nclass X(B):\n    def f(self, a): ...\n",
        "__all__ = ['X', 'B']\nclass B:\n    def f(self, a): ...\nclass X(B): ...\n",
        [(ADDITION, "B.f"), (OTHER, "X.f")],
    ),
    "a method moves into a base that users see, and takes less": (
        "__all__ = ['X', 'B']\nclass B: ...\nclass X(B):\n    def f(self, a): ...\n",
        "__all__ = ['X', 'B']\nclass B:\n    def f(self): ...\nclass X(B): ...\n",
        [(ADDITION, "B.f"), (OTHER, "X.f"), (BREAKING, "X.f(a)")],
    ),
    "a constructor moves into a base that users see": (
        "__all__ = ['X', 'B']\nclass B: ...\nclass X(B):\n    def __init__(self, a): ...\n",
        "__all__ = ['X', 'B']\nclass B:\n    def __init__(self, a): ...\nclass X(B): ...\n",
        [(BREAKING, "B(a)"), (OTHER, "X"), (OTHER, "X(a)")],
    ),
    "a method of a base is gone from all its classes": (
        "__all__ = ['X', 'B']\nclass B:\n    def f(self): ...\nclass X(B): ...\n",
        "__all__ = ['X', 'B']\nclass B: ...\nclass X(B): ...\n",
        [(BREAKING, "B.f")],
    ),
    "a private base takes a method away": (
        "class _B:\n    def f(self): ...\nclass X(_B): ...\n",
        "class _B: ...\nclass X(_B): ...\n",
        [(BREAKING, "X.f")],
    ),
    "a constructor moves into a private base": (
        "class X:\n    def __init__(self, a): ...\n",
        "class _B:\n    def __init__(self, a): ...\nclass X(_B): ...\n",
        [],
    ),
    "a deprecation is announced": (
        "def X(): ...\n",
        'def X():\n    """No.\n\n    Deprecated: since 0.2, use Y.\n    """\n',
        [(OTHER, "X")],
    ),
}

PRIVATE = {
    "another private function": ("def X(): ...\ndef _f(): ...\n", "def X(): ...\n"),
    "another name for what stands for nothing": (
        "class _A: ...\n_A1 = _A()\ndef X(a: int | _A = _A1): ...\n",
        "class _B: ...\n_B1 = _B()\ndef X(a: int | _B = _B1): ...\n",
    ),
    "a private base": ("class X:\n    def f(self): ...\n", "class _B:\n    def f(self): ...\nclass X(_B): ...\n"),
    "a private attribute": ("class X:\n    _a: int\n", "class X:\n    _b: str\n"),
    "a body": ("def X(a): return a\n", "def X(a): return a + 1\n"),
    "a docstring": ("def X(): 'This.'\n", "def X(): 'That.'\n"),
    "an order": (
        "class X:\n    def f(self): ...\n    def g(self): ...\n",
        "\n\n\nclass X:\n    def g(self): ...\n    def f(self): ...\n",
    ),
    "another way to import": (
        "import datetime\ndef X(a: datetime.date): ...\n",
        "from datetime import date as day\ndef X(a: day): ...\n",
    ),
    "what no __all__ names": ("def X(): ...\ndef other(): ...\n", "def X(): ...\n"),
    "a cache": ("def X(): ...\n", "@functools.cache\ndef X(): ...\n"),
    "the constructor of what users are handed": (
        "class Held:\n    def __init__(self, a): ...\nclass X:\n    held: Held\n",
        "class Held:\n    def __init__(self, a, b): ...\nclass X:\n    held: Held\n",
    ),
}


class TestCompare:
    @pytest.mark.parametrize(("old", "new", "expected"), KINDS.values(), ids=KINDS)
    def test_public(self, tmp_path: Path, old: str, new: str, expected: list[tuple[str, str]]) -> None:
        """Each kind of change is told once, at its place, and breaks as much as it does."""
        assert expected == told(tmp_path, old, new)

    @pytest.mark.parametrize(("old", "new"), PRIVATE.values(), ids=PRIVATE)
    def test_private(self, tmp_path: Path, old: str, new: str) -> None:
        """What users cannot see makes no difference."""
        assert [] == told(tmp_path, old, new)

    def test_where_a_handed_out_class_lives(self, tmp_path: Path) -> None:
        """A class that no root exports may move to another module."""
        source = "from .{0} import Held\n__all__ = ['X']\nclass X:\n    held: Held\n"
        held = "class Held:\n    def f(self) -> int: ...\n"
        old = surface(tmp_path / "old", source.format("a"), a=held)
        new = surface(tmp_path / "new", source.format("b"), b=held)
        assert "made_up:Held.f" in old
        assert [] == compare(old, new)

    def test_says_old_and_new(self, tmp_path: Path) -> None:
        """A change has the old and the new form as a reader would write them."""
        old = surface(tmp_path / "old", "__all__ = ['f']\ndef f(*, a: int = 1) -> int: ...\n")
        new = surface(tmp_path / "new", "__all__ = ['f']\nasync def f(*, a: float = 2) -> int: ...\n")
        assert [
            ("made_up.f", "function -> int", "async function -> int"),
            ("made_up.f(a)", "int = 1, keyword only", "float = 2, keyword only"),
        ] == [(change.path, change.old, change.new) for change in compare(old, new)]
