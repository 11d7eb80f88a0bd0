"""The store of a grant, as this package uses it: grants instead of bytes, our errors instead of the store's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from attrs import frozen

from ..errors import TokenError
from ..events import logger
from .grant_state import GrantState, Unreadable, from_bytes, to_bytes
from .reasons import store_failed
from .store import TokenStore


@frozen
class Saved:
    """A grant as a store holds it.

    Attributes:
        version: The store's.
        state: The grant.
    """

    version: int
    state: GrantState


class KeptGrant:
    """Reads and writes one grant.

    Args:
        store: Where.
        issuer: Whose grants belong there.
        client_id: And whose.
        patience: Seconds that the store may take for an operation; a lock has lasted its lease by then.
    """

    def __init__(self, store: TokenStore, *, issuer: str, client_id: str, patience: float) -> None:
        self._store = store
        self._patience = patience
        self._issuer = issuer
        self._client_id = client_id

    async def load(self) -> Saved | None:
        """What is stored.

        Raises:
            TokenStoreError: The store failed, or holds something else.
        """
        try:
            async with asyncio.timeout(self._patience):
                stored = await self._store.load()
        except Exception as error:
            what = f"load failed ({type(error).__name__})"
            raise store_failed(what) from error
        try:
            if stored is None:
                return None
            version, state = stored.version, from_bytes(stored.content)
        except Unreadable as error:
            reason = str(error)
        except AttributeError:
            reason = "load gave something else than Stored"
        else:
            if (state.issuer, state.client_id) != (self._issuer, self._client_id):
                what = "it holds a grant of another client or issuer"
                raise store_failed(what, "Give each application a store of its own, or authorize again in a new one.")
            return Saved(version, state)
        what = f"what it holds cannot be read: {reason}"
        raise store_failed(what, "Restore it, or authorize again in a new store.")

    async def save(self, expected: int | None, state: GrantState, *, fence: int) -> Saved | None:
        """Replace what is stored; None if it was something else by now.

        Raises:
            TokenStoreError: The store failed.
        """
        try:
            async with asyncio.timeout(self._patience):
                stored = await self._store.compare_and_swap(expected, to_bytes(state), fence=fence)
            return None if stored is None else Saved(stored.version, state)
        except Exception as error:  # one that answers nonsense too: what it was given may be the only good tokens
            what = f"compare_and_swap failed ({type(error).__name__})"
            raise store_failed(what) from error

    @asynccontextmanager
    async def locked(self, *, lease: float, wait: float) -> AsyncGenerator[int]:
        """The store's lock; what fails when it is given back does not undo what was done under it.

        Raises:
            TokenStoreError: There is no lock to be had.
        """
        try:
            async with asyncio.timeout(wait + self._patience):
                lock = self._store.lock(lease=lease, wait=wait)
                fence = await lock.__aenter__()
        except TimeoutError as error:
            what = f"its lock is held by somebody else for more than {wait:.0f} s"
            raise store_failed(what, "Look for a process that hangs in a refresh.") from error
        except Exception as error:
            what = f"lock failed ({type(error).__name__})"
            raise store_failed(what) from error
        raised: BaseException | None = None
        try:
            yield fence
        except BaseException as error:
            raised = error
            raise
        finally:
            await self._unlocked(lock, raised)
            del raised

    async def _unlocked(self, lock: AbstractAsyncContextManager[int], raised: BaseException | None) -> None:
        kind, traceback = (None, None) if raised is None else (type(raised), raised.__traceback__)
        try:
            await lock.__aexit__(kind, raised, traceback)
        except (TokenError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - what was done under the lock is done
            if error is not raised:
                logger.warning("token store: its lock was not given back (%s)", type(error).__name__)


__all__ = ["KeptGrant", "Saved"]
