"""A copy with the part ``spec`` makes its own client again from a new document."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brex_accounting.errors import VendorError
from brex_accounting.spec.generator import with_manifest
from brex_accounting.spec.layout import Layout
from brex_accounting.vendoring.manifest import Manifest
from brex_accounting.vendoring.parts import PARTS
from brex_accounting.vendoring.source import Source
from brex_accounting.vendoring.update import EditsInTheWay, check, create, update

from .sources import source

ROOT = Path(__file__).parents[2]
INPUTS = "brex_accounting/spec/inputs/openapi"

# Reads the new field of a company in a process that cannot import the original.
READ = """
from acme_erp._vendor.brex_accounting_client import decode
from acme_erp._vendor.brex_accounting_client.models import Company
text = b'{"id": "c", "legal_name": "Acme", "mailing_address": {}, "accountType": "BREX_CLASSIC", "motto": "Beep"}'
print(decode(text, Company).motto)
"""


@pytest.mark.soak
class TestRegenerate:
    def test_of_a_copy(self, made: Callable[..., Path], running: Source, tmp_path: Path) -> None:
        """``spec update`` in a copy takes a new document over; the copy says so, and an update does not lose it."""
        root = shutil.copytree(made(*PARTS), tmp_path / "a folder with blanks")
        place = root / "acme_erp" / "_vendor"
        document = json.loads((place / "brex_accounting/emulator/documents/team_api.json").read_text())
        schema = document["components"]["schemas"]["Company"]
        schema["properties"]["motto"] = {"type": "string", "nullable": True}
        (tmp_path / "new.json").write_text(json.dumps(document))
        before = Manifest.read(place)
        command = ["-m", "acme_erp._vendor.brex_accounting.spec", "update", str(tmp_path / "new.json"), "--api", "team"]
        told = self._python(root, *command, "--tools", str(ROOT / ".tools" / "bin"))
        assert "tests: none here" in told
        assert "Beep\n" == self._python(root, "-c", READ)

        manifest = Manifest.read(place)
        assert before.spec_revision != manifest.spec_revision
        assert before.files == manifest.files
        assert {
            f"{INPUTS}/CHANGES.md",
            f"{INPUTS}/bundle.yaml",
            f"{INPUTS}/team_api.yaml",
            "brex_accounting/emulator/documents/team_api.json",
            "brex_accounting_client/models/company.py",
        } <= manifest.regenerated.keys()
        found = check(place, source=running)
        assert found.is_clean
        assert {"regenerated here"} == {difference.kind.value for difference in found.found}

        spec = ("-m", "acme_erp._vendor.brex_accounting.spec", "generate", "--tools", str(ROOT / ".tools" / "bin"))
        self._python(root, *spec)  # makes the same again
        assert manifest == Manifest.read(place)
        assert set(manifest.regenerated) == set(update(place, source=running).kept)
        assert "Beep\n" == self._python(root, "-c", READ)
        model = "brex_accounting_client/models/company.py"
        newer = Source(
            place=running.place,
            files={**running.files, model: running.files[model] + b"# newer\n"},
            version="0.2.0",
            generator=running.generator,
            spec_revision=running.spec_revision,
            manifest=None,
        )
        with pytest.raises(EditsInTheWay) as caught:
            update(place, source=newer)
        assert set(manifest.regenerated) == set(caught.value.paths)

    def _python(self, root: Path, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout


class TestEdits:
    @pytest.mark.parametrize("target", [".", "nowhere", "__init__.py"])
    def test_links_are_edits(self, tmp_path: Path, target: str) -> None:
        """A link that somebody has put into the generated package of a copy, to whatever, stops an update too."""
        create(tmp_path / "copy", source=source(), parts=["core"])
        layout = Layout.copy(tmp_path / "copy" / "brex_accounting")
        shutil.copytree(layout.root / layout.package, tmp_path / "made" / layout.package)
        (layout.root / layout.package / "mine.py").symlink_to(target)
        with pytest.raises(VendorError, match=r"changed here \(1, such as brex_accounting_client/mine\.py\)"):
            with_manifest(layout, tmp_path / "made", [layout.package])

    def test_are_not_lost(self, tmp_path: Path) -> None:
        """What was edited by hand in the generated package of a copy stops an update, which names it and the remedy."""
        create(tmp_path / "copy", source=source(), parts=["core"])
        layout = Layout.copy(tmp_path / "copy" / "brex_accounting")
        made, model = tmp_path / "made", Path("brex_accounting_client/models.py")
        (made / model).parent.mkdir(parents=True)
        (made / model).write_text("RECORD = 2\n", encoding="utf-8")
        (layout.root / model).write_text("MINE = 1\n", encoding="utf-8")
        with pytest.raises(VendorError) as caught:
            with_manifest(layout, made, [layout.package])
        assert f"changed here (1, such as {model}); bring the changes into brex_accounting/spec/inputs" in str(
            caught.value
        )
        assert "MINE = 1\n" == (layout.root / model).read_text(encoding="utf-8")
