"""The public package's errors: one tree, texts that travel and bodies that do not; and how the package is imported."""

from __future__ import annotations

import ast
import copy
import datetime
import inspect
import pickle
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import brex_accounting
from brex_accounting import (
    BrexError,
    CallError,
    DeadlineExceeded,
    ExportError,
    ExportReport,
    InvalidArgument,
    PagingError,
    ReauthorizationRequired,
    SpecError,
    StatusError,
    UnreadableAnswer,
    UnreadableRecords,
    errors,
)
from brex_accounting_client import BadRecord, decode_page
from brex_accounting_client.models import AccountingErrorDetails, AccountingRecordPage
from tests import wire

ALL: list[type[BrexError]] = [
    found for found in (getattr(errors, name) for name in errors.__all__) if isinstance(found, type)
]
CANARY = "Ada Quill"
BODY = b'{"message": "Ada Quill"}'

BUILTINS: dict[str, tuple[type[Exception], ...]] = {
    "ClientClosed": (RuntimeError,),
    "InvalidArgument": (ValueError,),
    "ClientStateError": (RuntimeError,),
    "ConnectionFailed": (ConnectionError, OSError),
    "AnswerLost": (ConnectionError, OSError),
    "AttemptTimedOut": (TimeoutError, OSError),
    "DeadlineExceeded": (TimeoutError, OSError),
    "ReceiptNotWritten": (OSError,),
    "WebhookError": (ValueError,),
    "WebhookMalformed": (ValueError,),
    "WebhookNotGenuine": (ValueError,),
    "WebhookStale": (ValueError,),
}
FACTS: dict[str, Any] = {
    "operation": "GET /v3/accounting/records",
    "account": "acme",
    "attempts": 3,
    "maybe_applied": True,
    "status_code": 409,
    "error_code": "SOME_CODE",
    "trace_id": "trace-1",
    "retry_after": 1.5,
    "budget_empty": True,
    "advice": "Do something.",
}


def a_page() -> AccountingRecordPage:
    return decode_page(wire.dumps(wire.page([wire.record(0, memo=CANARY)])), AccountingRecordPage)


def made(kind: type[BrexError]) -> BrexError:
    """An error of a class, with every fact that it can have."""
    if issubclass(kind, PagingError):
        known = {"operation", "account", "status_code", "error_code", "trace_id", "advice"}
        return kind("summary", checkpoint="place", **{name: fact for name, fact in FACTS.items() if name in known})
    if issubclass(kind, ExportError):
        return kind("summary", **{name: FACTS[name] for name in ("operation", "account", "advice")})
    if not issubclass(kind, CallError):
        return kind("ids[3]: expected a string")
    more: dict[str, Any] = {"content": BODY}
    if issubclass(kind, StatusError):
        more |= {"details": AccountingErrorDetails(existing_vendor="ERP_B"), "message": CANARY}
    if issubclass(kind, ReauthorizationRequired):
        more |= {"cause": "answer lost", "since": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}
    if issubclass(kind, DeadlineExceeded):
        more |= {"wait": 61.5, "cause": "rate limit"}
    if issubclass(kind, UnreadableAnswer):
        more |= {"path": "$.items[0].id", "reason": "expected a string"}
    if issubclass(kind, UnreadableRecords):
        bad = BadRecord(index=1, id="accr_1", path="$.items[1].version", reason="expected an int", raw=BODY)
        more |= {"bad_records": (bad,), "page": a_page()}
    error = kind("summary", **FACTS, **more)
    error.checkpoint = "place"
    error.report = ExportReport(updated=("accr_1",))
    return error


def attributes(error: BrexError) -> dict[str, Any]:
    return {name: value for name, value in vars(error).items() if not name.startswith("_")}


AGAIN: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),
    "oldest pickle": lambda error: pickle.loads(pickle.dumps(error, 0)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}

each = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
travelled = pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)


def tree() -> dict[str, tuple[str | None, str]]:
    """The tree of the docstring: each class, the one above it, and what is said of it."""
    found: dict[str, tuple[str | None, str]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"    ((?:[│ ]   )*)(?:[├└]── )?(\w+)\s*(.*)", line)
        is_branch = match is not None and ("── " in line or match[2] == "BrexError")
        if match is None or not is_branch:
            if found and line.startswith(" ") and "│" in line:
                last = next(reversed(found))
                found[last] = (found[last][0], f"{found[last][1]} {line.strip(' │')}")
            continue
        depth = len(match[1]) // 4 + ("── " in line)
        above[depth:] = [match[2]]
        found[match[2]] = (above[depth - 1] if depth else None, match[3])
    return found


class TestTree:
    @each
    def test_has_one_root(self, kind: type[BrexError]) -> None:
        """Whatever leaves the package is a BrexError."""
        assert issubclass(kind, BrexError)

    def test_is_drawn(self) -> None:
        """The tree in the docstring is the tree of the classes, with nothing left out."""
        actual = {
            kind.__name__: next((base.__name__ for base in kind.__mro__[1:] if base in ALL), None) for kind in ALL
        }
        assert actual == {name: above for name, (above, _) in tree().items()}

    @each
    def test_builtin_bases(self, kind: type[BrexError]) -> None:
        """Whoever never heard of this package catches the nearest builtin; the docstring says which."""
        builtins = {
            base.__name__ for base in kind.__mro__ if base.__module__ == "builtins" and issubclass(base, Exception)
        } - {"Exception"}
        assert {base.__name__ for base in BUILTINS.get(kind.__name__, ())} == builtins
        said = set(re.findall(r"also an? (\w+)", tree()[kind.__name__][1]))
        assert said == {base.__name__ for base in BUILTINS.get(kind.__name__, ())[:1]}

    def test_wrong_use_is_a_value_error_too(self) -> None:
        """A caller who never heard of this package catches ValueError."""
        assert issubclass(InvalidArgument, ValueError)
        assert not issubclass(SpecError, ValueError)

    @each
    def test_each_says_what_it_is(self, kind: type[BrexError]) -> None:
        """Each class has a sentence of its own."""
        assert inspect.cleandoc(kind.__dict__["__doc__"])

    def test_all_are_public(self) -> None:
        """Every class of the tree can be imported from the package."""
        assert set(errors.__all__) <= set(brex_accounting.__all__)
        for kind in ALL:
            assert kind is getattr(brex_accounting, kind.__name__)


class TestTravel:
    @each
    @travelled
    def test_text_and_facts_travel(self, kind: type[BrexError], again: Callable[[Any], Any]) -> None:
        """A pickle or copy has the class, the text and every fact of the original."""
        error = made(kind)
        back = again(error)
        assert kind is type(back)
        assert str(error) == str(back) != ""
        assert repr(error) == repr(back)
        assert error.args == back.args
        left = {"content", "message", "page", "bad_records", "details"}
        facts = {name: value for name, value in attributes(error).items() if name not in left}
        assert facts == {name: value for name, value in attributes(back).items() if name not in left}
        assert getattr(error, "details", None) == getattr(back, "details", None)

    @each
    @travelled
    def test_what_came_over_the_wire_stays_behind(self, kind: type[BrexError], again: Callable[[Any], Any]) -> None:
        """Body, prose, page and raw bytes are there before, and None or empty after."""
        error, back = made(kind), again(made(kind))
        for name in ("content", "message", "page"):
            if hasattr(error, name):
                assert getattr(error, name) is not None
                assert getattr(back, name) is None
        if isinstance(error, UnreadableRecords):
            assert BODY == error.bad_records[0].raw
            assert [("accr_1", 1, "$.items[1].version", "expected an int", b"")] == [
                (bad.id, bad.index, bad.path, bad.reason, bad.raw) for bad in back.bad_records
            ]

    @each
    def test_no_pickle_holds_a_body(self, kind: type[BrexError]) -> None:
        """The bytes of a pickle hold nothing of the body."""
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert b"Ada" not in pickle.dumps(made(kind), protocol)

    @each
    @travelled
    def test_notes_travel(self, kind: type[BrexError], again: Callable[[Any], Any]) -> None:
        """What a caller added with add_note is still there."""
        error = made(kind)
        error.add_note("while syncing acme")
        assert ["while syncing acme"] == again(error).__notes__

    @each
    def test_can_be_raised_again(self, kind: type[BrexError]) -> None:
        """A travelled error is raised, caught by its builtin, and printed like any other."""
        back = pickle.loads(pickle.dumps(made(kind)))
        with pytest.raises(BUILTINS.get(kind.__name__, (BrexError,))[0]) as caught:
            raise back
        assert str(made(kind)) in "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize("change", ["advised", "starved"])
    @pytest.mark.parametrize("kind", [kind for kind in ALL if issubclass(kind, CallError)])
    @travelled
    def test_later_changes_travel(self, kind: type[CallError], change: str, again: Callable[[Any], Any]) -> None:
        """Advice that was added later is part of the text, also of a pickle's."""
        error = made(kind)
        assert isinstance(error, CallError)
        error = error.advised("Wait.") if change == "advised" else error.starved()
        back = again(error)
        assert ("Wait." if change == "advised" else "retry budget is used up") in str(back)
        assert (str(error), error.advice, error.budget_empty) == (str(back), back.advice, back.budget_empty)


class TestTexts:
    @each
    def test_no_body_or_prose(self, kind: type[BrexError]) -> None:
        """Neither text, repr nor arguments hold what came over the wire."""
        error = made(kind)
        for surface in (str(error), repr(error), repr(error.args)):
            assert CANARY not in surface

    @pytest.mark.parametrize("kind", [kind for kind in ALL if issubclass(kind, CallError)])
    def test_facts_of_calls(self, kind: type[CallError]) -> None:
        """The text of a failed call names what was asked, for whom, how often, the trace, and what to do next."""
        assert (
            "GET /v3/accounting/records: summary (account acme, trace trace-1, attempts 3). "
            "An attempt of this call may have taken effect: read the state back before doing it again. "
            "It was not tried again: the account's retry budget is used up for now. Do something."
        ) == str(made(kind))

    @pytest.mark.parametrize("kind", [kind for kind in ALL if issubclass(kind, PagingError)])
    def test_facts_of_walks(self, kind: type[PagingError]) -> None:
        """So does the text of a walk that ended; its checkpoint is an attribute, and in no text."""
        text = "GET /v3/accounting/records: summary (account acme, trace trace-1). Do something."
        assert text == str(made(kind))

    def test_what_there_is_not(self) -> None:
        """What is not known is not mentioned."""
        assert "GET /x: summary." == str(CallError("summary", operation="GET /x"))
        assert "GET /x: summary." == str(PagingError("summary", operation="GET /x"))


# Whatever would take long to start, or does not exist yet when the client is generated.
_IMPORT = """
import sys
import brex_accounting
dir(brex_accounting)
print(sorted({"httpx", "httpcore", "attrs", "msgspec", "brex_accounting_client"} & set(sys.modules)))
"""
_SPEC = """
import runpy, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("brex_accounting_client", "httpx")):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.argv[1:] = ["--help"]
runpy.run_module("brex_accounting.spec", run_name="__main__")
"""


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


class TestPackage:
    def test_exports(self) -> None:
        """__all__ is what is visible, in order, and every name of it resolves."""
        assert sorted(brex_accounting.__all__) == dir(brex_accounting)
        assert len(set(brex_accounting.__all__)) == len(brex_accounting.__all__)
        for name in brex_accounting.__all__:
            assert getattr(brex_accounting, name) is not None

    def test_type_checkers_see_the_same(self) -> None:
        """What is imported for type checkers is what is imported when it is used, from the same modules."""
        source = ast.parse(Path(brex_accounting.__file__).read_text())
        conditions = [node for node in source.body if isinstance(node, ast.If)]
        block = next(node for node in conditions if ast.unparse(node.test) == "TYPE_CHECKING")
        seen = {
            (node.module, name.name)
            for node in block.body
            if isinstance(node, ast.ImportFrom)
            for name in node.names
            if name.asname is None
        }
        assert len(block.body) == len({module for module, _ in seen})
        assert seen == {(home, name) for home, names in brex_accounting._HOMES.items() for name in names}
        assert {name for _, name in seen} | {"__version__"} == set(brex_accounting.__all__)

    @pytest.mark.parametrize("name", brex_accounting.__all__)
    def test_the_same_object_each_time(self, name: str) -> None:
        """A name is one object, whether it is asked for once, again, or from its module."""
        first = getattr(brex_accounting, name)
        assert first is getattr(brex_accounting, name)
        if name != "__version__":
            (home,) = [module for module, names in brex_accounting._HOMES.items() if name in names]
            assert first is getattr(sys.modules[f"brex_accounting.{home}"], name)

    def test_star(self) -> None:
        """A star imports everything."""
        names: dict[str, Any] = {}
        exec("from brex_accounting import *", names)
        assert set(brex_accounting.__all__) <= set(names)

    @pytest.mark.parametrize("name", ["Nothing", "httpx", "__path_hooks__", ""])
    def test_other_names(self, name: str) -> None:
        """A name that is none is an AttributeError that says so."""
        with pytest.raises(AttributeError, match=f"'brex_accounting' has no attribute '{name}'"):
            getattr(brex_accounting, name)
        with pytest.raises(ImportError):
            exec("from brex_accounting import Nothing")

    def test_is_light(self) -> None:
        """Importing the package alone loads neither httpx nor the low-level client."""
        assert "[]" == python(_IMPORT).strip()

    def test_spec_tools_need_no_client(self) -> None:
        """The tools that make the low-level client start where there is none."""
        assert "generate" in python(_SPEC)
