"""A stand-in for Brex: the accounting, expenses, webhooks and team operations, the issuer and the file host.

It keeps state for each tenant, plays every reading of what Brex does not document (``VARIANTS``), and fails on demand
(``Fault``). ``EmulatorServer`` serves a ``World`` on loopback; ``build_apps`` gives the ASGI applications alone;
``brex-accounting emulator`` is the command.

Names are imported from their modules when they are first used: the command has to start at once, and to say what is
missing where the extra is not installed.
"""

from typing import TYPE_CHECKING

from ..exports import on_demand

if TYPE_CHECKING:
    from .app import Apps, build_apps
    from .clock import TenantClock
    from .contract import ContractBroken
    from .effects import Disconnected
    from .faults import EFFECTS, Fault
    from .finance import move, recode
    from .history import INVARIANTS, Violation
    from .server import EmulatorServer, serve_in_thread
    from .tenant import Tenant, TenantPlan
    from .variants import VARIANTS, Variant
    from .world import World

_HOMES = {
    "app": ("Apps", "build_apps"),
    "clock": ("TenantClock",),
    "contract": ("ContractBroken",),
    "effects": ("Disconnected",),
    "faults": ("EFFECTS", "Fault"),
    "finance": ("move", "recode"),
    "history": ("INVARIANTS", "Violation"),
    "server": ("EmulatorServer", "serve_in_thread"),
    "tenant": ("Tenant", "TenantPlan"),
    "variants": ("VARIANTS", "Variant"),
    "world": ("World",),
}

if not TYPE_CHECKING:  # or checkers would take any name for one of ours
    __getattr__ = on_demand(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "EFFECTS",
    "INVARIANTS",
    "VARIANTS",
    "Apps",
    "ContractBroken",
    "Disconnected",
    "EmulatorServer",
    "Fault",
    "Tenant",
    "TenantClock",
    "TenantPlan",
    "Variant",
    "Violation",
    "World",
    "build_apps",
    "move",
    "recode",
    "serve_in_thread",
]
