"""Every schema of the published documents through its model and back."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

import pytest
from dateutil.parser import isoparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brex_accounting_client import decode, encode, from_dict, models, to_dict
from tests import strategies, wire

ANSWERS = [(name, schema) for name, schema, sent in strategies.directions() if not sent]
REQUESTS = [(name, schema) for name, schema, sent in strategies.directions() if sent]
UNIONS = {"ReportExportResultsRequest"}


def model_of(name: str, schema: str) -> type[Any]:
    return getattr(models, strategies.MODEL_NAMES.get((name, schema), schema))


def canonical(value: Any, name: str, schema: dict[str, Any]) -> Any:
    """A value up to absent against null, with timestamps as instants cut to microseconds; unknown fields dropped."""
    if "$ref" in schema:
        target = strategies.document(name)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return canonical(value, name, target)
    if value is None:
        return None
    if "allOf" in schema:
        return canonical(value, name, schema["allOf"][0])
    if schema.get("type") == "array":
        return [canonical(item, name, schema["items"]) for item in value]
    if "properties" in schema:
        parts = {key: canonical(value.get(key), name, inner) for key, inner in schema["properties"].items()}
        return {key: part for key, part in parts.items() if part is not None}
    if schema.get("format") == "date-time":
        return instant(value)
    return value


def instant(text: str) -> datetime.datetime:
    cut = re.sub(r"(\.\d{6})\d+", r"\1", text)
    found = isoparse(cut)
    return found.replace(tzinfo=datetime.UTC) if found.tzinfo is None else found.astimezone(datetime.UTC)


class TestAnswers:
    @pytest.mark.parametrize(("name", "schema"), ANSWERS)
    def test_round_trip(self, name: str, schema: str) -> None:
        """to_dict(decode(b)) is b up to absent against null, timestamps as instants, and unknown fields."""
        published = strategies.document(name)["components"]["schemas"][schema]

        @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
        @given(value=strategies.instances(name, schema), unknown=st.none() | strategies.text())
        def claim(value: dict[str, Any], unknown: str | None) -> None:
            sent = {**value, "x_unknown": unknown} if unknown is not None else value
            again = to_dict(decode(wire.dumps(sent), model_of(name, schema)))
            assert canonical(value, name, published) == canonical(again, name, published)

        claim()

    @pytest.mark.parametrize(("name", "schema"), ANSWERS)
    def test_bytes_again(self, name: str, schema: str) -> None:
        """decode(encode(m)) is m, and so is from_dict(to_dict(m)); numbers go out without an exponent."""

        @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
        @given(value=strategies.instances(name, schema))
        def claim(value: dict[str, Any]) -> None:
            type_ = model_of(name, schema)
            model = decode(wire.dumps(value), type_)
            assert model == decode(encode(model), type_)
            assert model == from_dict(to_dict(model), type_)

        claim()


class TestRequests:
    @pytest.mark.parametrize(("name", "schema"), [pair for pair in REQUESTS if pair[1] not in UNIONS])
    def test_exact(self, name: str, schema: str) -> None:
        """What a caller builds goes out exactly: an absent field is UNSET and absent, None is null."""

        @given(value=strategies.instances(name, schema))
        def claim(value: dict[str, Any]) -> None:
            model = from_dict(value, model_of(name, schema))
            assert value == wire.loads(encode(model))
            assert value == to_dict(model)

        claim()

    def test_union_is_encoded(self) -> None:
        """A report mixes successes and failures, and each keeps its own fields."""
        body = models.ReportExportResultsRequest(
            results=[
                models.SuccessfulExportResult(
                    accounting_record_id="accr_1", success=models.ExportSuccessDetails(reference_id=None)
                ),
                models.FailedExportResult(
                    accounting_record_id="accr_2", failure=models.ExportFailureDetails(error_message="No account")
                ),
            ]
        )
        assert {
            "results": [
                {"accounting_record_id": "accr_1", "success": {"reference_id": None}},
                {"accounting_record_id": "accr_2", "failure": {"error_message": "No account"}},
            ]
        } == wire.loads(encode(body))

    def test_union_is_not_decoded(self) -> None:
        """A choice of models that only requests hold is refused on the way in, by name."""
        with pytest.raises(ValueError, match=r"ReportExportResultsRequest.*only sent"):
            decode(b"{}", models.ReportExportResultsRequest)


class TestEverySchemaIsCovered:
    def test_models(self) -> None:
        """Each model of the package is one of the schemas above, an enum, or added by an overlay."""
        tested = {strategies.MODEL_NAMES.get((n, s), s) for n, s, _ in strategies.directions()}
        enums = {
            strategies.MODEL_NAMES.get((n, s), s)
            for n in strategies.DOCUMENTS
            for s, schema in strategies.document(n)["components"]["schemas"].items()
            if "enum" in schema
        }
        assert set(models.__all__) == tested | enums | {"ApiError"}


class TestNumbers:
    @given(number=strategies.exact_numbers())
    def test_no_digit_is_lost(self, number: Decimal) -> None:
        """An amount is the very number that came, and goes out as plain digits."""
        model = decode(wire.dumps({"amount": number, "currency": "USD"}), models.Amount)
        assert number == model.amount
        written = encode(model)
        assert b"e" not in written.lower().replace(b'"currency"', b"")
        assert number == wire.loads(written)["amount"]
