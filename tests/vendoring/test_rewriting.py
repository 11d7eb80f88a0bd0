"""Imports that find a copy: what becomes of each form, and that nothing else changes."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.errors import VendorError
from brex_accounting.vendoring.parts import is_module
from brex_accounting.vendoring.rewriting import relative, rewritten
from brex_accounting.vendoring.source import Source

WHERE = "brex_accounting/paging/walk.py"

RELATIVE = [
    ("from brex_accounting_client import Page", "from ...brex_accounting_client import Page"),
    ("from brex_accounting_client.models import A, B", "from ...brex_accounting_client.models import A, B"),
    ("from brex_accounting.errors import BrexError", "from ...brex_accounting.errors import BrexError"),
    ("import brex_accounting_client", "from ... import brex_accounting_client"),
    ("import brex_accounting_client as low", "from ... import brex_accounting_client as low"),
    ("import brex_accounting_client.models as m", "from ...brex_accounting_client import models as m"),
    (
        "import os, brex_accounting_client as low, re",
        "import os; from ... import brex_accounting_client as low; import re",
    ),
    (
        "from brex_accounting_client import (  # all\n    A,  # one\n)",
        "from ...brex_accounting_client import (  # all\n    A,  # one\n)",
    ),
    ("from \\\n  brex_accounting_client \\\n  import A", "from \\\n  ...brex_accounting_client \\\n  import A"),
    ("from brex_accounting_client . models import A", "from ...brex_accounting_client.models import A"),
    ("if x: import brex_accounting_client", "if x: from ... import brex_accounting_client"),
    ("é = 'ü'; from brex_accounting_client import A", "é = 'ü'; from ...brex_accounting_client import A"),
    ("def f():\n\tfrom brex_accounting_client import A", "def f():\n\tfrom ...brex_accounting_client import A"),
]

ABSOLUTE = [
    ("from brex_accounting import Brex", "from acme._v.brex_accounting import Brex"),
    ("import brex_accounting", "import acme._v.brex_accounting as brex_accounting"),
    ("import brex_accounting as b", "import acme._v.brex_accounting as b"),
    (
        "import brex_accounting.x.y",
        "import acme._v.brex_accounting.x.y; import acme._v.brex_accounting as brex_accounting",
    ),
    ("import brex_accounting.x as y", "import acme._v.brex_accounting.x as y"),
]

UNTOUCHED = [
    "from .errors import BrexError",
    "from ..brex_accounting_client import Page",
    "from . import brex_accounting",
    "import brex_accounting_other, not_brex_accounting",
    "from brex_accounting_clients import A",
    "text = 'from brex_accounting import Brex'  # import brex_accounting",
    '"""\nimport brex_accounting\n"""',
]


class TestForms:
    @pytest.mark.parametrize(("before", "after"), RELATIVE)
    def test_relative(self, before: str, after: str) -> None:
        """Each form of an absolute import becomes a relative one from the module's place."""
        assert after == relative(WHERE, before.encode()).decode()
        ast.parse(after)

    @pytest.mark.parametrize(("before", "after"), ABSOLUTE)
    def test_below_a_parent(self, before: str, after: str) -> None:
        """Under a named parent each form binds the same name as before."""
        assert after == rewritten("test_x.py", before.encode(), "acme._v").decode()

    @pytest.mark.parametrize("text", UNTOUCHED)
    def test_what_is_left_alone(self, text: str) -> None:
        """Relative imports, other packages, texts and comments stay as they are."""
        assert text == relative(WHERE, text.encode()).decode()
        assert text == rewritten(WHERE, text.encode(), "acme._v").decode()

    @pytest.mark.parametrize(
        ("path", "dots"),
        [
            ("brex_accounting/client.py", ".."),
            ("brex_accounting/__init__.py", ".."),
            ("brex_accounting/a/b/c.py", "...."),
        ],
    )
    def test_depth(self, path: str, dots: str) -> None:
        """The number of dots is that of the packages above the module."""
        assert (
            f"from {dots}brex_accounting_client import A"
            == relative(path, b"from brex_accounting_client import A").decode()
        )

    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    def test_line_ends_and_marks(self, mark: bytes, end: bytes) -> None:
        """Line ends and a byte order mark stay, and do not shift what is rewritten."""
        before = mark + end.join([b"# \x0c \xc3\xa9", b"x = 1", b"from brex_accounting_client import A", b""])
        after = mark + end.join([b"# \x0c \xc3\xa9", b"x = 1", b"from ...brex_accounting_client import A", b""])
        assert after == relative(WHERE, before)

    def test_no_relative_form(self) -> None:
        """A form that binds the outer package by an inner name is refused, with the place and another form."""
        with pytest.raises(VendorError) as caught:
            relative(WHERE, b"\nimport brex_accounting_client.models\n")
        assert (
            "brex_accounting/paging/walk.py, line 2: `import brex_accounting_client.models` has no relative form; "
            "write `from brex_accounting_client import models`"
        ) == str(caught.value)

    @pytest.mark.parametrize("text", [b"def brex_accounting", b"\x00 brex_accounting", b"\xff = brex_accounting"])
    def test_no_python(self, text: bytes) -> None:
        """A file that is no Python is refused, with the place."""
        with pytest.raises(VendorError, match=r"^brex_accounting/paging/walk\.py.*: this is no Python"):
            relative(WHERE, text)


class TestAnything:
    @given(st.lists(st.sampled_from([(text, text) for text in UNTOUCHED] + RELATIVE), max_size=8), st.booleans())
    def test_statements_in_any_order(self, statements: list[tuple[str, str]], crlf: bool) -> None:
        """Whatever stands before and after an import, the module comes out as its statements one by one would."""
        end = "\r\n" if crlf else "\n"
        before, after = (
            "\n".join(["# first", *(pair[n] for pair in statements), ""]).replace("\n", end) for n in (0, 1)
        )
        assert after == relative(WHERE, before.encode()).decode()


class TestThePackage:
    def test_only_imports_change(self, running: Source) -> None:
        """In the package itself each line that changes is an import, and none of them is absolute any more."""
        changed = 0
        for path, text in running.files.items():
            if not is_module(path):
                continue
            before, after = text.decode().splitlines(), relative(path, text).decode().splitlines()
            assert len(before) == len(after)
            for one, other in zip(before, after, strict=True):
                if one != other:
                    changed += 1
                    assert re.fullmatch(r"\s*(from|import) brex_accounting_client\b.*", one)
                    assert re.fullmatch(r"\s*from \.+(brex_accounting_client\S*)? import .*", other)
                assert not re.match(r"\s*(from|import) brex_accounting", other)
        assert changed > 50
