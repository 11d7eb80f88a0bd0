"""What the OAuth endpoints read and write: parameters, refusals, answers and redirects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from ..answers import JSON, Answer, Headers, json_answer

Pairs = Sequence[tuple[str, str]]
"""A query or a form as it was sent."""

INVALID_CLIENT: Final = "invalid_client"
INVALID_GRANT: Final = "invalid_grant"
INVALID_REQUEST: Final = "invalid_request"
INVALID_SCOPE: Final = "invalid_scope"

NO_STORE: Final = (("cache-control", "no-store"), ("pragma", "no-cache"))

_NOT_IN_DESCRIPTIONS: Final = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
_LONGEST_NAME: Final = 40


class OAuthRefusal(Exception):
    """A request that the issuer refuses, in the words of RFC 6749.

    Args:
        error: The code, such as ``invalid_grant``.
        text: What is wrong, for people; never a value that was sent.
        status: HTTP status where it is not told by a redirect.
        headers: Headers to add.
        committed: Whether the request ended tokens all the same.
    """

    def __init__(
        self, error: str, text: str, *, status: int = 400, headers: Headers = (), committed: bool = False
    ) -> None:
        super().__init__(f"{error}: {text}")
        self.error = error
        self.text: str = _NOT_IN_DESCRIPTIONS.sub("?", text)
        self.status = status
        self.headers = headers
        self.committed = committed

    def members(self) -> dict[str, str]:
        """``error`` and ``error_description``."""
        return {"error": self.error, "error_description": self.text}

    def answer(self) -> Answer:
        """The refusal as an answer."""
        return private_answer(self.members(), status=self.status, headers=self.headers, committed=self.committed)


class Parameters:
    """The parameters of one request; one without a value counts as absent (RFC 6749, section 3.1).

    Args:
        pairs: The query or form.
    """

    def __init__(self, pairs: Pairs) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def refuse_repeats(self) -> None:
        """Let each parameter occur once.

        Raises:
            OAuthRefusal: One occurs twice.
        """
        for name, values in self._values.items():
            if len(values) > 1:
                text = f"{name[:_LONGEST_NAME]} occurs more than once"
                raise OAuthRefusal(INVALID_REQUEST, text)

    def get(self, name: str) -> str | None:
        """The value of a parameter that occurs once, else None."""
        values = self._values.get(name, [])
        return (values[0] or None) if len(values) == 1 else None

    def required(self, name: str) -> str:
        """The value of a parameter that must be there.

        Raises:
            OAuthRefusal: It is not.
        """
        value = self.get(name)
        if value is None:
            text = f"{name} is missing"
            raise OAuthRefusal(INVALID_REQUEST, text)
        return value


def private_answer(
    value: Mapping[str, Any], *, status: int = 200, headers: Headers = (), committed: bool = False
) -> Answer:
    """An answer in JSON that no cache may keep."""
    plain = json_answer(value, status=status)
    return Answer(status, plain.body, JSON + NO_STORE + headers, committed)


def redirect(uri: str, members: Mapping[str, str], *, committed: bool) -> Answer:
    """A redirect that carries members in its query."""
    query = urlencode(members, errors="replace")
    location = f"{uri}{'&' if '?' in uri else '?'}{query}"
    return Answer(302, b"", (("location", location), *NO_STORE), committed)


__all__ = [
    "INVALID_CLIENT",
    "INVALID_GRANT",
    "INVALID_REQUEST",
    "INVALID_SCOPE",
    "NO_STORE",
    "OAuthRefusal",
    "Pairs",
    "Parameters",
    "private_answer",
    "redirect",
]
