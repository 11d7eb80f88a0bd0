"""Warnings of age: once each."""

from __future__ import annotations

import datetime

import attrs

from brex_accounting.auth.ages import Ages
from brex_accounting.auth.grant_state import GrantState
from brex_accounting.auth.token_answer import Tokens

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
GRANT = Tokens(access_token="a", refresh_token="r", lifetime=3600.0, scopes=None).granted(
    issuer="i", client_id="c", asked=("s",), now=START
)


def warned(ages: Ages, state: GrantState, days: float) -> list[tuple[str, float]]:
    """What is worth a warning so many days after the start."""
    return list(ages.worth_a_warning(state, START + datetime.timedelta(days=days)))


class TestAges:
    """What has been warned of, in one process."""

    def test_nothing_before(self) -> None:
        """Up to 75 days nothing is said."""
        assert warned(Ages(), GRANT, 74.99) == []

    def test_once_each(self) -> None:
        """At 75 and 85 days each of the two is named once."""
        ages = Ages()
        assert warned(ages, GRANT, 75) == [("grant", 75), ("refresh token", 75)]
        assert warned(ages, GRANT, 84) == []
        assert warned(ages, GRANT, 85) == [("grant", 85), ("refresh token", 85)]
        assert warned(ages, GRANT, 200) == []

    def test_late_comer(self) -> None:
        """Who looks at 86 days first is warned once."""
        ages = Ages()
        assert [what for what, _ in warned(ages, GRANT, 86)] == ["grant", "refresh token"]
        assert warned(ages, GRANT, 87) == []

    def test_new_tokens_begin_anew(self) -> None:
        """A refresh token that was rotated has an age of its own."""
        ages = Ages()
        warned(ages, GRANT, 76)
        rotated = attrs.evolve(GRANT, refresh_token_at=START + datetime.timedelta(days=76))
        assert [what for what, _ in warned(ages, rotated, 85)] == ["grant"]
        assert [what for what, _ in warned(ages, rotated, 151)] == ["refresh token"]

    def test_without_a_refresh_token(self) -> None:
        """What is not there does not grow old."""
        lone = attrs.evolve(GRANT, refresh_token=None)
        assert [what for what, _ in warned(Ages(), lone, 80)] == ["grant"]

    def test_clock_that_is_behind(self) -> None:
        """A time before the consent is no age."""
        assert warned(Ages(), GRANT, -400) == []
