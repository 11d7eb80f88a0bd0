"""How a tenant plays what nobody documents, and how many requests it allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from ...errors import InvalidArgument
from ..variants import VARIANTS
from .endpoint import Call, Endpoint

Requests = Annotated[int, msgspec.Meta(ge=1)]
"""How many requests a limit allows in 60 seconds."""


class Limit(msgspec.Struct):
    """A limit; None for any number of requests."""

    requests: Requests | None


def show_variants(call: Call) -> dict[str, Any]:
    """Every variant with the answer that a tenant plays."""
    chosen = call.tenant.variants.all()
    return {
        "variants": {
            name: {
                "value": chosen[name],
                "question": variant.question,
                "certainty": variant.certainty,
                "values": dict(variant.values),
            }
            for name, variant in VARIANTS.items()
        }
    }


def replace_variants(call: Call) -> dict[str, Any]:
    """Choose answers; variants that are not named go back to their defaults."""
    check_variants(call.body)
    defaults = {name: variant.default for name, variant in VARIANTS.items()}
    return _choose(call, defaults | call.body)


def change_variants(call: Call) -> dict[str, Any]:
    """Choose answers; variants that are not named stay as they are."""
    check_variants(call.body)
    return _choose(call, call.body)


def check_variants(given: Mapping[str, Any]) -> None:
    """Check that answers are texts; whether they are right ones shows when they are chosen.

    Args:
        given: Answers by the name of their variant.

    Raises:
        InvalidArgument: One of them is no text.
    """
    for name, value in given.items():
        if not isinstance(value, str):
            message = f"{name}: expected the name of an answer, got {value!r}; GET variants lists them"
            raise InvalidArgument(message)


def show_limit(call: Call) -> dict[str, Any]:
    """How many requests a tenant allows."""
    return {"requests": call.tenant.limit.requests}


def change_limit(call: Call) -> dict[str, Any]:
    """Allow another number of requests."""
    body: Limit = call.body
    call.tenant.limit.requests = body.requests
    return show_limit(call)


def _choose(call: Call, chosen: Mapping[str, str]) -> dict[str, Any]:
    variants = call.tenant.variants
    variants.choose(**chosen)
    return {"variants": variants.all()}


ENDPOINTS: Final = (
    Endpoint("GET", "/variants", "Every open question, its answers and the one that is played", show_variants),
    Endpoint(
        "PUT", "/variants", "Choose answers; the others go to their defaults", replace_variants, body=dict[str, Any]
    ),
    Endpoint("PATCH", "/variants", "Choose answers; the others stay", change_variants, body=dict[str, Any]),
    Endpoint("GET", "/limit", "How many requests in 60 seconds it allows; null: any number", show_limit),
    Endpoint("PUT", "/limit", "Allow another number of requests, or null for any number", change_limit, body=Limit),
)

__all__ = ["ENDPOINTS", "Requests", "check_variants"]
