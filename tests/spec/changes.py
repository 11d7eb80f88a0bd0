"""What Brex might do to its documents, kind by kind; each function changes a copy of one as Brex would publish it."""

from __future__ import annotations

from collections.abc import Callable

from .documents import ACCOUNTING, EXPENSES, TEXT, THING, WEBHOOKS, Tree, json_of, operation, schema

Change = Callable[[Tree], None]

RECORDS = "/v3/accounting/records"
RECORD = "/v3/accounting/records/{record_id}"
RESULTS = "/v3/accounting/records/export-results"
INTEGRATION = "/v3/accounting/integration"
ERROR = {"description": "No.", "content": json_of(schema("AccountingError"))}


def schemas(document: Tree) -> Tree:
    return document["components"]["schemas"]


def fields(document: Tree, name: str) -> Tree:
    return schemas(document)[name]["properties"]


def required(document: Tree, name: str) -> list[str]:
    return schemas(document)[name].setdefault("required", [])


def parameters(document: Tree, path: str = RECORDS) -> list[Tree]:
    return document["paths"][path]["get"]["parameters"]


def parameter(document: Tree, name: str) -> Tree:
    (found,) = (one for one in parameters(document) if one["name"] == name)
    return found


def rename(tree: object, old: str, new: str) -> None:
    """Rename a schema and all references to it."""
    if isinstance(tree, dict):
        if tree.get("$ref") == f"#/components/schemas/{old}":
            tree["$ref"] = f"#/components/schemas/{new}"
        if "schemas" in tree and old in tree["schemas"]:
            tree["schemas"][new] = tree["schemas"].pop(old)
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        rename(part, old, new)


def before_january(document: Tree) -> None:
    """The document as it was before its two newest filters."""
    document["paths"][RECORDS]["get"]["parameters"] = [
        one for one in parameters(document) if one["name"] not in ("updated_at", "source_type")
    ]


def received_fields(document: Tree) -> None:
    fields(document, "Vendor")["tax_code"] = {**TEXT, "nullable": True}
    fields(document, "Vendor")["ledger_code"] = TEXT
    required(document, "Vendor").append("ledger_code")
    del fields(document, "Vendor")["website"]
    required(document, "Vendor").remove("name")
    required(document, "AccountingRecord").remove("posted_at")
    required(document, "AccountingRecord").append("invoice_number")
    required(document, "AccountingFieldValue").remove("remote_field_id")


def sent_fields(document: Tree) -> None:
    body = fields(document, "CreateIntegrationRequest")
    body["label"] = {**TEXT, "nullable": True}
    body["region"] = TEXT
    required(document, "CreateIntegrationRequest").append("region")
    required(document, "CreateIntegrationRequest").remove("vendor_account_id")
    required(document, "ExportSuccessDetails").append("deep_link_url")
    del fields(document, "ExportSuccessDetails")["reference_id"]


def nulls(document: Tree) -> None:
    fields(document, "AccountingRecord")["posted_at"]["nullable"] = True
    fields(document, "AccountingRecord")["amount"]["nullable"] = True
    fields(document, "AccountingRecord")["memo"]["nullable"] = False
    del fields(document, "AccountingRecord")["user"]["nullable"]
    fields(document, "User")["title_name"]["nullable"] = True
    del fields(document, "AccountingFieldValue")["remote_field_id"]["nullable"]
    fields(document, "SuccessfulExportResult")["accounting_record_id"]["nullable"] = True
    del fields(document, "ExportSuccessDetails")["reference_id"]["nullable"]
    fields(document, "Receipt")["download_uris"]["items"]["nullable"] = True


def types(document: Tree) -> None:
    record = fields(document, "AccountingRecord")
    record["invoice_number"]["type"] = "integer"
    record["source_id"]["format"] = "date-time"
    record["memo"]["format"] = "markdown"
    record["version"]["type"] = "integer"
    record["receipts"] = {"type": "array", "nullable": True, "items": schema("Vendor")}
    record["vendor"] = schema("User")
    fields(document, "AccountingErrorDetails")["current_status"] = schema("IntegrationStatus")
    fields(document, "CreateIntegrationRequest")["vendor"] = {**TEXT, "enum": ["ERP_A", "ERP_B"]}
    fields(document, "CreateIntegrationRequest")["vendor_account_id"]["format"] = "email"
    fields(document, "AccountingRecordLineItem")["type"] = TEXT


def enums(document: Tree) -> None:
    schemas(document)["SourceType"]["enum"] += ["WIRE_DRAFT", "BILL_CREDIT"]
    schemas(document)["ReviewStatus"]["enum"] += ["3RD_PARTY", "on hold"]
    schemas(document)["ReviewStatus"]["enum"].remove("PREPARE")
    schemas(document)["AccountingErrorCode"]["enum"].append("RATE_LIMITED_BY_ERP")
    schemas(document)["UserRole"]["enum"].reverse()


def query(document: Tree) -> None:
    parameters(document).append({"name": "region", "in": "query", "required": True, "schema": TEXT})
    parameters(document).append({"name": "expand[]", "in": "query", "schema": {"type": "array", "items": TEXT}})
    parameters(document).append({"name": "X-Trace", "in": "header", "schema": TEXT})
    parameters(document).remove(parameter(document, "cursor"))
    parameter(document, "ids")["required"] = True
    parameter(document, "ids")["explode"] = False
    parameter(document, "limit")["schema"]["default"] = 50
    parameter(document, "limit")["schema"]["maximum"] = 500
    parameter(document, "single_entry")["deprecated"] = True
    parameter(document, "updated_at")["schema"]["properties"]["eq"] = TEXT
    parameter(document, "source_type")["schema"] = {"type": "array", "items": schema("SourceType")}
    item = document["paths"][RECORD]
    item["parameters"] = [{"name": "company_id", "in": "query", "schema": TEXT}]
    item["get"]["parameters"][0]["name"] = "id"
    document["paths"]["/v3/accounting/records/{id}"] = document["paths"].pop(RECORD)


def operations(document: Tree) -> None:
    schemas(document)["Journal"] = {"type": "object", "required": ["id"], "properties": {"id": TEXT, "closed": TEXT}}
    paths = document["paths"]
    paths["/v3/accounting/journals"] = {
        "get": operation("listJournals", {"type": "array", "items": schema("Journal")}, tags=["Journals"])
    }
    del paths[f"{INTEGRATION}/{{integration_id}}/disconnect"]
    paths["/v3/accounting/results"] = paths.pop(RESULTS)
    paths[RECORD]["get"]["operationId"] = "readAccountingRecord"
    paths[RECORD]["get"]["deprecated"] = True
    paths[RECORDS]["get"]["tags"] = ["Records", "Lists"]
    paths[RECORDS]["get"]["servers"] = [{"url": "https://records.example"}]
    paths[RECORDS]["get"]["callbacks"] = {}


def statuses(document: Tree) -> None:
    for path, item in document["paths"].items():
        for method in item.values():
            method["responses"]["429"] = ERROR
            if path != RESULTS:
                del method["responses"]["500"]
    created = document["paths"][INTEGRATION]["post"]["responses"]
    created["201"] = {"description": "Made.", "content": json_of(schema("AccountingIntegration"))}
    created["202"] = {"description": "Later."}
    created["409"]["content"] = json_of({"type": "object", "properties": {"reason": TEXT}})
    del document["paths"][RECORD]["get"]["responses"]["404"]["content"]
    record = document["paths"][RECORD]["get"]["responses"]["200"]
    record["content"]["application/xml"] = {"schema": schema("AccountingRecord")}
    record["headers"] = {"X-Version": {"schema": TEXT}}
    report = document["paths"][RESULTS]["post"]
    report["responses"]["204"] = {"description": "Yes."}
    del report["responses"]["200"]
    report["requestBody"]["required"] = False
    report["requestBody"]["content"] = {"application/x-ndjson": {"schema": schema("ReportExportResultsRequest")}}
    disconnect = document["paths"][f"{INTEGRATION}/{{integration_id}}/disconnect"]["post"]
    disconnect["requestBody"] = {"required": True, "content": json_of(schema("CreateIntegrationRequest"))}
    reactivate = document["paths"][f"{INTEGRATION}/{{integration_id}}/reactivate"]["post"]
    reactivate["responses"]["200"] = {"description": "Yes."}


def security(document: Tree) -> None:
    scheme = document["components"]["securitySchemes"]
    scopes = scheme["OAuth2"]["flows"]["authorizationCode"]["scopes"]
    scopes["accounting.journal.read"] = "Read journals."
    del scopes["accounting.record.write"]
    scheme["OAuth2"]["flows"]["authorizationCode"]["tokenUrl"] = "https://tokens.example/token"
    scheme["Key"] = {"type": "apiKey", "in": "header", "name": "X-Key"}
    paths = document["paths"]
    paths[RECORDS]["get"]["security"] = [{"OAuth2": ["accounting.record.read", "accounting.journal.read"]}]
    paths[RECORD]["get"]["security"] = [{"OAuth2": ["accounting.record.read"]}]
    paths[RESULTS]["post"]["security"].append({"Key": []})
    paths[INTEGRATION]["post"]["security"] = []


def renamed(document: Tree) -> None:
    rename(document, "LineItemType", "EntrySide")
    rename(document, "AccountingRecordLineItem", "JournalLine")
    fields(document, "JournalLine")["weight"] = TEXT
    del schemas(document)["JournalLine"]["properties"]["memo"]


def reshaped(document: Tree) -> None:
    """The same on the wire, written otherwise: some of it changes what Python calls it."""
    schemas(document)["Named"] = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": TEXT, "name": TEXT},
    }
    vendor = schemas(document)["Vendor"]
    vendor["allOf"] = [schema("Named"), {"properties": {"contact_name": vendor["properties"].pop("contact_name")}}]
    vendor["properties"] = {name: part for name, part in vendor["properties"].items() if name not in ("id", "name")}
    fields(document, "AccountingRecord")["user"] = {**schemas(document)["User"], "nullable": True}
    schemas(document)["Text"] = TEXT
    fields(document, "AccountingRecord")["memo"] = {"nullable": True, "allOf": [schema("Text")]}
    schemas(document)["Receipt"]["title"] = "Voucher"
    fields(document, "ExportFailureDetails")["line"] = schema("AccountingRecordLineItem")
    fields(document, "Receipt")["twin"] = schema("Receipt")
    fields(document, "ReportExportResultsResponse")["details"] = schema("ExportSuccessDetails")


def limits(document: Tree) -> None:
    fields(document, "ReportExportResultsRequest")["results"]["maxItems"] = 100
    fields(document, "ReportExportResultsRequest")["results"]["minItems"] = 0
    fields(document, "ReportExportResultsRequest")["results"]["items"]["oneOf"].append(schema("AccountingError"))
    fields(document, "ExportFailureDetails")["error_message"] |= {
        "maxLength": 200,
        "pattern": "^[A-Z]",
        "deprecated": True,
    }
    fields(document, "ExportSuccessDetails")["reference_id"]["default"] = "none"
    fields(document, "Vendor")["email"] |= {"maxLength": 200, "pattern": "@", "default": "-", "deprecated": True}
    fields(document, "Vendor")["phone"] |= {"readOnly": True, "x-go-name": "Phone", "contentEncoding": "base64"}
    schemas(document)["Amount"]["additionalProperties"] = False
    fields(document, "Amount")["amount"]["minimum"] = 0


def above(document: Tree) -> None:
    document["openapi"] = "3.0.3"
    document["info"]["version"] = "2.0.0"
    document["servers"] = [{"url": "https://accounting.example"}]
    document["x-audience"] = "partners"
    document["components"]["headers"] = {"X-Trace": {"schema": TEXT}}
    document["components"]["schemas"]["Receipt"]["properties"]["download_uris"]["items"] = schema("Gone")


def prose(document: Tree) -> None:
    """New words, another order, other examples: nothing that a caller could notice."""
    document["info"]["description"] = "Another text."
    document["paths"][RECORDS]["get"]["summary"] = "Records"
    parameters(document).reverse()
    required(document, "AccountingRecord").reverse()
    record = schemas(document)["AccountingRecord"]
    record["properties"] = dict(reversed(record["properties"].items()))
    record["properties"]["id"]["example"] = "accr_other"
    record["properties"]["memo"]["title"] = "The memo"
    document["components"]["schemas"] = dict(reversed(schemas(document).items()))
    document["paths"] = dict(reversed(document["paths"].items()))
    document["tags"].reverse()
    scopes = document["components"]["securitySchemes"]["OAuth2"]["flows"]["authorizationCode"]["scopes"]
    scopes["accounting.record.read"] = "Other words."


def events(document: Tree) -> None:
    hooks = document["x-webhooks"]
    hooks["journalClosed"] = {"post": operation("journalClosed", requestBody={"content": json_of(THING)})}
    fields(document, "AccountingRecordReadyForExportEvent")["sent_by"] = TEXT
    required(document, "AccountingRecordReadyForExportEvent").remove("companyId")
    hooks["accountingRecordReadyForExport"]["post"]["operationId"] = "ready"


def shared(document: Tree) -> None:
    """Of a document whose schemas have other names in the client."""
    rename(document, "User", "Person")
    fields(document, "Receipt")["pages"] = {"type": "integer"}
    schemas(document)["ExpenseCategory"]["enum"].append("ZEPPELINS")


CASES: dict[str, tuple[str, Change]] = {
    "received_fields": (ACCOUNTING, received_fields),
    "sent_fields": (ACCOUNTING, sent_fields),
    "nulls": (ACCOUNTING, nulls),
    "types": (ACCOUNTING, types),
    "enums": (ACCOUNTING, enums),
    "query": (ACCOUNTING, query),
    "operations": (ACCOUNTING, operations),
    "statuses": (ACCOUNTING, statuses),
    "security": (ACCOUNTING, security),
    "renamed": (ACCOUNTING, renamed),
    "reshaped": (ACCOUNTING, reshaped),
    "limits": (ACCOUNTING, limits),
    "above": (ACCOUNTING, above),
    "prose": (ACCOUNTING, prose),
    "events": (WEBHOOKS, events),
    "shared": (EXPENSES, shared),
}
"""What the report of each of these changes is stands in ``reports/``."""
