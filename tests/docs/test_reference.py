"""Every public name has its place in the reference, and no page names what does not exist."""

from __future__ import annotations

import builtins
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from brex_accounting import BrexError, errors
from tests.docs.fences import PAGES, ROOT, fences, name_of, of

REFERENCE = [page for page in PAGES if page.parent.name == "reference"]
PUBLIC = (
    "brex_accounting",
    "brex_accounting.export",
    "brex_accounting.export.beancount",
    "brex_accounting.emulator",
    "brex_accounting.testing",
    "brex_accounting_client",
)
"""Modules whose ``__all__`` is for users; the models of the low-level client are taken as a whole."""

MODELS = "brex_accounting_client.models"
BY_HAND = ("UNSET", "Unset")
"""Names of another library's that are public here: a heading stands for them."""

RESOURCES = ("integrations", "records", "receipts", "expenses", "webhooks", "company")

ROOTS = {
    "app": "brex_accounting.OAuthApp",
    "brex": "brex_accounting.Brex",
    "error": "brex_accounting.BrexError",  # or any of its subclasses
    "grant": "brex_accounting.Grant",
    "loop": "brex_accounting.export.ExportLoop",
    "posting": "brex_accounting.export.Posting",
    "receipt": "brex_accounting.export.ReceiptFile",
    "record": "brex_accounting_client.models.AccountingRecord",
    "stream": "brex_accounting.Stream",
    "tenant": "brex_accounting.emulator.Tenant",
    "world": "brex_accounting.emulator.World",
}
"""What the pages call an object of a class."""

OTHERS = {"CancelledError", "Decimal", "Expenses", "Income"}
"""Words in code that look like a class of ours and are none: of the standard library, of books."""


def directives() -> list[str]:
    """The names that the reference pages take from docstrings."""
    return [name for page in REFERENCE for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)]


def found(path: str) -> Any:
    """What a dotted path names; raises where it names nothing."""
    module, _, name = path.rpartition(".")
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        return getattr(found(module) if module else builtins, name)


def is_attribute(owner: Any, name: str) -> bool:
    """Whether objects of a class have an attribute: of the class, of attrs', or documented and set when one is made."""
    return hasattr(owner, name) or any(
        name in vars(base).get("__annotations__", {}) or re.search(rf"^ +{name}: ", base.__doc__ or "", re.MULTILINE)
        for base in owner.__mro__
    )


KNOWN = {name for module in (*PUBLIC, MODELS) for name in found(module).__all__} | set(dir(builtins)) | OTHERS
ERRORS = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, BrexError)]


def codes(text: str) -> list[str]:
    """The pieces of code in the prose of a page."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", outside)


def check_attribute(root: str, first: str, second: str | None) -> None:
    """Fail where an object that a page speaks of has no such attribute; other objects are the page's own."""
    if root not in ROOTS:
        return
    classes = ERRORS if root == "error" else [found(ROOTS[root])]
    assert any(is_attribute(cls, first) for cls in classes), f"{root}.{first}"
    if root == "brex" and first in RESOURCES and second is not None:
        resource = found(f"brex_accounting.resources.{first}.{first.capitalize()}Resource")
        assert is_attribute(resource, second), f"{root}.{first}.{second}"


class TestReference:
    @pytest.mark.parametrize("module", PUBLIC)
    def test_every_public_name_has_its_place(self, module: str) -> None:
        """Each name that a public module hands out is described once."""
        documented = [id(found(path)) for path in directives() if path != MODELS]
        headings = "\n".join(page.read_text() for page in REFERENCE)
        for name in found(module).__all__:
            if name in BY_HAND:
                assert re.search(rf"^## .*\b{name}\b", headings, re.MULTILINE), name
                continue
            assert id(getattr(found(module), name)) in documented, name

    def test_nothing_is_described_twice(self) -> None:
        """No name stands on two pages."""
        assert sorted(set(directives())) == sorted(directives())

    def test_models_are_taken_as_a_whole(self) -> None:
        """A model that a new document brings has its place at once."""
        assert MODELS in directives()

    def test_every_resource_has_its_place(self) -> None:
        """What ``brex`` has attributes for is described, although nobody imports its class."""
        described = {path.rpartition(".")[2] for path in directives()}
        assert {f"{name.capitalize()}Resource" for name in RESOURCES} <= described

    def test_the_tree_of_errors_is_the_one_of_the_package(self) -> None:
        """The tree in errors.md is the tree in the docstring, line by line."""
        assert errors.__doc__ is not None
        (tree,) = of(ROOT / "docs" / "reference" / "errors.md", "text")
        documented = re.search(r"::\n\n(.*?)\n\n", errors.__doc__, re.DOTALL)
        assert documented is not None
        expected = [line[4:].replace("``", "") for line in documented[1].splitlines()]
        assert expected == tree.text.splitlines()


class TestNames:
    @pytest.mark.parametrize("page", PAGES, ids=name_of)
    def test_code_in_prose_names_what_exists(self, page: Path) -> None:
        """Classes, dotted names of our packages, and attributes of objects that pages speak of exist."""
        own = set(re.findall(r"class (\w+)", "".join(fence.text for fence in fences(page))))
        for code in codes(page.read_text()):
            if re.fullmatch(r"[A-Z][a-z]+(?:[A-Z][a-z]*)*(?:\(.*\))?", code):
                assert code.partition("(")[0] in KNOWN | own, code
            elif re.match(r"brex_accounting(_client)?\.[a-z_.]*\w+$", code):
                found(code)
            elif dotted := re.match(r"([a-z]+)\.(\w+)(?:\.(\w+))?", code):
                check_attribute(*dotted.groups())

    @pytest.mark.parametrize(
        "dotted", [("brex", "recordings", None), ("brex", "records", "itre"), ("error", "why", None)]
    )
    def test_a_wrong_attribute_is_found(self, dotted: tuple[str, str, str | None]) -> None:
        """An object, a resource or an error without such an attribute is told."""
        with pytest.raises(AssertionError):
            check_attribute(*dotted)

    def test_a_wrong_name_is_found(self) -> None:
        """The test above can fail."""
        with pytest.raises(AttributeError):
            found("brex_accounting.Bricks")
        assert ["a", "b.c"] == codes("`a` and\n```python\n`x`\n```\n`b.c`")
