"""Where nobody says what Brex does: every reading, by name, with the one that is played unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import attrs

from ..errors import InvalidArgument

Certainty = Literal["documented", "assumed"]


@attrs.frozen
class Variant:
    """One question that has several answers.

    Args:
        name: What to call it on the command line and in the control API.
        values: Every answer with what it means; the first one is the default.
        certainty: Whether Brex documents the default, or it is our assumption.
        question: What is not known.
    """

    name: str
    values: Mapping[str, str]
    certainty: Certainty
    question: str

    @property
    def default(self) -> str:
        """The answer that is played unless told otherwise."""
        return next(iter(self.values))


_TABLE: Final = (
    Variant(
        "cursor",
        {
            "offset": "counts records, so that records which leave the filter make a walk skip others",
            "key": "remembers the last record, so that a walk sees each record that stays",
            "snapshot": "keeps the list as it was at page one, and shows records that have left the filter since",
        },
        "assumed",
        "What does a cursor stand for while records leave the filter?",
    ),
    Variant(
        "cursor_lifetime",
        {"forever": "a cursor works for good", "600s": "a cursor works for ten minutes, then it is refused with 400"},
        "assumed",
        "Does a cursor expire?",
    ),
    Variant(
        "empty_page",
        {"never": "only the last page may be empty", "second": "the second page is empty and has a cursor"},
        "assumed",
        "Can a page be empty and still have a cursor?",
    ),
    Variant(
        "last_cursor",
        {
            "null": "next_cursor of the last page is null",
            "absent": "the last page has no next_cursor",
            "string": 'next_cursor of the last page is the string "null"',
        },
        "documented",
        "How does the last page say that it is the last?",
    ),
    Variant(
        "repeated_cursor",
        {"never": "each page has a cursor of its own", "second": "the second page gives its own cursor again"},
        "assumed",
        "Can a cursor lead to itself?",
    ),
    Variant(
        "has_next_page",
        {
            "truthful": "agrees with next_cursor",
            "true": "is true on the last page too",
            "false": "is false even where a cursor follows",
        },
        "documented",
        "Can has_next_page and next_cursor disagree?",
    ),
    Variant(
        "total_count",
        {"sent": "says how many records fit", "null": "is null"},
        "documented",
        "Is total_count filled?",
    ),
    Variant(
        "limit",
        {
            "clamped": "a limit outside of 1 to the most is taken for the nearest that is allowed",
            "refused": "it is refused with 400",
        },
        "assumed",
        "What becomes of a limit that is too large?",
    ),
    Variant(
        "report_422",
        {
            "atomic": "one result that is refused refuses the whole request",
            "partial": "the others of the request take effect, although the answer is 422 or 404",
        },
        "assumed",
        "Is a refused report atomic?",
    ),
    Variant(
        "report_200",
        {"all": "names every record of the request", "subset": "leaves out every third one, although it took effect"},
        "assumed",
        "Does a 200 name all the records that it updated?",
    ),
    Variant(
        "failure_result",
        {
            "stays": "a failure leaves the record READY_FOR_EXPORT",
            "moves": "a failure takes the record back to PREPARE",
        },
        "assumed",
        "What does a failure result do to review_status?",
    ),
    Variant(
        "report_moves",
        {"version": "a report raises version and updated_at", "nothing": "a report leaves both as they were"},
        "assumed",
        "Do version and updated_at move when the caller reports?",
    ),
    Variant(
        "bill_ready",
        {
            "never": "bills stay in REVIEW, and their export can be reported from there",
            "reaches": "bills go through READY_FOR_EXPORT as cards do",
        },
        "assumed",
        "Do bills reach READY_FOR_EXPORT? Seeded data follow with the next seed or reset.",
    ),
    Variant(
        "inactive_integration",
        {
            "ignored": "reports are taken whether or not an integration is active",
            "refuses": "without an active integration a report is refused: 422 INTEGRATION_NOT_ACTIVE",
        },
        "assumed",
        "Does a report need an active integration?",
    ),
    Variant(
        "reimbursements",
        {
            "both": "each has an accrual record and a cash record",
            "accrual": "only the record of the approval",
            "cash": "only the record of the payment",
        },
        "assumed",
        "Does an account emit both records of a reimbursement? Seeded data follow with the next seed or reset.",
    ),
    Variant(
        "source_id",
        {"expense": "is the id of the expense", "other": "is an id of another kind"},
        "assumed",
        "Is source_id the id of the expense? Seeded data follow with the next seed or reset.",
    ),
    Variant(
        "idempotency",
        {
            "honoured": "a repeated Idempotency-Key gets the first answer again, and nothing happens",
            "ignored": "the key means nothing",
        },
        "documented",
        "Does the alpha honour Idempotency-Key?",
    ),
    Variant(
        "unknown_subscription",
        {"refused": "400, the nearest status that the document lists", "missing": "404, which it does not list"},
        "assumed",
        "What does an unknown webhook subscription answer?",
    ),
    Variant(
        "retry_after",
        {"sent": "a 429 says how long to wait", "absent": "it does not"},
        "assumed",
        "Does a 429 carry Retry-After?",
    ),
    Variant(
        "rotation",
        {
            "on": "each refresh gives a new refresh token and ends the old one",
            "off": "a refresh gives the same refresh token again",
            "silent": "a refresh gives no refresh token, and the old one stays good",
        },
        "assumed",
        "Does a refresh rotate the refresh token?",
    ),
    Variant(
        "reuse",
        {
            "revokes": "a used refresh token that comes back after the grace window ends the whole grant",
            "refused": "it is refused, and the grant lives on",
        },
        "assumed",
        "What does a replayed refresh token do?",
    ),
    Variant(
        "grace",
        {
            "30s": "a replay within 30 s returns the same pair",
            "0s": "there is no grace",
            "5s": "within 5 s",
            "300s": "within five minutes",
        },
        "assumed",
        "How long may a used refresh token be replayed?",
    ),
    Variant(
        "refresh_expiry",
        {
            "sliding": "90 days after the last refresh",
            "absolute": "90 days after the consent",
        },
        "assumed",
        "Do the 90 days of a refresh token slide?",
    ),
    Variant(
        "expires_in",
        {"sent": "the token answer says 3600", "absent": "it says nothing"},
        "assumed",
        "Does the token answer carry expires_in?",
    ),
)

VARIANTS: Final[Mapping[str, Variant]] = {variant.name: variant for variant in _TABLE}
"""Every variant by its name."""


class Variants:
    """The answers that one tenant plays.

    Args:
        **chosen: Answers that differ from the default, by the name of the variant.

    Raises:
        InvalidArgument: There is no such variant, or no such answer.
    """

    def __init__(self, /, **chosen: str) -> None:
        self._chosen: dict[str, str] = {}
        self.choose(**chosen)

    def __getitem__(self, name: str) -> str:
        return self._chosen.get(name) or VARIANTS[name].default

    def choose(self, /, **chosen: str) -> None:
        """Play other answers from now on; nothing changes if one of them is wrong.

        Raises:
            InvalidArgument: There is no such variant, or no such answer.
        """
        for name, value in chosen.items():
            variant = VARIANTS.get(name)
            if variant is None:
                message = f"{name}: no such variant; there are {', '.join(VARIANTS)}"
                raise InvalidArgument(message)
            if value not in variant.values:
                message = f"{name}: expected one of {', '.join(variant.values)}, got {value!r}"
                raise InvalidArgument(message)
        self._chosen |= chosen

    def all(self) -> dict[str, str]:
        """Every variant's name with the answer that is played."""
        return {name: self[name] for name in VARIANTS}

    def seconds(self, name: str) -> float:
        """The answer as a span of time, for variants whose answers are such.

        Returns:
            Seconds; infinity where it never ends.
        """
        value = self[name]
        return float("inf") if value == "forever" else float(value.removesuffix("s"))


__all__ = ["VARIANTS", "Certainty", "Variant", "Variants"]
