"""What a copy is called where it goes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from brex_accounting.errors import VendorError
from brex_accounting.vendoring.destination import package_of


def folder_of(root: Path, name: str, *packages: str) -> Path:
    """A folder, of which some of those above are packages."""
    place = root / name
    place.mkdir(parents=True)
    for package in packages:
        (root / package / "__init__.py").write_text("raise SystemExit('imported')\n")
    return place


class TestNamed:
    @pytest.mark.parametrize("name", ["acme_erp._vendor", "_vendor", "src.acme_erp._vendor"])
    def test_fits(self, name: str, tmp_path: Path) -> None:
        """A name is right if it is the end of the path."""
        assert name == package_of(folder_of(tmp_path, "src/acme_erp/_vendor"), name)

    @pytest.mark.parametrize("name", ["acme._vendor", "acme_erp", "acme_erp.vendor", "x.src.acme_erp._vendor"])
    def test_does_not_fit(self, name: str, tmp_path: Path) -> None:
        """Another name is refused, with both."""
        place = folder_of(tmp_path, "src/acme_erp/_vendor")
        fits = name.replace(".", "/")
        with pytest.raises(VendorError) as caught:
            package_of(place, name)
        assert (
            f"--package: {name} would be …/{fits}, and the copy goes to {place}; name one of them otherwise"
        ) == str(caught.value)

    @pytest.mark.parametrize(
        ("name", "part"),
        [("acme-erp._vendor", "acme-erp"), ("acme.class", "class"), ("a..b", ""), ("", ""), ("1a", "1a")],
    )
    def test_no_name(self, name: str, part: str, tmp_path: Path) -> None:
        """What Python could not import is refused, with the part of it that is wrong."""
        with pytest.raises(VendorError) as caught:
            package_of(tmp_path, name)
        assert f"--package: {part!r} cannot be the name of a package; use one that Python can import" == str(
            caught.value
        )

    def test_mapped(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name that Python finds elsewhere than the path says is right, and nothing is imported to find out."""
        place = folder_of(tmp_path, "lib/python/_vendor", "lib/python")
        (tmp_path / "path").mkdir()
        (tmp_path / "path" / "acme_erp").symlink_to(tmp_path / "lib" / "python")
        monkeypatch.syspath_prepend(str(tmp_path / "path"))
        assert "acme_erp._vendor" == package_of(place, "acme_erp._vendor")
        assert "acme_erp" not in sys.modules
        with pytest.raises(VendorError, match="name one of them otherwise"):
            package_of(place, "acme_erp.other")


class TestRead:
    def test_from_the_folders(self, tmp_path: Path) -> None:
        """Without a name, the folders above are read as far as they are packages."""
        place = folder_of(tmp_path, "src/acme_erp/_vendor", "src/acme_erp")
        assert "acme_erp._vendor" == package_of(place, None)

    def test_outermost(self, tmp_path: Path) -> None:
        """A folder in none is a package by itself."""
        assert "_vendor" == package_of(folder_of(tmp_path, "src/_vendor"), None)

    def test_no_package(self, tmp_path: Path) -> None:
        """A folder whose name Python cannot import is refused."""
        place = folder_of(tmp_path, "third party")
        with pytest.raises(VendorError) as caught:
            package_of(place, None)
        assert (f"{place}: 'third party' cannot be the name of a package; use one that Python can import") == str(
            caught.value
        )
