"""The published documents as Schemathesis gets them.

What they promise is left as it is. Added is what the tool needs to do more with them: a scheme of security that it can
break, the statuses that every API has and one operation does not list, examples that exist in the account, and links to
where it would not go.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from tests import strategies

DOCUMENTS = ("accounting_api", "expenses_api", "webhooks_api", "team_api")

BODY = "the body"
"""Stands among parameters for what they are not."""
KEY_EXAMPLE = "a key that each request has to itself"
"""Stands for an Idempotency-Key; see ``settings``."""

UNLISTED = {("reportAccountingExportResults", status): "AccountingError" for status in ("401", "403")}
"""Answers that a document leaves out, with the schema of all its errors: a token can be missing or weak anywhere."""

LINKS: Mapping[str, Mapping[str, Any]] = {
    "disconnectIntegration": {
        "operationId": "createIntegration",
        "requestBody": {
            "vendor": "$response.body#/vendor",
            "vendor_account_id": "$response.body#/vendor_account_id",
        },
    },
    "listSubscription": {"operationId": "createSubscription"},
}
"""From an operation to what may follow it. All other links are inferred; but to these two operations none leads, and
Schemathesis begins with none of them, because it knows nothing that makes a vendor or a group."""


def operations(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of a published document: method in capitals, path and node."""
    for path, item in strategies.document(name)["paths"].items():
        for method, node in item.items():
            yield method.upper(), path, node


def prepared(name: str, examples: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """A published document with what is added to it.

    Args:
        name: The document.
        examples: Values of parameters that the account can do something with, by operationId and parameter.
    """
    document = copy.deepcopy(strategies.document(name))
    # An OAuth token travels as a bearer token. For a scheme of type oauth2, Schemathesis leaves out the requests
    # without a token and with a wrong one, and its check of them sees nothing.
    document["components"]["securitySchemes"]["OAuth2"] = {"type": "http", "scheme": "bearer"}
    for item in document["paths"].values():
        for node in item.values():
            _complete(node, examples)
    return document


def _complete(node: dict[str, Any], examples: Mapping[tuple[str, str], Any]) -> None:
    for parameter in node.get("parameters", ()):
        example = examples.get((node["operationId"], parameter["name"]))
        if example is not None:
            parameter["example"] = example
        # A query has no null, only what is left out; and where a list can be null, Schemathesis forgets that one value
        # is a list of one.
        parameter["schema"].pop("nullable", None)
    if node["operationId"] in LINKS:
        node["responses"]["200"]["links"] = {"following": LINKS[node["operationId"]]}
    if (node["operationId"], BODY) in examples:
        node["requestBody"]["content"]["application/json"]["example"] = examples[node["operationId"], BODY]
    for (operation, status), schema in UNLISTED.items():
        if operation == node["operationId"]:
            content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
            node["responses"][status] = {"description": "Not in the document.", "content": content}


__all__ = ["BODY", "DOCUMENTS", "KEY_EXAMPLE", "LINKS", "UNLISTED", "operations", "prepared"]
