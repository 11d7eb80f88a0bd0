"""Everything that one running emulator knows: its tenants, its issuer, its addresses and its own bugs."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from ..errors import InvalidArgument
from .contract import ContractBroken
from .history import Violation
from .issuer import DEFAULT_REDIRECT_URI, Issuer
from .journal import Journal
from .tenant import DEFAULT_NAME, Tenant, TenantPlan

DEFAULT_TENANT: Final = DEFAULT_NAME
ISSUER_PATH: Final = "/oauth2/default"
"""Where the issuer is below the base URL, as at Brex."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", re.ASCII)


class World:
    """The state of one emulator.

    Args:
        plan: What the first tenant, and every tenant that is not told otherwise, starts with.
        seed: Makes the tokens.
        client_id: The partner's client id; None for one made from the seed.
        client_secret: Its secret; None for one made from the seed.
        redirect_uris: Where the issuer may send a browser back to.
        monotonic: Real seconds that never go back.

    Raises:
        InvalidArgument: Something in it is out of range; the text names it.
    """

    def __init__(
        self,
        plan: TenantPlan | None = None,
        *,
        seed: int = 0,
        client_id: str | None = None,
        client_secret: str | None = None,
        redirect_uris: Iterable[str] = (DEFAULT_REDIRECT_URI,),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan or TenantPlan()
        self._seed = seed
        self._monotonic = monotonic
        self._tenants: dict[str, Tenant] = {}
        self._traces = 0
        self.issuer: Issuer = Issuer(
            self._tenants.get,
            seed=seed,
            default_tenant=DEFAULT_TENANT,
            client_id=client_id,
            client_secret=client_secret,
            redirect_uris=redirect_uris,
        )
        self.strays: Journal = Journal()
        """Requests that belong to no tenant."""
        self.bugs: list[ContractBroken] = []
        """Answers of the emulator's own that broke a published document."""
        self.is_served: bool = False
        """Whether a server has it: its addresses are that server's."""
        self.base_url = "http://emulator.invalid"
        self.file_url = "http://files.emulator.invalid"
        self.add(DEFAULT_TENANT)

    @property
    def plan(self) -> TenantPlan:
        """What tenants start with that are not told otherwise."""
        return self._plan

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """Every tenant by its name; the first one is the default."""
        return MappingProxyType(self._tenants)

    @property
    def issuer_url(self) -> str:
        """The issuer's identifier."""
        return self.base_url + ISSUER_PATH

    def tenant(self, name: str = DEFAULT_TENANT) -> Tenant:
        """A tenant by its name.

        Raises:
            InvalidArgument: There is no such tenant.
        """
        found = self._tenants.get(name)
        if found is None:
            message = f"tenant: there is no {name!r}; there are {', '.join(self._tenants)}"
            raise InvalidArgument(message)
        return found

    def add(self, name: str, plan: TenantPlan | None = None) -> Tenant:
        """Make a tenant.

        Args:
            name: 1 to 40 letters, digits, hyphens and underscores.
            plan: What it starts with; None for the same as the first one.

        Raises:
            InvalidArgument: The name cannot be one, or is taken; or the plan is out of range.
        """
        if not _NAME.fullmatch(name):
            message = f"name: expected 1 to 40 letters, digits, - and _, got {name!r}"
            raise InvalidArgument(message)
        if name in self._tenants:
            message = f"name: there is a tenant {name!r} already"
            raise InvalidArgument(message)
        self._tenants[name] = Tenant(name, plan or self._plan, self._monotonic)
        return self._tenants[name]

    def remove(self, name: str) -> None:
        """Take a tenant away; its tokens are unknown from now on.

        Raises:
            InvalidArgument: There is no such tenant, or it is the default one.
        """
        self.tenant(name)
        if name == DEFAULT_TENANT:
            message = f"tenant: {name!r} is the default one and stays; reset it instead"
            raise InvalidArgument(message)
        self.issuer.revoke_tenant(name)
        del self._tenants[name]

    def violations(self, tenant: Tenant) -> list[Violation]:
        """Every breach of an invariant in a tenant's history, oldest first."""
        replays = [
            Violation(
                "token_replayed",
                tenant.clock_at(replay.at),
                {
                    "grant": replay.grant_id,
                    "revoked_family": replay.revoked_family,
                },
            )
            for replay in self.issuer.replays
            # within its grace, it is the retry of a client whose answer was lost
            if replay.tenant == tenant.name and replay.at >= tenant.history.since and not replay.within_grace
        ]
        return tenant.history.violations(replays)

    def new_trace_id(self) -> str:
        """A trace id that no answer had before; the same ones in every run."""
        self._traces += 1
        return hashlib.sha256(f"trace {self._seed} {self._traces}".encode()).hexdigest()[:32]

    def now(self) -> datetime:
        """The instant for what belongs to no tenant: the default one's."""
        return self._tenants[DEFAULT_TENANT].now()


__all__ = ["DEFAULT_TENANT", "ISSUER_PATH", "World"]
