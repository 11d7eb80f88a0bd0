"""Every block of code in README and ``docs`` is run, or held against what it is about."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.emulator import TenantPlan, World, serve_in_thread
from brex_accounting.export.beancount import read_mapping
from tests.docs import commands
from tests.docs.fences import PAGES, README, ROOT, Fence, fences, name_of, of

ALL = (README, *PAGES)

SHOWN = {
    ("docs/beancount.md", "text"): "tests/docs/test_beancount_page.py",
    ("docs/beancount.md", "beancount"): "tests/docs/test_beancount_page.py",
    ("docs/reference/errors.md", "text"): "tests/docs/test_reference.py",
    ("docs/vendoring.md", "text"): "tests/docs/test_vendoring_page.py",
    ("docs/spec-change.md", "text"): "tests/docs/test_spec_change_page.py",
}
"""Blocks that are no program: which test holds them against the truth."""

READ_BY = {"pyproject.toml": "pytest"}
"""Files that a program reads without being told."""


def with_blocks(language: str, *, pages: tuple[Path, ...] = ALL) -> Any:
    """Parameters: the pages that have such blocks."""
    found = [page for page in pages if of(page, language)]
    return pytest.mark.parametrize("page", found, ids=name_of)


def write_files(page: Path, folder: Path) -> None:
    """Put the blocks that have a file's name where a reader would."""
    for fence in fences(page):
        if fence.title is not None:
            (folder / fence.title).write_text(fence.text + "\n")


def programs(page: Path) -> list[Fence]:
    """The Python blocks of a page that are not put into files."""
    return [fence for fence in of(page, "python") if fence.title is None]


def executed(page: Path) -> dict[str, Any]:
    """The names that the Python blocks of a page define, one after the other in one namespace."""
    names: dict[str, Any] = {"__name__": page.stem}
    for fence in programs(page):
        code = "\n" * (fence.line - 1) + fence.text
        exec(compile(code, str(page), "exec"), names)
    return names


def environment(world: World, page: Path) -> dict[str, str]:
    """What a reader of the page has exported: a partner's credentials where it asks for them, else a user token."""
    shared = {"BREX_BASE_URL": world.base_url, "BREX_ISSUER": world.issuer_url}
    if any("BREX_CLIENT_ID" in fence.text for fence in programs(page)):
        return shared | {"BREX_CLIENT_ID": world.issuer.client_id, "BREX_CLIENT_SECRET": world.issuer.client_secret}
    return shared | {"BREX_ACCESS_TOKEN": world.issuer.user_token("main"), "BREX_ACCOUNT": "acme"}


class TestBlocks:
    def test_nobody_is_left_out(self) -> None:
        """Each block is of a kind that a test below runs, or stands in the list of those that another test holds."""
        run_here = {"python", "sh", "console", "toml"}
        left = [
            fence.place
            for page in ALL
            for fence in fences(page)
            if fence.language not in run_here and (name_of(page), fence.language) not in SHOWN
        ]
        assert [] == left

    def test_those_who_hold_the_others_are_there(self) -> None:
        """No entry of the list is old: the page has such a block, and the test exists and names the page."""
        for (page, language), test in SHOWN.items():
            assert of(ROOT / page, language), page
            assert page.rpartition("/")[2] in (ROOT / test).read_text(), test

    def test_files_are_used(self) -> None:
        """A block that is put into a file is run by a later command of the same page."""
        for page in ALL:
            found = fences(page)
            for place, fence in enumerate(found):
                if fence.title is not None:
                    later = {
                        word for after in found[place:] if after.language == "console" for word in after.text.split()
                    }
                    assert {fence.title, READ_BY.get(fence.title)} & later, fence.place


class TestPython:
    @with_blocks("python", pages=PAGES)
    def test_runs(self, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The Python blocks of a page run in order, with an emulated account where they call Brex."""
        if not programs(page):
            return
        world = World(TenantPlan(records=60, seed=7))
        monkeypatch.chdir(tmp_path)
        (tmp_path / "examples").symlink_to(ROOT / "examples")
        for name in [name for name in os.environ if name.startswith("BREX_")]:
            monkeypatch.delenv(name)
        with serve_in_thread(world):
            for name, value in environment(world, page).items():
                monkeypatch.setenv(name, value)
            executed(page)
        assert [] == world.bugs

    def test_there_are_blocks(self) -> None:
        """Blocks are found; an empty list would prove nothing."""
        assert sum(len(programs(page)) for page in PAGES) > 15


class TestShell:
    @with_blocks("sh")
    def test_could_be_run(self, page: Path) -> None:
        """Each command exists and takes the options that are shown."""
        for fence in of(page, "sh"):
            commands.check(fence)

    @pytest.mark.parametrize(
        "line",
        [
            "brex-accounting export run --journal export.db --erp beancount:b --bassis accrual",
            "brex-accounting expert run",
            "make nonsense",
            "pip install 'brex-accounting-client[nonsense]'",
            "export BREX_NONSENSE=1",
            "rm -rf /",
            'eval "$(brex-accounting emulator --print-environment &)"',
        ],
    )
    def test_mistakes_are_found(self, line: str) -> None:
        """A command, option, target, extra or variable that does not exist is found."""
        with pytest.raises(commands.NotACommand):
            commands.check(Fence(README, 1, "sh", None, line))

    @with_blocks("console")
    def test_sessions_print_what_is_shown(self, page: Path, tmp_path: Path) -> None:
        """The commands of a page, typed one after the other, print what it shows."""
        write_files(page, tmp_path)
        typed = [step for fence in of(page, "console") for step in commands.steps(fence)]
        printed = commands.run([command for command, _ in typed], tmp_path)
        for (command, expected), found in zip(typed, printed, strict=True):
            assert commands.is_like(expected, found), f"$ {command}\n{found}\n-- but the page shows:\n{expected}"

    @pytest.mark.parametrize(
        ("expected", "printed", "like"),
        [
            ("", "", True),
            ("", "error", False),
            ("a", "a", True),
            ("a … c", "a b c", True),
            ("a … c", "a\nc", False),
            ("a\n…\nd", "a\nb\nc\nd", True),
            ("a\n…\nd", "a\nb\nc", False),
            ("(1.0)", "(1x0)", False),
        ],
    )
    def test_comparing(self, expected: str, printed: str, *, like: bool) -> None:
        """An ellipsis stands for a part of a line or for whole lines, and for nothing else."""
        assert like == commands.is_like(expected, printed)


class TestToml:
    @with_blocks("toml")
    def test_is_read(self, page: Path, tmp_path: Path) -> None:
        """Each block is TOML, and a mapping that the ledger takes unless it is put into a file of its own."""
        for fence in of(page, "toml"):
            assert tomllib.loads(fence.text), fence.place
            if fence.title is not None:
                continue
            file = tmp_path / "books.toml"
            file.write_text(fence.text)
            read_mapping(file)
