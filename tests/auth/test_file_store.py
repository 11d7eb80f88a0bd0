"""Tokens in a file: whatever ends or fails, at whatever operation, the file holds one whole state."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.auth.durable_file import FileOperations
from brex_accounting.auth.file_store import FileTokenStore
from brex_accounting.auth.store import Stored
from brex_accounting.auth.stored_document import MOST_BYTES, StoredDocument, decode, encode
from brex_accounting.errors import InvalidArgument
from tests import virtual
from tests.auth.disks import CachingDisk, Crash, ScriptedDisk
from tests.virtual import VirtualClock

SECRET = "brex-refresh-secret"


def grant(number: int) -> bytes:
    return b'{"refresh_token": "%s-%d", "note": "%s"}' % (SECRET.encode(), number, b"x" * 200)


def store_at(path: Path, disk: FileOperations | None = None) -> FileTokenStore:
    return FileTokenStore(path, clock=VirtualClock(), operations=disk)


async def swap_next(store: FileTokenStore, wait: float = 60.0, before_swap: Callable[[], object] = bool) -> Stored:
    """What a refresh does: lock, load, store the next grant."""
    async with store.lock(lease=60, wait=wait) as fence:
        found = await store.load()
        version = None if found is None else found.version
        before_swap()
        stored = await store.compare_and_swap(version, grant((version or 0) + 1), fence=fence)
        assert stored is not None
        return stored


async def fence_of(store: FileTokenStore, wait: float = 0.0) -> int:
    async with store.lock(lease=60, wait=wait) as fence:
        return fence


def swapped(path: Path, times: int = 1, disk: FileOperations | None = None) -> Stored:
    async def main() -> Stored:
        for _ in range(times - 1):
            await swap_next(store_at(path, disk))
        return await swap_next(store_at(path, disk))

    return virtual.run(main())


def loaded(path: Path) -> Stored | None:
    return virtual.run(store_at(path).load())


def steps_of_a_swap(path: Path) -> list[str]:
    """The operations of one swap at this path, which is used up by it."""
    disk = ScriptedDisk()
    swapped(path, disk=disk)
    return disk.steps


def prepared(folder: Path, versions: int) -> Path:
    """A token file that has so many versions already; without any, its folder is missing."""
    path = folder / "tokens" / "acme.json"
    if versions:
        template = folder.parent / f"{versions}-versions"
        if not template.exists():
            swapped(template / "acme.json", versions)
        shutil.copytree(template, path.parent)
    return path


def texts(error: BaseException | None) -> Iterator[str]:
    """Everything that a log of the error would show."""
    while error is not None:
        yield f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__


class TestSeam:
    def test_is_scripted_whole(self) -> None:
        """The disk of these tests counts every operation that there is."""
        operations = {name for name in vars(FileOperations) if not name.startswith("_")}
        assert operations == operations & vars(ScriptedDisk).keys()

    def test_sees_every_operation(self, tmp_path: Path) -> None:
        """A swap is what a reader of the code expects: number the holder, read, write beside, flush, rename, flush."""
        path = prepared(tmp_path, 1)
        reading = ["open", "read", "read", "close"]
        numbering = ["rewind", "read", "read", *reading, "rewind", "write"]
        replacing = ["unlink", "open", "write", "fsync", "close", "replace", "open", "fsync", "close"]
        assert [*numbering, *reading, *reading, *replacing] == steps_of_a_swap(path)

    def test_flushes_the_folders_that_it_makes(self, tmp_path: Path) -> None:
        """Each new folder is on the disk before anything is put into it."""
        making = ["mkdir", "open", "fsync", "close"]
        assert making * 2 == steps_of_a_swap(tmp_path / "a" / "b" / "acme.json")[:8]


@pytest.mark.parametrize("versions", [0, 1, 3])
class TestCrash:
    @pytest.mark.parametrize("how", ["before", "half", "after"])
    def test_at_every_operation_leaves_one_state_or_the_next(self, versions: int, how: str, tmp_path: Path) -> None:
        """The process ends before, in or after any operation: a new one loads old or new, locks at once and stores."""
        steps = steps_of_a_swap(prepared(tmp_path / "counted", versions))
        for at in range(len(steps)):
            path = prepared(tmp_path / str(at), versions)
            before, fence = loaded(path), virtual.run(fence_of(store_at(path))) if versions else 0
            disk = ScriptedDisk(at, how)
            with pytest.raises(Crash):
                swapped(path, disk=disk)
            disk.bury()
            found = loaded(path)
            assert found in (before, Stored(versions + 1, grant(versions + 1)))
            assert fence < virtual.run(fence_of(store_at(path)))
            assert Stored((found.version if found else 0) + 1, grant((found.version if found else 0) + 1)) == swapped(
                path
            )
            assert {"acme.json", "acme.json.lock"} == {file.name for file in path.parent.iterdir()}

    @pytest.mark.parametrize("names_survive", [True, False])
    def test_of_the_machine_leaves_one_state_or_the_next(
        self, versions: int, names_survive: bool, tmp_path: Path
    ) -> None:
        """The power ends at any operation, with what was not flushed lost: the file is whole, and fences go on."""
        steps = steps_of_a_swap(prepared(tmp_path / "counted", versions))
        for at in range(len(steps)):
            path = prepared(tmp_path / str(at), versions)
            before = loaded(path)
            disk = CachingDisk(at, "after")
            with pytest.raises(Crash):
                swapped(path, disk=disk)
            disk.cut_power(names_survive=names_survive)
            lock_file = path.with_name("acme.json.lock")
            if lock_file.exists():
                lock_file.write_bytes(b"\0" * lock_file.stat().st_size)
            found = loaded(path)
            assert found in (before, Stored(versions + 1, grant(versions + 1)))
            used = decode(path.read_bytes(), "").fence if found else 0
            assert used < virtual.run(fence_of(store_at(path)))
            swapped(path)

    @pytest.mark.parametrize("names_survive", [True, False])
    def test_of_the_machine_takes_nothing_that_was_stored(
        self, versions: int, names_survive: bool, tmp_path: Path
    ) -> None:
        """What a swap has returned is there after a power cut."""
        path = prepared(tmp_path, versions)
        disk = CachingDisk()
        stored = swapped(path, disk=disk)
        disk.cut_power(names_survive=names_survive)
        assert stored == loaded(path)


class TestFailure:
    @pytest.mark.parametrize("versions", [0, 1])
    @pytest.mark.parametrize(
        ("how", "number"),
        [
            ("before", errno.ENOSPC),
            ("half", errno.ENOSPC),
            ("before", errno.EROFS),
            ("before", errno.EACCES),
            ("after", errno.EIO),
        ],
    )
    def test_at_every_operation_is_told_and_harms_nothing(
        self, versions: int, how: str, number: int, tmp_path: Path
    ) -> None:
        """A full disk, a read-only one and others: the error says so, old or new is there, and the next one works."""
        steps = steps_of_a_swap(prepared(tmp_path / "counted", versions))
        for at, step in enumerate(steps):
            path = prepared(tmp_path / str(at), versions)
            before = loaded(path)
            how_here = {"close": "after", "open": "before"}.get(step, how)
            disk = ScriptedDisk(at, how_here, OSError(number, os.strerror(number)))
            store = store_at(path, disk)
            with pytest.raises(OSError, match=re.escape(f"[Errno {number}] {os.strerror(number)}")) as caught:
                virtual.run(swap_next(store))
            assert number == caught.value.errno
            assert not any(SECRET in text for text in texts(caught.value))
            found = loaded(path)
            assert found in (before, Stored(versions + 1, grant(versions + 1)))
            disk.bury()
            after = virtual.run(swap_next(store))
            assert (found.version if found else 0) + 1 == after.version

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
    def test_in_a_swap_names_the_file_and_what_is_there(self, number: int, tmp_path: Path) -> None:
        """Each operation of a swap that can fail says which file, and whether the old state is still the state."""
        path = prepared(tmp_path / "counted", 1)
        steps = steps_of_a_swap(path)
        for at in range(steps.index("unlink"), len(steps)):
            path = prepared(tmp_path / str(at), 1)
            disk = ScriptedDisk(at, "after" if steps[at] == "close" else "before", OSError(number, os.strerror(number)))
            with pytest.raises(OSError, match=r"acme\.json") as caught:
                swapped(path, disk=disk)
            replaced = at > steps.index("replace")
            assert ("the new state was stored" in str(caught.value)) == replaced
            assert ("the old state is whole" in str(caught.value)) != replaced
            assert Stored(1 + replaced, grant(1 + replaced)) == loaded(path)
            assert not path.with_name("acme.json.new").exists()

    def test_of_the_lock_file_names_it_and_the_remedy(self, tmp_path: Path) -> None:
        """A lock file that cannot be opened, here for being a folder, is an error at once, not a wait."""
        tmp_path.joinpath("acme.json.lock").mkdir()
        with pytest.raises(OSError, match=r"without a lock nothing is stored.*acme\.json\.lock"):
            virtual.run(fence_of(store_at(tmp_path / "acme.json"), wait=1e9))

    def test_of_a_read_names_the_file_and_the_remedy(self, tmp_path: Path) -> None:
        """What cannot be read, here for having become a folder, is an error and not an empty store."""
        store = store_at(tmp_path / "acme.json")
        tmp_path.joinpath("acme.json").mkdir()
        with pytest.raises(OSError, match=r"must be readable.*acme\.json"):
            virtual.run(store.load())

    @pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
    def test_of_a_flush_that_the_file_system_does_not_have_is_none(self, number: int, tmp_path: Path) -> None:
        """Where folders cannot be flushed they are not; where files cannot, nothing is stored."""
        path = prepared(tmp_path, 1)
        steps = steps_of_a_swap(path)
        file, folder = (at for at, step in enumerate(steps) if step == "fsync")
        error = OSError(number, os.strerror(number))
        assert 3 == swapped(path, disk=ScriptedDisk(folder, error=error)).version
        with pytest.raises(OSError, match="nothing was stored"):
            swapped(path, disk=ScriptedDisk(file, error=error))

    def test_to_take_all_at_once_is_no_failure(self, tmp_path: Path) -> None:
        """A disk that reads and writes seven bytes at a time makes the same file."""
        disk = ScriptedDisk()
        disk.most_at_once = 7
        assert Stored(2, grant(2)) == swapped(tmp_path / "acme.json", 2, disk)
        assert Stored(2, grant(2)) == loaded(tmp_path / "acme.json")

    def test_leaves_no_descriptor_open(self, tmp_path: Path) -> None:
        """After a failure at any operation every descriptor has been given back."""
        steps = steps_of_a_swap(prepared(tmp_path / "counted", 1))
        for at, step in enumerate(steps):
            path = prepared(tmp_path / str(at), 1)
            disk = ScriptedDisk(at, "after" if step == "close" else "before", OSError(errno.EIO, "broken"))
            with pytest.raises(OSError, match="broken"):
                swapped(path, disk=disk)
            assert set() == disk.opened


WHOLE = encode(StoredDocument(7, 9, grant(7)))
FOREIGN = {
    "empty": b"",
    "blank": b" \n",
    "zeros": b"\0" * 300,
    "half of it": WHOLE[: len(WHOLE) // 2],
    "without its end": WHOLE[:-2],
    "twice": WHOLE * 2,
    "more behind it": WHOLE + b"x",
    "a byte order mark": b"\xef\xbb\xbf" + WHOLE,
    "not UTF-8": WHOLE.replace(b"xxx", b"x\xffx", 1),
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "deep": b"[" * 100_000,
    "large": WHOLE[:-2] + b" " * MOST_BYTES + WHOLE[-2:],
    "a bare grant": grant(1),
    "dotenv": f"BREX_REFRESH_TOKEN={SECRET}\n".encode(),
    "a later format": WHOLE.replace(b'"format": 1', b'"format": 2'),
    "format 0": WHOLE.replace(b'"format": 1', b'"format": 0'),
    "format as text": WHOLE.replace(b'"format": 1', b'"format": "1"'),
    "no format": WHOLE.replace(b'"format": 1, ', b""),
    "no version": WHOLE.replace(b'"version": 7, ', b""),
    "version 0": WHOLE.replace(b'"version": 7', b'"version": 0'),
    "version null": WHOLE.replace(b'"version": 7', b'"version": null'),
    "version 7.5": WHOLE.replace(b'"version": 7', b'"version": 7.5'),
    "version as text": WHOLE.replace(b'"version": 7', f'"version": "{SECRET}"'.encode()),
    "no fence": WHOLE.replace(b'"fence": 9, ', b""),
    "fence below 0": WHOLE.replace(b'"fence": 9', b'"fence": -1'),
    "no grant": b'{"format": 1, "version": 7, "fence": 9}',
    "grant null": b'{"format": 1, "version": 7, "fence": 9, "grant": null}',
    "grant as a list": b'{"format": 1, "version": 7, "fence": 9, "grant": []}',
    "a key that is not ours": WHOLE.replace(b'"format"', b'"owner": "x", "format"', 1),
}


class TestForeignFile:
    @pytest.mark.parametrize("kind", FOREIGN)
    def test_is_named_and_left_alone(self, kind: str, tmp_path: Path) -> None:
        """Load and swap say which file and what to do, show nothing of it, and change no byte of it."""
        path = tmp_path / "acme.json"
        path.write_bytes(FOREIGN[kind])

        async def swap(expected: int | None) -> None:
            store = store_at(path)
            async with store.lock(lease=60, wait=0) as fence:
                await store.compare_and_swap(expected, grant(1), fence=fence)

        remedy = "install that release" if kind == "a later format" else "restore it from a copy, or move it away"
        for action in (store_at(path).load(), swap(None), swap(7)):
            with pytest.raises(ValueError, match=rf"^acme\.json .*{remedy}") as caught:
                virtual.run(action)
            assert not any(SECRET in text or "x\xff" in text for text in texts(caught.value))
            assert None is caught.value.__context__
        assert FOREIGN[kind] == path.read_bytes()

    def test_every_cut_is_seen(self) -> None:
        """However many bytes of a document are missing at its end, it is refused; the last line end may be."""
        for length in range(len(WHOLE) - 1):
            with pytest.raises(ValueError, match=r"^name is "):
                decode(WHOLE[:length], "name")
        assert decode(WHOLE, "name") == decode(WHOLE[:-1], "name")


class TestDocument:
    @given(
        st.text() | st.recursive(st.text() | st.floats() | st.none(), lambda x: st.dictionaries(st.text(), x)).map(repr)
    )
    def test_gives_back_the_same_bytes(self, text: str) -> None:
        """Whatever text is stored, JSON or not, the document gives back each byte of it."""
        content = text.encode("utf-8", "replace")
        document = StoredDocument(3, 5, content)
        assert document == decode(encode(document), "name")

    def test_can_be_read_by_a_person(self) -> None:
        """A grant stands in it as JSON, not as text within text."""
        document = StoredDocument(3, 5, b'{"a": "b"}')
        assert b'{"format": 1, "version": 3, "fence": 5, "grant": {"a": "b"}}\n' == encode(document)

    @pytest.mark.parametrize("content", [b"\xff" + SECRET.encode(), SECRET.encode() * 60_000])
    def test_refuses_what_is_no_grant(self, content: bytes) -> None:
        """Bytes that are no text, and more of them than a grant has, are refused without being repeated."""
        with pytest.raises(ValueError, match=r"^content: expected") as caught:
            encode(StoredDocument(1, 1, content))
        assert not any(SECRET in text for text in texts(caught.value))

    def test_hides_its_content(self) -> None:
        """No token is in its repr."""
        assert SECRET not in repr(StoredDocument(1, 1, grant(1)))


class TestPath:
    @pytest.mark.parametrize("path", ["", "  ", None, 7, b"acme.json", "a\0b", "tokens/", ".", "/"])
    def test_that_names_no_file_is_refused(self, path: str) -> None:
        """The argument is named."""
        with pytest.raises(InvalidArgument, match=r"^path: "):
            FileTokenStore(path)

    def test_of_a_loop_of_links_is_refused(self, tmp_path: Path) -> None:
        """A link to itself leads to no file."""
        loop = tmp_path / "acme.json"
        loop.symlink_to(loop)
        with pytest.raises(InvalidArgument, match=r"^path: "):
            FileTokenStore(loop)

    def test_makes_equal_stores(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """However the same file is named, its stores are equal and hash alike; others differ."""
        monkeypatch.chdir(tmp_path)
        tmp_path.joinpath("tokens").mkdir()
        tmp_path.joinpath("link").symlink_to("tokens")
        names = ["tokens/acme.json", tmp_path / "tokens/acme.json", "tokens/../tokens/acme.json", "link/acme.json"]
        assert 1 == len({FileTokenStore(name) for name in names})
        assert FileTokenStore("tokens/acme.json") != FileTokenStore("tokens/globex.json")
        assert FileTokenStore("tokens/acme.json") != "tokens/acme.json"

    def test_stays_where_it_was_given(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A relative path is of the working directory at that time."""
        monkeypatch.chdir(tmp_path)
        store = FileTokenStore("acme.json", clock=VirtualClock())
        monkeypatch.chdir("/")
        virtual.run(swap_next(store))
        assert tmp_path / "acme.json" == store.path
        assert store.path.exists()

    def test_is_all_that_the_repr_shows(self, tmp_path: Path) -> None:
        """The repr has the path and nothing that is stored there."""
        swapped(tmp_path / "acme.json")
        assert f"FileTokenStore('{tmp_path}/acme.json')" == repr(FileTokenStore(tmp_path / "acme.json"))

    @pytest.mark.parametrize("exists", [True, False])
    def test_through_a_link_leaves_the_link(self, exists: bool, tmp_path: Path) -> None:
        """The file behind a link is replaced, and locked for those too who come without the link."""
        target, link = tmp_path / "mounted" / "acme.json", tmp_path / "acme.json"
        target.parent.mkdir()
        if exists:
            swapped(target)
        link.symlink_to(target)
        stored = swapped(link)
        assert link.is_symlink()
        assert stored == loaded(target) == loaded(link)
        assert {"acme.json", "acme.json.lock"} == {file.name for file in target.parent.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestPermissions:
    def test_are_the_owner_s_alone(self, tmp_path: Path) -> None:
        """File and lock file have mode 0600 and new folders 0700, whatever the umask, from their first instant."""
        path = tmp_path / "a" / "b" / "acme.json"
        disk = ScriptedDisk()
        umask = os.umask(0)
        try:
            swapped(path, 2, disk)
        finally:
            os.umask(umask)
        assert [0o600, 0o600] == [mode(path), mode(path.with_name("acme.json.lock"))]
        assert [0o700, 0o700] == [mode(path.parent), mode(path.parent.parent)]
        assert {0o600} == set(disk.modes)

    def test_are_tightened(self, tmp_path: Path) -> None:
        """A file that others may read is theirs no longer after the next swap."""
        path = tmp_path / "acme.json"
        swapped(path)
        path.chmod(0o644)
        swapped(path)
        assert 0o600 == mode(path)

    def test_are_not_lent_to_what_somebody_left(self, tmp_path: Path) -> None:
        """A link or a readable file in the place of the new file is removed, and neither followed nor filled."""
        path, new, victim = tmp_path / "acme.json", tmp_path / "acme.json.new", tmp_path / "victim"
        victim.write_bytes(b"untouched")
        new.symlink_to(victim)
        swapped(path)
        new.write_bytes(b"left by a crash")
        new.chmod(0o666)
        swapped(path)
        assert b"untouched" == victim.read_bytes()
        assert not path.is_symlink()
        assert 0o600 == mode(path)

    def test_are_not_lent_to_what_somebody_puts_there_in_time(self, tmp_path: Path) -> None:
        """A link that appears between the removal and the writing is an error, and what it names is untouched."""
        victim = tmp_path / "victim"
        victim.write_bytes(b"untouched")

        class Watched(FileOperations):
            def unlink(self, path: Path) -> None:
                super().unlink(path)
                path.symlink_to(victim)

        with pytest.raises(FileExistsError, match="nothing was stored"):
            swapped(tmp_path / "acme.json", disk=Watched())
        assert b"untouched" == victim.read_bytes()


class TestFence:
    def test_goes_on_without_the_lock_file(self, tmp_path: Path) -> None:
        """Where somebody removed the lock file, the next fence is above all that anything was stored with."""
        path = tmp_path / "acme.json"
        swapped(path, 5)
        used = decode(path.read_bytes(), "").fence
        path.with_name("acme.json.lock").unlink()
        assert used < virtual.run(fence_of(store_at(path)))

    @pytest.mark.parametrize("left", [b"", b"\0" * 20, b"pid 4711", b"0000", b"x" * 50, b"7" * 3])
    def test_grows_whatever_the_lock_file_holds(self, left: bytes, tmp_path: Path) -> None:
        """A lock file that was cut or filled by others costs no order: fences go on from what was used."""
        path = tmp_path / "acme.json"
        swapped(path, 3)
        path.with_name("acme.json.lock").write_bytes(left)
        fences = [virtual.run(fence_of(store_at(path))) for _ in range(3)]
        assert sorted({3, *fences}) == [3, *fences]

    def test_is_of_no_use_once_the_lock_file_was_removed(self, tmp_path: Path) -> None:
        """A holder whose lock file is gone stores nothing: another may hold a lock of that name."""
        path = tmp_path / "acme.json"

        async def main() -> None:
            store = store_at(path)
            async with store.lock(lease=60, wait=0) as fence:
                path.with_name("acme.json.lock").unlink()
                assert await store.compare_and_swap(None, grant(1), fence=fence) is None
                await swap_next(store_at(path))
                assert await store.compare_and_swap(1, grant(2), fence=fence) is None

        virtual.run(main())
        assert Stored(1, grant(1)) == loaded(path)

    def test_is_of_no_use_below_that_of_the_file(self, tmp_path: Path) -> None:
        """Where the file was stored with a higher fence, a lower one stores nothing."""
        path = tmp_path / "acme.json"

        async def main() -> None:
            store = store_at(path)
            async with store.lock(lease=60, wait=0) as fence:
                path.write_bytes(encode(StoredDocument(1, fence + 1, grant(1))))
                assert await store.compare_and_swap(1, grant(2), fence=fence) is None

        virtual.run(main())

    def test_is_of_no_use_outside_of_the_lock(self, tmp_path: Path) -> None:
        """After the block, and on a store that did not take the lock, a swap gets None."""

        async def main() -> None:
            store, other = store_at(tmp_path / "acme.json"), store_at(tmp_path / "acme.json")
            async with store.lock(lease=60, wait=0) as fence:
                assert await other.compare_and_swap(None, grant(1), fence=fence) is None
            assert await store.compare_and_swap(None, grant(1), fence=fence) is None
            assert await store.load() is None

        virtual.run(main())


class SlowDisk(ScriptedDisk):
    """Stands still at one operation until it is told to go on."""

    def __init__(self, stop_at: int) -> None:
        super().__init__()
        self.stop_at = stop_at
        self.stopped = threading.Event()
        self.go_on = threading.Event()
        self._loop_thread = threading.get_ident()

    def on_step(self, step: int) -> None:
        if step == self.stop_at and threading.get_ident() != self._loop_thread:
            self.stopped.set()
            self.go_on.wait(20)


async def turns_until(condition: Callable[[], bool]) -> None:
    """Give a thread its time, which no event tells of."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0)


class TestCancellation:
    @pytest.mark.parametrize("versions", [0, 1])
    def test_at_every_operation_keeps_the_lock_until_the_write_has_ended(self, versions: int, tmp_path: Path) -> None:
        """Who is cancelled in a swap leaves at once, nobody else comes in meanwhile, and then old or new is there."""
        swap_begins = [0]
        disk = ScriptedDisk()
        path = prepared(tmp_path / "counted", versions)
        begin = lambda: swap_begins.append(len(disk.steps))  # noqa: E731
        virtual.run(swap_next(store_at(path, disk), before_swap=begin))

        async def main(path: Path, disk: SlowDisk, *, swapping: bool) -> bool:
            task = asyncio.create_task(swap_next(store_at(path, disk)))
            await turns_until(lambda: disk.stopped.is_set() or task.done())
            if task.done():  # an operation of the event loop's own thread, where nobody can cancel
                return False
            task.cancel()
            assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
            try:
                if swapping:
                    with pytest.raises(TimeoutError):
                        await fence_of(store_at(path))
                elif disk.steps[-1] != "mkdir" and path.parent.exists():
                    await fence_of(store_at(path))
            finally:
                disk.go_on.set()
            await swap_next(store_at(path), wait=1e9)
            return True

        cancelled = 0
        for at in range(len(disk.steps)):
            path = prepared(tmp_path / str(at), versions)
            before = loaded(path)
            swapping = at >= swap_begins[-1]
            cancelled += virtual.run(main(path, SlowDisk(at), swapping=swapping))
            found = loaded(path)
            assert found is not None
            least = (before.version if before else 0) + 1
            assert found.version in ((least, least + 1))
            assert grant(found.version) == found.content
        assert cancelled >= len(disk.steps) - swap_begins[-1]

    def test_of_nobody_with_all_threads_busy(self, tmp_path: Path) -> None:
        """What the caller does in the event loop's threads, and may wait for us there, does not hold the store up."""
        path = prepared(tmp_path, 1)
        busy = threading.Event()

        async def main() -> None:
            store = store_at(path)
            async with store.lock(lease=60, wait=0) as fence:
                loop = asyncio.get_running_loop()
                blocked = [loop.run_in_executor(None, busy.wait, 20) for _ in range(64)]
                assert Stored(2, grant(9)) == await store.compare_and_swap(1, grant(9), fence=fence)
                assert Stored(2, grant(9)) == await store.load()
            busy.set()
            await asyncio.gather(*blocked)

        virtual.run(main())

    def test_of_a_write_that_waits_for_its_turn(self, tmp_path: Path) -> None:
        """Two swaps of one holder run one after the other; left by both, the lock is free after the last."""
        path = prepared(tmp_path, 1)
        disk = SlowDisk(len(steps_of_a_swap(prepared(tmp_path / "counted", 1))) - 3)

        async def main() -> None:
            store = store_at(path, disk)
            async with store.lock(lease=60, wait=0) as fence:
                await store.load()
                swaps = [asyncio.ensure_future(store.compare_and_swap(1, grant(2), fence=fence)) for _ in range(2)]
                await turns_until(disk.stopped.is_set)
                for swap in swaps:
                    swap.cancel()
                await asyncio.gather(*swaps, return_exceptions=True)
            with pytest.raises(TimeoutError):
                await fence_of(store_at(path))
            disk.go_on.set()
            await fence_of(store_at(path), wait=1e9)

        virtual.run(main())
        assert Stored(2, grant(2)) == loaded(path)

    def test_of_a_task_that_is_thrown_away(self, tmp_path: Path) -> None:
        """A block that is closed and not cancelled, as when its loop is gone, leaves the lock as well."""
        path = tmp_path / "acme.json"

        async def hold() -> None:
            async with store_at(path).lock(lease=60, wait=0):
                await asyncio.Event().wait()

        loop = asyncio.new_event_loop()
        holding = hold()
        task = loop.create_task(holding)
        loop.run_until_complete(turns_until(path.with_name("acme.json.lock").exists))
        with pytest.raises(TimeoutError):
            virtual.run(fence_of(store_at(path)))
        holding.close()
        task.cancel()  # the loop has nothing left to run
        loop.run_until_complete(asyncio.wait([task], timeout=30))
        assert task.done()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        virtual.run(fence_of(store_at(path)))


def worker(code: str, path: Path, *more: object) -> subprocess.Popen[str]:
    """A Python process that runs the body of an async function, with ``store`` and ``say`` at hand."""
    body = textwrap.indent(textwrap.dedent(code), "    ")
    program = PRELUDE + f"async def main():\n{body}\n\nasyncio.run(main())\n"
    command = [sys.executable, "-c", program, str(path), *map(str, more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


PRELUDE = """
import asyncio, os, sys
from brex_accounting.auth.file_store import FileTokenStore

store = FileTokenStore(sys.argv[1])

def say(*words):
    print(*words, flush=True)

async def add():
    async with store.lock(lease=60, wait=60) as fence:
        found = await store.load()
        version, total = (None, 0) if found is None else (found.version, int(found.content))
        stored = await store.compare_and_swap(version, b"%d" % (total + 1), fence=fence)
        assert stored is not None
        return stored.version

"""


def line(process: subprocess.Popen[str]) -> str:
    """The next line that it says; a process that says nothing more gives an empty one."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextlib.contextmanager
def ended(*processes: subprocess.Popen[str]) -> Iterator[None]:
    """No process outlasts the test."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait(30)
            assert process.stdout is not None
            process.stdout.close()


class TestProcesses:
    def test_lose_no_update(self, tmp_path: Path) -> None:
        """Four processes, each with two tasks, add to one number: no addition is lost."""
        path = tmp_path / "acme.json"
        code = "await asyncio.gather(*(several() for _ in range(2)))"
        code = "async def several():\n    for _ in range(10):\n        await add()\n" + code
        workers = [worker(code, path) for _ in range(4)]
        with ended(*workers):
            assert [0, 0, 0, 0] == [process.wait(60) for process in workers]
        assert Stored(80, b"80") == loaded(path)

    def test_killed_in_the_lock_let_the_next_one_in(self, tmp_path: Path) -> None:
        """After kill -9 the lock is free at once, with a higher fence, however long the lease."""
        path = tmp_path / "acme.json"
        code = """
        async with store.lock(lease=1e6, wait=0) as fence:
            say(fence)
            await asyncio.sleep(600)
        """
        holder = worker(code, path)
        with ended(holder):
            fence = int(line(holder))
            with pytest.raises(TimeoutError):
                virtual.run(fence_of(store_at(path), wait=1.0))
            holder.kill()
            holder.wait(30)
            assert fence + 1 == virtual.run(fence_of(store_at(path)))

    @pytest.mark.parametrize("milliseconds", [1, 3, 7, 12, 20])
    def test_killed_while_they_store_lose_nothing_that_was_stored(self, milliseconds: int, tmp_path: Path) -> None:
        """Two processes store without end; killed at any instant, the file has what they said they stored, or more."""
        path = tmp_path / "acme.json"
        workers = [worker("while True:\n    say(await add())", path) for _ in range(2)]
        with ended(*workers):
            said = [int(line(process)) for process in workers]
            with contextlib.suppress(subprocess.TimeoutExpired):
                workers[0].wait(milliseconds / 1000)
            for process in workers:
                process.kill()
            for process in workers:
                process.wait(30)
                assert process.stdout is not None
                said += map(int, re.findall(r"\d+(?=\n)", process.stdout.read()))
            found = loaded(path)
            assert found is not None
            assert len(said) <= len(set(said)) <= max(said) <= found.version
            assert b"%d" % found.version == found.content
            virtual.run(fence_of(store_at(path)))

    def test_started_under_the_lock_do_not_keep_it(self, tmp_path: Path) -> None:
        """A child process that outlives the holder holds nothing."""
        path = tmp_path / "acme.json"
        code = """
        async with store.lock(lease=60, wait=0) as fence:
            child = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=sys.stdin)
            say(fence)
            os.kill(os.getpid(), 9)
        """
        holder = worker(code, path)
        with ended(holder):
            line(holder)
            holder.wait(30)
            virtual.run(fence_of(store_at(path)))

    def test_forked_under_the_lock_do_not_hold_it(self, tmp_path: Path) -> None:
        """The child of a fork stores nothing and frees nothing; its parent still holds the lock and stores."""
        code = """
        other = FileTokenStore(sys.argv[1])
        async with store.lock(lease=60, wait=0) as fence:
            assert await store.compare_and_swap(None, b"1", fence=fence)
            child = os.fork()
            if not child:
                return child_main(fence)
            _, status = os.waitpid(child, 0)
            assert status == 0, status
            try:
                async with other.lock(lease=60, wait=0):
                    say("two holders")
            except TimeoutError:
                stored = await store.compare_and_swap(1, b"2", fence=fence)
                say(stored.version)
        async with other.lock(lease=60, wait=0) as later:
            say(later - fence)
        """
        child = """
        def child_main(fence):
            async def check():
                assert await store.compare_and_swap(1, b"child", fence=fence) is None
                try:
                    async with store.lock(lease=60, wait=0):
                        return 1
                except TimeoutError:
                    return 0

            asyncio._set_running_loop(None)
            status = 9
            # The number of the parent's descriptor is free here, and would be taken for the lock.
            taken = [os.open(sys.argv[1] + ".lock", os.O_RDONLY) for _ in range(9)]
            try:
                loop = asyncio.new_event_loop()
                status = loop.run_until_complete(check())
                store._holds[fence].leave()
            finally:
                os._exit(status)
        """
        holder = worker(textwrap.dedent(child) + textwrap.dedent(code), tmp_path / "acme.json")
        with ended(holder):
            assert ["2", "1"] == [line(holder), line(holder)]
            assert 0 == holder.wait(30)
        assert Stored(2, b"2") == loaded(tmp_path / "acme.json")
