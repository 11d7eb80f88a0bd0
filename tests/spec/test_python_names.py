"""Names in Python, held against the package that the generator has made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import brex_accounting_client
from brex_accounting.spec.marking import Flow
from brex_accounting.spec.python_names import PythonNames, argument_name, class_name, member_names, module_name

from .documents import TEXT, THING, Tree, committed_bundle, document, operation, schema, sending

CLIENT = Path(brex_accounting_client.__file__).parent


def names_in_package() -> Iterator[str]:
    """Every class, attribute, member, module and argument of the committed package, read off its source."""
    for file in (CLIENT / "models").glob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield node.name
                for part in node.body:
                    if isinstance(part, ast.AnnAssign | ast.Assign):
                        target = part.target if isinstance(part, ast.AnnAssign) else part.targets[0]
                        yield f"{node.name}.{ast.unparse(target)}"
    for file in (CLIENT / "api").glob("*/*.py"):
        if file.stem != "__init__":
            yield f"api.{file.parent.name}.{file.stem}"
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name == "_get_kwargs":
                    arguments = [*node.args.args, *node.args.kwonlyargs]
                    yield from (f"{file.stem}({one.arg}=)" for one in arguments if one.arg != "body")


def names_in_bundle() -> Iterator[str | None]:
    """The same, as ``PythonNames`` has them of the bundle."""
    bundle: Tree = committed_bundle().document
    names = PythonNames(bundle, {})
    for name, body in bundle["components"]["schemas"].items():
        yield from names.in_schema(name, [], [Flow.RECEIVED])
        for field in body.get("properties", {}):
            yield from names.in_schema(name, [field], [Flow.RECEIVED])
        yield from names.members(name, [], body.get("enum", []))
    for path, item in bundle["paths"].items():
        for method, node in item.items():
            where = f"{method.upper()} {path}"
            yield names.module(where)
            for one in node.get("parameters", []):
                for argument in names.arguments(where, one["name"], one["in"]):
                    yield f"{names.function(where)}({argument}=)"


def test_all_names_of_the_package() -> None:
    """Of all that the committed bundle describes, the names are those that the generator gave."""
    expected = set(names_in_package())
    assert len(expected) > 500
    assert expected == set(names_in_bundle())


class TestRules:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [("line_item", "LineItem"), ("URLPart", "URLPart"), ("2fa", "Field2fa"), ("list", "List"), ("True", "True_")],
    )
    def test_classes(self, name: str, expected: str) -> None:
        """Classes are in Pascal case, and neither a keyword nor a number."""
        assert expected == class_name(name)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("getRecord", "get_record"), ("list", "list_"), ("2fa", "field_2fa"), ("id", "id"), ("_x", "field_x")],
    )
    def test_modules(self, name: str, expected: str) -> None:
        """Modules are in snake case, and neither a keyword nor a builtin."""
        assert expected == module_name(name)

    @pytest.mark.parametrize(
        ("name", "place", "expected"),
        [
            ("updated_at[gt]", "query", "updated_at_gt"),
            ("expand[]", "query", "expand"),
            ("Idempotency-Key", "header", "idempotency_key"),
            ("url", "query", "url_query"),
        ],
    )
    def test_arguments(self, name: str, place: str, expected: str) -> None:
        """Arguments are named as the endpoint template names them."""
        assert expected == argument_name(name, place)

    def test_members(self) -> None:
        """A value of which no name can be made is named after its number."""
        found = member_names(["A", "3RD_PARTY", "on hold", "café"])
        assert {"A": "A", "3RD_PARTY": "VALUE_1", "on hold": "ON_HOLD", "café": "CAFÉ"} == found
        assert {"a": "FIRST", "b": "SECOND"} == member_names(["a", "b"], ["first", "second"])


class TestPlaces:
    def names(self) -> PythonNames:
        row = {"type": "object", "properties": {"unit": TEXT, "mode": {**TEXT, "enum": ["x", "y"]}}}
        nullable = {**row, "nullable": True}
        whole = {
            "type": "object",
            "properties": {"rows": {"type": "array", "items": row}, "last": nullable, "part": row},
        }
        schemas = {"Sheet": whole, "Alias": TEXT, "User": {**THING, "properties": {"id": schema("Alias")}}}
        paths = {
            "/a": sending("makeSheet", {"type": "object", "properties": {"a": TEXT}}, schema("Sheet")),
            "/b": {"get": operation("readUser", schema("User"), tags=["My Users"])},
        }
        return PythonNames(document(paths, schemas), {"Old": "Sheet"})

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            (["rows"], ("Sheet.rows",)),
            (["rows", "[]"], ("Sheet.rows",)),
            (["rows", "[]", "unit"], ("SheetRowsItem.unit",)),
            (["last", "unit"], ("SheetLastType0.unit",)),
            (["part", "unit"], ("SheetPart.unit",)),
            (["gone"], ()),
            (["gone", "unit"], ()),
        ],
    )
    def test_within_a_schema(self, path: list[str], expected: tuple[str, ...]) -> None:
        """Objects that are written out have classes of their own, named after where they stand."""
        assert expected == self.names().in_schema("Old", path, [Flow.RECEIVED])

    def test_an_enum_that_is_written_out(self) -> None:
        """So have enums."""
        assert ("SheetPartMode.Y",) == self.names().members("Sheet", ["part", "mode"], ["y", "z"])

    def test_what_an_operation_writes_out(self) -> None:
        """Bodies that are written out are named after the operation."""
        body = {"type": "object", "properties": {"a": TEXT}}
        assert ("MakeSheetBody.a",) == self.names().in_operation("POST /a", "body", body, ["a"])

    def test_a_schema_without_a_class(self) -> None:
        """A named schema that has no class stands for the fields that it types."""
        assert (("User.id",), ()) == (self.names().users("Alias"), self.names().users("Sheet"))

    def test_what_there_is_not(self) -> None:
        """There are no names of what there is not."""
        names = self.names()
        assert (None, (), ()) == (names.module("GET /c"), names.arguments("GET /c", "a", "query"), names.users("Gone"))
        assert "api.my_users.read_user" == names.module("GET /b")
