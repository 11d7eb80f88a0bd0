"""One run of Schemathesis against a running emulator, and what was seen in it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from schemathesis.core.failures import FailureGroup
from schemathesis.engine import Status, StopReason, events, from_schema
from schemathesis.engine.recorder import CaseNode, Interaction, ScenarioRecorder
from schemathesis.engine.run import PhaseName
from schemathesis.generation.meta import REQUEST_SHAPE_PROBES, coverage_scenario
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.schemas import BaseSchema

from brex_accounting.emulator import World, serve_in_thread
from brex_accounting.emulator.issuer.scopes import API_SCOPES
from brex_accounting.emulator.world import DEFAULT_TENANT

from .documents import operations
from .refusals import REFUSALS
from .settings import STRANGER, Budget, load, make_world

_MOST_FURTHER_RUNS = 20
"""How often the stateful phase is begun again after it ended before its time."""


@dataclass
class Campaign:
    """What was seen in one run.

    Args:
        name: The document.
        seed: Its seed.
        cases: How many cases were answered, by phase.
        sequences: How many sequences of requests there were in the stateful phase.
        exchanges: How many requests the emulator has noted in its journals.
        statuses: How often each operationId answered with each status.
        checks: How often each check passed judgement.
        links: How often an answer of 200 came to a request that was made from an earlier answer, by the two
            operationIds.
        strangers: How many requests the second account made for what is the first one's.
        findings: What is wrong, for people to read.
    """

    name: str
    seed: int
    cases: Counter[str] = field(default_factory=Counter)
    sequences: int = 0
    exchanges: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    links: Counter[tuple[str, str]] = field(default_factory=Counter)
    strangers: int = 0
    findings: list[str] = field(default_factory=list)


def run(name: str, budget: Budget, folder: Path) -> Campaign:
    """Run all phases of Schemathesis for one document against an emulator of its own.

    Args:
        name: The document.
        budget: How much is tried.
        folder: Where to put files.
    """
    world = make_world(budget.records)
    with serve_in_thread(world, whole=True) as server, httpx.Client(base_url=server.control_url) as control:
        start = _snapshot(control)
        schema = load(name, server.base_url, world, budget, folder)
        campaign = Campaign(name, schema.config.seed)
        observer = _Observer(campaign, world)
        logging.getLogger().addHandler(observer)
        try:
            _execute(schema, control, observer)
            for further in range(1, _MOST_FURTHER_RUNS):
                if not 0 < campaign.sequences < budget.scenarios:
                    break
                _restore(control, start)
                schema = load(name, server.base_url, world, budget, folder)
                schema.config.seed = campaign.seed + further
                schema.config.phases.update(phases=["examples", "stateful"])  # the first gives the second its ids
                _execute(schema, control, observer)
            _try_tokens(campaign, schema, world)
        finally:
            logging.getLogger().removeHandler(observer)
    campaign.exchanges = sum(len(journal) for journal in (world.strays, *(t.journal for t in world.tenants.values())))
    campaign.findings += [str(bug) for bug in world.bugs]
    return campaign


def _execute(schema: BaseSchema, control: httpx.Client, observer: _Observer) -> None:
    """Run the phases that are on; every sequence of the stateful one finds the account as the first one found it.

    A sequence that comes again must be answered again as it was, or Hypothesis sees a mistake in the test, and
    Schemathesis ends the phase without a word. It happens all the same: of several ids it takes what it took least.
    """
    build = schema.build_state_machine

    def build_afresh(**given: Any) -> type[APIStateMachine]:
        start = _snapshot(control)

        class Afresh(build(**given)):
            def __init__(self) -> None:
                _restore(control, start)
                super().__init__()

        return Afresh

    schema.build_state_machine = build_afresh
    for event in from_schema(schema).execute():
        observer.see(event)


def _snapshot(control: httpx.Client) -> Any:
    return control.post("/snapshot").raise_for_status().json()


def _restore(control: httpx.Client, snapshot: Any) -> None:
    control.post("/restore", json=snapshot).raise_for_status()


def _try_tokens(campaign: Campaign, schema: BaseSchema, world: World) -> None:
    """Call each operation without a token, with a wrong one, and with one that lacks the scopes."""
    nodes = {(method, path): node for method, path, node in operations(campaign.name)}
    for found in schema.get_all_operations():
        operation = found.ok()
        node = nodes[operation.method.upper(), operation.path]
        asked = {scope for choice in node.get("security", ()) for scopes in choice.values() for scope in scopes}
        weak = world.issuer.user_token(DEFAULT_TENANT, scopes=sorted(set(API_SCOPES) - asked))
        attempts = [(401, {}), (401, {"Authorization": "Bearer bxt_wrong"})]
        attempts += [(403, {"Authorization": f"Bearer {weak}"})] if asked else []
        for expected, headers in attempts:
            case = operation.Case(path_parameters={parameter.name: "any" for parameter in operation.path_parameters})
            response = case.call(headers=headers)
            campaign.cases["tokens"] += 1
            campaign.statuses[node["operationId"], response.status_code] += 1
            if response.status_code != expected:
                campaign.findings.append(f"{operation.label}: {response.status_code} instead of {expected}")
            try:
                case.validate_response(response)
            except FailureGroup as failures:
                campaign.findings.append(str(failures))


class _Observer(logging.Handler):
    """Notes what the events of a run say, and every error that is logged meanwhile.

    Args:
        campaign: Where to.
        world: What the emulator serves.
    """

    def __init__(self, campaign: Campaign, world: World) -> None:
        super().__init__(logging.ERROR)
        self._campaign = campaign
        self._ids = {f"{method} {path}": node["operationId"] for method, path, node in operations(campaign.name)}
        self._tokens = {tenant: f"Bearer {world.issuer.user_token(tenant)}" for tenant in world.tenants}

    def emit(self, record: logging.LogRecord) -> None:
        self._campaign.findings.append(f"logged: {self.format(record)}")

    def see(self, event: events.EngineEvent) -> None:
        """Note one event."""
        campaign = self._campaign
        match event:
            case events.ScenarioFinished():
                for case_id, interaction in event.recorder.interactions.items():
                    self._see_answer(event.phase.value, event.recorder.cases[case_id], interaction)
                self._see_checks(event.recorder)
                campaign.sequences += event.phase is PhaseName.STATEFUL_TESTING
            case events.PhaseFinished() if event.status not in (Status.SUCCESS, Status.FAILURE, Status.SKIP):
                campaign.findings.append(f"{event.phase.name} ended with {event.status}")
            case events.NonFatalError():
                campaign.findings.append(f"{event.label}: {event.info.format()}")
            case events.FatalError():
                raise event.exception
            case events.SchemaAnalysisWarnings():
                campaign.findings += [repr(warning) for warning in event.warnings]
            case events.EngineFinished():
                campaign.findings += [str(failure) for failure in event.failures]
                if event.stop_reason is not StopReason.COMPLETED:
                    campaign.findings.append(f"the run ended early: {event.stop_reason}")

    def _see_answer(self, phase: str, node: CaseNode, interaction: Interaction) -> None:
        campaign, case, response = self._campaign, node.value, interaction.response
        operation = self._ids[case.operation.label]
        if response is None:
            campaign.findings.append(f"{operation}: no answer to {case.as_curl_command()}")
            return
        status = response.status_code
        campaign.cases[phase] += 1
        campaign.statuses[operation, status] += 1
        sent = (interaction.request.headers.get("Authorization") or [""])[0]
        if sent == self._tokens[STRANGER]:
            campaign.strangers += 1
            if status == 200 and case.path_parameters:
                campaign.findings.append(f"{operation} gave the second account what the first one has")
        if status == 200 and node.transition is not None and node.is_transition_applied:
            campaign.links[tuple(self._ids[label] for label in node.transition.id.split(" -> ")[::2])] += 1
        if status != 405 and (status == 401) != (sent not in self._tokens.values()):
            campaign.findings.append(
                f"{operation} answered {status} to {'a wrong' if status != 401 else 'a good'} token"
            )
        message = _message(response.content)
        if status != 200 and _is_valid(node) and not any(r.explains(operation, status, message) for r in REFUSALS):
            campaign.findings.append(f"{operation} refused a valid request with {status}, {message!r}")

    def _see_checks(self, recorder: ScenarioRecorder) -> None:
        for case_id, checks in recorder.checks.items():
            for check in checks:
                self._campaign.checks[check.name] += 1
                if check.failure_info is not None:
                    response = recorder.interactions[case_id].response
                    body = b"" if response is None else response.content[:500]
                    failure, code = check.failure_info.failure, check.failure_info.code_sample
                    self._campaign.findings.append(f"{check.name}: {failure.message}\n{code}\n{body!r}")


def _is_valid(node: CaseNode) -> bool:
    """Whether a request fits the schema; one that a check has derived need not."""
    case = node.value
    derived = node.parent_id is not None and node.transition is None
    return (
        not derived
        and case.meta is not None
        and case.meta.generation.mode.is_positive
        and coverage_scenario(case) not in REQUEST_SHAPE_PROBES
    )


def _message(body: bytes) -> str:
    """What an error says; all of it where it is not the JSON that it should be."""
    try:
        value = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    return str(value.get("message")) if isinstance(value, dict) else ""


__all__ = ["Campaign", "run"]
