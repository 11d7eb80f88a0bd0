"""``Brex.from_env`` with a grant, against the emulator's API and issuer."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from brex_accounting import (
    Brex,
    Event,
    FileTokenStore,
    InvalidArgument,
    OAuthApp,
    RefreshFailed,
    TokensRefreshed,
    TokenStoreError,
)
from brex_accounting.auth.grant_state import GrantState, from_bytes, to_bytes
from brex_accounting.auth.issuer import ISSUER
from tests.emulator.serving import Served, run, served

CANARY = "canarysecret"
SCOPES = ["companies.readonly", "offline_access"]
NAMES = ("BREX_CLIENT_ID", "BREX_CLIENT_SECRET", "BREX_TOKEN_FILE", "BREX_ACCOUNT")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "acme.json"


@pytest.fixture
def complete(token_file: Path) -> dict[str, str]:
    """Every variable that a grant needs; no client that is made of them gets anywhere."""
    return dict(zip(NAMES, ("client", CANARY, str(token_file), "acme"), strict=True))


async def state_in(path: Path) -> GrantState:
    stored = await FileTokenStore(path).load()
    assert stored is not None
    return from_bytes(stored.content)


async def change(path: Path, **changes: Any) -> None:
    store = FileTokenStore(path)
    async with store.lock(lease=30.0, wait=1.0) as fence:
        stored = await store.load()
        assert stored is not None
        content = to_bytes(evolve(from_bytes(stored.content), **changes))
        assert await store.compare_and_swap(stored.version, content, fence=fence)


async def expire(path: Path) -> None:
    """Make the next call refresh the access token."""
    now = datetime.datetime.now(datetime.UTC)
    hour = datetime.timedelta(hours=1)
    await change(path, refreshed_at=now - 2 * hour, expires_at=now - hour)


async def authorized(stage: Served, path: Path) -> dict[str, str]:
    """The environment of a worker whose token file was made by a login."""
    issuer = stage.world.issuer
    app = OAuthApp(client_id=issuer.client_id, client_secret=issuer.client_secret, issuer=stage.world.issuer_url)
    request = app.authorization_request(redirect_uri=issuer.redirect_uris[0], scopes=SCOPES)
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(request.url)
    await app.exchange(answer.headers["location"], request, store=FileTokenStore(path))
    return {
        "BREX_CLIENT_ID": issuer.client_id,
        "BREX_CLIENT_SECRET": issuer.client_secret,
        "BREX_TOKEN_FILE": str(path),
        "BREX_ACCOUNT": "acme",
        "BREX_ISSUER": stage.world.issuer_url,
        "BREX_BASE_URL": stage.server.base_url,
    }


def stage_of(main: Any, path: Path) -> None:
    """Run a test on an emulator, with the environment of a worker."""

    async def staged() -> None:
        async with served() as stage:
            await main(stage, await authorized(stage, path))

    run(staged())


class TestWithAGrant:
    def test_it_works(self, token_file: Path) -> None:
        """The variables name a grant whose access token is used; the client bears the label."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            state = await state_in(token_file)
            async with Brex.from_env(environment) as brex:
                assert "acme" == brex.account
                assert (await brex.company.get()).id
            assert state == await state_in(token_file)

        stage_of(main, token_file)

    def test_refresh(self, token_file: Path) -> None:
        """An access token that has expired is refreshed by the application that the variables name."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            await expire(token_file)
            before = await state_in(token_file)
            async with Brex.from_env(environment) as brex:
                assert (await brex.company.get()).id
            after = await state_in(token_file)
            assert before.access_token != after.access_token
            assert before.granted_at == after.granted_at

        stage_of(main, token_file)

    def test_process_environment(self, token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without an argument the process's own environment is read."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            monkeypatch.delenv("BREX_ACCESS_TOKEN", raising=False)
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            async with Brex.from_env() as brex:
                assert (await brex.company.get()).id

        stage_of(main, token_file)

    def test_issuer(self, token_file: Path) -> None:
        """BREX_ISSUER is asked for tokens; another issuer's grant is not used."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            async with Brex.from_env({**environment, "BREX_ISSUER": "https://issuer.example.com"}) as brex:
                with pytest.raises(TokenStoreError, match="another client or issuer"):
                    await brex.company.get()
            nobody = "http://127.0.0.1:1/oauth2/default"
            await change(token_file, issuer=nobody)
            await expire(token_file)
            async with Brex.from_env({**environment, "BREX_ISSUER": nobody}) as brex:
                with pytest.raises(RefreshFailed):
                    await brex.company.get()

        stage_of(main, token_file)

    @pytest.mark.parametrize("changes", [{}, {"BREX_ISSUER": ""}])
    def test_default_issuer(self, changes: dict[str, str], token_file: Path) -> None:
        """Without BREX_ISSUER, or with an empty one, it is Brex's own."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            await change(token_file, issuer=ISSUER)
            del environment["BREX_ISSUER"]
            async with Brex.from_env({**environment, **changes}) as brex:
                assert (await brex.company.get()).id

        stage_of(main, token_file)

    def test_arguments_come_first(self, token_file: Path) -> None:
        """Arguments come before the label and the host of the environment."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            environment["BREX_BASE_URL"] = "https://api.example.com"
            async with Brex.from_env(environment, account="globex", base_url=stage.server.base_url) as brex:
                assert "globex" == brex.account
                assert (await brex.company.get()).id

        stage_of(main, token_file)

    def test_an_argument_for_the_label(self, token_file: Path) -> None:
        """A label that is an argument needs no variable."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            del environment["BREX_ACCOUNT"]
            async with Brex.from_env(environment, account="globex") as brex:
                assert (await brex.company.get()).id

        stage_of(main, token_file)

    def test_the_issuer_is_reached_as_brex_is(self, token_file: Path) -> None:
        """What carries requests to Brex carries those to the issuer, and its events come to the same hook."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            await expire(token_file)
            carried: list[str] = []
            events: list[Event] = []

            class Carrier(httpx.AsyncHTTPTransport):
                async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                    carried.append(request.url.path)
                    return await super().handle_async_request(request)

            async with Brex.from_env(environment, transport=Carrier(), on_event=events.append) as brex:
                await brex.company.get()
            assert ["/oauth2/default/.well-known/openid-configuration", "/oauth2/default/v1/token"] == carried[:2]
            assert "/v2/company" == carried[-1]
            assert [TokensRefreshed] == [type(event) for event in events if isinstance(event, TokensRefreshed)]

        stage_of(main, token_file)

    def test_wrong_client(self, token_file: Path) -> None:
        """A grant of another application is not used, and the error repeats neither secret nor token."""

        async def main(stage: Served, environment: dict[str, str]) -> None:
            state = await state_in(token_file)
            other = {**environment, "BREX_CLIENT_ID": "another", "BREX_CLIENT_SECRET": CANARY}
            async with Brex.from_env(other) as brex:
                with pytest.raises(TokenStoreError, match="another client or issuer") as caught:
                    await brex.company.get()
            text = f"{caught.value!r} {brex!r}"
            assert "acme" in text
            assert [] == [secret for secret in (CANARY, state.access_token, state.refresh_token) if secret in text]

        stage_of(main, token_file)


class TestMistakes:
    def test_nothing_is_opened(self, complete: dict[str, str], token_file: Path) -> None:
        """Neither file nor issuer is asked before the first call, and no secret shows."""
        brex = Brex.from_env(complete)
        assert CANARY not in repr(brex)
        assert [] == list(token_file.parent.iterdir())

    @pytest.mark.parametrize("empty", [True, False])
    @pytest.mark.parametrize("name", NAMES)
    def test_missing(self, name: str, empty: bool, complete: dict[str, str]) -> None:
        """A variable that is missing or empty is named as missing, and no value is repeated."""
        if empty:
            complete[name] = ""
        else:
            del complete[name]
        with pytest.raises(InvalidArgument) as caught:
            Brex.from_env(complete)
        _, _, needed = str(caught.value).partition(": ")
        assert [name] == [other for other in NAMES if other in needed]
        assert CANARY not in str(caught.value)

    def test_only_one(self, complete: dict[str, str]) -> None:
        """All that is missing is named at once."""
        with pytest.raises(InvalidArgument) as caught:
            Brex.from_env({"BREX_CLIENT_SECRET": complete["BREX_CLIENT_SECRET"]})
        text = str(caught.value)
        assert [] == [name for name in NAMES if name not in text]
        assert CANARY not in text

    def test_nothing_set(self) -> None:
        """Where nothing is set, the error names both ways."""
        with pytest.raises(InvalidArgument) as caught:
            Brex.from_env({"BREX_ACCOUNT": "acme", "BREX_ISSUER": "https://issuer.example.com"})
        assert [] == [name for name in ("BREX_ACCESS_TOKEN", *NAMES[:3]) if name not in str(caught.value)]

    @pytest.mark.parametrize("name", NAMES[:3])
    def test_both_kinds(self, name: str, complete: dict[str, str]) -> None:
        """A user token beside any part of a grant is refused: which of the two was meant is not guessed."""
        with pytest.raises(InvalidArgument, match=f"BREX_ACCESS_TOKEN and {name} are both set") as caught:
            Brex.from_env({"BREX_ACCESS_TOKEN": CANARY, name: complete[name]})
        assert CANARY not in str(caught.value)

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"BREX_CLIENT_ID": f"{CANARY}\n"}, "client_id"),
            ({"BREX_CLIENT_SECRET": f"{CANARY}\n"}, "client_secret"),
            ({"BREX_CLIENT_SECRET": f"{CANARY}ü"}, "client_secret"),
            ({"BREX_ISSUER": f"http://{CANARY}.example.com"}, "issuer"),
            ({"BREX_ISSUER": f"https://user:{CANARY}@example.com"}, "issuer"),
            ({"BREX_TOKEN_FILE": "/"}, "path"),
            ({"BREX_ACCOUNT": f"{CANARY}\n{CANARY}"}, "account"),
            ({"BREX_BASE_URL": f"https://user:{CANARY}@api.brex.com"}, "base_url"),
        ],
    )
    def test_values_that_cannot_be_right(self, changes: dict[str, str], text: str, complete: dict[str, str]) -> None:
        """A value that cannot be right is refused at once, without being repeated."""
        with pytest.raises(InvalidArgument, match=f"^{text}: ") as caught:
            Brex.from_env({**complete, **changes})
        assert CANARY not in str(caught.value)
