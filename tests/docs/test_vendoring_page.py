"""vendoring.md is true: what it says is there is there."""

from __future__ import annotations

from pathlib import Path

from brex_accounting.cli import main
from tests.docs.fences import ROOT, of

PAGE = ROOT / "docs" / "vendoring.md"


class TestPage:
    def test_what_is_there(self, tmp_path: Path) -> None:
        """Each file and folder of the page's tree is in a copy."""
        (shown,) = of(PAGE, "text")
        root, *lines = shown.text.splitlines()
        assert "acme_erp/_vendor/" == root
        copy = tmp_path / "acme_erp" / "_vendor"
        copy.parent.mkdir()
        (copy.parent / "__init__.py").touch()
        assert 0 == main(["vendor", str(copy), "--package", "acme_erp._vendor"])
        folder = ""
        for line in lines:
            name = line.split()[0]
            if line.startswith("     "):
                assert (copy / folder / name).exists(), name
            else:
                folder = name
                assert (copy / name).is_dir(), name
