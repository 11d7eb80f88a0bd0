"""What copies are made of in these tests: a package of a few lines, so that each test can make many."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from brex_accounting.vendoring.source import Source

CLIENT = b"""\
from brex_accounting_client import Client

LIMIT = 1000
"""

FILES = {
    "brex_accounting/__init__.py": b"from .version import __version__\n",
    "brex_accounting/client.py": CLIENT,
    "brex_accounting/version.py": b'__version__ = "0.1.0"\n',
    "brex_accounting/export/__init__.py": b"from ..client import LIMIT\n",
    "brex_accounting/cli/__init__.py": b"from ..export import LIMIT\n",
    "brex_accounting/vendored/LICENSE": b"Apache License 2.0\n",
    "brex_accounting_client/__init__.py": b"class Client: ...\n",
    "brex_accounting_client/models.py": b"RECORD = 1\n",
}


def source(version: str = "0.1.0", **more: object) -> Source:
    """A source of this version.

    Args:
        version: The version.
        more: Attributes that are other than they would be.
    """
    files = {**FILES, "brex_accounting/version.py": f'__version__ = "{version}"\n'.encode()}
    made = Source(
        place=Path("/nowhere/brex_accounting"),
        files=files,
        version=version,
        generator="openapi-python-client==0.29.1",
        spec_revision="1" * 64,
        manifest=None,
    )
    return evolve(made, **more)


def changed(source_: Source, files: dict[str, bytes | None]) -> Source:
    """A source with other files, None for those that are gone."""
    merged = {**source_.files, **files}
    return evolve(source_, files={path: data for path, data in merged.items() if data is not None})


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
