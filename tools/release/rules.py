"""What a wheel and an sdist of the project have to be."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .project import ADDED, Project

LICENSE_EXPRESSION: Final = "Apache-2.0"
NEEDED: Final = (
    "brex_accounting/py.typed",
    "brex_accounting_client/py.typed",
    *(f"brex_accounting/emulator/documents/{name}_api.json" for name in ("accounting", "expenses", "team", "webhooks")),
)
"""Files without which the wheel would be broken, whatever the project's folder holds."""

SDIST_ONLY: Final = ("PKG-INFO",)
_ALIEN: Final = re.compile(
    r"(^|/)(tests?|benchmarks|examples|__pycache__|\.[^/]*)/|\.(py[co]|orig|rej|so|pem|key|db|env)$"
)
_OPENAPI: Final = re.compile(r"(^|/)openapi/")
_SECRETS: Final = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a token of Brex": re.compile(rb"\bbxt_[A-Za-z0-9]{24,}"),
    "a token of a code host or an index": re.compile(rb"\b(gh[pousr]_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,})"),
    "a key of a cloud": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
    "a signed token": re.compile(rb"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}"),
}


def faults_of_wheel(path: Path, project: Project) -> list[str]:
    """What is wrong with a wheel, a line each; empty for one that may be released."""
    if path.name != f"{project.stem}-py3-none-any.whl":
        return [f"{path.name}: is not called {project.stem}-py3-none-any.whl"]
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        contents = {name: archive.read(name) for name in names}
    info = f"{project.stem}.dist-info/"
    packaged = {name: content for name, content in contents.items() if not name.startswith(info)}
    return [
        *[f"{name}: is in the wheel twice" for name in sorted({name for name in names if names.count(name) > 1})],
        *_faults_of_files(packaged, project),
        *_faults_of_contents(contents, project),
        *_faults_of_metadata(contents.get(f"{info}METADATA", b""), project),
        *_faults_of_info({name.removeprefix(info): content for name, content in contents.items()}, project),
    ]


def faults_of_sdist(path: Path, project: Project) -> list[str]:
    """What is wrong with an sdist, a line each; that it makes the same wheel is seen by doing so."""
    if path.name != f"{project.stem}.tar.gz":
        return [f"{path.name}: is not called {project.stem}.tar.gz"]
    contents: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            if file is None:
                return [f"{member.name}: is no plain file"]
            contents[member.name.removeprefix(f"{project.stem}/")] = file.read()
    surplus = sorted(set(contents) - set(project.tracked) - set(SDIST_ONLY))
    return [
        *[f"{name}: is in the sdist, and git does not know it" for name in surplus],
        *[
            f"{name}: is missing in the sdist"
            for name in ("LICENSE", "README.md", "CHANGELOG.md")
            if name not in contents
        ],
        *_faults_of_contents(contents, project),
    ]


def _faults_of_files(packaged: Mapping[str, bytes], project: Project) -> Iterator[str]:
    expected = project.wheel_files()
    for name in sorted({*expected, *NEEDED} - set(packaged)):
        yield f"{name}: is missing in the wheel"
    for name in sorted(set(packaged) - set(expected)):
        yield f"{name}: is in the wheel, and git knows no such file; see ADDED in tools/release/project.py"
    for name in sorted(set(packaged) & set(expected)):
        if packaged[name] != expected[name].read_bytes():
            yield f"{name}: is not what {expected[name].relative_to(project.root)} holds"
        if _ALIEN.search(name):
            yield f"{name}: does not belong into a wheel"
        if _OPENAPI.search(name) and not any(name == place or name.startswith(f"{place}/") for place in ADDED):
            yield f"{name}: is a source of the build, and none of ADDED in tools/release/project.py"


def _faults_of_contents(contents: Mapping[str, bytes], project: Project) -> Iterator[str]:
    private = {str(project.root).encode(), str(Path.home()).encode() + b"/"} - {b"/"}
    for name, content in sorted(contents.items()):
        for text in sorted(private):
            if text in content:
                yield f"{name}: names a folder of this machine"
        for kind, pattern in _SECRETS.items():
            if pattern.search(content):
                yield f"{name}: holds what looks like {kind}"


def _faults_of_info(info: Mapping[str, bytes], project: Project) -> Iterator[str]:
    if info.get("licenses/LICENSE") != (project.root / "LICENSE").read_bytes():
        yield "licenses/LICENSE: is missing, or not the project's"
    wheel = info.get("WHEEL", b"").decode()
    for line in ("Root-Is-Purelib: true", "Tag: py3-none-any"):
        if line not in wheel.splitlines():
            yield f"WHEEL: does not say {line!r}"
    scripts = info.get("entry_points.txt", b"").decode()
    for name, target in project.table["scripts"].items():
        if f"{name} = {target}" not in scripts.splitlines():
            yield f"entry_points.txt: has no {name} = {target}"


def _faults_of_metadata(text: bytes, project: Project) -> Iterator[str]:
    try:
        found = Metadata.from_email(text, validate=True)
    except ExceptionGroup as error:
        yield f"METADATA: {'; '.join(map(str, error.exceptions))}"
        return
    readme = (project.root / "README.md").read_text(encoding="utf-8")
    table = project.table
    facts: tuple[tuple[str, object, object], ...] = (
        ("name", found.name, table["name"]),
        ("version", str(found.version), project.version),
        ("summary", found.summary, table["description"]),
        ("licence", found.license_expression, LICENSE_EXPRESSION),
        ("licence files", list(found.license_files or ()), ["LICENSE"]),
        ("requires-python", str(found.requires_python), table["requires-python"]),
        ("classifiers", sorted(found.classifiers or ()), sorted(table["classifiers"])),
        ("extras", sorted(found.provides_extra or ()), sorted(table["optional-dependencies"])),
        ("URLs", found.project_urls or {}, table.get("urls", {})),
        ("description", (found.description or "").strip(), readme.strip()),
        ("kind of description", found.description_content_type, "text/markdown"),
    )
    for name, is_so, should_be in facts:
        if is_so != should_be:
            yield f"METADATA: {name} is {_short(is_so)}, not {_short(should_be)}"
    if any(name.startswith("License ::") for name in found.classifiers or ()):
        yield "METADATA: has a classifier of its licence, which the licence expression replaces"
    yield from _faults_of_requirements({_plain(each) for each in found.requires_dist or ()}, project)


def _faults_of_requirements(found: set[tuple[str, str]], project: Project) -> Iterator[str]:
    table = project.table
    extras: Mapping[str, Sequence[str]] = table["optional-dependencies"]
    expected = {_plain(Requirement(line)) for line in table["dependencies"]}
    for extra in extras:
        for requirement in _expanded(extra, table["name"], extras):
            name, bounds = _plain(requirement)
            expected.add((name, f"{bounds}; extra == {extra!r}"))
    found = {(name, bounds.replace('"', "'")) for name, bounds in found}
    for name, bounds in sorted(found ^ expected):
        yield f"METADATA: {name}{bounds} is {'not in pyproject.toml' if (name, bounds) in found else 'missing'}"
    for name, bounds in sorted(found):
        if not re.search(r"==\d|(?=.*>=)(?=.*<)", bounds):
            yield f"METADATA: {name}{bounds} has no lower or no upper bound"


def _expanded(extra: str, project: str, extras: Mapping[str, Sequence[str]]) -> Iterator[Requirement]:
    """The requirements of an extra; those of the project on extras of itself stand for what these require."""
    for requirement in map(Requirement, extras[extra]):
        if requirement.name != project:
            yield requirement
        for inner in sorted(requirement.extras) if requirement.name == project else ():
            yield from _expanded(inner, project, extras)


def _plain(requirement: Requirement) -> tuple[str, str]:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return (
        f"{canonicalize_name(requirement.name)}{extras}",
        f"{','.join(sorted(map(str, requirement.specifier)))}{marker}",
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
