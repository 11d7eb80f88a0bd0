"""The ERP that ``--erp`` names: books in plain text, or an adapter of one's own."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

from ..errors import BrexError, ErpFailed, InvalidArgument
from ..shell import COMMAND
from .ending import Failure, Refusal
from .export_files import mapping_beside

if TYPE_CHECKING:
    from ..export import Erp

_KINDS: Final = "beancount:PATH, or python:package.module:factory"

ErpSource: TypeAlias = Callable[[], AbstractAsyncContextManager["Erp"]]
"""Gives the ERP, open for as long as its block lasts."""


def erp_source(named: str, mapping: Path | None) -> ErpSource:
    """What gives the ERP; nothing is opened yet.

    Args:
        named: What ``--erp`` says.
        mapping: What ``--mapping`` says, None where it is not given.

    Raises:
        Refusal: There is no such ERP; the text says what to name.
    """
    kind, colon, rest = named.partition(":")
    if kind == "beancount" and rest:
        return _beancount(rest, mapping)
    if kind == "python" and rest:
        if mapping is not None:
            message = "--mapping: it is for --erp beancount:PATH only; an adapter of your own brings what it needs"
            raise Refusal(message)
        return _python(rest)
    what = f"{kind + colon!r} names no ERP" if colon else "a kind of ERP is missing"
    message = f"--erp: {what}; expected {_KINDS}"
    raise Refusal(message)


@contextmanager
def staying() -> Generator[None]:
    """A block that an adapter does not end the process in, by the exit status of its own choice.

    Raises:
        Failure: It wanted to.
    """
    try:
        yield
    except SystemExit as error:
        message = (
            "the adapter raised SystemExit, which is for programs: have it raise an exception of another kind; the "
            "next run asks the ERP what it has before anything is posted again"
        )
        raise Failure(message) from error


# ---- Beancount ------------------------------------------------------------------------------------------------------


def _beancount(path: str, mapping: Path | None) -> ErpSource:
    from ..export.beancount import BeancountLedger  # noqa: PLC0415 - help and mistakes come at once

    if mapping is None:
        mapping = mapping_beside(path) if Path(path).name else None
        if mapping is None or not mapping.is_file():
            name = "mapping.toml" if mapping is None else mapping.name
            beside = "" if mapping is None else f" there is no {name} beside the books:"
            message = (
                f"--mapping:{beside} name the mapping, which is a TOML file that says which account of the books each "
                f"account of Brex is booked to; docs/beancount.md describes it, and `{COMMAND} export mapping > "
                f"{name}` makes one to begin with"
            )
            raise Refusal(message)
    try:
        ledger = BeancountLedger(path, mapping=mapping)
    except InvalidArgument as error:
        # It begins with the argument, or with the name and the place in the mapping that is wrong.
        where, _, what = str(error).partition(": ")
        option = {"path": "--erp", "mapping": "--mapping"}.get(where)
        message = f"--mapping: {error}" if option is None else f"{option}: {what}"
        raise Refusal(" ".join(message.split())) from error
    return lambda: ledger


# ---- adapters of one's own ------------------------------------------------------------------------------------------


def _python(target: str) -> ErpSource:
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        message = f"--erp: expected python:package.module:factory, got {'python:' + target!r}"
        raise Refusal(message)
    found: Any = _imported(module_name)
    for part in name.split("."):
        if not hasattr(found, part):
            message = f"--erp: module {module_name!r} has no {name!r}; name a callable in it that gives the ERP"
            raise Refusal(message)
        found = getattr(found, part)
    if not callable(found):
        message = f"--erp: {name!r} in module {module_name!r} cannot be called; name a callable that gives the ERP"
        raise Refusal(message)
    return lambda: _opened(found, name)


def _imported(name: str) -> Any:
    # Where ``python -m`` looks first; the script that is installed looks in its own folder.
    here = os.getcwd()  # noqa: PTH109 - sys.path holds strings
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _not_imported(name, error) from error
        message = f"--erp: there is no module {error.name!r}; it is looked for in the working directory first"
        raise Refusal(message) from error
    except (Exception, SystemExit) as error:
        raise _not_imported(name, error) from error


def _not_imported(name: str, error: Exception | SystemExit) -> Refusal:
    # What it says may be anybody's text, so the way to read it is told instead.
    message = f"--erp: importing {name!r} raised {type(error).__name__}; python -c 'import {name}' shows where"
    return Refusal(message)


@asynccontextmanager
async def _opened(factory: Callable[[], Any], name: str) -> AsyncGenerator[Erp]:
    """The adapter that a factory gives; one that can be opened is opened, and closed in the end."""
    made = await _asked(f"make the ERP by {name}", factory)
    erp, close = await _entered(made) if _is_block(made) else await _begun(made)
    try:
        yield erp
    finally:
        await _asked("close the ERP", close)


def _is_block(made: Any) -> TypeGuard[AbstractAsyncContextManager[Any]]:
    return isinstance(made, AbstractAsyncContextManager)


async def _entered(block: AbstractAsyncContextManager[Any]) -> tuple[Any, Callable[[], Any]]:
    entered = await _asked("open the ERP", block.__aenter__)
    return block if entered is None else entered, partial(block.__aexit__, None, None, None)


async def _begun(erp: Any) -> tuple[Any, Callable[[], Any]]:
    if callable(getattr(erp, "open", None)):
        await _asked("open the ERP", erp.open)
    aclose = getattr(erp, "aclose", None)
    return erp, aclose if callable(aclose) else lambda: None


async def _asked(operation: str, ask: Callable[[], Any]) -> Any:
    try:
        given = ask()
        return await given if inspect.isawaitable(given) else given
    except (BrexError, Refusal, Failure):
        raise
    except (Exception, SystemExit) as error:
        summary = f"the adapter raised {type(error).__name__}"
        advice = "Mend it, and run again."
        raise ErpFailed(summary, operation=operation, advice=advice) from error


__all__ = ["ErpSource", "erp_source", "staying"]
