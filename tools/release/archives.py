"""sdist and wheel, built so that anybody can build the same bytes again."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

import attrs

from ..errors import ToolError
from ..run import run

_SECONDS = 600.0
"""For one build, the download of its tools included."""


@attrs.frozen
class Archives:
    """What a release consists of.

    Attributes:
        sdist: The sources.
        wheel: Made from the sdist.
    """

    sdist: Path
    wheel: Path


def build(root: Path, scratch: Path) -> Archives:
    """Build an sdist from a folder, and the wheel from the sdist.

    Args:
        root: The project.
        scratch: An empty folder.

    Raises:
        ToolError: A build fails, or the folder itself gives another wheel than the sdist does.
    """
    sdist = _built("sdist", root, scratch / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(scratch / "unpacked", filter="data")
    (unpacked,) = (scratch / "unpacked").iterdir()
    wheel = _built("wheel", unpacked, scratch / "wheel")
    other = _built("wheel", root, scratch / "other")
    if other.name != wheel.name or other.read_bytes() != wheel.read_bytes():
        message = f"{wheel.name}: the sdist gives another wheel than {root}; see [tool.hatch.build.targets.sdist]"
        raise ToolError(message)
    return Archives(sdist, wheel)


def _built(kind: str, source: Path, out: Path) -> Path:
    run([sys.executable, "-m", "build", f"--{kind}", "--outdir", out, source], cwd=source, seconds=_SECONDS)
    (made,) = out.iterdir()
    return made


def check_description(archives: Archives, cwd: Path) -> None:
    """See whether an index would show the description.

    Raises:
        ToolError: It would not.
    """
    run([sys.executable, "-m", "twine", "check", "--strict", archives.sdist, archives.wheel], cwd=cwd, seconds=120)
