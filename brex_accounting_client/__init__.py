# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""The low-level client for Brex's Accounting, Expenses, Webhooks and Team APIs, generated from ``openapi/``.

``api`` holds one module for each operation, ``models`` one for each schema. Most users want ``brex_accounting``, which
adds token refresh, retries and paging.
"""

from .client import AuthenticatedClient, Client
from .codec import decode, encode, from_dict, needs_repair, to_dict
from .enums import OpenEnum, note_unknown_values
from .errors import BadRecord, BadRecords, ClientError, InvalidInput, StatusError, Undecodable
from .operations import Operation
from .pages import Page, decode_page, unknown_fields, unknown_fields_of
from .types import UNSET, Response, Unset

__all__ = (
    "UNSET",
    "AuthenticatedClient",
    "BadRecord",
    "BadRecords",
    "Client",
    "ClientError",
    "InvalidInput",
    "OpenEnum",
    "Operation",
    "Page",
    "Response",
    "StatusError",
    "Undecodable",
    "Unset",
    "decode",
    "decode_page",
    "encode",
    "from_dict",
    "needs_repair",
    "note_unknown_values",
    "to_dict",
    "unknown_fields",
    "unknown_fields_of",
)
