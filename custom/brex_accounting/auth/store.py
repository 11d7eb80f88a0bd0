"""Where a grant is kept: what every token store does.

A store holds one grant, as bytes that mean nothing to it. Three rules make it safe for several processes:

- what is stored changes by ``compare_and_swap`` only, so nobody overwrites what they have not seen;
- a refresh happens under ``lock``, which ends with its holder, by the holder's death or by the end of the lease;
- each holder has a higher fence than all before it, and what a superseded holder writes is refused.

``brex_accounting.testing`` has the tests that any store has to pass.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import NoReturn, Protocol, runtime_checkable

from attrs import field, frozen


@frozen
class Stored:
    """What a store holds.

    Attributes:
        version: Counts the changes, from 1.
        content: A grant, as this package writes it: UTF-8 text with tokens in it.
    """

    version: int
    content: bytes = field(repr=False)

    def __reduce__(self) -> NoReturn:
        message = "tokens do not travel in pickles and copies; hand over the store"
        raise TypeError(message)


@runtime_checkable
class TokenStore(Protocol):
    """Keeps one grant.

    Two stores that are equal and hash alike are the same place; stores of the same place in one process should be, or
    each of them gets a refresh of its own (one after the other, by the lock).

    Whatever a store raises reaches the caller as ``TokenStoreError``, with that as its cause.
    """

    async def load(self) -> Stored | None:
        """What is stored now, None where nothing ever was. Never an old state: no replica, no cache."""
        ...

    async def compare_and_swap(self, expected: int | None, content: bytes, *, fence: int) -> Stored | None:
        """Store this if nobody else has stored anything meanwhile; it is durable when this returns.

        Args:
            expected: The version that is to be replaced, None where there is none yet.
            content: What to store.
            fence: The number that the lock gave, which must be held still, and by this object: a store may refuse any
                other.

        Returns:
            What is stored now, with a version one higher (1 for the first); None where another version is stored, or
            where the lock was left or given to somebody else, and nothing has changed.
        """
        ...

    def lock(self, *, lease: float, wait: float) -> AbstractAsyncContextManager[int]:
        """The only holder of the lock, for the block.

        Args:
            lease: Seconds after which another holder may come in, if this one has neither left nor died. A store
                whose lock ends with its process may let it last longer, never shorter.
            wait: The most seconds to wait for it.

        Returns:
            A context manager that gives the fence: a number higher than all that were given before.

        Raises:
            TimeoutError: Somebody else holds it for so long.
        """
        ...


__all__ = ["Stored", "TokenStore"]
