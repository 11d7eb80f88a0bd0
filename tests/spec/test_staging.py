"""A tree that changes whole or not at all, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from filelock import FileLock

from brex_accounting.errors import SpecError
from brex_accounting.spec.staging import beside, move_in, staged

from .documents import PROJECT, snapshot

NAMES = ["a.txt", "package", "sub/b.txt", "sub/new.txt", "gone.txt"]
MOVES = 8
"""Each file there is aside, and each new one in."""


def make_old(root: Path) -> None:
    for name in ("a.txt", "package/one.py", "package/deep/two.py", "sub/b.txt", "sub/other.txt", "gone.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"old {name}\n", encoding="utf-8")


def make_new(folder: Path) -> None:
    for name in ("a.txt", "package/one.py", "package/three.py", "sub/b.txt", "sub/new.txt"):
        path = folder / "after" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"new {name}\n", encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    make_old(folder)
    return folder


@pytest.fixture
def before(root: Path) -> dict[str, bytes]:
    return snapshot(root)


AFTER = {
    "a.txt": b"new a.txt\n",
    "package/one.py": b"new package/one.py\n",
    "package/three.py": b"new package/three.py\n",
    "sub/b.txt": b"new sub/b.txt\n",
    "sub/new.txt": b"new sub/new.txt\n",
    "sub/other.txt": b"old sub/other.txt\n",
}


def move_all(root: Path) -> None:
    with staged(root) as folder:
        make_new(folder)
        move_in(folder, root, NAMES)


class Stop(BaseException):
    """Stands for an interrupt."""


def failing_at(monkeypatch: pytest.MonkeyPatch, nth: int, error: BaseException, *, after: bool = False) -> None:
    """Let the n-th move fail, before or after it is made; those that undo are let through."""
    moves: list[Path] = []
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        moves.append(self)
        if len(moves) == nth:
            if after:
                replace(self, target)
            raise error
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)


class TestMoving:
    def test_all_of_it(self, root: Path) -> None:
        """New files and folders take the place of the old ones, what is not there any more goes, and nothing stays."""
        move_all(root)
        assert snapshot(root) == AFTER
        assert {"a.txt", "package", "sub"} == {path.name for path in root.iterdir()}

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("nth", range(1, MOVES + 1))
    @pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), Stop()])
    def test_a_failure(
        self,
        root: Path,
        before: dict[str, bytes],
        monkeypatch: pytest.MonkeyPatch,
        error: BaseException,
        nth: int,
        *,
        after: bool,
    ) -> None:
        """Whichever move fails, or is interrupted just before or after it, the tree is as it was."""
        failing_at(monkeypatch, nth, error, after=after)
        with pytest.raises(type(error)):
            move_all(root)
        assert before == snapshot(root)
        assert [] == list(root.glob(".generate-*"))

    def test_there_are_as_many_moves(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The failures above hit every move there is."""
        failing_at(monkeypatch, MOVES + 1, Stop())
        move_all(root)
        assert snapshot(root) == AFTER

    def test_a_failure_before_the_moves(self, root: Path, before: dict[str, bytes]) -> None:
        """What fails while the new tree is being made leaves the old one."""

        def fail() -> None:
            with staged(root) as folder:
                make_new(folder)
                raise Stop

        with pytest.raises(Stop):
            fail()
        assert before == snapshot(root)
        assert [] == list(root.glob(".generate-*"))


def killed(root: Path, nth: int, *, after: bool) -> None:
    """A process that is killed before or after its n-th move, or before the first."""
    process = os.fork()
    if process == 0:
        try:
            die_at(root, nth, after=after)
        finally:
            os._exit(1)
    _, status = os.waitpid(process, 0)
    assert signal.SIGKILL == os.WTERMSIG(status)


def die_at(root: Path, nth: int, *, after: bool) -> None:
    moves: list[Path] = []
    replace = Path.replace

    def dying(self: Path, target: Path) -> Path:
        moves.append(self)
        if after:
            replace(self, target)
        if len(moves) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return target if after else replace(self, target)

    Path.replace = dying  # type: ignore[method-assign]
    with staged(root) as folder:
        make_new(folder)
        if nth == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        move_in(folder, root, NAMES)


class TestKill:
    """What ``kill -9`` leaves is put right by the next run."""

    @pytest.mark.parametrize(("nth", "after"), [(0, False), (1, False), (1, True), (4, True), (7, True), (8, True)])
    def test_the_next_run_begins_with_the_old_tree(
        self, root: Path, before: dict[str, bytes], nth: int, *, after: bool
    ) -> None:
        """Whenever a run is killed while files are moved, the next one finds the tree as it was, and goes through."""
        killed(root, nth, after=after)
        with staged(root):
            found = snapshot(root)
        assert before == {name: text for name, text in found.items() if not name.startswith(".generate-")}
        assert before == snapshot(root)
        move_all(root)
        assert snapshot(root) == AFTER
        assert [] == list(root.glob(".generate-*"))

    def test_who_only_looks_settles_it_too(self, root: Path, before: dict[str, bytes]) -> None:
        """A run that makes a tree to be looked at does not look at half of one."""
        killed(root, 4, after=True)
        with beside(root):
            found = snapshot(root)
        assert before == found

    @pytest.mark.parametrize("nth", range(1, 8))
    def test_killed_again_while_it_is_settled(
        self, root: Path, before: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, nth: int
    ) -> None:
        """Putting it right may itself be cut off at any move, and is then done by the run after it."""
        killed(root, MOVES, after=True)
        with monkeypatch.context() as patch:
            failing_at(patch, nth, Stop(), after=nth % 2 == 0)
            with pytest.raises(Stop), staged(root):
                pass
        with staged(root):
            pass
        assert before == snapshot(root)

    @pytest.mark.parametrize("path", ["a.txt", "package/three.py", "package/mine.py", "sub/new.txt"])
    def test_what_somebody_changes_before_the_next_run(self, root: Path, path: str) -> None:
        """What is changed in a new tree that is to go again is refused, with where it is, and stays there."""
        killed(root, MOVES, after=True)
        (root / path).write_text("mine\n", encoding="utf-8")
        for _ in range(2):
            with pytest.raises(SpecError) as caught, staged(root):
                pass
        place, is_refused, _ = str(caught.value).partition(
            ": was changed after a run that was cut off had put it there"
        )
        assert is_refused
        assert (root / path).is_relative_to(place)
        assert "mine\n" == (root / path).read_text(encoding="utf-8")
        Path(place).rename(root / "aside")
        move_all(root)
        assert AFTER == {name: text for name, text in snapshot(root).items() if not name.startswith("aside")}

    def test_a_tree_that_somebody_has_put_right(self, root: Path) -> None:
        """A file that is there again is not overwritten: a person decides."""
        killed(root, 1, after=True)
        (root / "a.txt").write_text("by hand\n", encoding="utf-8")
        with (
            pytest.raises(SpecError, match=r"a\.txt: was written after a run that was cut off had put it aside"),
            staged(root),
        ):
            pass
        assert "by hand\n" == (root / "a.txt").read_text(encoding="utf-8")
        shutil.rmtree(root / ".generate-moving")
        move_all(root)


class TestTwo:
    def test_the_second_is_refused(self, root: Path, before: dict[str, bytes]) -> None:
        """While one run changes the tree, another one is told so, and changes nothing."""
        with staged(root), pytest.raises(SpecError, match=r"another run is changing this tree; wait"), staged(root):
            pass
        assert before == snapshot(root)
        with staged(root):
            pass

    def test_from_another_process(self, root: Path) -> None:
        """The lock holds between processes, and ends with the one that held it."""
        script = textwrap.dedent("""
            import sys
            from pathlib import Path
            from brex_accounting.spec.staging import staged
            with staged(Path(sys.argv[1])):
                print("held", flush=True)
                sys.stdin.read()
        """)
        command = [sys.executable, "-c", script, str(root)]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT / "custom")}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
            assert other.stdout is not None
            assert b"held\n" == other.stdout.readline()
            with pytest.raises(SpecError, match="another run"), staged(root):
                pass
            other.kill()
        with staged(root):
            pass
        assert [] == list(root.glob(".generate-*"))

    def test_a_lock_that_a_run_has_left(self, root: Path) -> None:
        """A lock file without a process that holds it locks nothing."""
        with FileLock(root / ".generate-lock"):
            pass
        (root / ".generate-lock").touch()
        move_all(root)
        assert snapshot(root) == AFTER
