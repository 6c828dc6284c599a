"""The courses of a gateway: why they wait, and deciding on what is held."""

import json
from typing import Annotated, Any

import typer

from kasari.doors import gateway_door
from kasari.options import AsJson, Centre, Gateways
from kasari.tables import print_table

Course = Annotated[int, typer.Argument(help="The course's id.")]


def courses(
    *,
    centre: Centre = "",
    state: Annotated[str | None, typer.Option(help="Only this state, e.g. held.")] = None,
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """Courses and why they wait. Example: kasari gateway courses --centre KUH --state held"""
    query = f"?state={state}" if state else ""
    told = gateway_door(centre, where).json("GET", f"/api/v1/courses{query}")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [(c["id"], c["state"], c["version"], c["instances"], texts(c["reasons"])) for c in told]
    print_table(("id", "state", "version", "instances", "why it waits"), rows)


def course(
    course: Course,
    *,
    centre: Centre = "",
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """One course: why it waits, what was found, which plans revise which, what was sent.

    Example: kasari gateway course 3 --centre KUH
    """
    told = gateway_door(centre, where).json("GET", f"/api/v1/courses/{course}")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    verified = sum(one["verified"] for one in told["sent"])
    rows = [
        ("state", told["state"]),
        ("name in the archive", told["course_uid"]),
        ("version", told["version"]),
        ("instances", told["instances"]),
        ("what has come", ", ".join(f"{c['instances']} {c['modality']}" for c in told["contents"])),
        ("sent and verified", f"{verified} of {len(told['sent'])}"),
        *(("why it waits", reason["text"]) for reason in told["reasons"]),
        *((f["severity"], f"{f['code']}: {f['text']}") for f in told["findings"]),
        *(("revises", _other_plan(link)) for link in told["revises"]),
        *(("revised by", _other_plan(link)) for link in told["revised_by"]),
    ]
    print_table((f"course {course}", ""), rows)


def _other_plan(link: dict[str, Any]) -> str:
    where = "a plan that has not come" if link["course"] is None else f"course {link['course']}"
    return f"{where} ({link['basis']})"


def release(
    course: Course,
    *,
    centre: Centre = "",
    comment: Annotated[str, typer.Option(help="Why it may go; name nobody in it.")],
    where: Gateways = None,
) -> None:
    """Let a held course go.

    Example: kasari gateway release 3 --centre KUH --comment "the other slices are lost"
    """
    path = f"/api/v1/courses/{course}/release"
    told = gateway_door(centre, where).json("POST", path, json={"comment": comment})
    typer.echo(f"course {course} is {told['state']}")


def refuse(
    course: Course,
    *,
    centre: Centre = "",
    comment: Annotated[str, typer.Option(help="Why it stays; name nobody in it.")],
    where: Gateways = None,
) -> None:
    """Keep a held course here for good.

    Example: kasari gateway refuse 3 --centre KUH --comment "a verification plan"
    """
    path = f"/api/v1/courses/{course}/refuse"
    told = gateway_door(centre, where).json("POST", path, json={"comment": comment})
    typer.echo(f"course {course} is {told['state']}")


def recheck(centre: Centre = "", where: Gateways = None) -> None:
    """Ask the archive whether it still holds what was delivered; what it lost goes again.

    Example: kasari gateway recheck --centre KUH
    """
    told = gateway_door(centre, where).json("POST", "/api/v1/archive/recheck")
    typer.echo(f"{told['delivered']} courses delivered, {told['sent_again']} of them go again")


def texts(reasons: list[dict[str, str]]) -> str:
    return "; ".join(reason["text"] for reason in reasons)
