"""The table of record types is whole, and no ledger takes one reimbursement twice."""

from __future__ import annotations

from typing import get_args

import pytest

from brex_accounting.export.record_types import RECORD_TYPES, Basis, Certainty, types_of
from brex_accounting_client.models import AccountingRecordType
from tests import strategies

APPROVAL, POST = "REIMBURSEMENT_EXPENSE_APPROVAL", "REIMBURSEMENT_EXPENSE_POST"


class TestRecordTypes:
    def test_are_those_of_the_enum(self) -> None:
        """Each type that the client knows is in the table, and nothing else: a new document makes this fail."""
        assert {kind.value for kind in AccountingRecordType} == RECORD_TYPES.keys()

    def test_are_those_of_the_published_document(self) -> None:
        """The same list as Brex publishes."""
        schemas = strategies.document("accounting_api")["components"]["schemas"]
        assert set(schemas["AccountingRecordType"]["enum"]) == RECORD_TYPES.keys()

    def test_documented_ones_belong_to_one_basis(self) -> None:
        """Brex says of two types which view they are: of one each, and of different ones."""
        documented = {name: kind.bases for name, kind in RECORD_TYPES.items() if kind.certainty == "documented"}
        assert {APPROVAL: {"accrual"}, POST: {"cash"}} == documented

    @pytest.mark.parametrize("basis", get_args(Basis))
    def test_no_basis_takes_a_reimbursement_twice(self, basis: Basis) -> None:
        """The accrual and the cash record of one reimbursement never come into the same books."""
        assert 1 == len({APPROVAL, POST} & types_of(basis))

    @pytest.mark.parametrize("basis", get_args(Basis))
    def test_are_taken_by_basis(self, basis: Basis) -> None:
        """``types_of`` gives what the table says."""
        assert {name for name, kind in RECORD_TYPES.items() if basis in kind.bases} == types_of(basis)

    def test_are_well_formed(self) -> None:
        """Each has a basis, legs, and a certainty that exists; what is unexplained claims no legs."""
        for name, kind in RECORD_TYPES.items():
            assert kind.bases, name
            assert kind.bases <= set(get_args(Basis)), name
            assert kind.certainty in get_args(Certainty), name
            assert (kind.certainty == "unexplained") == (kind.legs == "as its lines say"), name
