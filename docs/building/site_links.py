"""Whether every link of the built site leads somewhere, and whether the site loads anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("link", "href"),
    ("object", "data"),
}
"""Attributes that make a browser fetch something by itself; of ``link`` only with some relations."""

FETCHED_RELATIONS = frozenset(
    {
        "stylesheet",
        "preload",
        "prefetch",
        "preconnect",
        "dns-prefetch",
        "icon",
        "manifest",
    }
)


class Page(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one tag."""
        given = {name: value for name, value in attrs if value is not None}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        for name, value in given.items():
            if (tag, name) in LOADED and (
                tag != "link"
                or FETCHED_RELATIONS & set(given.get("rel", "").lower().split())
            ):
                self.loads.append(value)
            elif (tag, name) == ("a", "href"):
                self.links.append(value)


def problems(site: Path) -> list[str]:
    """What is wrong with the links of a site, in words; nothing where all is well.

    Args:
        site: The folder that it was built into.
    """
    pages = {path: Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    if not pages:
        return [f"{site}: no page was built"]
    found: list[str] = []
    for path, page in pages.items():
        if (
            path.name == "404.html"
        ):  # it is served from any address, and refers to none of ours by a relative one
            continue
        found += [
            f"{path.relative_to(site)}: {problem}" for problem in _of(path, page, pages)
        ]
    return found


def _of(path: Path, page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    for target in page.loads:
        address = urlsplit(target)
        if address.scheme == "data":
            continue
        if address.scheme or address.netloc:
            yield f"loads {target} from elsewhere"
        elif not (path.parent / unquote(address.path)).exists():
            yield f"loads {target}, which is not there"
    for target in page.links:
        address = urlsplit(target)
        if address.scheme or address.netloc:
            if address.scheme not in ("https", "mailto"):
                yield f"{target} is no link that a reader can follow"
            continue
        other = (
            (path.parent / unquote(address.path)).resolve() if address.path else path
        )
        if other.is_dir():
            yield f"{target} leads to a folder, which the file system does not open as a page"
        elif not other.exists():
            yield f"{target} leads nowhere"
        elif (
            address.fragment
            and other in pages
            and unquote(address.fragment) not in pages[other].ids
        ):
            yield f"{target} leads to no place on that page"
