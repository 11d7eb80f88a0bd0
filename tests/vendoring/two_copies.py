"""Two versions of the package in one process: ``python two_copies.py FOLDER`` prints what it found, as JSON.

``acme_erp._vendor`` and ``globex_erp.third_party`` hold the copies; what is installed stays out of it.
"""

from __future__ import annotations

import asyncio
import datetime
import importlib
import json
import logging
import pickle
import sys
from pathlib import Path
from typing import Any

import httpx

PARENTS = ("acme_erp._vendor", "globex_erp.third_party")
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
COMPANY = b'{"id": "cmp_1", "legal_name": "Acme", "mailing_address": {}, "accountType": "A_NEW_TYPE"}'
PAGE = b'{"items": [], "has_next_page": false}'


def module(parent: str, name: str) -> Any:
    return importlib.import_module(f"{parent}.{name}")


def each(name: str) -> tuple[Any, Any]:
    one, other = (module(parent, name) for parent in PARENTS)
    return one, other


def versions() -> list[str]:
    return [package.__version__ for package in each("brex_accounting")]


def errors() -> dict[str, bool]:
    """Who catches whose errors."""
    found = {}
    for raised, catcher in ((0, 0), (0, 1), (1, 0), (1, 1)):
        packages = each("brex_accounting")
        try:
            try:
                packages[raised].Brex("")
            except packages[catcher].BrexError:
                found[f"{raised} by {catcher}"] = True
        except ValueError:  # the nearest builtin, for whoever never heard of either
            found[f"{raised} by {catcher}"] = False
    return found


def pickles() -> list[bool]:
    """Whether everything comes back as what it was, and as nothing of the other copy."""
    found = []
    for parent in PARENTS:
        errors_, low, models = (
            module(parent, name)
            for name in ("brex_accounting.errors", "brex_accounting_client", "brex_accounting_client.models")
        )
        company = low.decode(COMPANY, models.Company)
        things = [
            errors_.RateLimited("summary", operation="GET /x", account="acme", retry_after=1.0),
            errors_.InvalidArgument("no"),
            company,
            company.accountType,
            module(parent, "brex_accounting").RetryPolicy(attempts=2),
        ]
        for thing in things:
            again = pickle.loads(pickle.dumps(thing))
            found.append(type(again) is type(thing) and type(again).__module__.startswith(f"{parent}."))
    return found


def loggers() -> dict[str, Any]:
    """The names of the loggers, and who hears of a hook that raises."""
    heard: list[str] = []

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.name)

    for parent in PARENTS:
        logging.getLogger(f"{parent}.brex_accounting").addHandler(Heard())
    first = module(PARENTS[0], "brex_accounting")
    asyncio.run(ask(first, on_event=lambda _: 1 / 0))
    return {"names": [events.logger.name for events in each("brex_accounting.events")], "heard": sorted(set(heard))}


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=COMPANY if request.url.path == "/v2/company" else PAGE)


def client(package: Any, **options: Any) -> Any:
    options = {"runtime": package.Runtime(), **options}
    return package.Brex("bxt_token", account="acme", transport=httpx.MockTransport(answer), **options)


async def ask(package: Any, **options: Any) -> None:
    async with client(package, **options) as brex:
        await brex.records.query(limit=1)


async def limiters() -> dict[str, Any]:
    """What a call of one takes from the limit of the other, on one account and in the runtimes of the process."""
    found: dict[str, Any] = {}
    packages = each("brex_accounting")
    runtimes = each("brex_accounting.transport.runtime")
    found["same runtime"] = runtimes[0].default_runtime() is runtimes[1].default_runtime()
    for number, parent in enumerate(PARENTS):
        shared = runtimes[number].default_runtime()
        await ask(packages[number], rate_limit=packages[number].RateLimit(requests=1), runtime=shared)
        found[f"calls of {parent}"] = "answered at once"
    try:
        limit = packages[0].RateLimit(requests=1)
        await ask(packages[0], rate_limit=limit, runtime=runtimes[0].default_runtime(), deadline=1.0)
    except packages[0].BrexError as error:
        found["second call"] = type(error).__name__
    return found


async def contexts() -> dict[str, Any]:
    """What one copy marks for its own task, seen by the other, and by a request of neither."""
    found: dict[str, Any] = {}
    low = each("brex_accounting_client")
    models = each("brex_accounting_client.models")
    with low[0].note_unknown_values() as mine, low[1].note_unknown_values() as theirs:
        low[0].decode(COMPANY, models[0].Company)
    found["unknown values noted"] = [len(mine), len(theirs)]
    shown: list[str] = []

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.append(record.getMessage())

    logger = logging.getLogger("httpx")
    logger.setLevel(logging.INFO)
    logger.addHandler(Shown())
    first, second = each("brex_accounting")
    async with client(first) as one, client(second) as other:  # both have set up what they log before either asks
        await one.records.query(limit=1)
        await other.records.query(limit=1)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await http.get("https://example.com/?theirs=1")
    quiets = each("brex_accounting.transport.quiet")
    with quiets[0].quietly():
        found["ours"] = [quiet._ours.get() for quiet in quiets]
    found["shown"] = [text.replace('"HTTP/1.1 200 OK"', "200") for text in shown]
    return found


async def files(folder: Path) -> dict[str, Any]:
    """What is locked on the disk is locked for both."""
    found: dict[str, Any] = {}
    one, other = (package.FileTokenStore(folder / "acme.json") for package in each("brex_accounting"))
    async with one.lock(lease=10, wait=0) as fence:
        await one.compare_and_swap(None, b"{}", fence=fence)
        try:
            async with other.lock(lease=10, wait=0):
                found["token store"] = "locked twice"
        except TimeoutError:
            found["token store"] = "locked once"
    async with other.lock(lease=10, wait=0) as later:
        found["fences"] = later > fence
    found["stored"] = (await other.load()).content.decode()
    journals = each("brex_accounting.export.sqlite_journal")
    parts = each("brex_accounting.export.journal")
    states = each("brex_accounting.export.states")
    first, second = (journal.SqliteJournal(folder / "acme.db") for journal in journals)
    await first.open("acme")
    await second.open("acme")
    row = parts[0].Entry(record_id="accr_1", state=states[0].State.READY, since=START, due=START)
    await first.write([parts[0].Change(entry=row)])
    until = START + datetime.timedelta(minutes=1)
    claims = []
    for journal, state, owner in ((first, states[0], "a"), (second, states[1], "b")):
        got = await journal.claim({state.State.READY}, owner=owner, now=START, lease_until=until, limit=10)
        claims.append([entry.record_id for entry in got])
    found["claims"] = claims
    await first.aclose()
    await second.aclose()
    return found


async def together() -> list[int]:
    """A client of each copy asks the emulator of the other, in one event loop."""
    found = []
    emulators = each("brex_accounting.emulator")
    packages = each("brex_accounting")
    for emulator, package in ((emulators[0], packages[1]), (emulators[1], packages[0])):
        world = emulator.World(emulator.TenantPlan(records=20, seed=7))
        token = world.issuer.user_token(world.tenant().name)
        async with emulator.EmulatorServer(world) as server, package.Brex(token, base_url=server.base_url) as brex:
            found.append(len([record async for record in brex.records.iter()]))
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    found = {
        "versions": versions(),
        "errors": errors(),
        "pickles": pickles(),
        "loggers": loggers(),
        "limiters": asyncio.run(limiters()),
        "contexts": asyncio.run(contexts()),
        "files": asyncio.run(files(folder)),
        "together": asyncio.run(together()),
    }
    found["ours"] = sorted({name.split(".brex_acc")[0] for name in sys.modules if "brex_accounting" in name})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
