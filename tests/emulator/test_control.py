"""The control API, called in the process."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette

from brex_accounting.emulator import INVARIANTS, VARIANTS, ContractBroken, Fault, TenantPlan, World, build_apps
from brex_accounting.emulator.control import control_routes
from brex_accounting.emulator.control.routes import ENDPOINTS, MOST_BYTES
from brex_accounting.emulator.faults import EFFECTS
from brex_accounting.emulator.finance import REVIEW_STATUSES
from brex_accounting.emulator.issuer import API_SCOPES, SCOPES
from brex_accounting.version import __version__
from tests import virtual

START = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
RECORDS = 30


class Emulator:
    """A world with two tenants, whose clocks move only when they are told to, and its control API."""

    def __init__(self) -> None:
        self.world = World(TenantPlan(records=RECORDS, start=START), monotonic=lambda: 0.0)
        self.world.add("globex")
        self.main = self.world.tenant()
        self.app: Any = Starlette(routes=control_routes(self.world))

    def send(self, method: str, path: str, body: Any = None, /, *, text: bytes | None = None) -> httpx.Response:
        """Send a request to the control API."""
        content = text if text is not None else None if body is None else json.dumps(body).encode()
        return self.send_plain(method, "/_emulator" + path, content=content)

    def send_plain(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def main() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://emulator.test") as client:
                return await client.request(method, path, **options)

        return virtual.run(main())

    def ok(self, method: str, path: str, body: Any = None, /, *, status: int = 200) -> Any:
        """What an answer holds that is no error."""
        answer = self.send(method, path, body)
        assert (status, "application/json") == (answer.status_code, answer.headers["content-type"]), answer.text
        return answer.json()

    def refused(self, status: int, method: str, path: str, body: Any = None, /, *, text: bytes | None = None) -> str:
        """The text of a refusal, which has changed nothing."""
        before = self.state()
        answer = self.send(method, path, body, text=text)
        assert status == answer.status_code, answer.text
        assert before == self.state()
        assert ["error"] == list(answer.json())
        return answer.json()["error"]

    def state(self) -> Any:
        """Everything that a request may change."""
        issuer = self.world.issuer
        return {
            "tenants": {
                tenant.name: {
                    "figures": tenant.to_json(),
                    "variants": tenant.variants.all(),
                    "scale": tenant.clock.scale,
                    "faults": tenant.faults.snapshot(),
                    "records": [attrs.asdict(record) for record in tenant.records.all()],
                    "expenses": list(tenant.expenses.all()),
                    "journal": [entry.number for entry in tenant.journal],
                    "snapshots": len(tenant._snapshots),
                    "breaches": len(self.world.violations(tenant)),
                }
                for tenant in self.world.tenants.values()
            },
            "grants": [(grant.id, grant.ended) for grant in issuer._grants._grants],
            "user tokens": list(issuer._user_tokens),
        }

    def record_ids(self) -> list[str]:
        return [record.id for record in self.main.records.all()]

    def note(self, operation: str | None, *, faults: Any = (), tenant: bool = True) -> None:
        """Put an entry into the journal."""
        entry = (self.main.journal if tenant else self.world.strays).open(
            at=START,
            operation=operation,
            method="GET",
            path="/v3/accounting/records",
            client="user token 1",
            idempotency_key=None,
            request=b"",
            trace_id="1",
        )
        entry.faults = faults


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


OF_TENANT = [(each.method, each.path) for each in ENDPOINTS if "tenant" in each.query.__struct_fields__]
UNREADABLE = (
    *(b"{", b"nothing", b"\xff", b'{"\xff": 1}', b'"\\ud800"', b"[" * 100_000, b'{"records": 1e999}'),
    *(b"null", b"7", b'"x"'),
)
WITH_BODY = [(each.method, each.path) for each in ENDPOINTS if each.body is not None]


class TestPaths:
    def test_the_list_names_every_path_with_method_and_summary(self, emulator: Emulator) -> None:
        """The API describes itself: each method of each route is listed, with a line that says what it is good for."""
        listed = emulator.ok("GET", "/")["paths"]
        routed = {route.path for route in control_routes(emulator.world)} - {"/_emulator", "/_emulator/{path:path}"}
        assert routed == {each["path"] for each in listed}
        assert len(ENDPOINTS) == len({(each["method"], each["path"]) for each in listed})
        assert all(each["summary"] and "\n" not in each["summary"] for each in listed)

    def test_the_list_names_parameters_and_members(self, emulator: Emulator) -> None:
        """What may be left out has a question mark."""
        listed = {(each["method"], each["path"]): each for each in emulator.ok("GET", "/")["paths"]}
        seed = listed["POST", "/_emulator/seed"]
        assert (["tenant?"], ["records", "seed", "append?"]) == (seed["query"], seed["body"])
        assert listed["GET", "/_emulator/tenant"]["body"] is None

    def test_the_bare_prefix_is_the_list_too(self, emulator: Emulator) -> None:
        """The control URL that the ready file names answers, without a slash at its end."""
        answer = emulator.send("GET", "")
        assert (200, emulator.ok("GET", "/")) == (answer.status_code, answer.json())

    @pytest.mark.parametrize("path", ["/nothing", "/records/a/b", "/health/"])
    def test_another_path_is_unknown(self, emulator: Emulator, path: str) -> None:
        """A path that is not listed is a 404 that says where the list is, whatever the method."""
        for method in ("GET", "POST"):
            assert f"path: there is no /_emulator{path}; GET /_emulator/ lists every one" == emulator.refused(
                404, method, path
            )

    @pytest.mark.parametrize("path", sorted({each.path for each in ENDPOINTS}))
    def test_another_method_names_those_there_are(self, emulator: Emulator, path: str) -> None:
        """A method that a path does not have is a 405 with Allow."""
        methods = [each.method for each in ENDPOINTS if each.path == path]
        allowed = {*methods, *(["HEAD"] if "GET" in methods else [])}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - allowed:
            answer = emulator.send(method, path)
            assert 405 == answer.status_code
            assert allowed == set(answer.headers["allow"].split(", "))
            assert answer.headers["allow"] in answer.json()["error"]

    @pytest.mark.parametrize("path", [each.path for each in ENDPOINTS if each.method == "GET" and "{" not in each.path])
    def test_head_is_get(self, emulator: Emulator, path: str) -> None:
        """HEAD answers with status and headers of GET; the body is left out on the way."""
        head, get = emulator.send("HEAD", path), emulator.send("GET", path)
        assert (200, b"") == (head.status_code, head.content)
        assert get.headers == head.headers

    @pytest.mark.parametrize(("method", "path"), OF_TENANT)
    def test_an_unknown_tenant_is_a_404(self, emulator: Emulator, method: str, path: str) -> None:
        """Each path that concerns a tenant says which tenants there are when it is given another."""
        body: Any = {
            "/seed": {"records": 1, "seed": 2},
            "/restore": {"id": "snapshot_1"},
            "/records/move": {"ids": [], "review_status": "PREPARE"},
            "/faults": {"effect": "drop"},
            "/clock": {"freeze": True},
            "/limit": {"requests": 1},
        }.get(path, {})
        body = body if (method, path) in WITH_BODY else None
        text = emulator.refused(404, method, path.replace("{id}", "x") + "?tenant=initech", body)
        assert "tenant: there is no 'initech'; there are main, globex" == text

    @pytest.mark.parametrize(("method", "path"), WITH_BODY)
    def test_a_body_that_cannot_be_read_is_a_400(self, emulator: Emulator, method: str, path: str) -> None:
        """What is not JSON, or no object, is refused with a text that says what was expected."""
        for text in UNREADABLE:
            found = emulator.refused(400, method, path.replace("{id}", emulator.record_ids()[0]), text=text)
            assert found.startswith("body: ")
            assert "xpected" in found

    @pytest.mark.parametrize(("method", "path"), WITH_BODY)
    def test_a_body_that_is_too_long_is_a_413(self, emulator: Emulator, method: str, path: str) -> None:
        """More than a mebibyte is not read."""
        text = emulator.refused(413, method, path, text=b" " * (MOST_BYTES + 1))
        assert f"body: longer than {MOST_BYTES} bytes; send less at a time" == text

    def test_the_longest_body_is_read(self, emulator: Emulator) -> None:
        """A mebibyte is not too long."""
        assert 200 == emulator.send("POST", "/tokens", text=b"{}".ljust(MOST_BYTES)).status_code

    @pytest.mark.parametrize(("method", "path"), WITH_BODY)
    def test_an_unknown_member_is_refused(self, emulator: Emulator, method: str, path: str) -> None:
        """A member that means nothing is named, with those that there are."""
        text = emulator.refused(400, method, path, {"colour": "red"})
        assert text.startswith("colour: no such ")
        assert "; there are " in text

    @pytest.mark.parametrize("path", ["/records?colour=red", "/health?tenant=main", "/journal?colour="])
    def test_an_unknown_parameter_is_refused(self, emulator: Emulator, path: str) -> None:
        """A parameter that means nothing is named, with those that there are."""
        text = emulator.refused(400, "GET", path)
        assert ": no such parameter; there are " in text

    def test_a_parameter_is_given_once(self, emulator: Emulator) -> None:
        """Of two tenants nobody knows which one is meant."""
        assert "tenant: given twice; give it once" == emulator.refused(400, "GET", "/tenant?tenant=main&tenant=globex")

    def test_a_long_text_is_cut(self, emulator: Emulator) -> None:
        """An error does not send back a whole body."""
        text = emulator.refused(400, "POST", "/tenants", {"name": "x" * 100_000})
        assert text.startswith("name: expected 1 to 40 letters")
        assert 1001 == len(text)

    def test_a_client_that_goes_away_gets_nothing(self, emulator: Emulator) -> None:
        """A request whose body never comes ends without an answer and without an effect."""
        before, sent = emulator.state(), []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/_emulator/grants",
            "root_path": "",
            "query_string": b"",
            "headers": [],
        }
        virtual.run(emulator.app(scope, receive, send))
        assert ([], before) == (sent, emulator.state())


# Requests that cannot be right, with what their refusal begins with.
BAD_REQUESTS: list[tuple[str, str, Any, str]] = [
    ("POST", "/tenants", {}, "body: Object missing required field `name`"),
    ("POST", "/tenants", {"name": 7}, "name: Expected `str`"),
    ("POST", "/tenants", {"name": "a b"}, "name: expected 1 to 40 letters"),
    ("POST", "/tenants", {"name": "main"}, "name: there is a tenant 'main' already"),
    ("POST", "/tenants", {"name": "x", "records": -1}, "records: expected a whole number"),
    ("POST", "/tenants", {"name": "x", "records": 1.5}, "records: Expected `int"),
    ("POST", "/tenants", {"name": "x", "records": True}, "records: Expected `int"),
    ("POST", "/tenants", {"name": "x", "records": None}, "records: Expected `int"),
    ("POST", "/tenants", {"name": "x", "records": 1_000_001}, "records: expected a whole number"),
    ("POST", "/tenants", {"name": "x", "seed": 2**63}, "seed: expected a whole number"),
    ("POST", "/tenants", {"name": "x", "start": "yesterday"}, "start: Invalid RFC3339"),
    ("POST", "/tenants", {"name": "x", "start": "2026-01-01T00:00:00"}, "start: Expected `datetime` with a timezone"),
    ("POST", "/tenants", {"name": "x", "start": "0001-01-01T00:00:00+05:00"}, "start: the instant"),
    ("POST", "/tenants", {"name": "x", "start": "9999-01-01T00:00:00Z"}, "start: the instant"),
    ("POST", "/tenants", {"name": "x", "rate_limit": 0}, "rate_limit: Expected `int` >= 1"),
    ("POST", "/tenants", {"name": "x", "variants": {"cursor": "x"}}, "cursor: expected one of offset, key"),
    ("POST", "/tenants", {"name": "x", "variants": {"cursor": []}}, "cursor: expected the name of an answer"),
    ("POST", "/tenants", {"name": "x", "variants": {"self": "x"}}, "self: no such variant; there are cursor"),
    ("POST", "/tenants", {"name": "x", "variants": []}, "variants: Expected `object"),
    ("DELETE", "/tenants/main", None, "tenant: 'main' is the default one and stays; reset it instead"),
    ("POST", "/tokens", {"scopes": ["x"]}, "scopes: expected some of accounting"),
    ("POST", "/tokens", {"scopes": "accounting.record.read"}, "scopes: Expected `array"),
    ("POST", "/grants", {"scopes": ["x"]}, "scopes: expected some of accounting"),
    ("POST", "/grants", {"scopes": [1]}, "scopes[0]: Expected `str`"),
    ("POST", "/seed", {}, "body: Object missing required field `records`"),
    ("POST", "/seed", {"records": 1}, "body: Object missing required field `seed`"),
    ("POST", "/seed", {"records": -1, "seed": 1}, "records: expected a whole number"),
    ("POST", "/seed", {"records": 1, "seed": -1}, "seed: expected a whole number"),
    ("POST", "/seed", {"records": 1, "seed": 1, "append": 1}, "append: Expected `bool`"),
    ("POST", "/seed", {"records": 1, "seed": 1, "append": True}, "seed: 1 has been used for this tenant"),
    ("POST", "/restore", {}, "body: Object missing required field `id`"),
    ("POST", "/restore", {"id": 1}, "id: Expected `str`"),
    ("GET", "/records?review_status=READY", None, "review_status: expected one of PREPARE, REVIEW"),
    ("GET", "/records?source_type=CASH", None, "source_type: expected one of CARD"),
    ("GET", "/records?type=X", None, "type: expected one of CARD_EXPENSE_POST"),
    ("GET", "/records?limit=0", None, "limit: Expected `int` >= 1"),
    ("GET", "/records?limit=1001", None, "limit: Expected `int` <= 1000"),
    ("GET", "/records?limit=", None, "limit: Expected `int`"),
    ("GET", "/records?after=x", None, "after: Expected `int`"),
    ("PATCH", "/records/{id}", {}, "body: expected review_status, recode or both"),
    ("PATCH", "/records/{id}", {"review_status": "READY"}, "review_status: expected one of PREPARE, REVIEW"),
    ("PATCH", "/records/{id}", {"recode": []}, "recode: Expected `object"),
    ("PATCH", "/records/{id}", {"recode": {}}, "recode: Object missing required field `brex_field_id`"),
    (
        "PATCH",
        "/records/{id}",
        {"recode": {"brex_field_id": "", "brex_field_value_id": "x"}},
        "recode.brex_field_id: Expected `str` of length >= 1",
    ),
    (
        "PATCH",
        "/records/{id}",
        {"recode": {"brex_field_id": "x", "brex_field_value_id": "x", "colour": "red"}},
        "recode.colour: no such member; there are brex_field_id, brex_field_value_id, remote_field_value_id",
    ),
    (
        "PATCH",
        "/records/{id}",
        {"review_status": "READY", "recode": {"brex_field_id": "x", "brex_field_value_id": "x"}},
        "review_status: expected one of PREPARE, REVIEW",
    ),
    ("POST", "/records/move", {"ids": []}, "body: Object missing required field `review_status`"),
    ("POST", "/records/move", {"ids": [], "review_status": "X"}, "review_status: expected one of PREPARE"),
    ("POST", "/records/move", {"review_status": "REVIEW"}, "body: expected ids or from_status, and not both"),
    (
        "POST",
        "/records/move",
        {"ids": [], "from_status": "REVIEW", "review_status": "REVIEW"},
        "body: expected ids or from_status, and not both",
    ),
    ("POST", "/records/move", {"from_status": "", "review_status": "REVIEW"}, "from_status: expected one of PREPARE"),
    ("POST", "/records/move", {"ids": [], "review_status": "REVIEW", "count": 1}, "count: it goes with from_status"),
    (
        "POST",
        "/records/move",
        {"from_status": "REVIEW", "review_status": "PREPARE", "count": -1},
        "count: Expected `int` >= 0",
    ),
    ("POST", "/faults", {}, "effect: expected one of status, drop"),
    ("POST", "/faults", {"effect": "explode"}, "effect: expected one of status, drop"),
    ("POST", "/faults", {"effect": "drop", "colour": "red"}, "colour: no such field of a fault; there are effect"),
    ("POST", "/faults", {"effect": "drop", "every": 0}, "every: expected a whole number of at least 1"),
    ("POST", "/faults", ["drop"], "fault: expected an object"),
    ("POST", "/faults", [{"effect": "drop"}, {"effect": "explode"}], "effect: expected one of status, drop"),
    ("POST", "/clock", {}, "body: expected one or several of freeze, advance, scale, unfreeze"),
    ("POST", "/clock", {"freeze": False}, "freeze: expected true or an instant"),
    ("POST", "/clock", {"freeze": "now"}, "freeze: Invalid RFC3339"),
    ("POST", "/clock", {"freeze": 5}, "freeze: Expected `bool | datetime`"),
    ("POST", "/clock", {"freeze": "2026-01-01T00:00:00"}, "freeze: Expected `datetime` with a timezone"),
    ("POST", "/clock", {"freeze": "9999-12-31T23:59:59Z"}, "freeze: the instant"),
    ("POST", "/clock", {"freeze": "0001-01-01T00:00:00+05:00"}, "freeze: the instant"),
    ("POST", "/clock", {"advance": -1}, "seconds: expected a number from 0"),
    ("POST", "/clock", {"advance": 10**300}, "seconds: expected a number from 0"),
    ("POST", "/clock", {"advance": "60"}, "advance: Expected `float`"),
    ("POST", "/clock", {"scale": -1}, "scale: expected a number from 0"),
    ("POST", "/clock", {"scale": 1_000_001}, "scale: expected a number from 0"),
    ("POST", "/clock", {"unfreeze": False}, "unfreeze: expected true"),
    ("PUT", "/variants", {"cursor": "x"}, "cursor: expected one of offset, key"),
    ("PATCH", "/variants", {"limit": "refused", "cursor": "x"}, "cursor: expected one of offset, key"),
    ("PATCH", "/variants", {"limit": "refused", "cursor": None}, "cursor: expected the name of an answer"),
    ("PATCH", "/variants", {"self": "key"}, "self: no such variant; there are cursor"),
    ("PATCH", "/variants", [], "body: Expected `object`"),
    ("PUT", "/limit", {}, "body: Object missing required field `requests`"),
    ("PUT", "/limit", {"requests": 0}, "requests: Expected `int` >= 1"),
    ("PUT", "/limit", {"requests": "5"}, "requests: Expected `int"),
    ("GET", "/journal?limit=0", None, "limit: Expected `int` >= 1"),
    ("GET", "/journal?after=x", None, "after: Expected `int`"),
    ("GET", "/journal?faulted=maybe", None, "faulted: Expected `bool"),
    ("GET", "/strays?limit=x", None, "limit: Expected `int`"),
]


class TestBadRequests:
    @pytest.mark.parametrize(("method", "path", "body", "text"), BAD_REQUESTS)
    def test_a_bad_argument_is_named_and_changes_nothing(
        self, emulator: Emulator, method: str, path: str, body: Any, text: str
    ) -> None:
        """A request that cannot be right is a 400 whose text begins with the field, and nothing has happened."""
        path = path.replace("{id}", emulator.record_ids()[0])
        assert emulator.refused(400, method, path, body).startswith(text)

    @pytest.mark.parametrize(
        ("method", "path", "body", "text"),
        [
            ("DELETE", "/tenants/initech", None, "tenant: there is no 'initech'; there are main, globex"),
            ("POST", "/restore", {"id": "snapshot_9"}, "id: there is no snapshot 'snapshot_9'"),
            ("GET", "/records/accr_x", None, "record_id: there is no record 'accr_x'"),
            ("PATCH", "/records/accr_x", {"review_status": "REVIEW"}, "record_id: there is no record 'accr_x'"),
            (
                "PATCH",
                "/records/{id}",
                {
                    "review_status": "REVIEW",
                    "recode": {"brex_field_id": "a", "brex_field_value_id": "b", "line_item_id": "arli_x"},
                },
                "line_item_id: {id} has no such line in its single-entry view",
            ),
            (
                "POST",
                "/records/move",
                {"ids": ["{id}", "accr_x", "accr_y"], "review_status": "REVIEW"},
                "ids: there are no records 'accr_x', 'accr_y'",
            ),
            ("DELETE", "/faults/fault_9", None, "id: there is no fault 'fault_9'; there are none"),
        ],
    )
    def test_an_unknown_id_is_a_404(self, emulator: Emulator, method: str, path: str, body: Any, text: str) -> None:
        """An id that nothing has is named, and nothing has happened, not even to the ids that there are."""
        path, body, text = json.loads(json.dumps([path, body, text]).replace("{id}", emulator.record_ids()[0]))
        assert text == emulator.refused(404, method, path, body)


class TestHealth:
    def test_all_is_well(self, emulator: Emulator) -> None:
        """Health tells version, tenants and addresses."""
        emulator.world.base_url, emulator.world.file_url = "http://127.0.0.1:1", "http://127.0.0.1:2"
        assert {
            "status": "ok",
            "version": __version__,
            "tenants": ["main", "globex"],
            "bugs": [],
            "base_url": "http://127.0.0.1:1",
            "issuer": "http://127.0.0.1:1/oauth2/default",
            "file_url": "http://127.0.0.1:2",
        } == emulator.ok("GET", "/health")

    def test_a_bug_shows(self, emulator: Emulator) -> None:
        """An answer of the emulator's own that broke its document makes the status bugs."""
        emulator.world.bugs.append(ContractBroken("getCompany", 200, ("$.id: 1 is not a string",)))
        found = emulator.ok("GET", "/health")
        bug = {"operation": "getCompany", "status": 200, "problems": ["$.id: 1 is not a string"]}
        assert ("bugs", [bug]) == (found["status"], found["bugs"])


class TestTenants:
    def test_every_tenant_is_listed(self, emulator: Emulator) -> None:
        """The list holds each tenant in figures, the default one first."""
        listed = emulator.ok("GET", "/tenants")["tenants"]
        assert [tenant.to_json() for tenant in emulator.world.tenants.values()] == listed

    def test_a_tenant_is_made_as_told(self, emulator: Emulator) -> None:
        """Data, clock, limit and variants are those of the request."""
        body = {
            "name": "initech",
            "records": 3,
            "seed": 9,
            "start": "2026-01-01T01:00:00+01:00",
            "rate_limit": None,
            "variants": {"cursor": "key"},
        }
        made = emulator.ok("POST", "/tenants", body, status=201)["tenant"]
        tenant = emulator.world.tenant("initech")
        assert {**tenant.to_json(), "variants": tenant.variants.all()} == made
        expected = ("initech", 3, "2026-01-01T00:00:00Z", None, "key")
        found = (made["name"], made["records"], made["now"], made["rate_limit"], made["variants"]["cursor"])
        assert expected == found

    def test_a_tenant_is_made_like_the_first(self, emulator: Emulator) -> None:
        """A name alone makes a tenant with the plan of the world."""
        made = emulator.ok("POST", "/tenants", {"name": "initech"}, status=201)["tenant"]
        assert (RECORDS, "2026-07-01T12:00:00Z") == (made["records"], made["now"])

    def test_a_new_tenant_has_consented(self, emulator: Emulator) -> None:
        """Its credentials work at once: the user token, and the refresh token with the client's id and secret."""
        issuer = emulator.world.issuer
        found = emulator.ok("POST", "/tenants", {"name": "initech"}, status=201)["credentials"]
        assert (issuer.client_id, issuer.client_secret) == (found["client_id"], found["client_secret"])
        credential = issuer.credential(found["user_token"])
        assert credential is not None
        assert "initech" == credential.tenant
        form = {"grant_type": "refresh_token", **found}
        answer = issuer.token(list(form.items()), None)
        assert 200 == answer.status

    def test_a_tenant_is_taken_away(self, emulator: Emulator) -> None:
        """It is gone with its tokens."""
        token = emulator.ok("POST", "/tokens?tenant=globex")["user_token"]
        assert {"removed": "globex"} == emulator.ok("DELETE", "/tenants/globex")
        assert ["main"] == list(emulator.world.tenants)
        assert emulator.world.issuer.credential(token) is None

    def test_tenants_are_apart(self, emulator: Emulator) -> None:
        """What is done to one tenant leaves the other alone."""
        before = emulator.state()["tenants"]["main"]
        emulator.ok("POST", "/seed?tenant=globex", {"records": 1, "seed": 5})
        emulator.ok("POST", "/clock?tenant=globex", {"freeze": True, "advance": 5})
        emulator.ok("POST", "/faults?tenant=globex", {"effect": "drop"})
        emulator.ok("PATCH", "/variants?tenant=globex", {"cursor": "key"})
        emulator.ok("PUT", "/limit?tenant=globex", {"requests": 5})
        after = emulator.state()["tenants"]
        assert before == after["main"]
        assert 1 == after["globex"]["figures"]["records"]


class TestState:
    def test_a_tenant_shows_itself(self, emulator: Emulator) -> None:
        """The default tenant, and the one that is named, in figures with variants."""
        for query, name in (("", "main"), ("?tenant=main", "main"), ("?tenant=globex", "globex")):
            tenant = emulator.world.tenant(name)
            assert {**tenant.to_json(), "variants": tenant.variants.all()} == emulator.ok("GET", f"/tenant{query}")

    def test_totals_are_exact_text(self, emulator: Emulator) -> None:
        """Sums of records come as decimal text."""
        found = emulator.ok("GET", "/totals")
        assert {"totals": emulator.main.totals(), "records": RECORDS} == found

    def test_a_reset_goes_back_to_the_start(self, emulator: Emulator) -> None:
        """Data, clock, variants, limit and faults are as they were at first."""
        before = emulator.ok("GET", "/tenant"), emulator.ok("GET", "/records")
        emulator.ok("POST", "/records/move", {"from_status": "REVIEW", "review_status": "PREPARE"})
        emulator.ok("POST", "/clock", {"freeze": True, "advance": 60})
        emulator.ok("PATCH", "/variants", {"cursor": "key"})
        emulator.ok("PUT", "/limit", {"requests": 5})
        emulator.ok("POST", "/faults", {"effect": "drop"})
        assert before[0] == emulator.ok("POST", "/reset")
        assert before == (emulator.ok("GET", "/tenant"), emulator.ok("GET", "/records"))
        assert [] == emulator.ok("GET", "/faults")["faults"]

    def test_seeding_replaces(self, emulator: Emulator) -> None:
        """The new data is what the number grows into, and all that there is."""
        before = emulator.record_ids()
        found = emulator.ok("POST", "/seed", {"records": 7, "seed": 3})
        assert {"records": 7, "expenses": len(emulator.main.expenses)} == found
        assert not set(before) & set(emulator.record_ids())

    def test_seeding_appends(self, emulator: Emulator) -> None:
        """New records come in behind the old ones, and their ids are told."""
        before = emulator.record_ids()
        found = emulator.ok("POST", "/seed", {"records": 7, "seed": 3, "append": True})
        assert [*before, *found["ids"]] == emulator.record_ids()
        assert (RECORDS + 7, len(emulator.main.expenses)) == (found["records"], found["expenses"])

    def test_a_snapshot_brings_back(self, emulator: Emulator) -> None:
        """What was done since the snapshot is undone, as often as one likes."""
        emulator.ok("PATCH", "/variants", {"cursor": "key"})
        before = emulator.ok("GET", "/tenant"), emulator.ok("GET", "/records")
        snapshot = emulator.ok("POST", "/snapshot")
        for _ in range(2):
            emulator.ok("POST", "/seed", {"records": 1, "seed": 3})
            emulator.ok("POST", "/clock", {"freeze": True, "advance": 60})
            emulator.ok("PATCH", "/variants", {"cursor": "snapshot"})
            assert before[0] == emulator.ok("POST", "/restore", snapshot)
            assert before == (emulator.ok("GET", "/tenant"), emulator.ok("GET", "/records"))


class TestConsent:
    def test_a_user_token_is_good_for_its_scopes(self, emulator: Emulator) -> None:
        """Scopes may be left out for all of them, few, or none."""
        for body, scopes in (
            (None, API_SCOPES),
            ({}, API_SCOPES),
            ({"scopes": None}, API_SCOPES),
            ({"scopes": ["accounting.record.read"]}, ["accounting.record.read"]),
            ({"scopes": []}, []),
        ):
            found = emulator.ok("POST", "/tokens", body)
            credential = emulator.world.issuer.credential(found["user_token"])
            assert credential is not None
            assert ("main", set(scopes)) == (credential.tenant, credential.scopes)

    def test_a_grant_gives_tokens(self, emulator: Emulator) -> None:
        """Each consent is one of its own, and its access token works."""
        first, second = (emulator.ok("POST", "/grants?tenant=globex") for _ in range(2))
        assert {"access_token", "refresh_token", "grant_id"} == set(first)
        assert not set(first.values()) & set(second.values())
        credential = emulator.world.issuer.credential(first["access_token"])
        assert credential is not None
        assert ("globex", set(SCOPES)) == (credential.tenant, credential.scopes)

    def test_a_grant_may_be_narrow(self, emulator: Emulator) -> None:
        """A consent to some scopes has the refresh token besides."""
        found = emulator.ok("POST", "/grants", {"scopes": ["accounting.record.read"]})
        credential = emulator.world.issuer.credential(found["access_token"])
        assert credential is not None
        assert {"accounting.record.read", "offline_access"} == credential.scopes

    def test_consent_is_withdrawn(self, emulator: Emulator) -> None:
        """Grants of this tenant end; its user tokens and the other tenant's grants live on."""
        issuer = emulator.world.issuer
        own, other = emulator.ok("POST", "/grants"), emulator.ok("POST", "/grants?tenant=globex")
        user = emulator.ok("POST", "/tokens")["user_token"]
        assert {"revoked": "main"} == emulator.ok("POST", "/revoke")
        good = [issuer.credential(token) is not None for token in (own["access_token"], other["access_token"], user)]
        assert [False, True, True] == good


class TestRecords:
    def test_a_record_in_outline(self, emulator: Emulator) -> None:
        """A listed record has what finance people ask for, its amount as exact text."""
        record = next(iter(emulator.main.records.all()))
        assert {
            "id": record.id,
            "position": 0,
            "type": record.type,
            "source_type": record.source_type,
            "review_status": record.review_status,
            "version": record.version,
            "updated_at": emulator.ok("GET", f"/records/{record.id}")["updated_at"],
            "amount": f"{record.amount:f}",
            "currency": record.currency,
            "expense_id": record.expense_id,
        } == emulator.ok("GET", "/records?limit=1")["records"][0]

    @pytest.mark.parametrize("limit", [1, 7, RECORDS - 1, RECORDS, RECORDS + 1])
    def test_pages_join_to_the_whole(self, emulator: Emulator, limit: int) -> None:
        """Following next from page to page gives each record once, in order, and ends."""
        found: list[str] = []
        after: int | None = -1
        while after is not None:
            page = emulator.ok("GET", f"/records?limit={limit}&after={after}")
            assert 0 < len(page["records"]) <= limit
            assert after != page["next"]
            found += [record["id"] for record in page["records"]]
            after = page["next"]
        assert emulator.record_ids() == found

    def test_filters_join(self, emulator: Emulator) -> None:
        """Each filter alone and all of them together give the records that fit."""
        every = emulator.ok("GET", "/records")["records"]
        chosen = every[len(every) // 2]
        names = ("review_status", "source_type", "type")
        for group in (*((name,) for name in names), names):
            query = "&".join(f"{name}={chosen[name]}" for name in group)
            fitting = [record for record in every if all(record[name] == chosen[name] for name in group)]
            assert fitting == emulator.ok("GET", f"/records?{query}")["records"]

    def test_no_records_are_a_page(self, emulator: Emulator) -> None:
        """Where nothing fits, the page is empty and the last."""
        assert {"records": [], "next": None} == emulator.ok("GET", f"/records?after={RECORDS}")

    def test_a_record_shows_what_its_lines_are_coded_as(self, emulator: Emulator) -> None:
        """Every seeded record can be shown, with the accounting fields of each line."""
        emulator.main.seed(60, 5)
        for record_id in emulator.record_ids():
            lines = emulator.ok("GET", f"/records/{record_id}")["line_items"]
            assert lines
            assert all({"id", "accounting_field_values"} == set(line) for line in lines)

    @pytest.mark.parametrize("review_status", REVIEW_STATUSES)
    def test_a_record_is_moved(self, emulator: Emulator, review_status: str) -> None:
        """A finance user moves one record: stage, version and time of change are new."""
        emulator.ok("POST", "/clock", {"freeze": "2026-08-01T00:00:00Z"})
        record_id = emulator.record_ids()[3]
        before = emulator.ok("GET", f"/records/{record_id}")
        found = emulator.ok("PATCH", f"/records/{record_id}", {"review_status": review_status})
        changes = {
            "review_status": review_status,
            "version": before["version"] + 1,
            "updated_at": "2026-08-01T00:00:00Z",
        }
        assert before | changes == found == emulator.ok("GET", f"/records/{record_id}")

    def test_a_record_is_recoded(self, emulator: Emulator) -> None:
        """Another value of a field stands on every line, or on the one that is named."""
        record_id = emulator.record_ids()[0]
        lines = emulator.ok("GET", f"/records/{record_id}")["line_items"]
        value = {"brex_field_id": "ef_new", "brex_field_value_id": "efo_1", "remote_field_value_id": "1"}
        whole = emulator.ok("PATCH", f"/records/{record_id}", {"recode": value})
        assert all(_values(line, "ef_new") == ["efo_1"] for line in whole["line_items"])
        value = {"brex_field_id": "ef_new", "brex_field_value_id": "efo_2", "line_item_id": lines[0]["id"]}
        first, *others = emulator.ok("PATCH", f"/records/{record_id}", {"recode": value})["line_items"]
        assert ["efo_2"] == _values(first, "ef_new")
        assert all(_values(line, "ef_new") == ["efo_1"] for line in others)

    def test_a_record_is_recoded_and_moved(self, emulator: Emulator) -> None:
        """Both at once are two changes."""
        record_id = emulator.record_ids()[0]
        before = emulator.ok("GET", f"/records/{record_id}")
        body = {"review_status": "PREPARE", "recode": {"brex_field_id": "ef_new", "brex_field_value_id": "efo_1"}}
        found = emulator.ok("PATCH", f"/records/{record_id}", body)
        assert ("PREPARE", before["version"] + 2) == (found["review_status"], found["version"])
        assert ["efo_1"] == _values(found["line_items"][0], "ef_new")

    def test_several_records_are_moved_by_id(self, emulator: Emulator) -> None:
        """Each is moved once, whatever its stage, in the order of the request."""
        first, second, third = emulator.record_ids()[:3]
        versions = [emulator.ok("GET", f"/records/{each}")["version"] for each in (first, second, third)]
        found = emulator.ok("POST", "/records/move", {"ids": [third, first, third], "review_status": "PREPARE"})
        assert {"moved": [third, first]} == found
        after = [emulator.ok("GET", f"/records/{each}")["version"] for each in (first, second, third)]
        assert [versions[0] + 1, versions[1], versions[2] + 1] == after

    @pytest.mark.parametrize("count", [None, 0, 2, 1000])
    def test_records_are_moved_from_a_stage(self, emulator: Emulator, count: int | None) -> None:
        """The first so many of a stage move, or all of it; the others stay."""
        standing = [record["id"] for record in emulator.ok("GET", "/records?review_status=REVIEW")["records"]]
        assert 2 < len(standing)
        body = {"from_status": "REVIEW", "review_status": "READY_FOR_EXPORT", "count": count}
        assert {"moved": standing[:count]} == emulator.ok("POST", "/records/move", body)
        left = [record["id"] for record in emulator.ok("GET", "/records?review_status=REVIEW")["records"]]
        assert standing[len(standing[:count]) :] == left


class TestFaults:
    def test_a_fault_is_put_in_force(self, emulator: Emulator) -> None:
        """One rule is added, and shown with how often it matched and struck."""
        rule = {"effect": "status", "operation": "getCompany", "status": 429, "retry_after": 3, "times": 1}
        (fault_id,) = emulator.ok("POST", "/faults", rule)["ids"]
        emulator.main.faults.fire("getCompany", START)
        emulator.main.faults.fire("listExpenses", START)
        (found,) = emulator.ok("GET", "/faults")["faults"]
        fault = Fault.from_json(rule).to_json()
        assert {"id": fault_id, "fault": fault, "matched": 1, "fired": 1, "ended": True} == found

    def test_a_list_of_faults_is_put_in_force(self, emulator: Emulator) -> None:
        """Ids come in the order of the rules."""
        ids = emulator.ok("POST", "/faults", [{"effect": effect} for effect in EFFECTS])["ids"]
        shown = emulator.ok("GET", "/faults")["faults"]
        assert list(zip(ids, EFFECTS, strict=True)) == [(each["id"], each["fault"]["effect"]) for each in shown]

    def test_an_empty_list_is_no_fault(self, emulator: Emulator) -> None:
        """No rules give no ids."""
        assert {"ids": []} == emulator.ok("POST", "/faults", [])

    def test_faults_end_on_the_clock(self, emulator: Emulator) -> None:
        """A rule that lasts for some seconds ends when the tenant's clock says so."""
        emulator.ok("POST", "/faults", {"effect": "drop", "seconds": 60})
        ended = [emulator.ok("GET", "/faults")["faults"][0]["ended"]]
        emulator.ok("POST", "/clock", {"advance": 60})
        ended.append(emulator.ok("GET", "/faults")["faults"][0]["ended"])
        assert [False, True] == ended

    def test_a_fault_is_taken_out(self, emulator: Emulator) -> None:
        """The others stay."""
        first, second = emulator.ok("POST", "/faults", [{"effect": "drop"}, {"effect": "hang"}])["ids"]
        assert {"removed": [first]} == emulator.ok("DELETE", f"/faults/{first}")
        assert [second] == [each["id"] for each in emulator.ok("GET", "/faults")["faults"]]

    def test_all_faults_are_taken_out(self, emulator: Emulator) -> None:
        """None is left."""
        ids = emulator.ok("POST", "/faults", [{"effect": "drop"}, {"effect": "hang"}])["ids"]
        assert {"removed": ids} == emulator.ok("DELETE", "/faults")
        assert [] == emulator.ok("GET", "/faults")["faults"]


class TestClock:
    def test_a_clock_shows_itself(self, emulator: Emulator) -> None:
        """Instant, whether it stands still, and how fast it runs."""
        assert {"now": "2026-07-01T12:00:00Z", "frozen": False, "scale": 1.0} == emulator.ok("GET", "/clock")

    @pytest.mark.parametrize(
        ("body", "now", "scale"),
        [
            ({"freeze": True}, "2026-07-01T12:00:00Z", 0.0),
            ({"freeze": "2026-08-01T02:00:00+02:00"}, "2026-08-01T00:00:00Z", 0.0),
            ({"advance": 0}, "2026-07-01T12:00:00Z", 1.0),
            ({"advance": 0.5}, "2026-07-01T12:00:00.500000Z", 1.0),
            ({"scale": 60}, "2026-07-01T12:00:00Z", 60.0),
            ({"scale": 0}, "2026-07-01T12:00:00Z", 0.0),
            ({"unfreeze": True}, "2026-07-01T12:00:00Z", 1.0),
            ({"freeze": True, "advance": 60}, "2026-07-01T12:01:00Z", 0.0),
            ({"advance": 60, "freeze": "2026-08-01T00:00:00Z"}, "2026-08-01T00:01:00Z", 0.0),
            ({"freeze": "2026-08-01T00:00:00Z", "unfreeze": True}, "2026-08-01T00:00:00Z", 1.0),
            ({"freeze": "2026-08-01T00:00:00Z", "scale": 5}, "2026-08-01T00:00:00Z", 5.0),
            ({"unfreeze": True, "scale": 0}, "2026-07-01T12:00:00Z", 1.0),
        ],
    )
    def test_a_clock_is_changed(self, emulator: Emulator, body: Any, now: str, scale: float) -> None:
        """Freezing comes first, then jumps, then speed, then unfreezing, in whatever order they are named."""
        expected = {"now": now, "frozen": scale == 0, "scale": scale}
        assert expected == emulator.ok("POST", "/clock", body) == emulator.ok("GET", "/clock")

    @pytest.mark.parametrize(
        "body",
        [
            {"freeze": True, "advance": -1},
            {"freeze": "2026-08-01T00:00:00Z", "advance": 60, "scale": -1},
            {"freeze": True, "advance": 60, "scale": 5, "unfreeze": False},
            {"freeze": "2026-08-01T00:00:00Z", "colour": "red"},
            {"freeze": "8999-12-31T00:00:00Z", "advance": 86401},
        ],
    )
    def test_one_wrong_change_is_none_at_all(self, emulator: Emulator, body: Any) -> None:
        """Where one member is wrong, the others do nothing."""
        emulator.refused(400, "POST", "/clock", body)

    def test_jumps_do_not_leave_time(self, emulator: Emulator) -> None:
        """A clock that has come to the last year that it may show is not moved beyond it."""
        emulator.ok("POST", "/clock", {"freeze": "8990-01-01T00:00:00Z"})
        text = emulator.refused(400, "POST", "/clock", {"advance": 50 * 365 * 86400})
        assert "beyond the year 8999" in text

    def test_after_a_reset_it_is_the_new_clock(self, emulator: Emulator) -> None:
        """A reset gives the tenant another clock, and that is the one that is changed and shown."""
        emulator.ok("POST", "/reset")
        emulator.ok("POST", "/clock", {"advance": 60})
        assert START + timedelta(seconds=60) == emulator.main.now()


class TestVariants:
    def test_every_question_is_told(self, emulator: Emulator) -> None:
        """Question, certainty, every answer with its meaning, and the one that is played."""
        emulator.ok("PATCH", "/variants", {"cursor": "key"})
        found = emulator.ok("GET", "/variants")["variants"]
        assert list(VARIANTS) == list(found)
        cursor = VARIANTS["cursor"]
        assert {
            "value": "key",
            "question": cursor.question,
            "certainty": cursor.certainty,
            "values": dict(cursor.values),
        } == found["cursor"]
        assert "null" == found["last_cursor"]["value"]

    def test_a_patch_leaves_the_others(self, emulator: Emulator) -> None:
        """Only what is named changes; nothing is no change."""
        emulator.ok("PATCH", "/variants", {"cursor": "key"})
        found = emulator.ok("PATCH", "/variants", {"limit": "refused"})["variants"]
        assert ("key", "refused") == (found["cursor"], found["limit"])
        assert {"variants": found} == emulator.ok("PATCH", "/variants", {})

    def test_a_put_resets_the_others(self, emulator: Emulator) -> None:
        """What is not named goes back to its default."""
        emulator.ok("PATCH", "/variants", {"cursor": "key"})
        found = emulator.ok("PUT", "/variants", {"limit": "refused"})["variants"]
        defaults = {name: variant.default for name, variant in VARIANTS.items()}
        assert defaults | {"limit": "refused"} == found == emulator.main.variants.all()


class TestLimit:
    def test_a_limit_is_changed(self, emulator: Emulator) -> None:
        """It can be any whole number from 1, or null for none."""
        assert {"requests": 1000} == emulator.ok("GET", "/limit")
        for requests in (1, 10**12, None):
            assert {"requests": requests} == emulator.ok("PUT", "/limit", {"requests": requests})
            assert {"requests": requests} == emulator.ok("GET", "/limit")
            assert requests == emulator.main.limit.requests


class TestJournal:
    def test_an_entry_shows_itself(self, emulator: Emulator) -> None:
        """An exchange comes with everything that is noted of it."""
        emulator.note("getCompany", faults=[{"id": "fault_1", "effect": "drop"}])
        (entry,) = emulator.main.journal
        assert {"entries": [entry.to_json()], "next": None} == emulator.ok("GET", "/journal")

    def test_entries_are_filtered_and_paged(self, emulator: Emulator) -> None:
        """By operation, by number, by whether a fault struck; so many at a time."""
        struck = [{"id": "fault_1", "effect": "drop"}]
        for operation, faults in (("a", struck), ("b", ()), ("a", ()), (None, ())):
            emulator.note(operation, faults=faults)
        for query, numbers, following in (
            ("", [1, 2, 3, 4], None),
            ("?operation=a", [1, 3], None),
            ("?operation=c", [], None),
            ("?faulted=true", [1], None),
            ("?faulted=false", [2, 3, 4], None),
            ("?operation=a&faulted=false", [3], None),
            ("?limit=2", [1, 2], 2),
            ("?limit=2&after=2", [3, 4], None),
            ("?operation=a&limit=1", [1], 1),
            ("?after=4", [], None),
        ):
            found = emulator.ok("GET", f"/journal{query}")
            assert (numbers, following) == ([entry["number"] for entry in found["entries"]], found["next"])

    def test_a_journal_is_forgotten(self, emulator: Emulator) -> None:
        """The exchanges are gone, and numbers go on."""
        emulator.note("a")
        assert {"removed": 1} == emulator.ok("DELETE", "/journal")
        emulator.note("b")
        assert [2] == [entry["number"] for entry in emulator.ok("GET", "/journal")["entries"]]

    def test_strays_are_apart(self, emulator: Emulator) -> None:
        """Exchanges that belong to no tenant have a list of their own."""
        emulator.note("a", tenant=False)
        emulator.note("b", tenant=False)
        assert [] == emulator.ok("GET", "/journal")["entries"]
        assert ["b"] == [entry["operation"] for entry in emulator.ok("GET", "/strays?operation=b")["entries"]]

    def test_the_control_api_is_not_in_the_journal(self, emulator: Emulator) -> None:
        """What is asked of the control API is no exchange of a tenant."""
        emulator.ok("GET", "/tenant")
        assert (0, 0) == (len(emulator.main.journal), len(emulator.world.strays))


class TestInvariants:
    def test_nothing_is_broken(self, emulator: Emulator) -> None:
        """At first there is no breach, and every invariant is told."""
        assert {"violations": [], "count": 0, "checked": dict(INVARIANTS)} == emulator.ok("GET", "/invariants")

    def test_a_breach_shows(self, emulator: Emulator) -> None:
        """A record that finance exports by hand is one, for its tenant alone."""
        record_id = emulator.record_ids()[0]
        emulator.ok("PATCH", f"/records/{record_id}", {"review_status": "EXPORTED"})
        found = emulator.ok("GET", "/invariants")
        breach = {"invariant": "exported_unreported", "at": "2026-07-01T12:00:00Z", "record": record_id}
        assert ([breach], 1) == (found["violations"], found["count"])
        assert 0 == emulator.ok("GET", "/invariants?tenant=globex")["count"]


class TestSecrets:
    def test_no_secret_is_shown(self, emulator: Emulator) -> None:
        """After tokens were made, used, refreshed and revoked, no listing and no journal holds any of them."""
        world, files = emulator.world, "http://files.test"
        world.file_url = files
        emulator.app = build_apps(world).api
        made = emulator.ok("POST", "/tenants", {"name": "initech", "records": 3}, status=201)["credentials"]
        grant = emulator.ok("POST", "/grants?tenant=initech")
        secrets = {made["client_secret"], made["refresh_token"], made["user_token"]}
        secrets |= {grant["access_token"], grant["refresh_token"]}
        client = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
        form = {"grant_type": "refresh_token", "refresh_token": made["refresh_token"], **client}
        renewed = emulator.send_plain("POST", "/oauth2/default/v1/token", data=form).json()
        secrets |= {renewed["access_token"], renewed["refresh_token"]}
        query = {
            "response_type": "code",
            "client_id": made["client_id"],
            "redirect_uri": world.issuer.redirect_uris[0],
            "scope": "accounting.record.read",
            "state": "123456789",
            "login_hint": "initech",
        }
        answer = emulator.send_plain("GET", "/oauth2/default/v1/authorize", params=query)
        secrets.add(dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"])
        bearer = {"authorization": f"Bearer {made['user_token']}"}
        for path in ("/v3/accounting/records", "/v1/webhooks/secrets", "/v2/company"):
            assert 200 == emulator.send_plain("GET", path, headers=bearer).status_code
        secrets |= {secret for secret, _ in world.tenant("initech").webhook_secrets}
        revoked = emulator.send_plain(
            "POST", "/oauth2/default/v1/revoke", data={"token": renewed["refresh_token"], **client}
        )
        assert 200 == revoked.status_code
        journal = emulator.send("GET", "/journal?tenant=initech")
        assert 6 == len(journal.json()["entries"])
        shown = [journal, *(emulator.send("GET", path) for path in ("/health", "/tenants", "/strays", "/"))]
        shown += [emulator.send("GET", f"{path}?tenant=initech") for path in ("/tenant", "/faults", "/invariants")]
        assert [] == [secret for secret in secrets for answer in shown if secret in answer.text]


def _values(line: Any, field: str) -> list[str]:
    return [
        value["brex_field_value_id"] for value in line["accounting_field_values"] if value["brex_field_id"] == field
    ]


# ---- arbitrary bodies -----------------------------------------------------------------------------------------------

# Numbers that would make very many records are left out: they are right, and slow.
NUMBERS = st.integers(-3, 40) | st.integers(min_value=2**20) | st.integers(max_value=-1) | st.floats(allow_nan=False)
NAMES = sorted(
    {name for each in ENDPOINTS if isinstance(each.body, type) for name in getattr(each.body, "__struct_fields__", ())}
    | {"brex_field_id", "brex_field_value_id", "remote_field_value_id", "line_item_id"}
    | {field.name for field in attrs.fields(Fault)}
    | set(VARIANTS)
    | {"self"}
)
WORDS = sorted(
    {*REVIEW_STATUSES, *EFFECTS, *SCOPES, "main", "globex", "x", "snapshot_1", "before", "after"}
    | {"2026-08-01T00:00:00Z", "2026-08-01T00:00:00", "9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00"}
    | {value for variant in VARIANTS.values() for value in variant.values}
)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(WORDS)


def _containers(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(NAMES) | st.text(max_size=4)
    return st.lists(values, max_size=4) | st.dictionaries(keys, values, max_size=5)


BODIES = st.recursive(LEAVES, _containers, max_leaves=12)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any]:
    """A request to a path that takes a body: anything at all, or the members that it knows with any values."""
    endpoint = draw(st.sampled_from([each for each in ENDPOINTS if each.body is not None]))
    names = list(getattr(endpoint.body, "__struct_fields__", ()))
    if endpoint.path == "/variants":
        names = list(VARIANTS)
    if endpoint.path == "/faults":
        names = [field.name for field in attrs.fields(Fault)]
    known = st.dictionaries(st.sampled_from(names), LEAVES | BODIES, max_size=4) if names else st.just({})
    body = draw(known | BODIES)
    return endpoint.method, endpoint.path, body


class TestArbitraryBodies:
    @given(requests())
    @example(("POST", "/clock", {"freeze": True, "advance": 3_153_600_000, "scale": -1}))
    @example(("POST", "/faults", [{"effect": "drop"}, {"effect": "status", "retry_after": "x"}]))
    @example(("PATCH", "/variants", {"limit": "refused", "self": "x"}))
    @example(("PATCH", "/records/{id}", {"review_status": "REVIEW", "recode": {"brex_field_id": "x"}}))
    def test_it_is_taken_or_refused_whole(self, request: tuple[str, str, Any]) -> None:
        """Whatever JSON comes: no answer is a 5xx, a refusal has changed nothing, and all can be shown after."""
        emulator = Emulator()
        method, path, body = request
        path = path.replace("{id}", emulator.record_ids()[0])
        before = emulator.state()
        answer = emulator.send(method, path, body)
        assert answer.status_code in (200, 201, 400, 404), answer.text
        if answer.status_code >= 400:
            assert before == emulator.state()
            assert answer.json()["error"]
        for shown in ("/tenants", "/tenant", "/records", "/faults", "/clock", "/variants", "/limit", "/invariants"):
            emulator.ok("GET", shown)
        for record_id in emulator.record_ids()[:1]:
            emulator.ok("GET", f"/records/{record_id}")
