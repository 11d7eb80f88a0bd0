"""New packages in the place of old ones: all or nothing, wherever it ends."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brex_accounting.errors import VendorError
from brex_accounting.vendoring.staging import NAME, is_interrupted, put, sole

from .sources import tree

PACKAGES = ("brex_accounting", "brex_accounting_client")
OLD = {"brex_accounting/a.py": b"old\n", "brex_accounting/gone/b.py": b"old\n", "brex_accounting_client/c.py": b"old\n"}
NEW = {"brex_accounting/a.py": b"new\n", "brex_accounting_client/c.py": b"new\n", "brex_accounting_client/d.py": b""}
THEIRS = {"__init__.py": b"# theirs\n"}

STEPS = ("os.mkdir", "open", "os.rename", "os.remove", "os.rmdir")
"""What Python tells an audit hook before it changes the disk."""


@pytest.fixture(params=[OLD, {}], ids=["replacing", "anew"])
def before(request: pytest.FixtureRequest) -> dict[str, bytes]:
    return request.param


def filled(place: Path, before: dict[str, bytes]) -> Path:
    """A folder with the packages that were there before, and something else."""
    for path, text in {**before, **THEIRS}.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(text)
    return place


@pytest.fixture
def folder(tmp_path: Path, before: dict[str, bytes]) -> Path:
    return filled(tmp_path / "_vendor", before)


def forked(action: Callable[[], None]) -> int:
    """Run something in a child and give how that ended: its exit status, or a signal below zero."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:  # noqa: BLE001 - nothing of a test may go on in the child
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_step(number: int, folder: Path, what: Callable[[], None]) -> Callable[[str, tuple[object, ...]], None]:
    """An audit hook that does something before the n-th change to a folder."""
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in STEPS and str(arguments[0]).startswith(str(folder)):
            seen += 1
            if seen == number:
                what()

    return hook


def put_until(number: int, folder: Path, what: Callable[[], None]) -> int:
    """Put the packages there in a child to which something happens before its n-th change, and give how it ended."""

    def action() -> None:
        sys.addaudithook(at_step(number, folder, what))
        put(folder, PACKAGES, NEW)

    return forked(action)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    raise KeyboardInterrupt


class TestPut:
    def test_replaces(self, folder: Path) -> None:
        """The packages are the new ones, the rest is as it was, and nothing is left behind."""
        put(folder, PACKAGES, NEW)
        assert {**NEW, **THEIRS} == tree(folder)
        assert not is_interrupted(folder)

    def test_makes_the_folder(self, tmp_path: Path) -> None:
        """A folder that is not there is made, with those above it."""
        put(tmp_path / "a" / "b", PACKAGES, NEW)
        assert NEW == tree(tmp_path / "a" / "b")


class TestEnds:
    def test_kill(self, tmp_path: Path, before: dict[str, bytes]) -> None:
        """Killed before any change to the disk, it leaves what was or what is to be, as soon as somebody looks."""
        ends = set()
        for number in range(1, 200):
            folder = filled(tmp_path / str(number), before)
            status = put_until(number, folder, kill)
            with sole(folder, dry_run=False):
                found = tree(folder)
            assert found in ({**before, **THEIRS}, {**NEW, **THEIRS}), number
            assert not is_interrupted(folder)
            ends.add((status, found == {**NEW, **THEIRS}))
            if status == 0:
                break
        assert {(-9, False), (-9, True), (0, True)} == ends

    def test_ctrl_c(self, tmp_path: Path, before: dict[str, bytes]) -> None:
        """Interrupted before any change to the disk, it has undone what it did, or all of it is done."""
        ends = set()
        for number in range(1, 200):
            folder = filled(tmp_path / str(number), before)
            status = put_until(number, folder, interrupt)
            found = {path: text for path, text in tree(folder).items() if not path.startswith(NAME)}
            assert found in ({**before, **THEIRS}, {**NEW, **THEIRS}), number
            ends.add((status, found == {**NEW, **THEIRS}))
            with sole(folder, dry_run=False):
                assert found == tree(folder)
            if status == 0:
                break
        assert {(3, False), (0, True)} <= ends

    def test_full_disk(self, folder: Path, before: dict[str, bytes]) -> None:
        """A file that cannot be written whole ends it, and nothing has changed."""

        def action() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
            with pytest.raises(VendorError, match=r"cannot be written \(File too large\); nothing was changed"):
                put(folder, PACKAGES, {**NEW, "brex_accounting/z.py": b"x" * 1000})

        assert 0 == forked(action)
        assert {**before, **THEIRS} == tree(folder)
        assert not is_interrupted(folder)

    def test_folders_that_were_made_go_too(self, tmp_path: Path) -> None:
        """Where it fails, folders that it made are gone; folders of others stay."""
        (tmp_path / "theirs").mkdir()
        too_long = {**NEW, f"brex_accounting/{'x' * 300}.py": b""}
        with pytest.raises(VendorError, match="File name too long"):
            put(tmp_path / "theirs" / "a" / "b", PACKAGES, too_long)
        assert [tmp_path / "theirs"] == list(tmp_path.rglob("*"))

    def test_changes_after_a_kill(self, tmp_path: Path) -> None:
        """What somebody changes before the next one looks is there then, or is refused, with where it is."""
        ends: set[str] = set()
        mine = {"brex_accounting/a.py": b"mine\n", "brex_accounting_client/c.py": b"mine\n"}
        for number in range(1, 200):
            folder = filled(tmp_path / str(number), OLD)
            if put_until(number, folder, kill) == 0:
                break
            filled(folder, mine)
            aside = tmp_path / f"aside from {number}"
            for _ in PACKAGES:
                try:
                    with sole(folder, dry_run=False):
                        break
                except VendorError as error:
                    place, is_refused, _ = str(error).partition(": was changed after a process that replaced it had")
                    assert is_refused
                    name = Path(place).name
                    ends.add(name)
                    aside.mkdir(exist_ok=True)
                    (folder / name).rename(aside / name)
            with sole(folder, dry_run=False):
                found = tree(folder)
            assert mine.items() <= {**found, **tree(aside)}.items(), number
            assert found.keys() - mine.keys() in ({*OLD, *THEIRS} - mine.keys(), {*NEW, *THEIRS} - mine.keys()), number
        assert set(PACKAGES) == ends

    def test_put_back_after_a_kill(self, tmp_path: Path) -> None:
        """A package that was away, and that somebody has put back, is in nobody's way."""
        folders = (filled(tmp_path / str(number), OLD) for number in range(1, 200))
        killed = ((folder, put_until(number, folder, kill)) for number, folder in enumerate(folders, start=1))
        folder, status = next(each for each in killed if not (each[0] / "brex_accounting").exists())
        assert -9 == status
        filled(folder, OLD)
        with sole(folder, dry_run=False):
            assert {**NEW, **THEIRS} == tree(folder)

    def test_dry_run_after_a_kill(self, folder: Path) -> None:
        """A dry run does not end what a killed process began: it says who does."""
        assert -9 == put_until(5, folder, kill)
        left = tree(folder)
        with pytest.raises(VendorError, match="was killed; run it without --dry-run"), sole(folder, dry_run=True):
            pass
        assert left == tree(folder)
