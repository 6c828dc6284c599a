"""Every alert that the gateway can raise stands in the operator's table, and no other does."""

import ast
import re
from importlib import import_module
from pathlib import Path

from gateway.services.disk import FULL, UNKNOWN
from gateway.services.intake import ASIDE
from gateway.standstill import STANDSTILLS

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = {
    ("gateway.services.intake", "f'set-aside-{error.code}'"): {f"set-aside-{one}" for one in ASIDE},
    ("gateway.services.disk", "code"): {FULL, UNKNOWN},
    ("gateway.loops", "f'{name}{FAILING}'"): {f"{loop}-failing" for loop in STANDSTILLS},
}
"""What is no constant where it is raised: all that it can be."""


def raised() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "gateway").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "raise_alert":
                found |= codes(module, node.args[0])
    return found


def codes(module: str, said: ast.expr) -> set[str]:
    if isinstance(said, ast.Constant):
        return {str(said.value)}
    family = FAMILIES.get((module, ast.unparse(said)))
    if family is not None:
        return family
    assert isinstance(said, ast.Name), f"{module}: say in FAMILIES what {ast.unparse(said)} can be"
    return {getattr(import_module(module), said.id)}


def told() -> set[str]:
    page = (ROOT / "docs/gateway.md").read_text("utf-8")
    table = page.split("| Alert | Means | Do |")[1].split("\n\n")[0]
    return {code for row in table.splitlines() for code in re.findall("`([a-z-]+)`", first(row))}


def first(row: str) -> str:
    return row.split("|")[1] if row.count("|") > 1 else ""


def test_the_table_has_every_alert_and_no_other() -> None:
    assert raised() == told()
