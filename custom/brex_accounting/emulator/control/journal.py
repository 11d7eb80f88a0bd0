"""What has happened: a tenant's journal and the breaches in it, and requests that belong to no tenant."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Final

import msgspec

from ..history import INVARIANTS
from ..journal import Journal
from ..world import DEFAULT_TENANT
from .endpoint import Call, Endpoint


class EntriesQuery(msgspec.Struct, kw_only=True):
    """Which entries to list."""

    operation: str | None = None
    after: int = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    faulted: bool | None = None


class JournalQuery(EntriesQuery, kw_only=True):
    """Which entries of which tenant to list."""

    tenant: str = DEFAULT_TENANT


def show_journal(call: Call) -> dict[str, Any]:
    """A page of a tenant's journal."""
    return _page(call.tenant.journal, call.query)


def clear_journal(call: Call) -> dict[str, Any]:
    """Forget a tenant's exchanges."""
    journal = call.tenant.journal
    count = len(journal)
    journal.clear()
    return {"removed": count}


def show_strays(call: Call) -> dict[str, Any]:
    """A page of the requests that belong to no tenant."""
    return _page(call.world.strays, call.query)


def show_violations(call: Call) -> dict[str, Any]:
    """Every breach of an invariant."""
    violations = [violation.to_json() for violation in call.world.violations(call.tenant)]
    return {"violations": violations, "count": len(violations), "checked": dict(INVARIANTS)}


def _page(journal: Journal, query: EntriesQuery) -> dict[str, Any]:
    fitting = (
        entry
        for entry in journal
        if entry.number > query.after
        and query.operation in (None, entry.operation)
        and query.faulted in (None, bool(entry.faults))
    )
    page = list(islice(fitting, query.limit))
    is_last = next(fitting, None) is None
    return {"entries": [entry.to_json() for entry in page], "next": None if is_last else page[-1].number}


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/journal",
        "Its exchanges, oldest first; give a number as after for later ones",
        show_journal,
        JournalQuery,
    ),
    Endpoint("DELETE", "/journal", "Forget its exchanges", clear_journal),
    Endpoint("GET", "/strays", "Exchanges that belong to no tenant", show_strays, EntriesQuery),
    Endpoint("GET", "/invariants", "Which rules of an honest worker were broken", show_violations),
)

__all__ = ["ENDPOINTS"]
