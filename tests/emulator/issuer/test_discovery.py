"""Discovery: where the endpoints are, and what is promised of them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from brex_accounting.emulator.issuer import DEFAULT_REDIRECT_URI, SCOPES
from brex_accounting.emulator.world import ISSUER_PATH
from tests.emulator.asking import Emulator
from tests.emulator.issuer.world import URL, World, body


class TestDiscovery:
    def test_endpoints(self, world: World) -> None:
        """The endpoints lie below the issuer's URL, whether that ends in a slash or not."""
        for url in (URL, f"{URL}/"):
            found = body(world.issuer.discovery(url))
            assert url == found["issuer"]
            assert f"{URL}/v1/authorize" == found["authorization_endpoint"]
            assert f"{URL}/v1/token" == found["token_endpoint"]
            assert f"{URL}/v1/revoke" == found["revocation_endpoint"]

    def test_support(self, world: World) -> None:
        """It lists what the endpoints take, and no more."""
        found = body(world.issuer.discovery(URL))
        assert ["code"] == found["response_types_supported"]
        assert ["authorization_code", "refresh_token"] == found["grant_types_supported"]
        assert ["S256", "plain"] == found["code_challenge_methods_supported"]
        assert ["client_secret_post", "client_secret_basic"] == found["token_endpoint_auth_methods_supported"]
        assert list(SCOPES) == found["scopes_supported"]
        assert found["authorization_response_iss_parameter_supported"] is True


class TestIssuer:
    def test_names_itself(self, brex: Emulator) -> None:
        """Discovery promises that an authorization names its issuer, and so it does (RFC 9207)."""
        discovered = brex.get(f"{ISSUER_PATH}/.well-known/openid-configuration", token=None).json
        query = {
            "client_id": brex.world.issuer.client_id,
            "redirect_uri": DEFAULT_REDIRECT_URI,
            "response_type": "code",
            "scope": "offline_access",
            "state": "state-12345",
        }
        for changes in ({}, {"scope": "nothing"}):
            reply = brex.get(f"{ISSUER_PATH}/v1/authorize", {**query, **changes}.items(), token=None)
            members = parse_qs(urlsplit(reply.header("location") or "").query)
            assert discovered["authorization_response_iss_parameter_supported"]
            assert [discovered["issuer"]] == members["iss"]
