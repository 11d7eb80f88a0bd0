"""What copies are made of is found in a checkout, in an installation, and in a copy."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from pathlib import Path

import pytest
from attrs import evolve

from brex_accounting.errors import VendorError
from brex_accounting.vendoring.source import Source
from brex_accounting.vendoring.update import create
from brex_accounting.version import __version__

ROOT = Path(__file__).parents[2]
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """What the wheel puts into site-packages, by what pyproject.toml says."""
    site = tmp_path / "site packages"
    for package in WHEEL["packages"]:
        shutil.copytree(ROOT / package, site / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, target in WHEEL["force-include"].items():
        (site / target).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, site / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, site / target)
    return site / "brex_accounting"


class TestCheckout:
    def test_files(self, running: Source) -> None:
        """A checkout gives both packages, the licence, and what the low-level client is made from."""
        expected = {
            "brex_accounting/client.py": "custom/brex_accounting/client.py",
            "brex_accounting/py.typed": "custom/brex_accounting/py.typed",
            "brex_accounting/emulator/__main__.py": "custom/brex_accounting/emulator/__main__.py",
            "brex_accounting_client/models/company.py": "brex_accounting_client/models/company.py",
            "brex_accounting_client/py.typed": "brex_accounting_client/py.typed",
            "brex_accounting/vendored/LICENSE": "LICENSE",
            "brex_accounting/spec/inputs/generator-config.yaml": "generator-config.yaml",
            "brex_accounting/spec/inputs/openapi/team_api.yaml": "openapi/team_api.yaml",
            "brex_accounting/spec/inputs/openapi/runtime/client.py": "openapi/runtime/client.py",
            "brex_accounting/spec/inputs/openapi/templates/model.py.jinja": "openapi/templates/model.py.jinja",
            "brex_accounting/spec/inputs/openapi/generator-requirements.txt": "openapi/generator-requirements.txt",
        }
        assert expected.keys() <= running.files.keys()
        assert [] == [path for path, file in expected.items() if running.files[path] != (ROOT / file).read_bytes()]
        assert not [path for path in running.files if "__pycache__" in path]

    def test_nothing_is_forgotten(self, running: Source) -> None:
        """Every file of the packages and of openapi/ is there, whatever kind it is."""
        for folder, name in (
            ("custom/brex_accounting", "brex_accounting"),
            ("brex_accounting_client", "brex_accounting_client"),
            ("openapi", "brex_accounting/spec/inputs/openapi"),
        ):
            for file in (ROOT / folder).rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    assert f"{name}/{file.relative_to(ROOT / folder).as_posix()}" in running.files

    def test_facts(self, running: Source) -> None:
        """The version, the generator and the documents are those of the checkout."""
        lines = [
            f"{hashlib.sha256((ROOT / 'openapi' / name).read_bytes()).hexdigest()}  {name}\n"
            for name in ("accounting_api.yaml", "expenses_api.yaml", "team_api.yaml", "webhooks_api.yaml")
        ]
        assert (__version__, "openapi-python-client==0.29.1", hashlib.sha256("".join(lines).encode()).hexdigest()) == (
            running.version,
            running.generator,
            running.spec_revision,
        )


class TestElsewhere:
    def test_installation(self, running: Source, installed: Path) -> None:
        """An installation from the wheel gives the same files and facts as the checkout that it was built from."""
        found = Source.at(installed)
        assert running.files == found.files
        assert evolve(running, place=installed) == found

    def test_line_ends(self, running: Source, installed: Path) -> None:
        """A checkout with the line ends of another system gives the same files."""
        for file in installed.parent.rglob("*"):
            if file.is_file():
                file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
        assert running.files == Source.at(installed).files

    def test_copy(self, running: Source, tmp_path: Path) -> None:
        """A copy knows what it was made from, also where it was made without the documents."""
        create(tmp_path / "_vendor", source=running, parts=[])
        found = Source.at(tmp_path / "_vendor" / "brex_accounting")
        assert (running.version, running.generator, running.spec_revision) == (
            found.version,
            found.generator,
            found.spec_revision,
        )

    @pytest.mark.parametrize(
        ("gone", "named"),
        [
            ("brex_accounting/vendored/LICENSE", "brex_accounting/vendored/LICENSE"),
            ("brex_accounting_client/__init__.py", "brex_accounting_client/__init__.py"),
            ("brex_accounting/spec/inputs/openapi/generator-requirements.txt", "brex_accounting/spec/inputs"),
        ],
    )
    def test_incomplete(self, installed: Path, gone: str, named: str) -> None:
        """What is not there is named, with what to do."""
        (installed.parent / gone).unlink()
        with pytest.raises(VendorError, match=rf"^{installed}: has no {named} with it; "):
            Source.at(installed)
