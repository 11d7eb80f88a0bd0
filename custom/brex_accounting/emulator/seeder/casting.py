"""Gives the invented people, sellers and places their ids, and encodes them once for all.

They are the same for every seed, so that an account that is seeded twice still has one of each.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import Any

import msgspec

from . import sample
from .cast import ACCOUNTS, Budget, Cast, Entity, Person, Seller
from .money import CURRENCIES

_encode = msgspec.json.Encoder().encode

Named = tuple[str, str]
"""Id and name."""


@cache
def make_cast() -> Cast:
    """Everyone, encoded."""
    sellers = tuple(_seller(index, row) for index, row in enumerate(sample.SELLERS))
    projects = [(f"cf_{number}", name) for number, name in enumerate(sample.PROJECTS, 101)]
    return Cast(
        people=_people(_entities(sellers)),
        sellers=sellers,
        budgets=tuple(_budget(f"budget_{number}", name) for number, name in enumerate(sample.BUDGETS, 101)),
        policies=tuple(
            _members({"policy": {"id": f"policy_{number}", "name": name}})
            for number, name in enumerate(sample.POLICIES, 101)
        ),
        memos=(*map(_encode, sample.MEMOS), sample.ESCAPED_MEMO),
        projects=tuple(_coding("103", None, id_, None) for id_, _ in projects),
        custom_fields=tuple(
            _members({"custom_fields": [{"id": id_, "name": "Project", "value": name}]}) for id_, name in projects
        ),
        accounts={number: _account(number) for number in ACCOUNTS},
    )


def _entities(sellers: tuple[Seller, ...]) -> dict[str, Entity]:
    """The legal entities by country."""
    return {row[0]: _entity(f"ent_{number}", row, sellers) for number, row in enumerate(sample.ENTITIES, 101)}


def _entity(id_: str, row: sample.Entity, sellers: tuple[Seller, ...]) -> Entity:
    _, code, name, rest = row
    facts = {"id": id_, "display_name": name, "created_at": "2021-03-01T00:00:00Z", "status": "UNSUBMITTED", **rest}
    members = {
        "spending_entity_id": id_,
        "spending_entity": facts,
        "billing_entity_id": id_,
        "integration_spending_entity_id": id_[-1],
        "integration_billing_entity_id": id_[-1],
    }
    currency = CURRENCIES[code]
    return Entity(id_, currency, _members(members), tuple(seller for seller in sellers if seller.currency is currency))


def _people(entities: dict[str, Entity]) -> tuple[Person, ...]:
    users = [(_encoded(f"User:cuuser_{number}"), row) for number, row in enumerate(sample.PEOPLE, 1001)]
    titles = [(_encoded(f"Title:title_{number}"), name) for number, name in enumerate(sample.TITLES, 101)]
    places = [(_encoded(f"Location:loc_{number}"), row[0]) for number, row in enumerate(sample.PLACES, 101)]
    departments = [(_encoded(f"Department:dept_{number}"), name) for number, name in enumerate(sample.DEPARTMENTS, 101)]
    people: list[Person] = []
    for index, (user_id, row) in enumerate(users):
        first, last, mailbox, place_no, department_no, title_no, manager_no, role, status = row
        place = None if place_no is None else places[place_no]
        department = None if department_no is None else departments[department_no]
        title = None if title_no is None else titles[title_no]
        user = {"id": user_id, "first_name": first, "last_name": last, "email": f"{mailbox}@example.com"}
        user |= {"role": role, "status": status}
        user |= _named("department", department) | _named("location", place) | _named("title", title)
        if manager_no is not None:
            user |= _manager(*users[manager_no], titles)
        brief: dict[str, str | None] = {"id": user_id, "first_name": first, "last_name": last}
        brief |= _references(index, department=department, location=place)
        _, country, address = sample.PLACES[place_no or 0]
        people.append(
            Person(
                id=user_id,
                entity=entities[country],
                user=_members({"user": user}),
                spender=_members({"user_id": user_id, "user": brief})
                + _object("location", place)
                + _object("department", department),
                brief=_encode(brief),
                address=_members({"address": None if place is None else address}),
                coding=_department_coding(department_no),
            )
        )
    return tuple(people)


def _manager(user_id: str, row: sample.Person, titles: list[Named]) -> dict[str, str]:
    title_no = row[5]
    title = None if title_no is None else titles[title_no]
    return {"manager_id": user_id, "manager_first_name": row[0], "manager_last_name": row[1]} | _named(
        "manager_title", title
    )


def _named(name: str, named: Named | None) -> dict[str, str]:
    return {} if named is None else {f"{name}_id": named[0], f"{name}_name": named[1]}


def _references(index: int, *, department: Named | None, location: Named | None) -> dict[str, str | None]:
    """What a user of the Expenses API refers to; some do not say even that there is nothing."""
    references = {"department_id": department and department[0], "location_id": location and location[0]}
    return references if index % 4 else {name: id_ for name, id_ in references.items() if id_ is not None}


def _object(name: str, named: Named | None) -> bytes:
    if named is None:
        return _members({f"{name}_id": None, name: None})
    return _members({f"{name}_id": named[0], name: {"id": named[0], "name": named[1]}})


def _seller(index: int, row: sample.Seller) -> Seller:
    name, descriptor, mcc, country, code, category, account = row
    contact = (
        ("contact_name", "Jordan Sample"),
        ("email", f"billing{index}@example.com"),
        ("website", f"https://seller{index}.example.com"),
        ("phone", f"+1-555-01{index:02d}"),
    )
    vendor: dict[str, str | None] = {"id": f"vendor_{1001 + index}", "name": name}
    for place, (field, value) in enumerate(contact):
        known = (index // (place + 1) + place) % 3
        if known:
            vendor[field] = value if known == 1 else None
    merchant = {
        "merchant_id": f"merch_{1001 + index}",
        "merchant": {"raw_descriptor": descriptor, "mcc": mcc, "country": country},
        "category": category,
    }
    return Seller(CURRENCIES[code], _members({"vendor": vendor}), _members(merchant), _account(account))


def _budget(id_: str, name: str) -> Budget:
    return Budget(id_, _members({"budget_id": id_, "budget": {"id": id_, "name": name}}))


def _account(number: str) -> bytes:
    return _coding("101", "account", number, number)


def _department_coding(number: int | None) -> bytes:
    """The accounting system does not know every department."""
    if number is None:
        return _coding("102", "department", "none", None)
    return _coding("102", "department", f"d{number}", f"D{number}" if number % 3 else None)


def _coding(field: str, remote_field: str | None, value: str, remote_value: str | None) -> bytes:
    return _encode(
        {
            "brex_field_id": f"ef_{field}",
            "remote_field_id": remote_field,
            "brex_field_value_id": f"efo_{value}",
            "remote_field_value_id": remote_value,
        }
    )


def _members(facts: dict[str, Any]) -> bytes:
    return b"," + _encode(facts)[1:-1]


def _encoded(id_: str) -> str:
    """An id as Brex writes those of users and places: base64 of the kind, a colon, and the id."""
    return b64encode(id_.encode()).decode()


__all__ = ["make_cast"]
