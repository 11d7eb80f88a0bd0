"""One path and method of the control API: what it takes, and what it does with that."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import msgspec

from ...errors import InvalidArgument
from ..tenant import Tenant
from ..world import DEFAULT_TENANT, World
from .reading import is_struct


class Unknown(Exception):
    """A tenant, record, fault or snapshot that does not exist: 404."""


@contextmanager
def named() -> Generator[None, None, None]:
    """Around a look-up by name or id, which can fail only because nothing is called so.

    Raises:
        Unknown: Nothing is.
    """
    try:
        yield
    except InvalidArgument as error:
        raise Unknown(str(error)) from None


class Nothing(msgspec.Struct):
    """A body or query without members."""


class OfTenant(msgspec.Struct, kw_only=True):
    """The query of a path that concerns one tenant."""

    tenant: str = DEFAULT_TENANT


@attrs.frozen
class Call:
    """One request, read and checked.

    Args:
        world: What it is about.
        path: What stands in the path for its parameters.
        query: An instance of the endpoint's ``query``.
        body: A value of the endpoint's ``body``; None where it takes none.
    """

    world: World
    path: Mapping[str, str]
    query: Any
    body: Any

    @property
    def tenant(self) -> Tenant:
        """The tenant that the query names.

        Raises:
            Unknown: There is no such tenant.
        """
        with named():
            return self.world.tenant(self.query.tenant)


@attrs.frozen
class Endpoint:
    """One path and method.

    An act is a plain function: nothing else happens in the emulator between its beginning and its end.

    Args:
        method: In capitals.
        path: Below the prefix, with ``{…}`` for its parameters.
        summary: What it is good for, in one line.
        act: Does it; gives what is answered, as plain JSON values.
        query: What it takes as a query.
        body: What it takes as JSON, as a type that msgspec knows; None where it takes no body.
        status: Of an answer that is no error.
    """

    method: str
    path: str
    summary: str
    act: Callable[[Call], Any]
    query: type[msgspec.Struct] = OfTenant
    body: Any = None
    status: int = 200

    def to_json(self, prefix: str) -> dict[str, Any]:
        """How the API describes it.

        Args:
            prefix: What its path begins with.
        """
        return {
            "method": self.method,
            "path": prefix + self.path,
            "summary": self.summary,
            "query": _names(self.query),
            "body": _names(self.body) if is_struct(self.body) else None,
        }


def _names(kind: type[msgspec.Struct]) -> list[str]:
    """The members of a struct; those that may be left out end in a question mark."""
    return [field.encode_name + ("" if field.required else "?") for field in msgspec.structs.fields(kind)]


__all__ = ["Call", "Endpoint", "Nothing", "OfTenant", "Unknown", "named"]
