"""A 401: one more attempt, if the source has another token."""

from __future__ import annotations

import pytest

from brex_accounting import Event, Unauthorized, Waiting
from tests import virtual
from tests.transport.scripted import COMPANY, GET, Answer, Method, Script, Tokens, by_method, client, play


class TestUnauthorized:
    @by_method
    def test_a_new_token_is_tried(self, method: Method) -> None:
        """A 401 is followed by one more attempt if the source has another token, at once and with that token."""
        tokens = Tokens("old", "new")
        script = Script(Answer(401), Answer(200, method.answer))
        play(script, method.ask, tokens, account="acme")
        assert ["old", "new"] == [sent.token for sent in script.sent]
        assert ["old"] == tokens.refusals
        assert [0.0, 0.0] == script.times
        assert 1 == len({sent.key for sent in script.sent})

    @by_method
    def test_only_once(self, method: Method) -> None:
        """A second 401 of the same call is raised, whatever more the source could give."""
        tokens = Tokens("a", "b", "c")
        script = Script(Answer(401), Answer(401))
        with pytest.raises(Unauthorized) as caught:
            play(script, method.ask, tokens, account="acme")
        assert (["a", "b"], ["a"], 2) == ([sent.token for sent in script.sent], tokens.refusals, caught.value.attempts)

    def test_only_once_however_many_attempts_lie_between(self) -> None:
        """Also if other failures came in between."""
        tokens = Tokens("a", "b", "c")
        script = Script(Answer(503), Answer(401), Answer(503), Answer(401))
        with pytest.raises(Unauthorized):
            play(script, GET.ask, tokens, account="acme")
        assert ["a", "a", "b", "b"] == [sent.token for sent in script.sent]

    def test_no_other_token(self) -> None:
        """Without another token the 401 is raised at once."""
        tokens = Tokens("a")
        script = Script(Answer(401))
        with pytest.raises(Unauthorized) as caught:
            play(script, GET.ask, tokens, account="acme")
        assert (["a"], 1) == (tokens.refusals, caught.value.attempts)

    def test_user_tokens(self) -> None:
        """A user token is never renewed, so one 401 is the answer."""
        script = Script(Answer(401))
        with pytest.raises(Unauthorized, match="Check the token") as caught:
            play(script, GET.ask)
        assert 1 == caught.value.attempts

    def test_without_retries(self) -> None:
        """A renewed token is no retry: it needs no policy and no budget."""
        script = Script(Answer(401), Answer(200, COMPANY))
        play(script, GET.ask, Tokens("a", "b"), account="acme", retry=None)
        assert 2 == len(script.sent)

    def test_each_call_anew(self) -> None:
        """The next call may renew again."""
        tokens = Tokens("a", "b", "c")
        script = Script(Answer(401), Answer(200, COMPANY), Answer(401), Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, tokens, account="acme") as brex:
                await brex.company.get()
                await brex.company.get()

        virtual.run(main())
        assert ["a", "b", "b", "c"] == [sent.token for sent in script.sent]

    def test_a_token_at_hand_is_not_waited_for(self) -> None:
        """A source that has a token at hand is asked for no other, and told of its refusal all the same."""

        class AtHand(Tokens):
            def token_at_hand(self) -> str | None:
                return self.tokens[0]

            async def access_token(self) -> str:
                raise NotImplementedError

        script = Script(Answer(401), Answer(200, COMPANY))
        play(script, GET.ask, AtHand("a", "b"), account="acme")
        assert ["a", "b"] == [sent.token for sent in script.sent]

    def test_the_token_is_asked_for_each_attempt(self) -> None:
        """A token that was renewed during a back-off is the one that the next attempt sends."""
        tokens = Tokens("a")
        script = Script(Answer(503), Answer(200, COMPANY))

        def renew(event: Event) -> None:
            if isinstance(event, Waiting):
                tokens.tokens = ["b"]

        play(script, GET.ask, tokens, account="acme", on_event=renew)
        assert ["a", "b"] == [sent.token for sent in script.sent]
