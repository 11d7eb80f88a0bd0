# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class UserRole(OpenEnum):
    """What the user may do in Brex."""

    ACCOUNT_ADMIN = "ACCOUNT_ADMIN"
    AP_CLERK = "AP_CLERK"
    BOOKKEEPER = "BOOKKEEPER"
    CARD_ADMIN = "CARD_ADMIN"
    EMPLOYEE = "EMPLOYEE"
    EMPLOYEE_WITHOUT_CORP_CARDS = "EMPLOYEE_WITHOUT_CORP_CARDS"
    EXPENSE_ADMIN = "EXPENSE_ADMIN"
    SUPER_ADMIN = "SUPER_ADMIN"
    USER_MANAGEMENT_ADMIN = "USER_MANAGEMENT_ADMIN"
