"""A made-up project, and archives of it."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.release.installed import LEFT_OUT
from tools.release.project import Project

STEM = "brex_accounting_client-9.8.7"
FILES = {
    "LICENSE": "the licence\n",
    "README.md": "# A project\n\nWords – and more.\n",
    "CHANGELOG.md": "# Changelog\n",
    "pyproject.toml": "",
    "custom/brex_accounting/__init__.py": "",
    "custom/brex_accounting/py.typed": "",
    "custom/brex_accounting/version.py": '__version__ = "9.8.7"\n',
    **{
        f"custom/brex_accounting/emulator/documents/{name}_api.json": "{}\n"
        for name in ("accounting", "expenses", "team", "webhooks")
    },
    "brex_accounting_client/__init__.py": "",
    "brex_accounting_client/py.typed": "",
    "tests/test_one.py": "def test_one() -> None: ...\n",
    "tests/spec/test_bundle.py": "",
    **{f"{name}/test_two.py" if not name.endswith(".py") else name: "" for name in LEFT_OUT},
    "openapi/bundle.yaml": "",
}
TABLE: Mapping[str, Any] = {
    "name": "brex-accounting-client",
    "description": "A project",
    "requires-python": ">=3.11",
    "classifiers": ["Typing :: Typed", "Development Status :: 3 - Alpha"],
    "dependencies": ["attrs>=24.2,<27"],
    "optional-dependencies": {
        "cli": ["rich>=15,<16"],
        "dev": ["brex-accounting-client[cli]", "hypothesis>=6,<7", "ruff==0.17.5"],
    },
    "scripts": {"brex-accounting": "brex_accounting.cli:main"},
}
METADATA = """\
Metadata-Version: 2.4
Name: brex-accounting-client
Version: 9.8.7
Summary: A project
License-Expression: Apache-2.0
License-File: LICENSE
Classifier: Development Status :: 3 - Alpha
Classifier: Typing :: Typed
Requires-Python: >=3.11
Requires-Dist: attrs<27,>=24.2
Provides-Extra: cli
Requires-Dist: rich<16,>=15; extra == 'cli'
Provides-Extra: dev
Requires-Dist: rich<16,>=15; extra == 'dev'
Requires-Dist: hypothesis<7,>=6; extra == 'dev'
Requires-Dist: ruff==0.17.5; extra == 'dev'
Description-Content-Type: text/markdown

# A project

Words – and more.
"""
INFO = {
    "METADATA": METADATA,
    "WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
    "entry_points.txt": "[console_scripts]\nbrex-accounting = brex_accounting.cli:main\n",
    "licenses/LICENSE": "the licence\n",
}


def project(folder: Path) -> Project:
    """A project with a few files, all of which git would know."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return Project(folder, TABLE, "9.8.7", tuple(sorted(FILES)))


def wheel_contents(project: Project) -> dict[str, str]:
    """What its wheel holds."""
    files = {name: path.read_text(encoding="utf-8") for name, path in project.wheel_files().items()}
    return {**files, **{f"{STEM}.dist-info/{name}": content for name, content in INFO.items()}}


def wheel(folder: Path, contents: Mapping[str, str], name: str = f"{STEM}-py3-none-any.whl") -> Path:
    """Write a wheel."""
    with zipfile.ZipFile(folder / name, "w") as archive:
        for place, content in contents.items():
            archive.writestr(place, content)
    return folder / name


def sdist(folder: Path, contents: Mapping[str, str], name: str = f"{STEM}.tar.gz") -> Path:
    """Write an sdist."""
    with tarfile.open(folder / name, "w:gz") as archive:
        for place, content in contents.items():
            member = tarfile.TarInfo(f"{STEM}/{place}")
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
    return folder / name
