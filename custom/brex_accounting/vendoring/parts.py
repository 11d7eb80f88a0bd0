"""The parts of which a copy is made, and what each of them takes to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen

from ..errors import VendorError
from .imports import imported

PACKAGE: Final = "brex_accounting"
LOW_LEVEL: Final = "brex_accounting_client"

SHARED: Final = "vendoring"
"""Belongs to no part: it comes with whatever imports it."""


@frozen
class Part:
    """Something that a copy may be made with.

    Attributes:
        holds: What it is, in a few words.
        requirements: What has to be installed for it, with bounds, beside what the parts that it imports need.
    """

    holds: str
    requirements: tuple[str, ...] = ()


_CLI: Final = ("rich>=15,<16", "typer>=0.29.2,<0.30")

PARTS: Final[Mapping[str, Part]] = {
    "core": Part(
        "calls, tokens, paging, webhooks, and the low-level client",
        (
            "attrs>=24.2,<27",
            "filelock>=4.2.11,<5",
            "httpx>=0.28.1,<0.29",
            "msgspec>=0.22,<0.23",
            "python-dateutil>=2.9,<5",
            "sniffio>=1.3.1,<2",
        ),
    ),
    "export": Part("the export loop, its journal, the Beancount ledger"),
    "emulator": Part(
        "the stand-in for Brex", (*_CLI, "jsonschema-rs>=0.60.3,<0.61", "starlette>=1.10,<2", "uvicorn>=0.54,<0.55")
    ),
    "testing": Part("contracts for token stores, adapters and journals", ("pytest>=9.2,<10", "pytest-asyncio>=1.5,<2")),
    "cli": Part("the command line", _CLI),
    "spec": Part(
        "what makes the low-level client again from a new document",
        ("jsonpath-rfc9535>=1.0.1,<2", "openapi-spec-validator>=0.9,<0.10", "ruamel.yaml>=0.19.1,<0.20"),
    ),
}
"""The bounds are those of pyproject.toml; they stand here, since nothing reads metadata of what is installed."""

DEFAULT: Final = ("core", "export")


@frozen
class Selection:
    """The parts of a copy.

    Attributes:
        parts: Their names, in the order of ``PARTS``.
        added: Those that nobody asked for, each with the reason.
        shared: Whether ``vendoring`` itself comes along.
    """

    parts: tuple[str, ...]
    added: Mapping[str, str]
    shared: bool

    def has(self, path: str) -> bool:
        """Whether a file belongs to the copy.

        Args:
            path: Its place in the copy.
        """
        part = part_of(path)
        return self.shared if part == SHARED else part in self.parts

    def requirements(self) -> tuple[str, ...]:
        """What has to be installed, with bounds, sorted."""
        return tuple(sorted({line for part in self.parts for line in PARTS[part].requirements}))


def part_of(path: str) -> str:
    """The part that a file belongs to, or ``vendoring``.

    Args:
        path: Its place in a copy.
    """
    package, _, rest = path.partition("/")
    top = rest.partition("/")[0]
    if package == PACKAGE and top == "__main__.py":
        return "cli"
    return top if package == PACKAGE and "/" in rest and top in {*PARTS, SHARED} else "core"


def checked(names: Iterable[str]) -> tuple[str, ...]:
    """Names of parts, as they are passed, with ``core``.

    Raises:
        VendorError: A name is none.
    """
    wanted = {"core", *names}
    unknown = sorted(wanted - set(PARTS))
    if unknown:
        message = f"parts: there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}"
        raise VendorError(message)
    return tuple(name for name in PARTS if name in wanted)


def select(files: Mapping[str, bytes], wanted: Iterable[str]) -> Selection:
    """The parts that were asked for, and those that they import when they run.

    Args:
        files: All that a copy could be made of, by place in the copy.
        wanted: Names of parts.

    Raises:
        VendorError: A name is none, or there is no such part in these files.
    """
    chosen: dict[str, str] = dict.fromkeys(checked(wanted), "")
    known = {part_of(path) for path in files}
    todo = list(chosen)
    while todo:
        part = todo.pop()
        if part not in known:
            message = f"parts: what this command runs from has no {part!r} itself; run it from a whole installation"
            raise VendorError(message)
        for path, source in files.items():
            if part_of(path) != part or not is_module(path):
                continue
            for other in (part_of(name.replace(".", "/") + "/") for name in imported(path, source)):
                if other not in chosen and other != "core":
                    chosen[other] = f"{part} needs it: {path} imports it"
                    todo.append(other)
    added = {part: reason for part, reason in chosen.items() if reason and part != SHARED}
    return Selection(tuple(part for part in PARTS if part in chosen), added, shared=SHARED in chosen)


def is_module(path: str) -> bool:
    """Whether a file is a module of the packages, and not one that is only made into another.

    Args:
        path: Its place in a copy.
    """
    return path.endswith(".py") and not path.startswith(f"{PACKAGE}/spec/inputs/")


__all__ = [
    "DEFAULT",
    "LOW_LEVEL",
    "PACKAGE",
    "PARTS",
    "SHARED",
    "Part",
    "Selection",
    "checked",
    "is_module",
    "part_of",
    "select",
]
