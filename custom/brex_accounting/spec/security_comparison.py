"""Who may call compared: the schemes of a document, and the alternatives of scopes that its operations ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .document import Node, leaves, show
from .facts import Alternative, Endpoint, is_same, plain
from .findings import Finding, Place
from .marking import Mark, Verdict

_ALTERNATIVE_ADDED: Final = Verdict(Mark.SAFE, "what allowed the call before allows it now")
_OPEN: Final = Verdict(Mark.SAFE, "the call needs no token any more")
_FEWER: Final = Verdict(
    Mark.PERSON,
    "fewer scopes are listed, and where any one of them is enough, a token with none of the rest is refused: see what "
    "customers have granted",
)
_MORE: Final = Verdict(
    Mark.BREAKING,
    "a token that was enough may be refused with 403: ask for what is needed now, and have customers consent again",
)
_SCHEME_ADDED: Final = Verdict(Mark.SAFE, "each operation says whether it needs it")
_SCHEME_GONE: Final = Verdict(Mark.PERSON, "see what takes its place, and who signs in with it")
_SCHEME_CHANGED: Final = Verdict(
    Mark.PERSON, "tokens are got in another way: see that OAuthApp and its issuer still fit"
)
_SCOPE_ADDED: Final = Verdict(
    Mark.SAFE, "only who names a scope asks for it, and each operation says whether it needs it"
)
_SCOPE_GONE: Final = Verdict(Mark.PERSON, "an issuer may refuse a consent that asks for it: see who names it")


def security(place: Place, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
    """Differences of what an operation asks for."""
    if old.security != new.security:
        what = f"{_in_words(old.security)} → {_in_words(new.security)}"
        verdict = _verdict(set(old.security), set(new.security))
        yield Finding(place=place, what=what, verdict=verdict)


def schemes(place: Place, old: Node, new: Node) -> Iterator[Finding]:
    """Differences of the schemes of two documents."""
    before, after = (tree.get("components", {}).get("securitySchemes", {}) for tree in (old, new))
    for name in sorted(before.keys() | after.keys()):
        label = f"security scheme {name}"
        if name not in before or name not in after:
            verdict, word = (_SCHEME_ADDED, "new") if name not in before else (_SCHEME_GONE, "gone")
            yield Finding(place=place, what=f"{label}: {word}", verdict=verdict)
            continue
        mine, theirs = (dict(_settings(side[name])) for side in (before, after))
        for at in sorted(mine.keys() | theirs.keys()):
            if (at in mine) != (at in theirs) or not is_same(mine[at], theirs[at]):
                what = f"{label}, {at}: {mine.get(at, 'none')} → {theirs.get(at, 'none')}"
                yield Finding(place=place, what=what, verdict=_SCHEME_CHANGED)
        scopes, others = _scopes(before[name]), _scopes(after[name])
        if others - scopes:
            words = ", ".join(sorted(others - scopes))
            yield Finding(place=place, what=f"{label}: new scopes {words}", verdict=_SCOPE_ADDED)
        if scopes - others:
            words = ", ".join(sorted(scopes - others))
            yield Finding(place=place, what=f"{label}: scopes gone {words}", verdict=_SCOPE_GONE)


def _verdict(before: set[Alternative], after: set[Alternative]) -> Verdict:
    if not after or () in after:
        return _OPEN
    if before and before < after and () not in before:
        return _ALTERNATIVE_ADDED
    if before and () not in before and all(_is_within(alternative, after) for alternative in before):
        return _FEWER
    return _MORE


def _is_within(alternative: Alternative, after: set[Alternative]) -> bool:
    """Whether whoever has an alternative of before has all that one of now asks for."""
    mine = {(scheme, scope) for scheme, scopes in alternative for scope in scopes}
    named = {scheme for scheme, _ in alternative}
    return any(
        {scheme for scheme, _ in other} <= named
        and {(scheme, scope) for scheme, scopes in other for scope in scopes} <= mine
        for other in after
    )


def _in_words(alternatives: tuple[Alternative, ...]) -> str:
    shown = [
        " and ".join(f"{scheme} ({', '.join(scopes)})" if scopes else scheme for scheme, scopes in alternative)
        for alternative in alternatives
    ]
    return " or ".join(words or "nothing" for words in shown) or "nothing"


def _scopes(scheme: Node) -> set[str]:
    return {scope for flow in scheme.get("flows", {}).values() for scope in flow.get("scopes", {})}


def _settings(scheme: Node) -> Iterator[tuple[str, object]]:
    """Everything that a scheme says, its scopes and its prose excepted, with where it says that."""
    for at, value in leaves(plain(scheme)):
        if not (len(at) > 2 and at[0] == "flows" and at[2] == "scopes"):
            yield show(at), value


__all__ = ["schemes", "security"]
