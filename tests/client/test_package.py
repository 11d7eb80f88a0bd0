"""The package as it is imported: what it exports, and what it leaves alone until somebody asks."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pickle
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

import brex_accounting_client
from brex_accounting_client import UNSET, decode, models
from tests import wire

ROOT = Path(brex_accounting_client.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after a statement."""
    program = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


class TestImports:
    def test_what_nobody_uses_is_not_imported(self) -> None:
        """Importing the package loads no model, no operation and no date parser."""
        loaded = loaded_after("import brex_accounting_client, brex_accounting_client.models")
        assert not [name for name in loaded if name.startswith(("brex_accounting_client.models.", "dateutil"))]
        assert not [name for name in loaded if name.startswith("brex_accounting_client.api")]

    def test_an_operation_loads_its_own_models(self) -> None:
        """An operation loads the models that it needs and no others."""
        loaded = loaded_after("import brex_accounting_client.api.companies.get_company")
        names = {name.rpartition(".")[2] for name in loaded if name.startswith("brex_accounting_client.models.")}
        assert {"company", "company_address", "account_type", "api_error"} == names

    @pytest.mark.parametrize("name", models.__all__)
    def test_models_are_found_by_name(self, name: str) -> None:
        """Each name of models is the class of that name, and stays the same one."""
        assert name == getattr(models, name).__name__
        assert getattr(models, name) is getattr(models, name)
        assert name in dir(models)

    def test_other_names_are_not(self) -> None:
        """A name that is no model is an AttributeError, as on any module."""
        with pytest.raises(AttributeError, match="NoSuchModel"):
            _ = models.NoSuchModel

    def test_exports(self) -> None:
        """__all__ is what is visible: nothing else public, nothing missing."""
        visible = {
            name
            for name, value in vars(brex_accounting_client).items()
            if not name.startswith("_") and not inspect.ismodule(value)
        }
        assert visible == set(brex_accounting_client.__all__)


class TestModels:
    @pytest.mark.parametrize("name", models.__all__)
    def test_are_fields_and_a_docstring(self, name: str) -> None:
        """A model has wire fields and a docstring; every other attribute was made by attrs or Python."""
        model = getattr(models, name)
        assert model.__doc__
        if not attrs.has(model):
            return
        source = inspect.getsource(importlib.import_module(model.__module__))
        assert "def " not in source
        with pytest.raises(TypeError):
            model(*range(3))

    def test_unset_is_one(self) -> None:
        """UNSET keeps its identity through copies and pickles."""
        assert UNSET is copy.deepcopy(UNSET)
        assert UNSET is pickle.loads(pickle.dumps(UNSET))

    def test_copies_and_pickles(self) -> None:
        """A record survives copy and pickle."""
        record = decode(wire.dumps(wire.record(0, type="NEW")), models.AccountingRecord)
        assert record == pickle.loads(pickle.dumps(record))
        assert record == copy.deepcopy(record)

    def test_required_nullable_fields_must_be_given(self) -> None:
        """A required field has no default, even where it may be null."""
        with pytest.raises(TypeError, match="remote_field_id"):
            models.AccountingFieldValue(brex_field_id="a", brex_field_value_id="b")  # type: ignore[call-arg]


class TestFiles:
    @pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])
    def test_say_how_to_regenerate(self, path: Path) -> None:
        """Each generated file says in its first line where it comes from and what to run."""
        first = path.read_text().splitlines()[0]
        assert "# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again." == first

    def test_imports_are_relative(self) -> None:
        """The package never names itself, so that a copy works under any parent."""
        for path in MODULES:
            for line in path.read_text().splitlines():
                assert not line.lstrip().startswith(("import brex_", "from brex_")), path

    def test_is_typed(self) -> None:
        """Both packages carry py.typed."""
        assert (ROOT / "py.typed").exists()
        assert (Path(importlib.import_module("brex_accounting").__file__ or "").parent / "py.typed").exists()
