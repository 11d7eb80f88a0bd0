"""Texts: whatever is sent is answered, and nothing secret is in what is answered or shown."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.issuer import DEFAULT_REDIRECT_URI
from tests.emulator.issuer.world import S256, STATE, URL, VERIFIER, World, basic, body, location, tokens


class TestSecrets:
    def test_no_repr(self, world: World) -> None:
        """No token, code, verifier or client secret is in the repr of anything that holds one."""
        issuer = world.issuer
        grant = issuer.grant("main")
        pair = tokens(world.refresh(grant.refresh_token))
        world.refresh(grant.refresh_token)
        code = world.code(code_challenge=VERIFIER)
        user = issuer.user_token("main")
        held = [
            grant,
            issuer,
            issuer.replays,
            issuer.credential(user),
            issuer.credential(pair["access_token"]),
            issuer._client,
            issuer._codes.find(code),
            issuer._grants.refresh_token(grant.refresh_token),
            issuer._grants.access_token(pair["access_token"]),
            issuer._grants.refresh_token(grant.refresh_token).grant,
        ]
        secrets = (*attrs.astuple(grant)[1:], *pair.values(), code, user, issuer.client_secret, VERIFIER)
        found = [
            secret
            for secret in secrets
            if len(str(secret)) > 31 and " " not in str(secret)
            if str(secret) in repr(held)
        ]
        assert [] == found

    def test_no_echo(self, world: World) -> None:
        """A refusal repeats no value that was sent, and its description keeps to the characters of RFC 6749."""
        secret = 'sécret"value\\'
        answers = [
            world.redeem(secret, redirect_uri=secret),
            world.redeem(world.code(), code_verifier=secret, redirect_uri=secret),
            world.refresh(secret),
            world.refresh(world.issuer.grant("main").refresh_token, scope=secret),
            world.post(grant_type=secret),
            world.post(client_secret=secret),
            world.authorize(redirect_uri=secret),
        ]
        texts = [body(answer)["error_description"] for answer in answers]
        texts.append(location(world.authorize(scope=secret, state=STATE))["error_description"])
        for text in texts:
            assert "cret" not in text.replace("client_secret", "")
            assert all(" " <= character <= "~" and character not in '"\\' for character in text)

    def test_repeated_name(self, world: World) -> None:
        """The name of a repeated parameter, which may be anything, cannot break a description."""
        text = body(world.issuer.token([('n"\\é\n', "1")] * 2, None))["error_description"]
        assert "n???? occurs more than once" == text


NAMES = st.sampled_from(
    [
        *("client_id", "client_secret", "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token"),
        *("scope", "token", "response_type", "state", "login_hint", "code_challenge", "code_challenge_method"),
    ]
)
VALUES = st.one_of(
    st.text(max_size=50),
    st.sampled_from(["ID", "SECRET", DEFAULT_REDIRECT_URI, "code", "refresh_token", "authorization_code", STATE, S256]),
)


class TestAnyText:
    @given(
        st.lists(st.tuples(st.one_of(NAMES, st.text(max_size=9)), VALUES), max_size=9),
        st.one_of(st.none(), st.text(), st.text().map(lambda text: f"Basic {text}"), st.just(basic("ID", "SECRET"))),
    )
    def test_answers(self, values: list[tuple[str, str]], authorization: str | None) -> None:
        """Whatever is sent, half surrogates and all, each endpoint answers, and never with a server error."""
        issuer = World(client_id="ID", client_secret="SECRET").issuer
        issuer.tenant_of(values)
        assert issuer.authorize(values, URL).status in {302, 400}
        assert issuer.token(values, authorization).status in {200, 400, 401}
        assert issuer.revoke(values, authorization).status in {200, 400, 401}
