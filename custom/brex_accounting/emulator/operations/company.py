"""The company behind the token."""

from __future__ import annotations

from ..answers import Answer, json_answer
from .call import Call


def get_company(call: Call) -> Answer:
    """``getCompany``."""
    return json_answer(call.tenant.company)


__all__ = ["get_company"]
