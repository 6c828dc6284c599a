"""The courses of a gateway: why they wait, and deciding on what is held."""

import json
from typing import Annotated, Any

import typer

from gateway.domain.courses import CourseState
from kasari.doors import Door, gateway_door
from kasari.options import AsJson, Centre, Gateways
from kasari.tables import print_table

Course = Annotated[int, typer.Argument(help="The course's id.")]
Plan = Annotated[str, typer.Option(help="The plan, as `course` names it.")]


def courses(
    *,
    centre: Centre = "",
    state: Annotated[CourseState | None, typer.Option(help="Only this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 500,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """Courses and why they wait. Example: kasari gateway courses --centre KUH --state held"""
    asked = {"limit": limit, "offset": offset} | ({"state": state.value} if state else {})
    told = gateway_door(centre, where).json("GET", "/api/v1/courses", params=asked)
    if len(told) == limit:
        typer.echo(f"there may be more: --offset {offset + limit}", err=True)
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
        *_decided(told),
        *((f"plan {one['plan']}", _goes(one, told["left_out"])) for one in told["plans"]),
        *((f["severity"], f"{f['code']}: {f['text']}") for f in told["findings"]),
        *(("revises", _other_plan(link)) for link in told["revises"]),
        *(("revised by", _other_plan(link)) for link in told["revised_by"]),
    ]
    print_table((f"course {course}", ""), rows)


def _decided(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Say what a person decided of the course as a whole."""
    words = (("released", told["release"]), ("refused", told["refusal"]))
    return [
        (word, f"on {said['on']} ({said['by']}): {said['comment']}") for word, said in words if said
    ]


def _goes(plan: dict[str, Any], left_out: list[dict[str, Any]]) -> str:
    """Say whether a plan goes with its course, and if not, why and with how much else."""
    apart = next((one for one in left_out if one["plan"] == plan["plan"]), None)
    if apart is None:
        return "sent" if plan["sent"] else "goes with the course"
    why = texts(apart["reasons"]) or f"left out: {apart['decided']['comment']}"
    return f"kept apart with {apart['instances'] - 1} others ({why})"


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


def leave_out(
    course: Course,
    *,
    plan: Plan,
    centre: Centre = "",
    comment: Annotated[str, typer.Option(help="Why it stays; name nobody in it.")],
    where: Gateways = None,
) -> None:
    """Keep one plan, and what hangs on it, here; the rest of its course goes without it.

    Example: kasari gateway leave-out 3 --plan 2.25.1 --centre KUH --comment "of another study"
    """
    _decide_on_plan("leave-out", course, plan, comment, gateway_door(centre, where))


def take_in(
    course: Course,
    *,
    plan: Plan,
    centre: Centre = "",
    comment: Annotated[str, typer.Option(help="Why it may go; name nobody in it.")],
    where: Gateways = None,
) -> None:
    """Send a plan that is kept apart, with what hangs on it, as part of its course.

    Example: kasari gateway take-in 3 --plan 2.25.1 --centre KUH --comment "it was treated"
    """
    _decide_on_plan("take-in", course, plan, comment, gateway_door(centre, where))


def _decide_on_plan(how: str, course: int, plan: str, comment: str, door: Door) -> None:
    body = {"plan": plan, "comment": comment}
    told = door.json("POST", f"/api/v1/courses/{course}/{how}", json=body)
    kept = len(told["left_out"])
    typer.echo(f"course {course} is {told['state']}; plans kept apart: {kept}")


def recheck(centre: Centre = "", where: Gateways = None) -> None:
    """Ask the archive whether it still holds what was delivered; what it lost goes again.

    A withdrawal that it has no record of, because an older backup was put back, is told again.

    Example: kasari gateway recheck --centre KUH
    """
    told = gateway_door(centre, where).json("POST", "/api/v1/archive/recheck")
    typer.echo(
        f"{told['delivered']} courses delivered, {told['sent_again']} of them go again; "
        f"{told['withdrawals_again']} withdrawals are told again"
    )


def texts(reasons: list[dict[str, str]]) -> str:
    return "; ".join(reason["text"] for reason in reasons)
