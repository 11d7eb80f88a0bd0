"""An alpha document changes: what then generates by itself, and what stops the build and says where.

The changes are made in copies of the published documents. What generates is imported in an interpreter of its own.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.errors import SpecError
from brex_accounting.spec.bundle import make_bundle
from brex_accounting.spec.generator import generate

from . import documents
from .documents import ACCOUNTING, EXPENSES, PACKAGE, TEAM, WEBHOOKS, Tree, json_of, operation, schema

Documents = dict[str, Tree]
Mutation = Callable[[Documents], None]

TEXT: Tree = {"type": "string"}
RECORDS = "/v3/accounting/records"
NEW = len(documents.published(ACCOUNTING)["paths"][RECORDS]["get"]["parameters"]) - 1
"""The place of one parameter more, after the overlay has taken updated_at out."""


def mutated(root: Path, *mutations: Mutation) -> Path:
    """A copy of the project whose published documents are changed."""
    documents.copy_project(root)
    parts = {name: copy.deepcopy(documents.published(name)) for name in documents.PUBLISHED}
    for mutate in mutations:
        mutate(parts)
    for name, tree in parts.items():
        if tree != documents.published(name):
            documents.write(root / "openapi" / name, tree)
    return root


def schemas(parts: Documents, name: str = ACCOUNTING) -> Tree:
    return parts[name]["components"]["schemas"]


def operation_at(parts: Documents, path: str, method: str = "get") -> Tree:
    (found,) = (part["paths"][path][method] for part in parts.values() if path in part["paths"])
    return found


def rename(tree: Any, old: str, new: str) -> None:
    """Rename a schema and all references to it, as the publisher would."""
    if isinstance(tree, dict):
        if tree.get("$ref") == f"#/components/schemas/{old}":
            tree["$ref"] = f"#/components/schemas/{new}"
        if "schemas" in tree and old in tree["schemas"]:
            tree["schemas"] = {new if name == old else name: part for name, part in tree["schemas"].items()}
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        rename(part, old, new)


# ---- what generates --------------------------------------------------------------------------------------------------


def new_enum_values(parts: Documents) -> None:
    schemas(parts)["ReviewStatus"]["enum"] += ["ARCHIVED", "3RD_PARTY", "on hold"]


def new_fields(parts: Documents) -> None:
    schemas(parts)["Vendor"]["properties"]["tax_code"] = TEXT
    schemas(parts)["Vendor"]["properties"]["ledger_code"] = TEXT
    schemas(parts)["Vendor"]["required"].append("ledger_code")
    schemas(parts)["CreateIntegrationRequest"]["properties"]["label"] = {**TEXT, "nullable": True}
    schemas(parts)["Receipt"]["properties"]["properties"] = {"type": "object", "properties": {"example": TEXT}}


def new_operations(parts: Documents) -> None:
    schemas(parts)["Ledger"] = {"type": "object", "required": ["id"], "properties": {"id": TEXT}}
    schemas(parts)["LedgerPage"] = {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": schema("Ledger")}, "next_cursor": TEXT},
    }
    parameters = [
        {"name": "kind", "in": "query", "required": True, "schema": {**TEXT, "enum": ["GENERAL", "SUB"]}},
        {"name": "page_size", "in": "query", "schema": {"type": "integer", "default": 50}},
    ]
    listing = operation("listLedgers", schema("LedgerPage"), parameters=parameters, tags=["Ledgers"])
    closing = operation(
        "closeLedger", tags=["Ledgers"], parameters=[], requestBody={"content": json_of(schema("Ledger"))}
    )
    parts[ACCOUNTING]["paths"]["/v3/accounting/ledgers"] = {"get": listing, "delete": closing}


def new_required_parameter(parts: Documents) -> None:
    operation_at(parts, RECORDS)["parameters"].append(
        {"name": "region", "in": "query", "required": True, "schema": TEXT}
    )


def renamed_schema(parts: Documents) -> None:
    rename(parts[ACCOUNTING], "LineItemType", "EntrySide")
    rename(parts[ACCOUNTING], "AccountingRecordLineItem", "Entry")


def sent_and_received(parts: Documents) -> None:
    schemas(parts)["Office"] = {
        "type": "object",
        "required": ["city"],
        "properties": {"city": TEXT, "street": TEXT, "position": schema("Position"), "status": schema("ReviewStatus")},
    }
    schemas(parts)["Position"] = {"type": "object", "properties": {"floor": {"type": "integer"}}}
    for name in ("CreateIntegrationRequest", "AccountingIntegration"):
        schemas(parts)[name]["properties"]["office"] = schema("Office")


def inline_answers(parts: Documents) -> None:
    for path, name in ((RECORDS + "/{record_id}", "AccountingRecord"), ("/v1/webhooks", "WebhookSubscriptionPage")):
        (owner,) = (part for part in parts.values() if path in part["paths"])
        answer = owner["paths"][path]["get"]["responses"]["200"]
        answer["content"]["application/json"]["schema"] = owner["components"]["schemas"][name]


def composed_request(parts: Documents) -> None:
    whole = schemas(parts, EXPENSES)["UpdateExpenseRequest"]
    schemas(parts, EXPENSES)["Audited"] = {"type": "object", "properties": {"reason": TEXT}}
    schemas(parts, EXPENSES)["UpdateExpenseRequest"] = {"allOf": [schema("Audited"), whole]}


def codes_as_numbers(parts: Documents) -> None:
    company = operation_at(parts, "/v2/company")
    company["responses"] = {int(code): answer for code, answer in company["responses"].items()}


PROBE = """
import importlib, inspect, json
from attrs import NOTHING, fields_dict, has
import brex_accounting_client as package
from brex_accounting_client import UNSET, decode, encode, models
from brex_accounting_client.pages import Page

def model(name):
    cls = getattr(models, name)
    default = lambda a: "required" if a.default is NOTHING else "UNSET" if a.default is UNSET else repr(a.default)
    return {name: [str(a.type), default(a)] for name, a in fields_dict(cls).items()}

def endpoint(name):
    module = importlib.import_module(f"brex_accounting_client.api.{name}")
    functions = {key: part for key, part in vars(module).items() if inspect.isfunction(part)}
    functions = {key: part for key, part in functions.items() if part.__module__ == module.__name__}
    arguments = inspect.signature(module._get_kwargs).parameters
    required = [key for key, part in arguments.items() if part.default is part.empty]
    answer = inspect.signature(module._parse_response).return_annotation
    return {
        "functions": {key: inspect.iscoroutinefunction(part) for key, part in functions.items()},
        "required": required,
        "answer": getattr(answer, "__name__", answer),
        "page": inspect.isclass(answer) and issubclass(answer, Page),
    }

ledgers = importlib.import_module("brex_accounting_client.api.ledgers.list_ledgers")
request = ledgers._get_kwargs(kind=models.ListLedgersKind("GENERAL"))
old_vendor = decode(b'{"id": "v", "name": "n", "ledger_code": "l"}', models.Vendor)
odd_receipt = decode(b'{"id": "r", "properties": {"example": "x"}}', models.Receipt)
print(json.dumps({
    "file": package.__file__,
    "names": sorted(models.__all__),
    "members": [[member.name, member.value] for member in models.ReviewStatus],
    "models": {name: model(name) for name in models.__all__ if has(getattr(models, name))},
    "endpoints": {name: endpoint(name) for name in (
        "ledgers.list_ledgers", "ledgers.close_ledger", "accounting_records.query_accounting_records",
        "accounting_records.get_accounting_record", "webhook_subscriptions.list_subscription", "companies.get_company",
    )},
    "request": [request["method"], request["url"], request["params"]],
    "old_vendor": [old_vendor.tax_code, old_vendor.ledger_code],
    "odd_receipt": odd_receipt.properties.example,
    "sent": [
        encode(models.OfficeInput(city="c")).decode(),
        encode(models.UpdateExpenseRequest(memo=None)).decode(),
        encode(models.CreateIntegrationRequest(vendor="v", vendor_account_id="a", label=None)).decode(),
    ],
}))
"""


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """What is found in the package that is generated after all of the changes above."""
    root = mutated(
        tmp_path_factory.mktemp("changed") / "project",
        new_enum_values,
        new_fields,
        new_operations,
        new_required_parameter,
        renamed_schema,
        sent_and_received,
        inline_answers,
        composed_request,
        codes_as_numbers,
    )
    generate(*documents.checkout(root))
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    found: Tree = json.loads(done.stdout)
    assert str(root / PACKAGE / "__init__.py") == found["file"]
    return found


class TestWhatGenerates:
    def test_a_new_enum_value(self, changed: Tree) -> None:
        """New values become members, under a name that Python takes, behind those that were there."""
        assert changed["members"] == [
            ["READY_FOR_EXPORT", "READY_FOR_EXPORT"],
            ["PREPARE", "PREPARE"],
            ["REVIEW", "REVIEW"],
            ["EXPORTED", "EXPORTED"],
            ["ARCHIVED", "ARCHIVED"],
            ["VALUE_5", "3RD_PARTY"],
            ["ON_HOLD", "on hold"],
        ]

    def test_a_new_optional_field(self, changed: Tree) -> None:
        """A new optional field of an answer is an attribute that is None where an older answer has none."""
        assert ["str | None", "None"] == changed["models"]["Vendor"]["tax_code"]
        assert [None, "l"] == changed["old_vendor"]

    def test_a_new_optional_field_of_a_request(self, changed: Tree) -> None:
        """A new optional field of a request is not sent unless it is set, and None is sent as null."""
        assert ["str | None | Unset", "UNSET"] == changed["models"]["CreateIntegrationRequest"]["label"]
        assert {"vendor": "v", "vendor_account_id": "a", "label": None} == json.loads(changed["sent"][2])

    def test_a_new_required_field(self, changed: Tree) -> None:
        """A new required field is an attribute without a default."""
        assert ["str", "required"] == changed["models"]["Vendor"]["ledger_code"]

    def test_a_field_called_like_a_keyword_of_openapi(self, changed: Tree) -> None:
        """Fields may be called properties and example."""
        assert ["ReceiptProperties | None", "None"] == changed["models"]["Receipt"]["properties"]
        assert "x" == changed["odd_receipt"]

    def test_a_new_operation(self, changed: Tree) -> None:
        """A new operation is a module with the generator's functions; one that answers with a page gives a page."""
        found = changed["endpoints"]["ledgers.list_ledgers"]
        assert found == {
            "functions": {
                "_get_kwargs": False,
                "_parse_response": False,
                "_build_response": False,
                "sync_detailed": False,
                "sync": False,
                "asyncio_detailed": True,
                "asyncio": True,
            },
            "required": ["kind"],
            "answer": "LedgerPage",
            "page": True,
        }
        assert ["get", "/v3/accounting/ledgers", [["kind", "GENERAL"]]] == changed["request"]

    def test_a_new_operation_without_an_answer(self, changed: Tree) -> None:
        """An operation that answers with nothing gives None."""
        found = changed["endpoints"]["ledgers.close_ledger"]
        assert (None, False) == (found["answer"], found["page"])

    def test_a_new_required_parameter(self, changed: Tree) -> None:
        """A new required query parameter is an argument without a default."""
        assert ["region"] == changed["endpoints"]["accounting_records.query_accounting_records"]["required"]

    def test_a_renamed_schema(self, changed: Tree) -> None:
        """A schema that no overlay touches is generated under its new name, and used by it."""
        assert {"EntrySide", "Entry"} <= set(changed["names"])
        assert not {"LineItemType", "AccountingRecordLineItem"} & set(changed["names"])
        assert ["list[Entry]", "required"] == changed["models"]["AccountingRecord"]["line_items"]
        assert ["EntrySide", "required"] == changed["models"]["Entry"]["type"]

    def test_an_object_that_is_sent_and_received(self, changed: Tree) -> None:
        """A new object that goes both ways is two models, and so is what it holds; enums are shared."""
        models = changed["models"]
        assert models["Office"] == {
            "city": ["str", "required"],
            "position": ["Position | None", "None"],
            "status": ["ReviewStatus | None", "None"],
            "street": ["str | None", "None"],
        }
        assert models["OfficeInput"] == {
            "city": ["str", "required"],
            "position": ["PositionInput | Unset", "UNSET"],
            "status": ["ReviewStatus | Unset", "UNSET"],
            "street": ["str | Unset", "UNSET"],
        }
        assert ["OfficeInput | Unset", "UNSET"] == models["CreateIntegrationRequest"]["office"]
        assert ["Office | None", "None"] == models["AccountingIntegration"]["office"]
        assert {"city": "c"} == json.loads(changed["sent"][0])

    def test_an_inline_answer(self, changed: Tree) -> None:
        """An answer that is written out instead of referred to works under the generator's name for it."""
        found = changed["endpoints"]["accounting_records.get_accounting_record"]
        assert ("GetAccountingRecordResponse200", False) == (found["answer"], found["page"])
        expected = changed["models"]["AccountingRecord"]
        assert list(expected) == list(changed["models"]["GetAccountingRecordResponse200"])

    def test_an_inline_page(self, changed: Tree) -> None:
        """A page that is written out is still a page."""
        found = changed["endpoints"]["webhook_subscriptions.list_subscription"]
        assert ("ListSubscriptionResponse200", True) == (found["answer"], found["page"])

    def test_a_composed_request(self, changed: Tree) -> None:
        """A request that is put together from several objects sends what is set and nothing else."""
        assert ["str | Unset", "UNSET"] == changed["models"]["UpdateExpenseRequest"]["reason"]
        assert {"memo": None} == json.loads(changed["sent"][1])

    def test_codes_that_are_numbers(self, changed: Tree) -> None:
        """Response codes without quotes mean the same."""
        assert "Company" == changed["endpoints"]["companies.get_company"]["answer"]


# ---- what stops the build --------------------------------------------------------------------------------------------


def set_field(name: str, owner: str, field: str, body: Tree) -> Mutation:
    def mutate(parts: Documents) -> None:
        schemas(parts, name)[owner]["properties"][field] = body

    return mutate


def set_answer(path: str, body: Tree) -> Mutation:
    def mutate(parts: Documents) -> None:
        operation_at(parts, path)["responses"]["200"]["content"]["application/json"]["schema"] = body

    return mutate


def add_parameter(**parameter: Any) -> Mutation:
    def mutate(parts: Documents) -> None:
        operation_at(parts, RECORDS)["parameters"].append(parameter)

    return mutate


def without_parameter(name: str) -> Mutation:
    def mutate(parts: Documents) -> None:
        listing = operation_at(parts, RECORDS)
        listing["parameters"] = [parameter for parameter in listing["parameters"] if parameter["name"] != name]

    return mutate


def same_name(parts: Documents) -> None:
    schemas(parts, TEAM)["Vendor"] = {"type": "object", "properties": {"id": TEXT}}


def other_host(parts: Documents) -> None:
    parts[EXPENSES]["servers"] = [{"url": "https://expenses.example"}]


def limit_is_an_integer(parts: Documents) -> None:
    (limit,) = (part for part in operation_at(parts, RECORDS)["parameters"] if part["name"] == "limit")
    limit["schema"]["type"] = "integer"


def shared_parameter(parts: Documents) -> None:
    parts[ACCOUNTING]["components"]["parameters"] = {"Cursor": {"name": "c", "in": "query", "schema": TEXT}}
    operation_at(parts, RECORDS)["parameters"].append({"$ref": "#/components/parameters/Cursor"})


def renamed(name: str, old: str, new: str) -> Mutation:
    return lambda parts: rename(parts[name], old, new)


UNION: Tree = {"oneOf": [schema("AccountingRecord"), schema("Vendor")]}

REFUSALS: list[tuple[str, Mutation, tuple[str, ...]]] = [
    (
        "a renamed schema that an overlay targets",
        renamed(ACCOUNTING, "AccountingRecordPage", "RecordPage"),
        (
            "accounting.yaml, action 8 ($.components.schemas.AccountingRecordPage.properties.total_count)",
            "matches nothing",
        ),
    ),
    (
        "another one",
        renamed(WEBHOOKS, "WebhookSecret", "SigningSecret"),
        ("webhooks.yaml, action 2 ($.components.schemas.WebhookSecret.properties.secret)", "matches nothing"),
    ),
    (
        "a parameter that an overlay targets is gone",
        without_parameter("updated_at"),
        ("accounting.yaml, action 1 ($.paths['/v3/accounting/records'].get.parameters[?@.name == 'updated_at'])",),
    ),
    ("upstream did what an overlay does", limit_is_an_integer, ("accounting.yaml, action 7 (", "changes nothing")),
    (
        "a field that is a keyword",
        set_field(ACCOUNTING, "Vendor", "class", TEXT),
        ("components.schemas.Vendor", "'class'", "cannot be an attribute"),
    ),
    (
        "a field that breaks its class",
        set_field(ACCOUNTING, "Vendor", "self", TEXT),
        ("components.schemas.Vendor", "'self'"),
    ),
    (
        "a field of a page",
        set_field(EXPENSES, "ExpensePage", "raw", TEXT),
        ("components.schemas.ExpensePage", "'raw'", "every page"),
    ),
    (
        "an answer that is a choice",
        set_answer("/v3/accounting/records/{record_id}", UNION),
        ("GET /v3/accounting/records/{record_id}.responses.200", "a choice of schemas (oneOf)", "by an overlay"),
    ),
    (
        "a choice inside an answer",
        set_field(ACCOUNTING, "AccountingRecord", "subject", {"anyOf": [schema("User"), schema("Vendor")]}),
        ("components.schemas.AccountingRecord.properties.subject", "a choice of schemas (anyOf)"),
    ),
    (
        "an inline answer with a bad field",
        set_answer("/v2/company", {"type": "object", "properties": {"from": TEXT}}),
        ("paths./v2/company.get.responses.200", "'from'"),
    ),
    (
        "an object that says nothing of itself",
        set_field(ACCOUNTING, "Vendor", "metadata", {"type": "object"}),
        ("components.schemas.Vendor.properties.metadata", "by an overlay"),
    ),
    (
        "another filter that is an object",
        add_parameter(
            name="posted_at",
            style="deepObject",
            schema={"type": "object", "properties": {"gt": TEXT}},
            **{"in": "query"},
        ),
        ("GET /v3/accounting/records parameter 'posted_at'", "by an overlay"),
    ),
    (
        "numbers to choose from",
        add_parameter(name="stage", schema={"type": "integer", "enum": [1, 2]}, **{"in": "query"}),
        (f"paths./v3/accounting/records.get.parameters[{NEW}].schema", "by an overlay"),
    ),
    (
        "a reference to nothing",
        set_field(ACCOUNTING, "Vendor", "owner", schema("Owner")),
        ("components.schemas.Vendor.properties.owner", "'#/components/schemas/Owner'"),
    ),
    (
        "a reference to no schema",
        shared_parameter,
        (f"paths./v3/accounting/records.get.parameters[{NEW}]", "'#/components/parameters/Cursor'"),
    ),
    ("a name that another document has", same_name, ("schema Vendor", ACCOUNTING, TEAM, "x-name")),
    ("another host", other_host, ("expenses_api.yaml: has other servers", "by an overlay")),
    (
        "OpenAPI 3.1",
        set_field(ACCOUNTING, "Vendor", "email", {"type": ["string", "null"]}),
        ("bundle: components.schemas.Vendor.properties.email",),
    ),
]


class TestWhatStopsTheBuild:
    @pytest.mark.parametrize(("mutation", "told"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
    def test_it_says_where(self, tmp_path: Path, mutation: Mutation, told: tuple[str, ...]) -> None:
        """A change that cannot be carried stops the build, before the generator, with the place and the way out."""
        root = mutated(tmp_path / "project", mutation)
        with pytest.raises(SpecError) as caught:
            make_bundle(root / "openapi")
        message = str(caught.value)
        assert [] == [part for part in told if part not in message], message
        assert message.startswith(told[0])
        assert "Traceback" not in message

    def test_schemas_that_refer_to_each_other(self, tmp_path: Path) -> None:
        """Two models that would import each other are refused with the circle, and nothing is put in place."""
        root = mutated(
            tmp_path / "project",
            set_field(ACCOUNTING, "Vendor", "owner", schema("User")),
            set_field(ACCOUNTING, "User", "employer", schema("Vendor")),
        )
        before = documents.snapshot(root)
        with pytest.raises(SpecError) as caught:
            generate(*documents.checkout(root))
        expected = "model modules import each other in a circle: user → vendor → user; break it with an overlay action"
        assert str(caught.value).startswith(expected)
        assert before == documents.snapshot(root)

    def test_what_only_the_generator_refuses(self, tmp_path: Path) -> None:
        """Two schemas that would be one model are refused in the generator's words, not by a traceback."""
        motto: Tree = {"type": "object", "properties": {"text": TEXT}}
        root = mutated(tmp_path / "project", set_field(TEAM, "Company", "motto", motto))
        team = documents.read(root / "openapi" / TEAM)
        team["components"]["schemas"]["CompanyMotto"] = motto
        documents.write(root / "openapi" / TEAM, team)
        with pytest.raises(SpecError) as caught:
            generate(*documents.checkout(root))
        message = str(caught.value)
        assert message.startswith("openapi-python-client failed:\n")
        assert 'Attempted to generate duplicate models with name "CompanyMotto"' in message
        assert "Traceback" not in message
