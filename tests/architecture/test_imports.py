"""Who may import whom. The table is the documentation; the longest matching row wins.

The standard library is always allowed, except where `MUST_NOT_IN_DOMAIN` says otherwise.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gateway", "harmonizer", "kasari", "plugins")

WEB = {"fastapi", "starlette"}
STORE = {"sqlmodel", "sqlalchemy", "alembic"}

MAY_IMPORT: dict[str, set[str]] = {
    # shared by both sides: only what crosses the wire
    "gateway.contract": {"gateway.contract", "pydantic"},
    # hospital side
    "gateway.errors": {"gateway.contract"},
    # also read by the plugin, so it stays as small as what Orthanc loads
    "gateway.secret_files": {"gateway.errors"},
    "gateway.domain": {
        "gateway.domain",
        "gateway.contract",
        "gateway.errors",
        "pydicom",
        "cryptography",
    },
    # engine and checker share no code: an error in one must not be in the other
    "gateway.domain.checker": {"gateway.domain.checker", "gateway.contract", "pydicom"},
    "gateway.domain.deid": {
        "gateway.domain.deid",
        "gateway.domain.identity",
        "gateway.contract",
        "gateway.errors",
        "pydicom",
    },
    "gateway.data": {"gateway.data", "gateway.domain", "gateway.errors"},
    "gateway.ports": {"gateway.ports", "gateway.domain", "gateway.contract"},
    "gateway.services": {
        "gateway.services",
        "gateway.domain",
        "gateway.contract",
        "gateway.errors",
        "gateway.ports",
    },
    "gateway.adapters": {
        "gateway.adapters",
        "gateway.domain",
        "gateway.contract",
        "gateway.data",
        "gateway.errors",
        "gateway.ports",
        "cryptography",
        "httpx",
        "pydantic",
        "pydicom",
        "pynetdicom",
        "pyorthanc",
        *STORE,
    },
    "gateway.migrations": {"gateway.adapters.tables", "alembic", "sqlalchemy"},
    "gateway.config": {"gateway.errors", "gateway.domain", "pydantic", "yaml"},
    "gateway.api": {
        "gateway.api",
        "gateway.services",
        "gateway.domain",
        "gateway.contract",
        "gateway.errors",
        "pydantic",
        *WEB,
    },
    "gateway.web": {
        "gateway.web",
        "gateway.api",
        "gateway.services",
        "gateway.domain",
        "gateway.contract",
        "gateway.errors",
        "fastapi",
    },
    "gateway": {"gateway", "apscheduler", "fastapi", "uvicorn"},
    # what Orthanc loads
    "plugins": {
        "plugins",
        "gateway.contract",
        "gateway.domain",
        "gateway.data",
        "gateway.errors",
        "gateway.secret_files",
        "orthanc",
        "pydicom",
    },
    # national side
    "harmonizer.errors": set(),
    "harmonizer.domain": {"harmonizer.domain", "harmonizer.errors", "numpy"},
    "harmonizer.domain.nomenclature": {
        "harmonizer.domain.dose.structures",
        "harmonizer.domain.nomenclature",
        "numpy",
        "rapidfuzz",
    },
    "harmonizer.data": {"harmonizer.domain", "harmonizer.errors", "yaml"},
    "harmonizer.ports": {"harmonizer.domain", "gateway.contract"},
    "harmonizer.services": {
        "harmonizer.services",
        "harmonizer.domain",
        "harmonizer.errors",
        "harmonizer.ports",
        "gateway.contract",
    },
    "harmonizer.adapters": {
        "harmonizer.adapters",
        "harmonizer.domain",
        "harmonizer.data",
        "harmonizer.errors",
        "harmonizer.ports",
        "gateway.contract",
        "cryptography",
        "highdicom",
        "httpx",
        "numpy",
        "pyarrow",
        "pydantic",
        "pydicom",
        "yaml",
        *STORE,
    },
    "harmonizer.migrations": {"harmonizer.adapters.tables", "alembic", "sqlalchemy"},
    "harmonizer.config": {"harmonizer.errors", "pydantic", "yaml"},
    "harmonizer.api": {
        "harmonizer.api",
        "harmonizer.services",
        "harmonizer.domain",
        "harmonizer.errors",
        "gateway.contract",
        "pydantic",
        "python_multipart",
        *WEB,
    },
    "harmonizer.web": {
        "harmonizer.web",
        "harmonizer.api",
        "harmonizer.services",
        "harmonizer.domain",
        "harmonizer.errors",
        "gateway.contract",
        *WEB,
    },
    "harmonizer": {"harmonizer", "apscheduler", "fastapi", "uvicorn"},
    # the one command
    "kasari": {
        "kasari",
        "gateway",
        "harmonizer",
        "dicomweb_client",
        "httpx",
        "pydantic",
        "pydicom",
        "pynetdicom",
        "rich",
        "typer",
        "yaml",
    },
    "kasari.phantom": {"kasari.phantom", "numpy", "pydicom"},
}

MUST_NOT_IN_DOMAIN = {"os", "pathlib", "socket", "sqlite3", "subprocess", "time", "tempfile"}
"""A domain module touches no file, socket, clock, database or environment."""

MODULES = [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def under(row: str, name: str) -> bool:
    return name == row or name.startswith(row + ".")


def imported(source: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names.append(node.module or ".")
    return names


def row_of(module: str) -> str:
    return max((row for row in MAY_IMPORT if under(row, module)), key=len)


def violations(module: str, source: str) -> list[str]:
    allowed = MAY_IMPORT[row_of(module)]
    bad = []
    for name in imported(source):
        top = name.split(".")[0]
        if ".domain" in module and top in MUST_NOT_IN_DOMAIN:
            bad.append(name)
        elif top not in sys.stdlib_module_names and not any(under(row, name) for row in allowed):
            bad.append(name)
    return bad


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_package_may(path: Path) -> None:
    module = module_name(path)
    assert not violations(module, path.read_text("utf-8")), f"{module} imports what it may not"


def test_every_allowance_is_used() -> None:
    found: dict[str, set[str]] = {row: set() for row in MAY_IMPORT}
    for path in MODULES:
        found[row_of(module_name(path))].update(imported(path.read_text("utf-8")))
    unused = {
        row: idle
        for row, allowed in MAY_IMPORT.items()
        if (idle := {name for name in allowed if not any(under(name, f) for f in found[row])})
    }
    assert not unused


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("gateway.domain.courses", "import httpx"),
        ("gateway.domain.checker.objects", "from gateway.domain.deid import fold"),
        ("gateway.domain.deid.text", "from gateway.domain.checker import read_elements"),
        ("gateway.domain.courses", "from pathlib import Path"),
        ("gateway.adapters.archive", "import harmonizer.domain"),
        ("harmonizer.domain.dose", "import pydicom"),
        ("harmonizer.services.dose", "from gateway.domain import deid"),
        ("gateway.contract.manifest", "import numpy"),
    ],
)
def test_the_table_notices_a_planted_violation(module: str, source: str) -> None:
    assert violations(module, source)
