"""``brex-accounting vendor``: copies of the package for the source tree of another project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .ending import Failure, Refusal, one_line
from .output import print_text

if TYPE_CHECKING:
    from ..vendoring.update import Comparison, Edits, Outcome

_SHOWN: Final = 20
"""How many files of a kind are named where there may be hundreds."""

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def vendor(
    *,
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="The folder of the package that the copy lives in.")
    ],
    package: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="That package, such as acme_erp._vendor; read from DEST by default."),
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="core,export,emulator,testing,cli,spec; core,export by default."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare, and say how the copy stands.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Bring the copy up to date.")] = False,
    keep_edits: Annotated[bool, typer.Option("--keep-edits", help="What was changed here stays.")] = False,
    overwrite_edits: Annotated[bool, typer.Option("--overwrite-edits", help="What was changed here goes.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but write.")] = False,
) -> None:
    """Copy this package into the source tree of a project.

    The copy works under any parent package, beside other versions of itself. The exit status is 1 if --check finds
    something, or if an update would lose what was changed in the copy: then it shows the changes, and writes nothing.
    """
    if not destination.strip():  # a variable of a script that is not set: it would be the current folder
        message = "DEST: is empty; name the folder of the package that the copy lives in, or . for the current one"
        raise Refusal(message)
    folder = Path(destination)
    _refuse_contradictions(check=check, update=update, keep_edits=keep_edits, overwrite_edits=overwrite_edits)
    if check and (parts is not None or package is not None or dry_run):
        message = "--check: takes no other option, since it compares what is there"
        raise Refusal(message)
    names = None if parts is None else _names(parts)
    with one_line({}):
        from ..vendoring import update as copies  # noqa: PLC0415 - help and mistakes come at once
        from ..vendoring.source import Source  # noqa: PLC0415 - see above

        source = Source.running()
        if check:
            _report(copies.check(folder, source=source))
            return
        try:
            if update:
                edits: Edits | None = "keep" if keep_edits else "overwrite" if overwrite_edits else None
                outcome = copies.update(
                    folder, source=source, parts=names, package=package, edits=edits, dry_run=dry_run
                )
            else:
                outcome = copies.create(folder, source=source, parts=names, package=package, dry_run=dry_run)
        except copies.EditsInTheWay as error:
            print_text("".join(error.diffs).removesuffix("\n"))
            raise
        _tell(outcome, dry_run=dry_run)


def _refuse_contradictions(*, check: bool, update: bool, keep_edits: bool, overwrite_edits: bool) -> None:
    for one, other, both in (
        ("--check", "--update", check and update),
        ("--keep-edits", "--overwrite-edits", keep_edits and overwrite_edits),
    ):
        if both:
            message = f"{one} and {other}: give one of them"
            raise Refusal(message)
    if (keep_edits or overwrite_edits) and not update:
        message = f"{'--keep-edits' if keep_edits else '--overwrite-edits'}: goes with --update"
        raise Refusal(message)


def _names(parts: str) -> list[str]:
    names = [part.strip() for part in parts.split(",") if part.strip()]
    if not names:  # a variable of a script that is not set: parts that are there would go
        message = "--parts: names no part; leave it out for those that are there, or for core,export"
        raise Refusal(message)
    return names


def _report(comparison: Comparison) -> None:
    manifest = comparison.manifest
    print_text(f"{manifest.package} {manifest.version} in {comparison.folder}: {', '.join(manifest.parts)}")
    if comparison.version is None:
        print_text("compared with its own manifest only, since the command runs from this copy")
    if comparison.interrupted:
        print_text("an update was interrupted, or is under way; run `vendor --update` to end it")
    for fact in comparison.moved_on:
        print_text(fact)
    for kind in dict.fromkeys(found.kind for found in comparison.found):
        _list(kind.value, [found.path for found in comparison.found if found.kind is kind])
    if not comparison.is_clean:
        raise Failure(_verdict(comparison))
    print_text("nothing to do")


def _verdict(comparison: Comparison) -> str:
    problems = sum(found.kind.is_problem for found in comparison.found)
    if problems:
        noun = "difference" if problems == 1 else "differences"
        return f"the copy is not what it would be made as now: {problems} {noun} in files"
    if comparison.moved_on:
        return "the copy is not what it would be made as now, though no file differs"
    return "the copy is as it was made, and an update of it has not ended"


def _tell(outcome: Outcome, *, dry_run: bool) -> None:
    copy = outcome.copy
    for part, reason in copy.selection.added.items():
        print_text(f"part {part}: {reason}")
    for name, paths in (
        ("restored", outcome.restored),
        ("kept as it is here", outcome.kept),
        ("overwritten", outcome.lost),
    ):
        _list(name, paths)
    came = "" if outcome.before in (None, copy.manifest.version) else f" instead of {outcome.before}"
    would = "would be " if dry_run else ""
    print_text(
        f"{copy.manifest.package}: brex-accounting-client {copy.manifest.version}{came} with the parts "
        f"{', '.join(copy.selection.parts)}; {len(outcome.changed)} files {would}written or removed in {outcome.folder}"
    )
    print_text(f"it takes {', '.join(copy.selection.requirements())}")


def _list(name: str, paths: list[str] | tuple[str, ...]) -> None:
    for path in paths[:_SHOWN]:
        print_text(f"{name}: {path}")
    if len(paths) > _SHOWN:
        print_text(f"{name}: … and {len(paths) - _SHOWN} more files")


__all__ = ["app"]
