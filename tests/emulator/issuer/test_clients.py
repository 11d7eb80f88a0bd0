"""Clients: how they prove who they are, in a form or a header, and what is no proof."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from brex_accounting.emulator.answers import Answer
from tests.emulator.issuer.world import INVALID_CLIENT, INVALID_REQUEST, World, basic, header, pairs, refused, tokens

KNOWN = (400, "unsupported_grant_type")


class TestClientAuthentication:
    """A client that is known is told that there is no such grant_type, which is looked at next."""

    def authenticated(self, world: World, form: dict[str, str | None], authorization: str | None) -> Answer:
        return world.issuer.token(pairs(form | {"grant_type": "none"}), authorization)

    def test_post(self, world: World) -> None:
        """The form may carry id and secret."""
        form = {"client_id": world.issuer.client_id, "client_secret": world.issuer.client_secret}
        assert KNOWN == refused(self.authenticated(world, form, None))

    @pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
    def test_basic(self, world: World, scheme: str) -> None:
        """The header may carry them, whatever the case of its scheme; the form may repeat the id."""
        authorization = basic(world.issuer.client_id, world.issuer.client_secret).replace("Basic", scheme)
        for form in ({}, {"client_id": world.issuer.client_id}):
            assert KNOWN == refused(self.authenticated(world, form, authorization))

    def test_basic_is_form_encoded(self) -> None:
        """Id and secret in the header are form-encoded first, as RFC 6749 says: colons and spaces survive."""
        world = World(client_id="a:b c", client_secret="s%+:ü")
        authorization = basic("a%3Ab+c", quote("s%+:ü", safe=""))
        assert KNOWN == refused(self.authenticated(world, {}, authorization))
        assert INVALID_CLIENT == refused(self.authenticated(world, {}, basic("a:b c", "s%+:ü")))

    def test_both(self, world: World) -> None:
        """Two ways at once are refused, and so is a form that names another client."""
        authorization = basic(world.issuer.client_id, world.issuer.client_secret)
        for form in ({"client_secret": world.issuer.client_secret}, {"client_id": "other"}):
            assert INVALID_REQUEST == refused(self.authenticated(world, form, authorization))

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"client_id": "ID"},
            {"client_secret": "SECRET"},
            {"client_id": "ID", "client_secret": "wrong"},
            {"client_id": "wrong", "client_secret": "SECRET"},
            {"client_id": "ID", "client_secret": ""},
            {"client_id": "ID", "client_secret": "\ud800ü"},
        ],
        ids=repr,
    )
    def test_wrong_form(self, form: dict[str, str | None]) -> None:
        """A wrong or missing id or secret in a form is 401, and no browser is asked for a password."""
        answer = self.authenticated(World(client_id="ID", client_secret="SECRET"), form, None)
        assert INVALID_CLIENT == refused(answer)
        assert header(answer, "www-authenticate") is None

    @pytest.mark.parametrize(
        "authorization",
        [
            basic("ID", "wrong"),
            basic("wrong", "SECRET"),
            basic("ID", "SECRET").replace(" ", " !"),
            "Basic !!!",
            "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
            "Basic " + base64.b64encode(b"IDSECRET").decode(),
            "Basic",
            "Bearer token",
            "",
            "Basic ü",
        ],
    )
    def test_wrong_header(self, authorization: str) -> None:
        """A wrong or malformed header is 401 and says which scheme would do."""
        answer = self.authenticated(World(client_id="ID", client_secret="SECRET"), {}, authorization)
        assert INVALID_CLIENT == refused(answer)
        assert (header(answer, "www-authenticate") or "").startswith("Basic ")

    def test_comes_first(self, world: World) -> None:
        """Who cannot authenticate ends nothing: a used code and a refresh token are not looked at."""
        code = world.code()
        found = tokens(world.redeem(code))
        assert INVALID_CLIENT == refused(world.redeem(code, client_secret="wrong"))
        assert INVALID_CLIENT == refused(world.revoke(found["refresh_token"], client_secret="wrong"))
        assert world.good(found["access_token"])
