"""What the command line calls what the library calls otherwise."""

from __future__ import annotations

from typing import Final

_NOT_PRINTED: Final = "Brex's own words are not printed, since they may name people"

_IN_OPTIONS: Final = (
    # What a run, a reconciliation or a pause advises.
    ("Look at summary.refusals and mend", "Look at what is refused, and mend"),
    ("accept_refusals=True", "--accept-refusals"),
    ("at next_due; resume() ends", "then; --resume ends"),
    ("resume()", "--resume"),
    ("Run once with rebuild=True", "Run export run --once --rebuild"),
    ("rebuild=True", "--rebuild"),
    ("shared_books=True", "--shared-books"),
    ("'posted' and its reference", "posted=REF"),
    ("with 'repost'", "with repost"),
    ("with 'ignore'", "with ignore"),
    # What errors of calls advise.
    ("Brex's own words are on error.message", _NOT_PRINTED),
    ("error.record_ids lists those", "Some of the records are those"),
    ("Disconnect error.existing_integration_id first", "Disconnect the integration that exists first"),
    (
        "Send the customer through authorization_request() and exchange() again; the store keeps its place",
        "Let the customer log in again with auth login",
    ),
    ("Call exchange() again while the code is good, or begin a new authorization_request()", "Run auth login again"),
    ("begin a new authorization_request()", "run auth login again"),
    ("Call revoke() again", "Run auth revoke again"),
    ("longer than RetryPolicy.max_retry_after allows", "longer than a command waits: run it again then"),
    ("Wait error.retry_after seconds if it is set", "Wait a while"),
    ("Give attempts more time with timeout=.", "Try again later."),
    ("a smaller page_size with resume=error.checkpoint to go on here", "a smaller --page-size"),
    ("start again without resume", "start again"),
    ("page_size", "--page-size"),
    ("base_url", "BREX_BASE_URL"),
    ("RECORD_TYPES has them all", "docs/record-types.md has them all"),
)
"""In this order: a longer text comes before what it holds."""


def in_options(advice: str) -> str:
    """What the library advises, in terms of the command line.

    Args:
        advice: What it says.
    """
    for ours, theirs in _IN_OPTIONS:
        advice = advice.replace(ours, theirs)
    return advice


__all__ = ["in_options"]
