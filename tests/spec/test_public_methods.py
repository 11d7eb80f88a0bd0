"""Public methods by operation: those of this package, and those of a package that was made for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from brex_accounting.errors import SpecError
from brex_accounting.spec.public_methods import PublicMethods

CLIENT = """
from functools import cached_property
class Client:
    @cached_property
    def books(self) -> BooksResource:
        from .resources.books import BooksResource
        return BooksResource(self)
    @property
    def state(self) -> str: ...
"""
BOOKS = """
from acme_client.api.ledger import read_book, close_book
from ..walking import walk
from .closing import Closing
class BooksResource:
    def __init__(self, caller):
        self._closing = Closing(caller)
        self._limit = limit_of
    async def get(self, book_id, *, deep=None):
        "The docstring mentions close_book.OPERATION and colour."
        return await self._read(book_id, deep=deep)
    async def _read(self, book_id, **more):
        return await self.call(read_book.OPERATION, book_id, **more)
    def all(self):
        async def fetch(cursor):
            return await self.call(read_book.OPERATION, "page", cursor=cursor)
        return walk(fetch)
    def close(self, book_id):
        return self._closing.run(book_id)
    def name(self):
        return close_book.__name__
"""
CLOSING = """
from acme_client.api.ledger import close_book
class Base:
    def run(self, book_id):
        return self.caller.call(close_book.OPERATION, book_id, reason="end of year")
class Closing(Base):
    pass
"""
EVENTS = """
def event_of(body):
    return {"BOOK_CLOSED": 1}.get(body)
def verify(body):
    return event_of(body)
def hidden(body):
    return event_of(body)
"""
JOBS = """
from acme_client.api.ledger import read_book
def nightly(): return read_book.OPERATION
"""


def package(to: Path) -> Path:
    """A package under a name with a space, which nothing imports."""
    folder = to / "acme vendored"
    (folder / "resources").mkdir(parents=True)
    (folder / "jobs").mkdir()
    for name, text in (
        ("__init__.py", "NAMES = ('verify', 'nightly')"),
        ("client.py", CLIENT),
        ("events.py", EVENTS),
        ("walking.py", "def walk(fetch): ..."),
        ("resources/__init__.py", ""),
        ("resources/books.py", BOOKS),
        ("resources/closing.py", CLOSING),
        ("jobs/nightly.py", JOBS),
        ("jobs/other.py", "def ("),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class TestAPackage:
    def test_what_leads_to_an_operation(self, tmp_path: Path) -> None:
        """A method leads to an operation directly, by a helper, an inner function, an attribute or a base class."""
        found = PublicMethods(package(tmp_path))
        assert ("brex.books.all", "brex.books.get", "nightly") == found.of("read_book")
        assert ("brex.books.close",) == found.of("close_book")
        assert () == found.of("open_book")

    def test_who_takes_an_argument(self, tmp_path: Path) -> None:
        """A method takes an argument where its code names it; docstrings are no code."""
        found = PublicMethods(package(tmp_path))
        assert ("brex.books.get",) == found.taking("read_book", "deep")
        assert ("brex.books.all",) == found.taking("read_book", "cursor")
        assert ("brex.books.close",) == found.taking("close_book", "reason")
        assert () == found.taking("read_book", "colour")

    def test_who_reads_an_event(self, tmp_path: Path) -> None:
        """An event is read by the exported function that leads to where its name stands."""
        found = PublicMethods(package(tmp_path))
        assert (("verify",), ()) == (found.of_event("bookClosed"), found.of_event("bookOpened"))

    def test_source_that_cannot_be_read(self, tmp_path: Path) -> None:
        """What cannot be read stops the comparison: a method that is not named would be one that nobody looks at."""
        folder = package(tmp_path)
        (folder / "resources" / "broken.py").write_text("def (", encoding="utf-8")
        with pytest.raises(SpecError, match=r"broken\.py: cannot be read as Python"):
            PublicMethods(folder)


def test_this_package() -> None:
    """Every operation that the package uses, with the methods that lead to it."""
    found = PublicMethods()
    expected = {
        "create_integration": ("brex.integrations.create", "brex.integrations.ensure"),
        "disconnect_integration": ("brex.integrations.disconnect",),
        "reactivate_integration": ("brex.integrations.reactivate",),
        "get_accounting_record": ("brex.receipts.download", "brex.records.get"),
        "query_accounting_records": ("brex.records.iter", "brex.records.pages", "brex.records.query"),
        "report_accounting_export_results": ("brex.records.report",),
        "get_expense": ("brex.expenses.get",),
        "list_expenses": ("brex.expenses.iter", "brex.expenses.pages", "brex.expenses.query"),
        "update_expense": ("brex.expenses.update",),
        "create_subscription": ("brex.webhooks.subscribe",),
        "delete_subscription": ("brex.webhooks.delete",),
        "get_subscription_by_id": ("brex.webhooks.get",),
        "list_subscription": ("brex.webhooks.list",),
        "update_subscription": ("brex.webhooks.update",),
        "list_secrets": ("brex.webhooks.verify",),
        "get_company": ("brex.company.get",),
        "receipt_match": (),
        "receipt_upload": (),
    }
    assert expected == {name: found.of(name) for name in expected}
    assert ("brex.webhooks.verify", "verify_webhook") == found.of_event("accountingRecordReadyForExport")
