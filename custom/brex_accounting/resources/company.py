"""The company that a token belongs to."""

from __future__ import annotations

from brex_accounting_client.api.companies import get_company
from brex_accounting_client.models import Company

from ..transport.caller import PLAIN, Caller


class CompanyResource:
    """``brex.company``: which company this account is."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def get(self) -> Company:
        """The company; its ``id`` is the ``companyId`` that webhook events carry. Scope ``companies.readonly``.

        Raises:
            CallError: The call did not succeed.
        """
        return await self._caller.call(get_company.OPERATION, PLAIN)


__all__ = ["CompanyResource"]
