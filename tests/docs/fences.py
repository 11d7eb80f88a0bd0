"""The blocks of code in README and the pages of ``docs``."""

from __future__ import annotations

import re
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
PAGES = tuple(sorted((ROOT / "docs").rglob("*.md")))

_MARK = re.compile(r"^(?P<indent>[ \t>]*)(?P<ticks>`{3,}|~{3,})(?P<info>.*)$")
_INFO = re.compile(r'(?P<language>[a-z]+)(?: title="(?P<title>[^"]+)")?')


@frozen
class Fence:
    """One block of code.

    Attributes:
        page: The file that it stands in.
        line: The number of its first line of code.
        language: What it says it is.
        title: The file that a reader puts it into, None where there is none.
        text: The code.
    """

    page: Path
    line: int
    language: str
    title: str | None
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def name_of(page: Path) -> str:
    """What a test calls a page."""
    return page.relative_to(ROOT).as_posix()


def fences(page: Path) -> list[Fence]:
    """The blocks of a page, in order; a block that is written in a way that this does not read raises."""
    found: list[Fence] = []
    opened: tuple[int, re.Match[str]] | None = None
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines, start=1):
        mark = _MARK.match(line)
        if opened is None and mark is not None:
            assert (mark["indent"], mark["ticks"]) == ("", "```"), f"{page}:{number}: a block begins with ``` alone"
            info = _INFO.fullmatch(mark["info"])
            assert info is not None, f"{page}:{number}: the language of a block, and a title at most"
            opened = number, info
        elif opened is not None and line == "```":
            first, info = opened
            found.append(Fence(page, first + 1, info["language"], info["title"], "\n".join(lines[first : number - 1])))
            opened = None
        elif opened is not None and mark is not None:
            message = f"{page}:{number}: a block in a block"
            raise AssertionError(message)
    assert opened is None, f"{page}: a block without an end"
    return found


def of(page: Path, language: str) -> list[Fence]:
    """The blocks of a page in one language."""
    return [fence for fence in fences(page) if fence.language == language]
