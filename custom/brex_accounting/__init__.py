"""The asyncio SDK for Brex's Accounting API, for the engineers who write ERP sync workers."""

from .errors import BrexError, InvalidArgument, SpecError

__version__ = "0.1.0"

__all__ = ["BrexError", "InvalidArgument", "SpecError", "__version__"]
