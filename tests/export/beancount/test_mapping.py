"""The mapping: what it gives, and that each mistake in it is named."""

from __future__ import annotations

import datetime
import re
import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.errors import InvalidArgument
from brex_accounting.export.beancount import AccountMapping, BeancountLedger, entries, read_mapping
from brex_accounting.export.beancount.mapping import NoAccount
from tests.export.beancount.postings import EXAMPLE, MAPPING, ROOT, line, posting, value

PAGE = ROOT / "docs" / "beancount.md"


def account(mapping: Any, one: dict[str, Any], type_: str = "CARD_EXPENSE_POST") -> str | NoAccount:
    made = posting(lines=[one, one], type=type_)
    return read_mapping(mapping).account_of(made.lines[0], type_)


class TestAccounts:
    def test_are_told_by_the_remote_value(self) -> None:
        """The value's id in the accounting system is looked up."""
        assert "Expenses:Software" == account(MAPPING, line("DEBIT", "1", account="6320"))

    def test_are_told_by_brex_own_value_where_there_is_no_other(self) -> None:
        """A value that the accounting system does not know is looked up by its id in Brex."""
        mapping = {"accounts": {"efo_1": "Expenses:Own"}}
        one = line("DEBIT", "1", accounting_field_values=[value(None)])
        assert "Expenses:Own" == account(mapping, one)

    def test_are_told_by_the_field_that_is_named(self) -> None:
        """The field is named by its id in either system, and other fields are passed over."""
        mapping = {"account": {"field": "ef_gl"}, "accounts": {"1": "Expenses:Right", "2": "Expenses:Wrong"}}
        one = line("DEBIT", "1", accounting_field_values=[value("2"), value("1", "gl")])
        assert "Expenses:Right" == account(mapping, one)

    def test_of_values_that_nobody_mapped_are_missing(self) -> None:
        """An unmapped value has no account, although lines without a value have one, unless ``unmapped`` gives one."""
        one = line("DEBIT", "1", account="9999")
        assert NoAccount("9999") == account(MAPPING, one)
        assert "Equity:Unmapped" == account({**MAPPING, "account": {"unmapped": "Equity:Unmapped"}}, one)

    def test_of_lines_without_a_value_are_those_of_type_and_side(self) -> None:
        """The default of the record's type comes before that of the side; without both there is none."""
        defaults = {"debit": "Expenses:Any", "CARD_PAYMENT": {"debit": "Liabilities:Card"}}
        one, other = line("DEBIT", "1"), line("CREDIT", "1")
        assert "Liabilities:Card" == account({"default": defaults}, one, "CARD_PAYMENT")
        assert "Expenses:Any" == account({"default": defaults}, one)
        assert NoAccount(None) == account({"default": defaults}, other)


class TestVersion:
    def test_changes_with_the_mapping_only(self) -> None:
        """The same mapping has the same version, read from wherever; another account makes another one."""
        assert read_mapping(MAPPING).version == read_mapping({**MAPPING, "ledger": {}}).version
        changed = {**MAPPING, "accounts": {"6320": "Expenses:Other"}}
        assert read_mapping(MAPPING).version != read_mapping(changed).version

    def test_is_that_of_the_ledger(self, tmp_path: Path) -> None:
        """The ledger gives the version of its mapping."""
        ledger = BeancountLedger(tmp_path / "books.beancount", mapping=EXAMPLE)
        assert read_mapping(EXAMPLE).version == ledger.mapping_version


MISTAKES = {
    "acounts: there is no such table": {"acounts": {}},
    "ledger: expected a table": {"ledger": 1},
    "ledger.price: there is no such setting": {"ledger": {"price": True}},
    "ledger.prices: expected true or false": {"ledger": {"prices": "yes"}},
    "ledger.open_accounts: expected true or false": {"ledger": {"open_accounts": 1}},
    "ledger.open_date: expected a date": {"ledger": {"open_date": "1970-01-01"}},
    "ledger.fava_url: expected the address": {"ledger": {"fava_url": "localhost"}},
    "ledger.operating_currency: expected the code": {"ledger": {"operating_currency": "usd"}},
    "account.field: expected the id of a field": {"account": {"field": " "}},
    "account.unmapped: expected the name of an account": {"account": {"unmapped": "Other"}},
    "accounts.6320: expected the name of an account": {"accounts": {"6320": "Software"}},
    "accounts.6: expected the name of an account": {"accounts": {"6": {"1": "Expenses:A"}}},
    "default.left: expected debit, credit": {"default": {"left": "Expenses:A"}},
    "default.debit: expected the name of an account": {"default": {"debit": 1}},
    "default.CARD_PAYMENT: expected a table": {"default": {"CARD_PAYMENT": "Expenses:A"}},
    "default.CARD_PAYMENT.left: expected debit or credit": {"default": {"CARD_PAYMENT": {"left": "Expenses:A"}}},
    "default.CARD_PAYMENT.debit: expected the name": {"default": {"CARD_PAYMENT": {"debit": ""}}},
    "metadata.Department: expected a lower-case letter": {"metadata": {"Department": "department"}},
    "metadata.brex-key: expected a lower-case letter": {"metadata": {"brex-key": "department"}},
    "metadata.memo: expected a lower-case letter": {"metadata": {"memo": "department"}},
    "metadata.department: expected the id of a field": {"metadata": {"department": 1}},
}


class TestMistakes:
    @pytest.mark.parametrize("text", MISTAKES)
    def test_are_named_with_their_key_and_the_remedy(self, text: str) -> None:
        """Each one is an InvalidArgument that begins with where it is."""
        with pytest.raises(InvalidArgument) as caught:
            read_mapping(MISTAKES[text])
        assert str(caught.value).startswith(f"mapping: {text}")

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"[accounts", "is no TOML"),
            (b"\xff", "is no TOML"),
            (b"[accounts]\n6320 = 1", "books.toml: accounts.6320: expected the name of an account"),
            (None, "cannot be read"),
        ],
    )
    def test_in_a_file_name_the_file(self, content: bytes | None, text: str, tmp_path: Path) -> None:
        """A file that is missing, broken or wrong is named."""
        path = tmp_path / "books.toml"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InvalidArgument, match=text) as caught:
            BeancountLedger(tmp_path / "books.beancount", mapping=path)
        assert "books.toml" in str(caught.value)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates() | st.just("Assets:A"),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(
                        ["ledger", "account", "accounts", "default", "metadata", "debit", "field", "open_date"]
                    )
                    | st.text(max_size=5),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=8,
        )
    )
    def test_of_any_kind_are_an_error_of_ours(self, document: Any) -> None:
        """Whatever the tables hold, there is a mapping or an InvalidArgument."""
        if isinstance(document, dict):
            found: AccountMapping | InvalidArgument
            try:
                found = read_mapping(document)
            except InvalidArgument as error:
                found = error
            assert isinstance(found, AccountMapping) or str(found).startswith("mapping: ")


def test_the_example_maps_the_emulated_account() -> None:
    """The mapping in ``examples`` is one, with a BOM in front too, and books to accounts of all five roots but one."""
    mapping = read_mapping(EXAMPLE)
    assert {"Assets", "Liabilities", "Income", "Expenses"} == {name.split(":")[0] for name in mapping.accounts.values()}
    assert datetime.date(1970, 1, 1) == mapping.open_date
    assert "account" == mapping.account_field
    assert "USD" == mapping.operating_currency


class TestPage:
    BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)

    def test_has_mappings(self) -> None:
        """Blocks are found; none would prove nothing."""
        assert len(self.BLOCKS) > 3

    @pytest.mark.parametrize("block", BLOCKS)
    def test_mappings_are_right(self, block: str) -> None:
        """Each TOML block of the page is a mapping that is taken as it stands."""
        assert isinstance(read_mapping(tomllib.loads(block)), AccountMapping)

    def test_names_every_setting(self) -> None:
        """The first block has each table and key that there is, and none is at its default."""
        whole = read_mapping(tomllib.loads(self.BLOCKS[0]))
        missing = [
            each.name
            for each in attrs.fields(AccountMapping)
            if getattr(whole, each.name) == getattr(AccountMapping(), each.name)
        ]
        assert [] == missing

    def test_names_every_code(self) -> None:
        """Each code that the ledger rejects with stands on the page."""
        source = "".join(path.read_text() for path in Path(entries.__file__).parent.glob("*.py"))
        codes = set(re.findall(r'code=f?"([a-z-]+)', source)) | {"no-account", "unbalanced", "no-entry"}
        assert len(codes) > 6
        _, rows = PAGE.read_text().split("\n## What is rejected\n")
        table, _ = rows.split("\n## ", 1)
        assert codes == set(re.findall(r"^\| `([a-z-]+)", table, re.MULTILINE))
