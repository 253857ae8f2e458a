"""Doctor's look at Prefect: whether its server answers, and its schedules fire when the settings say so."""

import os
from datetime import UTC, datetime, timedelta

import httpx

from raspi_agent.finding import Finding, fault, ok, warning
from tasks.prefect_auth import prefect_auth
from tasks.settings import Settings
from tasks.watching.wording import local

LATE = timedelta(minutes=2)
PATIENCE_S = 10.0
UP = "Start everything with: smartmeter up"
AGAIN = "smartmeter up takes its times when it starts: start it again."
DEAF = "Try again in a few minutes; if it stays so, end what listens there: `ss -ltnp` shows its process."
REFUSALS = {
    401: (
        "asks for another user and password",
        "Put its user:password into PREFECT_API_AUTH_STRING, or into secrets/prefect-auth.",
    ),
    404: ("knows no deployment ingest/home", f"Where it has just begun, wait a minute. {UP}"),
}


def examine_prefect(settings: Settings, patience_s: float = PATIENCE_S) -> Finding:
    """Whether the Prefect server answers and its schedules fire.

    Args:
        settings: Of the installation.
        patience_s: How long each answer may take.
    """
    address = os.environ["PREFECT_API_URL"]
    try:
        with httpx.Client(base_url=address, timeout=patience_s, auth=prefect_auth()) as client:
            deployment = client.get("/deployments/name/ingest/home")
            if refusal := REFUSALS.get(deployment.status_code):
                return fault("prefect", f"{address} {refusal[0]}", refusal[1])
            deployment.raise_for_status()
            ingest = deployment.json()
            active = [each["active"] for each in ingest["schedules"]]
            is_paused = ingest["paused"] or (bool(active) and not any(active))
            scheduled, otherwise = _due(client, ingest["id"]), _otherwise(client, settings)
    except (httpx.HTTPError, ValueError, KeyError) as error:
        remedy = DEAF if isinstance(error, httpx.ReadTimeout) else UP
        return fault("prefect", f"{address} does not answer as Prefect does ({type(error).__name__})", remedy)
    if is_paused:
        return warning("prefect", "ingest/home or its schedule is paused", "Resume it in the Prefect UI.")
    due = [at for at in scheduled if at > datetime.now(UTC) - LATE]
    is_on_demand = not active and not settings.schedule.ingest
    if not due and not is_on_demand:
        return fault("prefect", "no run of ingest/home is scheduled", "Restart smartmeter up; see its log.")
    if late := len(scheduled) - len(due):
        return fault("prefect", f"{late} runs of ingest/home are late: nobody runs them", UP)
    when = f"the next ingest is due {local(min(due), UTC)} UTC" if due else "ingest/home runs on demand"
    return (
        warning("prefect", f"{when}; the settings have other times for {', '.join(otherwise)}", AGAIN)
        if otherwise
        else ok("prefect", f"{address} answers; {when}")
    )


def _due(client: httpx.Client, deployment_id: str) -> list[datetime]:
    """When the runs of a deployment are due that wait."""
    wanted = {
        "deployments": {"id": {"any_": [deployment_id]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    answer = client.post("/flow_runs/filter", json=wanted)
    answer.raise_for_status()
    return [datetime.fromisoformat(each["expected_start_time"]) for each in answer.json()]


def _otherwise(client: httpx.Client, settings: Settings) -> list[str]:
    """The deployments whose times are not those of the settings; one that is not served yet has none."""
    found = []
    for name, cron in settings.schedule:
        deployment = f"{name.replace('_', '-')}/home"
        answer = client.get(f"/deployments/name/{deployment}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            continue
        answer.raise_for_status()
        crons = {each["schedule"].get("cron") for each in answer.json()["schedules"]}
        if crons != {cron} - {""}:
            found.append(deployment)
    return found
