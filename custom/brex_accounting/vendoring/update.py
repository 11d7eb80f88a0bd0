"""Copies made, compared and updated: what ``brex-accounting vendor`` does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from attrs import evolve, frozen

from ..errors import VendorError
from .copy import Copy
from .destination import ends_as, located, package_of, refuse_others
from .drift import Difference, Kind, diff, differences, read_tree
from .manifest import PLACE, Manifest, digest
from .parts import DEFAULT, LOW_LEVEL, PACKAGE
from .source import Source
from .staging import is_interrupted, put, sole, state

Edits = Literal["keep", "overwrite"]
"""What becomes of files that were edited or made again in a copy that is updated."""


@frozen
class Outcome:
    """What making or updating a copy came to.

    Attributes:
        folder: Where it is.
        copy: What it was made as.
        before: The version that was there, None where there was no copy.
        changed: Files that are other than before, new or gone.
        restored: Of those, the ones that were missing.
        kept: Files that were edited here and stay so.
        lost: Files that were edited here and are not any more, since that was asked for.
    """

    folder: Path
    copy: Copy
    before: str | None
    changed: tuple[str, ...]
    restored: tuple[str, ...]
    kept: tuple[str, ...]
    lost: tuple[str, ...]


@frozen
class Comparison:
    """How a copy stands.

    Attributes:
        folder: Where it is.
        manifest: What it says about itself.
        version: Of what it was compared with; None where that was the copy itself.
        found: What there is to say about files.
        interrupted: Whether an update was killed, or is under way.
        moved_on: Whether what it was compared with is of another version, generator, documents or parts.
    """

    folder: Path
    manifest: Manifest
    version: str | None
    found: tuple[Difference, ...]
    interrupted: bool
    moved_on: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nobody has to do anything."""
        return not self.interrupted and not self.moved_on and not any(found.kind.is_problem for found in self.found)


class EditsInTheWay(VendorError):
    """An update would lose what was changed here; nothing was written.

    Attributes:
        paths: Files that were edited, added or made again here, by place in the copy.
        diffs: Unified diffs from the files of the release to those that are here.
    """

    def __init__(self, message: str, paths: tuple[str, ...], diffs: tuple[str, ...]) -> None:
        self.paths: tuple[str, ...] = paths
        self.diffs: tuple[str, ...] = diffs
        super().__init__(message)

    def __reduce__(self) -> tuple[type[EditsInTheWay], tuple[str, tuple[str, ...], tuple[str, ...]]]:
        return type(self), (str(self), self.paths, self.diffs)


def create(
    folder: Path,
    *,
    source: Source,
    parts: Iterable[str] | None = None,
    package: str | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Make a copy where there is none.

    Args:
        folder: The folder of the package that it is to live in; other files there stay as they are.
        source: What it is made of.
        parts: Names of parts; ``core`` and ``export`` by default.
        package: The dotted name of that package, read from the folder by default.
        dry_run: Do everything but write.

    Raises:
        VendorError: It cannot be made, and nothing was written.
    """
    place = located(folder)
    with sole(place, dry_run=dry_run):
        refuse_others(place)
        if (place / PLACE).exists():
            message = (
                f"{folder}: holds a copy already; `vendor --update` brings it up to date, `vendor --check` compares it"
            )
            raise VendorError(message)
        _refuse_edited(source)
        if place.is_relative_to(source.place.resolve()):
            message = f"{folder}: is within the package that the copy is made of; name a folder of another one"
            raise VendorError(message)
        before = _states(place)
        copy = Copy.of(source, DEFAULT if parts is None else parts, package_of(place, package, passed=folder))
        if not dry_run:
            _put(place, copy.files, copy.manifest, before)
    return Outcome(place, copy, None, tuple(sorted(copy.files)), (), (), ())


def check(folder: Path, *, source: Source) -> Comparison:
    """Compare a copy with its manifest, and with what it would be made as now; nothing is written.

    Args:
        folder: The one that was given when it was made.
        source: What it would be made of.

    Raises:
        VendorError: There is no copy, or it cannot be read.
    """
    place = located(folder)
    interrupted = is_interrupted(place)
    if interrupted and not (place / PLACE).exists():
        message = f"{folder}: a process that made a copy there was killed, or is at work; `vendor --update` ends that"
        raise VendorError(message)
    refuse_others(place)
    manifest = Manifest.read(place)
    here = read_tree(place)
    copy = None if _is_of(source, place) else Copy.of(source, manifest.parts, manifest.package)
    return Comparison(
        folder=place,
        manifest=manifest,
        version=None if copy is None else source.version,
        found=tuple(differences(manifest, here, None if copy is None else copy.files)),
        interrupted=interrupted,
        moved_on=() if copy is None else _moved_on(manifest, copy),
    )


def update(
    folder: Path,
    *,
    source: Source,
    parts: Iterable[str] | None = None,
    package: str | None = None,
    edits: Edits | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Bring a copy up to date.

    Args:
        folder: The one that was given when it was made.
        source: What it is made of now.
        parts: Names of parts; those that it has by default.
        package: The dotted name of the package that it lives in, by default the one that it has.
        edits: What becomes of what was changed here; by default that stops the update.
        dry_run: Do everything but write.

    Raises:
        EditsInTheWay: Something was changed here, and ``edits`` does not say what becomes of it.
        VendorError: It cannot be updated. Nothing was written in either case.
    """
    place = located(folder)
    with sole(place, dry_run=dry_run):
        refuse_others(place)
        manifest = Manifest.read(place)
        if _is_of(source, place):
            message = f"{folder}: a copy cannot update itself; run `vendor` of the release that it is to become"
            raise VendorError(message)
        _refuse_edited(source)
        name = _name(place, package, manifest, passed=folder)
        copy = Copy.of(source, manifest.parts if parts is None else parts, name)
        before = _states(place)
        here = read_tree(place)
        mine = _changed_here(manifest, here, copy.files)
        if mine.unsettled and edits is None:
            raise _in_the_way(folder, mine, here, copy)
        stay = mine.settled | (mine.unsettled if edits == "keep" else set[str]())
        files = {path: text for path, text in copy.files.items() if path not in stay}
        files |= {path: here[path] for path in stay if path in here}
        changed = {path for path in {*here, *files} if _sha(here, path) != _sha(files, path)}
        new = _kept(copy.manifest, manifest, here, stay)
        if not dry_run and (changed or new != manifest):
            _put(place, files, new, before)
    return Outcome(
        folder=place,
        copy=copy,
        before=manifest.version,
        changed=tuple(sorted(changed)),
        restored=tuple(sorted(path for path in changed if path in manifest.files and path not in here)),
        kept=tuple(sorted(stay)),
        lost=tuple(sorted(mine.unsettled - stay)),
    )


@frozen
class _ChangedHere:
    """Files that are not as they were made.

    Attributes:
        settled: What was kept, or made again, and that no release has touched since: it stays.
        unsettled: What somebody has to decide about.
    """

    settled: set[str]
    unsettled: set[str]


def _changed_here(manifest: Manifest, here: Mapping[str, bytes], anew: Mapping[str, bytes]) -> _ChangedHere:
    settled: set[str] = set()
    unsettled: set[str] = set()
    remade: set[str] = set()
    for found in differences(manifest, here, None):
        path = found.path
        if found.kind is Kind.MISSING or _sha(here, path) == _sha(anew, path):
            continue
        if found.kind is Kind.REGENERATED:
            remade.add(path)
        elif found.kind is Kind.KEPT and _is_as_it_was(path, manifest, anew):
            settled.add(path)
        else:
            unsettled.add(path)
    # What was made from one document belongs together.
    (settled if all(_is_as_it_was(path, manifest, anew) for path in remade) else unsettled).update(remade)
    return _ChangedHere(settled, unsettled)


def _is_as_it_was(path: str, manifest: Manifest, anew: Mapping[str, bytes]) -> bool:
    entry = manifest.files.get(path)
    return _sha(anew, path) == (None if entry is None else entry.sha256)


def _in_the_way(folder: Path, mine: _ChangedHere, here: Mapping[str, bytes], copy: Copy) -> EditsInTheWay:
    paths = tuple(sorted(mine.unsettled))
    label = f"brex-accounting-client-{copy.manifest.version}"
    message = (
        f"{folder}: nothing was written, since files were changed here ({len(paths)}, such as {paths[0]}); "
        "--keep-edits lets them stay as they are, --overwrite-edits takes those of the release"
    )
    return EditsInTheWay(
        message, paths, tuple(diff(path, copy.files.get(path), here.get(path), label=label) for path in paths)
    )


def _kept(new: Manifest, old: Manifest, here: Mapping[str, bytes], stay: set[str]) -> Manifest:
    regenerated = {path: sha for path, sha in old.regenerated.items() if path in stay and sha == _sha(here, path)}
    return evolve(
        new,
        kept_edits={path: digest(here[path]) for path in stay if path in here and path not in regenerated},
        regenerated=regenerated,
        spec_revision=old.spec_revision if regenerated else new.spec_revision,
    )


def _moved_on(manifest: Manifest, copy: Copy) -> tuple[str, ...]:
    now = copy.manifest
    facts = [
        ("version", manifest.version, now.version),
        ("generator", manifest.generator, now.generator),
        ("parts", ", ".join(manifest.parts), ", ".join(now.parts)),
    ]
    if not manifest.regenerated:
        facts.append(("documents", manifest.spec_revision[:12], now.spec_revision[:12]))
    return tuple(f"{name}: {then} here, {new} there" for name, then, new in facts if then != new)


def _is_of(source: Source, place: Path) -> bool:
    """Whether a source is the very copy in this place."""
    return source.place.resolve() == place / PACKAGE


def _refuse_edited(source: Source) -> None:
    if source.manifest is None:
        return
    found = differences(source.manifest, read_tree(source.place.parent), None)
    edited = [difference.path for difference in found if difference.kind is not Kind.REGENERATED]
    if edited:
        message = f"{source.place}: is a copy with edits of its own, such as {edited[0]}; make copies from a release"
        raise VendorError(message)


def _name(place: Path, package: str | None, manifest: Manifest, *, passed: Path) -> str:
    if package is None and ends_as(place, manifest.package, passed=passed):
        return manifest.package
    return package_of(place, package, passed=passed)


def _put(place: Path, files: Mapping[str, bytes], manifest: Manifest, before: Mapping[str, str]) -> None:
    put(place, (PACKAGE, LOW_LEVEL), {**files, PLACE: manifest.dump()}, read=before)


def _states(place: Path) -> dict[str, str]:
    try:
        return {name: state(place / name) for name in (PACKAGE, LOW_LEVEL)}
    except OSError as error:
        message = f"{error.filename or place}: cannot be read ({error.strerror}); let this user read it"
        raise VendorError(message) from error


def _sha(files: Mapping[str, bytes], path: str) -> str | None:
    return digest(files[path]) if path in files else None


__all__ = ["Comparison", "Edits", "EditsInTheWay", "Outcome", "check", "create", "update"]
