"""Books in plain text for Beancount, written without it."""

from .ledger import BeancountLedger
from .mapping import AccountMapping, read_mapping

__all__ = ["AccountMapping", "BeancountLedger", "read_mapping"]
