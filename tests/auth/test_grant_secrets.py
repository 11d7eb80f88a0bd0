"""Nothing secret leaves a grant."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from brex_accounting import (
    BrexError,
    Grant,
)
from brex_accounting.auth.grant_state import GrantState
from tests import virtual

from .faulty_store import failing
from .scripted_issuer import (
    Scene,
    expired,
    saying,
    unreachable,
)


class TestSecrets:
    """Nothing secret leaves a grant."""

    def test_reprs(self) -> None:
        """No repr of anything holds a token or the secret."""

        async def main() -> None:
            scene, process = await expired()
            await process.grant.access_token()
            state: GrantState = scene.place.state
            secrets = {state.access_token, state.refresh_token, scene.world.issuer.client_secret}
            shown = [
                process.grant,
                process.app,
                process.grant._keeper._hold,
                process.grant._asker(),
                process.app._terms,
                state,
                scene.place.stored,
                process.grant._keeper.kept,
                *process.events,
            ]
            for one in shown:
                assert not [secret for secret in secrets if str(secret) in repr(one)]

        virtual.run(main())

    def test_do_not_travel(self) -> None:
        """Grants, applications and requests are refused by pickle."""
        process = Scene().process()
        request = process.app.authorization_request(redirect_uri="http://127.0.0.1/callback", scopes=["a"])
        for one in (process.grant, process.app, request):
            with pytest.raises(TypeError):
                pickle.dumps(one)

    def test_errors_and_logs(self, caplog: pytest.LogCaptureFixture) -> None:
        """Errors travel without secrets, and no record holds one, whatever goes wrong."""
        caplog.set_level(1)

        async def main() -> list[str]:
            scene, process = await expired(grace="0s")
            secrets = [str(scene.place.state.access_token), str(scene.place.state.refresh_token)]
            errors: list[BaseException] = []
            process.store.before["compare_and_swap"] = lambda: None if not scene.issuer.posts else failing()()
            for act in (unreachable, saying(400, {"error": "invalid_client"}), None):
                scene.issuer.always = act
                try:
                    await process.grant.access_token()
                except BrexError as error:
                    errors.append(error)
                if act is not None:
                    scene.issuer.posts.clear()
                await asyncio.sleep(5.0)
            process.store.before.clear()
            await asyncio.sleep(40.0)
            await process.grant.access_token()
            secrets += [str(scene.place.state.access_token), str(scene.place.state.refresh_token)]
            secrets.append(scene.world.issuer.client_secret)
            assert [type(error).__name__ for error in errors] == ["RefreshFailed", "OAuthRefused", "TokensNotSaved"]
            for error in errors:
                seen: BaseException | None = error
                while seen is not None:
                    assert not [secret for secret in secrets if secret in f"{seen!r} {seen}"]
                    seen = seen.__cause__ or seen.__context__
                assert str(pickle.loads(pickle.dumps(error))) == str(error)
            return secrets

        secrets = virtual.run(main())
        for record in caplog.records:
            assert not [
                secret for secret in secrets if secret in f"{record.getMessage()} {record.args} {record.exc_text}"
            ]

    def test_the_grant_is_exported(self) -> None:
        """What ``OAuthApp.grant`` gives can be named."""
        assert isinstance(Scene().process().grant, Grant)
