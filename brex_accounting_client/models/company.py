# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.account_type import AccountType
from ..models.company_address import CompanyAddress


@frozen(kw_only=True)
class Company:
    """A company that uses Brex.

    Attributes:
        id: Id of the company. Webhook events name it as `companyId`.
        legal_name: The registered name of the company.
        mailing_address: Where the company receives mail.
        accountType: The kind of Brex account.
    """

    id: str
    legal_name: str
    mailing_address: CompanyAddress
    accountType: AccountType
