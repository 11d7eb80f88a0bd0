"""A new document of Brex's, taken over whole or not at all.

Read, compared and merged; overlays, bundle, client and the emulator's documents made from it; the tests run; the entry
in CHANGES.md written: all of it in a folder beside the tree, from which it is moved in when everything is there.
"""

from __future__ import annotations

import difflib
import hashlib
import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from attrs import frozen

from ..errors import SpecError
from ..version import __version__
from .changes import Entry, next_version, with_entry
from .comparison import Comparison
from .dialect import Published, read_published
from .diff_command import comparison_with
from .document import Node, load, operations, schemas
from .generator import build, compared, generated, with_manifest
from .layout import Layout, Tools
from .merging import Merged, merge
from .overlay import Overlay
from .pruning import pruned
from .report import render, render_markdown
from .staging import move_in, staged
from .suite import NOT_EMULATED, Suite, deviations_of, facts_of

_REFUSALS = frozenset({"400", "401", "403"})
"""Statuses that the emulator answers wherever they are listed: it reads requests and tokens before its handlers."""


@frozen(kw_only=True)
class Update:
    """What is to be taken over, and how.

    Attributes:
        layout: The project.
        tools: The generator and its ruff.
        source: The new document.
        document: The file name of ours, such as ``accounting_api.yaml``.
        today: The day that the entry in CHANGES.md gets.
        suite: The tests to run on the new tree, None to leave them.
        dry_run: Do everything beside the tree and write nothing into it.
        say: Is given what people are to read, as it becomes known.
    """

    layout: Layout
    tools: Tools
    source: Path
    document: str
    today: date
    suite: Suite | None
    dry_run: bool
    say: Callable[[str], None]

    def run(self) -> None:
        """Take the new document over, and say what it changes and what is left to do.

        Raises:
            SpecError: The document, an overlay, the generated client or the tests are not as they should be, or
                somebody changed the tree meanwhile. The tree is as it was.
            OSError: A file cannot be read or moved. The tree is as it was.
        """
        with staged(self.layout.root) as folder:
            ours = self.layout.documents / self.document
            published = read_published(self.source)
            comparison = comparison_with(self.layout, self.document, published.tree)
            self.say(render(comparison).rstrip("\n"))
            merged = merge(ours, published.tree)
            if merged.text == ours.read_text(encoding="utf-8"):
                self.say(f"{self.document} says the same as {self.source.name} already; there is nothing to do.")
                return
            before = _fingerprint(self.layout)
            gone, names = self._make(folder, published, comparison, merged)
            self._test(folder)
            differ = compared(self.layout, folder / "after")
            if not self.dry_run:
                _refuse_meddling(before, _fingerprint(self.layout))
                move_in(folder, self.layout.root, names)
            self._tell(merged, gone)
            self._tell_version(visible=any(f": {self.layout.package}/" in line for line in differ))
            self._list("dry run: nothing is written; it would be:" if self.dry_run else "written:", names)

    def _make(
        self, folder: Path, published: Published, comparison: Comparison, merged: Merged
    ) -> tuple[tuple[str, ...], list[str]]:
        """Make all that is new below ``after``; gives the overlay actions that went, and the paths to be moved in."""
        layout, inputs, after = self.layout, self.layout.at(folder / "inputs"), self.layout.at(folder / "after")
        shutil.copytree(layout.documents, inputs.documents)
        inputs.path(layout.settings).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(layout.path(layout.settings), inputs.path(layout.settings))
        _write(inputs.documents / self.document, merged.text)
        gone, overlays = self._prune(inputs, merged)
        build(inputs, self.tools, after.root)
        for name in (f"{layout.openapi}/{self.document}", *overlays):
            if inputs.path(name).exists():
                after.path(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(inputs.path(name), after.path(name))
        entry = Entry(
            today=self.today,
            document=self.document,
            source=self.source.name,
            published=published,
            differences=render_markdown(comparison),
            merged=merged,
            gone=gone,
        )
        page = layout.documents / "CHANGES.md"
        known = page.read_text(encoding="utf-8") if page.exists() else None
        _write(after.documents / page.name, with_entry(known, entry))
        names = [f"{layout.openapi}/{self.document}", *overlays, f"{layout.openapi}/{page.name}", *generated(layout)]
        for name, text in self._pins(inputs, after, comparison, merged).items():
            after.path(name).parent.mkdir(parents=True, exist_ok=True)
            _write(after.path(name), text)
            names.append(name)
        return gone, with_manifest(layout, after.root, names)

    def _prune(self, inputs: Layout, merged: Merged) -> tuple[tuple[str, ...], list[str]]:
        """Take out of the document's overlays what has become needless; gives what went, and the overlays' paths."""
        gone: list[str] = []
        touched: list[str] = []
        document = merged.tree
        for path in sorted((inputs.documents / "overlays").glob("*.yaml")):
            overlay = Overlay.read(path)
            if overlay.extends.rpartition("/")[2] != self.document:
                continue
            document, needless = overlay.apply_leniently(document)
            if not needless:
                continue
            gone += [f"{path.name}, action {number}: {overlay.actions[number - 1]['target']}" for number in needless]
            touched.append(f"{inputs.openapi}/overlays/{path.name}")
            rest = pruned(path, needless)
            if rest is None:
                path.unlink()
            else:
                _write(path, rest)
        return tuple(gone), touched

    def _pins(self, inputs: Layout, after: Layout, comparison: Comparison, merged: Merged) -> dict[str, str]:
        """What the tests hold the documents to, by its path, where there are tests; it is shown as it changes."""
        layout, folder = self.layout, self.layout.facts
        if folder is None or not layout.path(folder).is_dir():
            return {}
        found = {
            f"{folder}/{Path(self.document).stem}.txt": facts_of(layout, after.documents / self.document),
            f"{folder}/deviations.txt": deviations_of(layout, inputs.documents, after.documents / "bundle.yaml"),
        }
        lacking = _not_emulated(load(layout.documents / self.document), merged.tree, comparison)
        if lacking and layout.path(NOT_EMULATED).exists():
            known = layout.path(NOT_EMULATED).read_text(encoding="utf-8")
            found[NOT_EMULATED] = known + "".join(f"{line}\n" for line in lacking if f"{line}\n" not in known)
        for name, text in found.items():
            before = layout.path(name).read_text(encoding="utf-8") if layout.path(name).exists() else ""
            lines = list(difflib.unified_diff(before.splitlines(), text.splitlines(), name, name, n=1, lineterm=""))
            if lines:
                self.say("\n".join(lines))
        return found

    def _test(self, folder: Path) -> None:
        if not self.layout.is_checkout:
            self.say("tests: none here; a copy of the packages has none of its own")
        elif self.suite is None:
            self.say("tests: left out")
        else:
            self.suite.run(self.layout, folder / "after", folder / "project")
            self.say("tests: passed on the new tree")

    def _tell(self, merged: Merged, gone: Iterable[str]) -> None:
        self._list("overlay actions that have become needless, and are gone:", gone)
        self._list("to be described, in words of ours:", merged.to_write)
        self._list("prose of ours that has lost its place:", (f"{lost.where}: {lost.text}" for lost in merged.lost))

    def _tell_version(self, *, visible: bool) -> None:
        if not self.layout.is_checkout:
            shown = "the client in Python has changed" if visible else "nothing of it shows in Python"
            self.say(f"version: {__version__} still, since a copy keeps the one of its release; {shown}")
            return
        why = "minor: *Brex changed*" if visible else "patch: nothing of it shows in Python"
        new = next_version(__version__, visible=visible)
        self.say(f"version: {__version__} → {new} ({why}); version.py is yours to change")

    def _list(self, title: str, lines: Iterable[str]) -> None:
        listed = [f"  {line}" for line in lines]
        if listed:
            self.say("\n".join([title, *listed]))


def _not_emulated(old: Node, new: Node, comparison: Comparison) -> list[str]:
    """The new fields and enum values that the emulator's code does not name, and new statuses of what it answers."""
    named, known = schemas(old), schemas(new)
    found: list[str] = []
    for difference in comparison.differences:
        schema, _, member = difference.where.partition(".")
        if not (difference.emulator or "").startswith("not covered") or schema not in known:
            continue
        before, after = named.get(schema, {}), known[schema]
        values = [value for value in after.get("enum", []) if value not in before.get("enum", [])]
        found += [f"{schema}.{name}" for name in ([member] if member else [*after.get("properties", {}), *values])]
    answers = {operation.get("operationId"): operation["responses"] for _, operation, _ in operations(old)}
    for _, operation, _ in operations(new):
        name = operation.get("operationId")
        listed = answers[name] if name in answers else operation["responses"]
        found += [f"{name} {code}" for code in operation["responses"] if code not in listed and code not in _REFUSALS]
    return [f"{Path(comparison.document).stem} {each}" for each in found]


def _fingerprint(layout: Layout) -> dict[str, str]:
    """Every file that an update reads or replaces, and its digest."""
    parts = [layout.openapi, layout.settings, layout.package, layout.emulated, layout.facts, NOT_EMULATED]
    roots = [layout.path(part) for part in parts if part is not None and layout.path(part).exists()]
    files = [file for root in roots for file in ([root] if root.is_file() else sorted(root.rglob("*")))]
    return {
        file.relative_to(layout.root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


def _refuse_meddling(before: dict[str, str], now: dict[str, str]) -> None:
    changed = sorted({*before.items()} ^ {*now.items()})
    if changed:
        message = f"{changed[0][0]}: was changed while the update was being made; run it again"
        raise SpecError(message)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


__all__ = ["Update"]
