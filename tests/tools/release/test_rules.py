"""What an archive may hold and has to say."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import pytest

from tools.release import project as projects
from tools.release import rules
from tools.release.rules import faults_of_sdist, faults_of_wheel

from . import made_up
from .made_up import FILES, STEM, sdist, wheel, wheel_contents

ALPHA, TYPED = "Development Status :: 3 - Alpha", "Typing :: Typed"
INFO = f"{STEM}.dist-info"
WRONG_METADATA = {
    "another version": (
        "Version: 9.8.7",
        "Version: 9.8.6",
        ["METADATA: version is '9.8.6', not '9.8.7'"],
    ),
    "a licence in words": (
        "License-Expression: Apache-2.0",
        "License: Apache 2",
        ["METADATA: licence is None, not 'Apache-2.0'"],
    ),
    "another licence": (
        "License-Expression: Apache-2.0",
        "License-Expression: MIT",
        ["METADATA: licence is 'MIT', not 'Apache-2.0'"],
    ),
    "no licence file": ("License-File: LICENSE\n", "", ["METADATA: licence files is [], not ['LICENSE']"]),
    "another Python": (
        "Requires-Python: >=3.11",
        "Requires-Python: >=3.10",
        ["METADATA: requires-python is '>=3.10', not '>=3.11'"],
    ),
    "a made-up address": (
        "Summary:",
        "Project-URL: Homepage, https://example.com\nSummary:",
        ["METADATA: URLs is {'Homepage': 'https://example.com'}, not {}"],
    ),
    "a lost requirement": (
        "Requires-Dist: attrs<27,>=24.2\n",
        "",
        ["METADATA: attrs<27,>=24.2 is missing"],
    ),
    "a requirement without an end": (
        "Requires-Dist: attrs<27,>=24.2",
        "Requires-Dist: attrs>=24.2",
        [
            "METADATA: attrs<27,>=24.2 is missing",
            "METADATA: attrs>=24.2 is not in pyproject.toml",
            "METADATA: attrs>=24.2 has no lower or no upper bound",
        ],
    ),
    "another description": (
        "Words",
        "None",
        [r"METADATA: description is '# A project\n\nNone – and more.', not '# A project\n\nWords – and more.'"],
    ),
    "a description that nobody can show": (
        "text/markdown",
        "text/plain",
        ["METADATA: kind of description is 'text/plain', not 'text/markdown'"],
    ),
    "a classifier of the licence": (
        "Classifier: Typing :: Typed\n",
        "Classifier: Typing :: Typed\nClassifier: License :: OSI Approved\n",
        [
            f"METADATA: classifiers is ['{ALPHA}', 'License :: OSI Approved', '{TYPED}'], not ['{ALPHA}', '{TYPED}']",
            "METADATA: has a classifier of its licence, which the licence expression replaces",
        ],
    ),
}
SECRETS = {
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "a token of Brex": "token = 'bxt_" + "a1B2" * 8 + "'",
    "a token of a code host or an index": "ghp_" + "a" * 36,
    "a key of a cloud": "AKIA" + "ABCD" * 4,
    "a signed token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.x",
}


class TestWheel:
    def test_fit(self, tmp_path: Path) -> None:
        """A wheel of the packages and the project's metadata has no fault."""
        made = made_up.project(tmp_path / "here")
        assert [] == faults_of_wheel(wheel(tmp_path, wheel_contents(made)), made)

    @pytest.mark.parametrize(("old", "new", "expected"), WRONG_METADATA.values(), ids=WRONG_METADATA)
    def test_metadata(self, tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
        """What the metadata says otherwise than the project is told, as it is and as it should be."""
        made = made_up.project(tmp_path / "here")
        contents = wheel_contents(made)
        assert old in contents[f"{INFO}/METADATA"]
        contents[f"{INFO}/METADATA"] = contents[f"{INFO}/METADATA"].replace(old, new)
        assert expected == faults_of_wheel(wheel(tmp_path, contents), made)

    def test_no_metadata(self, tmp_path: Path) -> None:
        """A wheel without metadata is told as such."""
        made = made_up.project(tmp_path / "here")
        contents = wheel_contents(made)
        del contents[f"{INFO}/METADATA"]
        (fault,) = faults_of_wheel(wheel(tmp_path, contents), made)
        assert fault.startswith("METADATA: ")

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("brex_accounting/py.typed", "brex_accounting/py.typed: is missing in the wheel"),
            ("brex_accounting_client/py.typed", "brex_accounting_client/py.typed: is missing in the wheel"),
            (
                "brex_accounting/emulator/documents/team_api.json",
                "brex_accounting/emulator/documents/team_api.json: is missing in the wheel",
            ),
            (f"{INFO}/licenses/LICENSE", "licenses/LICENSE: is missing, or not the project's"),
            (f"{INFO}/entry_points.txt", "entry_points.txt: has no brex-accounting = brex_accounting.cli:main"),
        ],
    )
    def test_missing(self, tmp_path: Path, name: str, fault: str) -> None:
        """What is not there is told, whether the project has it or not."""
        made = made_up.project(tmp_path / "here")
        contents = wheel_contents(made)
        del contents[name]
        assert [fault] == faults_of_wheel(wheel(tmp_path, contents), made)

    def test_needed_and_gone_from_the_project_too(self, tmp_path: Path) -> None:
        """A file that must be there is missed where the project has lost it as well."""
        made = made_up.project(tmp_path / "here")
        lost = "custom/brex_accounting/py.typed"
        made = type(made)(made.root, made.table, made.version, tuple(name for name in made.tracked if name != lost))
        assert ["brex_accounting/py.typed: is missing in the wheel"] == faults_of_wheel(
            wheel(tmp_path, wheel_contents(made)), made
        )

    @pytest.mark.parametrize(
        "name",
        ["tests/test_one.py", "brex_accounting/__pycache__/x.pyc", "brex_accounting/notes.txt", "openapi/bundle.yaml"],
    )
    def test_surplus(self, tmp_path: Path, name: str) -> None:
        """What no package has is told."""
        made = made_up.project(tmp_path / "here")
        contents = {**wheel_contents(made), name: ""}
        assert [
            f"{name}: is in the wheel, and git knows no such file; see ADDED in tools/release/project.py"
        ] == faults_of_wheel(wheel(tmp_path, contents), made)

    @pytest.mark.parametrize("name", ["tests/test_x.py", "key.pem", "x.pyc"])
    def test_alien(self, tmp_path: Path, name: str) -> None:
        """What git knows inside of a package may still be nothing for users."""
        place = tmp_path / "here" / "custom" / "brex_accounting" / name
        place.parent.mkdir(parents=True)
        place.write_text("")
        made = made_up.project(tmp_path / "here")
        made = type(made)(made.root, made.table, made.version, (*made.tracked, f"custom/brex_accounting/{name}"))
        assert [f"brex_accounting/{name}: does not belong into a wheel"] == faults_of_wheel(
            wheel(tmp_path, wheel_contents(made)), made
        )

    def test_added(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is added on purpose takes one line, and is then missed where it is not there."""
        made = made_up.project(tmp_path / "here")
        monkeypatch.setattr(projects, "ADDED", {})
        without = wheel_contents(made)
        for module in (projects, rules):
            monkeypatch.setattr(module, "ADDED", {"brex_accounting/spec/openapi": "openapi"})
        assert [] == faults_of_wheel(wheel(tmp_path, wheel_contents(made)), made)
        assert ["brex_accounting/spec/openapi/bundle.yaml: is missing in the wheel"] == faults_of_wheel(
            wheel(tmp_path, without), made
        )

    def test_other_content(self, tmp_path: Path) -> None:
        """A file that is not what the project holds is told."""
        made = made_up.project(tmp_path / "here")
        contents = {**wheel_contents(made), "brex_accounting/__init__.py": "print()\n"}
        assert ["brex_accounting/__init__.py: is not what custom/brex_accounting/__init__.py holds"] == faults_of_wheel(
            wheel(tmp_path, contents), made
        )

    def test_twice(self, tmp_path: Path) -> None:
        """Two files at one place are told: unpackers differ in which they take."""
        made = made_up.project(tmp_path / "here")
        path = wheel(tmp_path, wheel_contents(made))
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr("brex_accounting/py.typed", "")
        assert ["brex_accounting/py.typed: is in the wheel twice"] == faults_of_wheel(path, made)

    @pytest.mark.parametrize(("kind", "text"), SECRETS.items(), ids=SECRETS)
    def test_secrets(self, tmp_path: Path, kind: str, text: str) -> None:
        """What looks like a secret is told by its kind, and not shown."""
        made = made_up.project(tmp_path / "here")
        (made.root / "custom/brex_accounting/__init__.py").write_text(text)
        faults = faults_of_wheel(wheel(tmp_path, wheel_contents(made)), made)
        assert [f"brex_accounting/__init__.py: holds what looks like {kind}"] == faults

    def test_folders_of_this_machine(self, tmp_path: Path) -> None:
        """The project's own folder stands in no file."""
        made = made_up.project(tmp_path / "here")
        (made.root / "custom/brex_accounting/__init__.py").write_text(f"# {made.root}/x\n")
        faults = faults_of_wheel(wheel(tmp_path, wheel_contents(made)), made)
        assert "brex_accounting/__init__.py: names a folder of this machine" in faults

    def test_not_for_every_system(self, tmp_path: Path) -> None:
        """A wheel says that it is for every system and Python, in its name and inside."""
        made = made_up.project(tmp_path / "here")
        contents = wheel_contents(made)
        contents[f"{INFO}/WHEEL"] = "Root-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n"
        assert [
            "WHEEL: does not say 'Root-Is-Purelib: true'",
            "WHEEL: does not say 'Tag: py3-none-any'",
        ] == faults_of_wheel(wheel(tmp_path, contents), made)
        named = wheel(tmp_path, contents, f"{STEM}-cp311-cp311-linux_x86_64.whl")
        assert [f"{named.name}: is not called {STEM}-py3-none-any.whl"] == faults_of_wheel(named, made)


class TestSdist:
    def test_fit(self, tmp_path: Path) -> None:
        """Files that git knows and the metadata are no fault."""
        made = made_up.project(tmp_path / "here")
        assert [] == faults_of_sdist(sdist(tmp_path, {**FILES, "PKG-INFO": "Name: x\n"}), made)

    def test_what_git_does_not_know(self, tmp_path: Path) -> None:
        """Caches, drafts and secrets are told."""
        made = made_up.project(tmp_path / "here")
        contents = {**FILES, ".env": "AKIA" + "ABCD" * 4}
        assert [
            ".env: is in the sdist, and git does not know it",
            ".env: holds what looks like a key of a cloud",
        ] == faults_of_sdist(sdist(tmp_path, contents), made)

    def test_missing(self, tmp_path: Path) -> None:
        """Without the changelog it is none."""
        made = made_up.project(tmp_path / "here")
        contents = {name: content for name, content in FILES.items() if name != "CHANGELOG.md"}
        assert ["CHANGELOG.md: is missing in the sdist"] == faults_of_sdist(sdist(tmp_path, contents), made)
