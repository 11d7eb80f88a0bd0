"""Streams over lists that Brex serves in pages: nothing lost, resumable at any item, fetched ahead."""

from .listing import CursorPage, Listing
from .stream import Stream, pages, raw_records, records

__all__ = ["CursorPage", "Listing", "Stream", "pages", "raw_records", "records"]
