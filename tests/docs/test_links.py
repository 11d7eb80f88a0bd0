"""Links: those of README and the pages as they are written, and the check of the site as it is built."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.building.site_links import problems
from tests.docs.fences import PAGES, README, ROOT, name_of

ALL = (README, *PAGES)
EXTERNAL = Path(__file__).with_name("external_links.txt")


def prose(page: Path) -> str:
    """A page without its blocks and pieces of code."""
    return re.sub(r"^```.*?^```$|`[^`\n]+`", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    """Where the links of a page lead."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


def anchors(page: Path) -> set[str]:
    """The headings of a page as their anchors: lower case, words joined by hyphens."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def named_in(nav: list[Any]) -> Iterator[str]:
    """The files of a navigation."""
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            for value in entry.values():
                yield from named_in(value if isinstance(value, list) else [value])


class TestSources:
    @pytest.mark.parametrize("page", ALL, ids=name_of)
    def test_links_lead_somewhere(self, page: Path) -> None:
        """Each relative link names a file, and each anchor a heading in it."""
        for link in links(page):
            if link.startswith("http"):
                continue
            target, _, anchor = link.partition("#")
            file = (page.parent / target).resolve() if target else page
            assert file.exists(), link
            if anchor:
                assert anchor in anchors(file), link

    def test_external_links_are_the_listed_ones(self) -> None:
        """Links to elsewhere use https, and are in one list that somebody with a network can walk through."""
        found = {link for page in ALL for link in links(page) if "://" in link}
        assert [] == [link for link in sorted(found) if not re.fullmatch(r"https://[a-z0-9.-]+(/[^\s]*)?", link)]
        assert EXTERNAL.read_text().split() == sorted(found)

    def test_every_page_is_in_the_navigation(self) -> None:
        """A page that the navigation does not name is on no reader's way, and a name without a page is a dead end."""
        project = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
        assert sorted(named_in(project["nav"])) == sorted(page.relative_to(ROOT / "docs").as_posix() for page in PAGES)

    def test_readme_leads_to_the_pages(self) -> None:
        """Whoever reads README finds the documentation."""
        assert "docs/index.md" in links(README)


def site(folder: Path, **pages: str) -> Path:
    """A site of pages."""
    for name, body in pages.items():
        (folder / f"{name}.html").write_text(f"<html><body>{body}</body></html>")
    return folder


class TestBuiltSite:
    def test_whole_links_pass(self, tmp_path: Path) -> None:
        """Links to pages, to places on them and to elsewhere, and files that are there, are no problem."""
        (tmp_path / "a b.css").write_text("")
        head = '<link rel="stylesheet" href="a%20b.css"><link rel="canonical" href="https://example.com/">'
        body = '<a href="two.html#here">x</a><a href="#top">x</a><p id="top"><a href="https://example.com/">x</a>'
        assert [] == problems(site(tmp_path, one=head + body, two='<h2 id="here">x</h2>'))

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            ('<a href="three.html">x</a>', "three.html leads nowhere"),
            ('<a href="two.html#there">x</a>', "two.html#there leads to no place on that page"),
            ('<a href="#there">x</a>', "#there leads to no place on that page"),
            ('<a href="./">x</a>', "./ leads to a folder, which the file system does not open as a page"),
            ('<a href="http://example.com/">x</a>', "http://example.com/ is no link that a reader can follow"),
            ('<script src="https://example.com/x.js"></script>', "loads https://example.com/x.js from elsewhere"),
            ('<script src="//example.com/x.js"></script>', "loads //example.com/x.js from elsewhere"),
            (
                '<link rel="preconnect" href="https://fonts.example.com">',
                "loads https://fonts.example.com from elsewhere",
            ),
            ('<img src="x.png">', "loads x.png, which is not there"),
        ],
    )
    def test_broken_ones_are_told(self, tmp_path: Path, body: str, problem: str) -> None:
        """What leads nowhere, and what is loaded from elsewhere, is named with its page."""
        assert [f"one.html: {problem}"] == problems(site(tmp_path, one=body, two='<h2 id="here">x</h2>'))

    def test_no_page_is_a_problem(self, tmp_path: Path) -> None:
        """A site without a page would have no broken link."""
        assert [f"{tmp_path}: no page was built"] == problems(tmp_path)


@pytest.mark.soak
class TestBuild:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        """A copy of what the site is built from, in a folder with a blank in its name."""
        folder = tmp_path / "a project"
        for name in ("docs", "custom/brex_accounting", "brex_accounting_client"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "zensical.toml", folder)
        return folder

    def build(self, project: Path) -> subprocess.CompletedProcess[str]:
        command = [ROOT / ".docs" / "bin" / "python", "docs/building/build.py"]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)

    def test_builds(self, project: Path) -> None:
        """The site is built without a warning; each page of the sources is a page of it, and the tools are none."""
        ended = self.build(project)
        assert 0 == ended.returncode, ended.stdout + ended.stderr
        built = {path.relative_to(project / "site").with_suffix("") for path in (project / "site").rglob("*.html")}
        assert built - {Path("404")} == {page.relative_to(ROOT / "docs").with_suffix("") for page in PAGES}
        assert not (project / "site" / "building").exists()

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            ("docs/index.md", "(tokens.md)", "(tokenz.md)"),
            ("docs/testing.md", "#several-processes", "#several-horses"),
            ("docs/reference/erp.md", "::: brex_accounting.export.Posted", "::: brex_accounting.export.Posten"),
            ("docs/architecture.md", "drawings/call.svg", "drawings/cell.svg"),
            ("docs/index.md", "# brex-accounting-client", '<script src="https://example.com/x.js"></script>'),
            ("custom/brex_accounting/client.py", "        base_url: Scheme", "        bass_url: Scheme"),
        ],
    )
    def test_every_warning_stops_it(self, project: Path, file: str, old: str, new: str) -> None:
        """A broken link, anchor, name or drawing, a script from elsewhere and a wrong docstring are errors."""
        text = (project / file).read_text()
        assert old in text
        (project / file).write_text(text.replace(old, new, 1))
        assert 0 != self.build(project).returncode
