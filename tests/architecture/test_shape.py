"""House limits: a function fits a screen, a module has one subject, names say what a thing does."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gateway", "harmonizer", "kasari", "plugins", "benchmarks")
FUNCTION_LINES = 40
MODULE_LINES = 400
BANNED = {"utils", "util", "helpers", "helper", "common", "misc", "core", "manager", "managers"}
MAY_READ_ENVIRONMENT = {"kasari/__main__.py"}

MODULES = [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def length(node: Function) -> int:
    """Lines of a function without its decorators and docstring."""
    body = node.body
    first = body[0]
    lines = (node.end_lineno or 0) - node.lineno + 1
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_functions_and_modules_stay_small(path: Path) -> None:
    source = path.read_text("utf-8")
    assert source.count("\n") <= MODULE_LINES, f"{identity(path)} has too many lines"
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, Function)]
    long = [f"{n.name} ({length(n)})" for n in functions if length(n) > FUNCTION_LINES]
    assert not long, f"{identity(path)}: {long}"


def test_no_banned_names() -> None:
    places = [p for package in PACKAGES for p in (ROOT / package).rglob("*")]
    assert not [identity(p) for p in places if p.stem.lower() in BANNED]


def test_the_folder_orthanc_holds_no_python() -> None:
    """A Python file there would shadow the module that Orthanc embeds."""
    assert not list((ROOT / "orthanc").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_only_the_entry_reads_the_environment(path: Path) -> None:
    if identity(path) in MAY_READ_ENVIRONMENT:
        return
    tree = ast.parse(path.read_text("utf-8"))
    reads = [
        n.lineno
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and n.attr in {"environ", "getenv"}
    ]
    assert not reads, f"{identity(path)} reads the environment in lines {reads}"
