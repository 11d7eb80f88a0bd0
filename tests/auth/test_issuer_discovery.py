"""Discovery: the issuer names its endpoints, and is never in the way when it does not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from brex_accounting import InvalidArgument, OAuthApp, Runtime
from brex_accounting.auth.issuer import ISSUER, Endpoints, Issuer
from tests import virtual

from .scripted_issuer import HOUR, Act, Process, Scene, hanging, lost_before, saying, unreachable

URL = "https://emulator.invalid/oauth2/default"
DOCUMENTED = Endpoints(f"{URL}/v1/authorize", f"{URL}/v1/token", f"{URL}/v1/revoke")
NAMED = {
    "issuer": URL,
    "authorization_endpoint": "https://login.example/authorize?tenant=1",
    "token_endpoint": "https://login.example/token",
    "revocation_endpoint": "https://login.example/revoke",
}


def made() -> tuple[Scene, Process, Issuer]:
    """A process and its issuer."""
    scene = Scene()
    process = scene.process()
    return scene, process, process.app._terms.issuer


def discovered(act: Act) -> Endpoints:
    """What is known after one look."""
    scene, process, issuer = made()
    scene.issuer.discovery = act
    virtual.run(process.app.discover())
    return issuer.known


class TestDiscovery:
    """One look at the document."""

    def test_names_are_used(self) -> None:
        """The endpoints that the issuer names are asked, its consent page with its own query too."""
        scene, process, issuer = made()
        scene.issuer.discovery = saying(200, NAMED)
        virtual.run(process.app.discover())
        assert issuer.known == Endpoints(
            NAMED["authorization_endpoint"], NAMED["token_endpoint"], NAMED["revocation_endpoint"]
        )
        request = process.app.authorization_request(redirect_uri="http://127.0.0.1/", scopes=["a"])
        assert request.url.startswith("https://login.example/authorize?tenant=1&response_type=code&")

    @pytest.mark.parametrize(
        "act",
        [
            saying(404),
            saying(500),
            saying(302, location="https://elsewhere.example/"),
            saying(200, b"<html>"),
            saying(200, b""),
            saying(200, []),
            saying(200, {}),
            saying(200, b"[" * 100_000),
            saying(200, {**NAMED, "issuer": "https://evil.example"}),
            saying(200, {name: value for name, value in NAMED.items() if name != "issuer"}),
            unreachable,
            lost_before,
            hanging,
        ],
    )
    def test_fallback(self, act: Act) -> None:
        """Where it names none, or another issuer's, the documented ones are used."""
        assert discovered(act) == DOCUMENTED

    @pytest.mark.parametrize(
        "endpoint", ["http://login.example/token", "/token", 5, None, "https://u:p@login.example/"]
    )
    def test_an_endpoint_that_a_secret_cannot_be_sent_to(self, endpoint: Any) -> None:
        """That one is taken from the documentation."""
        found = discovered(saying(200, {**NAMED, "token_endpoint": endpoint}))
        assert found == Endpoints(NAMED["authorization_endpoint"], DOCUMENTED.token, NAMED["revocation_endpoint"])

    def test_slash_at_the_end(self) -> None:
        """An issuer with one is the same."""
        assert discovered(saying(200, {**NAMED, "issuer": f"{URL}/"})).token == NAMED["token_endpoint"]

    def test_takes_five_seconds_at_most(self) -> None:
        """A refresh waits no longer for it, and goes on."""

        async def main() -> None:
            scene, process, _ = made()
            scene.consent(expired=True)
            scene.issuer.discovery = hanging
            before = process.clock.monotonic()
            assert scene.accepts(await process.grant.access_token())
            assert process.clock.monotonic() - before == pytest.approx(5.0, abs=0.01)

        virtual.run(main())

    def test_once_an_hour(self) -> None:
        """It is looked up with the first request and not again for an hour; after a failure in five minutes."""

        async def main() -> None:
            scene, process, _ = made()
            looks: list[int] = []
            for number in range(130):
                await process.app.discover()
                looks.append(len(scene.issuer.others))
                await asyncio.sleep(60.0)
                if number == 64:
                    scene.issuer.discovery = saying(500)
            assert (looks[0], looks[59], looks[60], looks[64]) == (1, 1, 2, 2)
            # the next one after an hour fails, and is made again every five minutes
            assert (looks[119], looks[120], looks[124], looks[125]) == (2, 3, 3, 4)

        virtual.run(main())

    def test_what_was_known_stays(self) -> None:
        """A failure later on does not undo what the issuer had named."""

        async def main() -> None:
            scene, process, issuer = made()
            scene.issuer.discovery = saying(200, NAMED)
            await process.app.discover()
            scene.issuer.discovery = saying(500)
            await asyncio.sleep(HOUR + 1)
            await process.app.discover()
            assert issuer.known.token == NAMED["token_endpoint"]

        virtual.run(main())


class TestIssuer:
    """What an application is told."""

    def test_default(self) -> None:
        """Brex's issuer, as its guide names it."""
        app = OAuthApp(client_id="c", client_secret="s", runtime=Runtime(clock=virtual.VirtualClock()))
        assert (app.issuer, app.client_id) == (ISSUER, "c")

    @pytest.mark.parametrize(
        "issuer",
        ["", "http://issuer.example", "https://issuer.example/?a=1", "https://issuer.example/#a", "issuer", None, 5],
    )
    def test_urls_that_are_none(self, issuer: Any) -> None:
        """A secret is sent by https only."""
        with pytest.raises(InvalidArgument, match="issuer"):
            OAuthApp(client_id="c", client_secret="s", issuer=issuer)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"client_id": ""},
            {"client_id": "a\nb"},
            {"client_secret": ""},
            {"client_secret": "hush\n"},
            {"client_authentication": "none"},
            {"refresh_timeout": 0},
            {"refresh_timeout": "10"},
            {"refresh_timeout": float("nan")},
        ],
    )
    def test_arguments_that_are_none(self, wrong: dict[str, Any]) -> None:
        """They are named, and a secret is not repeated."""
        with pytest.raises(InvalidArgument, match=next(iter(wrong))) as caught:
            OAuthApp(**{"client_id": "c", "client_secret": "s", **wrong})
        assert "hush" not in str(caught.value)

    def test_basic_authentication_is_form_encoded(self) -> None:
        """Id and secret with reserved characters arrive whole (RFC 6749, 2.3.1)."""
        from brex_accounting.emulator import TenantPlan, World

        async def main() -> None:
            scene = Scene()
            world = World(TenantPlan(records=1), client_id="a:b", client_secret="p%q+r:s/ü"[:8])
            world.base_url = scene.world.base_url
            scene.world = scene.issuer.world = world
            scene.consent(expired=True)
            process = scene.process(client_authentication="client_secret_basic")
            assert scene.accepts(await process.grant.access_token())
            assert "client_secret" not in scene.issuer.posts[0].form

        virtual.run(main())
