"""What the emulator's code knows: that of this package, and that of one that was made for it."""

from __future__ import annotations

from pathlib import Path

from brex_accounting.spec.comparison import Ground, compare
from brex_accounting.spec.emulated import COVERED, Emulated
from brex_accounting.spec.public_methods import PublicMethods
from brex_accounting.spec.rehearsal import Sources

from .documents import PUBLISHED, TEAM, document, operation, published

OPERATIONS = """
from .books import read_book
HANDLERS = {"readBook": read_book}
OTHERS = {"closeBook": read_book}
"""
BOOKS = '''
import attrs
TEXT = b'{"title":"%b","state":"OPEN"}'
@attrs.frozen
class Query:
    page_size: int
def read_book(call):
    """Never reads colour."""
    return find(call)
def find(call):
    return Query(call.arguments["book_id"], call.arguments["expand"])
def unused(call):
    return call.arguments["cursor"], "x-trace"
'''


def emulator(to: Path) -> Emulated:
    (to / "operations").mkdir()
    (to / "documents").mkdir()
    (to / "operations" / "__init__.py").write_text(OPERATIONS, encoding="utf-8")
    (to / "operations" / "books.py").write_text(BOOKS, encoding="utf-8")
    (to / "documents" / "books_api.json").write_text('{"colour": "weight"}', encoding="utf-8")
    return Emulated(to)


def test_a_copy_without_one(tmp_path: Path) -> None:
    """Where the emulator is left out, nothing is said of it."""
    ground = Ground(Sources.of({TEAM: document()}), PublicMethods(), Emulated(tmp_path / "none"))
    new = document({"/a": {"get": operation("a")}})
    (found,) = compare(document(), new, document=TEAM, ground=ground).differences
    assert ("a new operation", None) == (found.what, found.emulator)


class TestAnEmulator:
    def test_operations(self, tmp_path: Path) -> None:
        """An operation is covered where the table of handlers has its id, and no other table."""
        found = emulator(tmp_path)
        assert COVERED == found.operation("readBook")
        assert "not covered: HANDLERS has no closeBook" == found.operation("closeBook")
        assert "not covered: HANDLERS has no operation without an operationId" == found.operation(None)

    def test_parameters(self, tmp_path: Path) -> None:
        """A parameter is covered where the code that its handler leads to names it, a header field anywhere."""
        found = emulator(tmp_path)
        for name in ("book_id", "expand[]", "page_size"):
            assert COVERED == found.parameter("readBook", name, "query")
        for name in ("cursor", "colour"):
            assert f"not covered: the handler of readBook does not name {name}" == found.parameter(
                "readBook", name, "query"
            )
        assert COVERED == found.parameter("readBook", "X-Trace", "header")
        assert "not covered: HANDLERS has no closeBook" == found.parameter("closeBook", "book_id", "path")

    def test_words(self, tmp_path: Path) -> None:
        """A field or value is covered where a string names it; docstrings and copies of documents do not count."""
        found = emulator(tmp_path)
        assert COVERED == found.words(["title", "OPEN"])
        assert "not covered: its code does not name colour, weight" == found.words(["title", "colour", "weight"])
        assert "not covered: its code does not name tit" == found.words(["tit"])


def test_this_emulator() -> None:
    """Every operation and every parameter of the published documents is covered."""
    found = Emulated()
    missing: list[str] = []
    for name in PUBLISHED:
        for item in published(name)["paths"].values():
            for node in item.values():
                name_ = node["operationId"]
                answers = [found.operation(name_)]
                answers += [found.parameter(name_, one["name"], one["in"]) for one in node.get("parameters", [])]
                missing += [answer for answer in answers if answer != COVERED]
    assert [] == missing
