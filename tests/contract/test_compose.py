"""The deployments: valid compose files, nothing they name is missing, no Orthanc is reachable.

The images themselves are not built here.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gateway.config import load_settings
from harmonizer.adapters.seals import CentreSeals
from harmonizer.config import load_settings as load_harmonizer_settings
from harmonizer.errors import ConfigError
from plugins.site_config import read_settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "compose"
FILES = ("site.yml", "archive.yml", "dev.yml")
SCHEMA = json.loads((Path(__file__).parent / "compose/compose-spec.json").read_text("utf-8"))
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")
ONE_PORT = re.compile(r"^(?:(?P<address>[\d.]+):)?(?P<host>\d+):(?P<inside>\d+)$")


class Loader(yaml.SafeLoader):
    """Compose's own tags, `!override` and `!reset`, beside YAML's."""


def _plain(loader: Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor("!override", _plain)
Loader.add_constructor("!reset", _plain)


def load(name: str) -> dict[str, Any]:
    text = (COMPOSE / name).read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader)  # noqa: S506 - derived from SafeLoader
    return loaded


def filled(text: str) -> str:
    """With the default of every variable, or `value` where there must be one."""
    return VARIABLE.sub(lambda m: m[3] if m[2] == "-" else "value", text)


def merged(*folders: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.json"))):
        for key, value in json.loads(path.read_text("utf-8")).items():
            assert key not in values, f"{key} has two homes, and Orthanc would not start"
            values[key] = value
    return values


@pytest.mark.parametrize("name", FILES)
def test_a_compose_file_is_valid(name: str) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(load(name))


def test_the_schema_notices_a_mistake() -> None:
    wrong = load("site.yml")
    wrong["services"]["gateway"]["port"] = ["8010:8010"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate(wrong)


@pytest.mark.parametrize("name", FILES)
def test_everything_that_a_service_names_is_there(name: str) -> None:
    loaded = load(name)
    volumes, secrets, networks = (
        set(loaded.get(k, {})) for k in ("volumes", "secrets", "networks")
    )
    for service in loaded["services"].values():
        if "build" in service:
            assert (COMPOSE / service["build"]["context"] / service["build"]["dockerfile"]).exists()
        if "extends" in service:
            assert service["extends"]["service"] in load(service["extends"]["file"])["services"]
        for volume in service.get("volumes", ()):
            source = filled(volume).split(":")[0]
            assert (COMPOSE / source).exists() if source.startswith("./") else source in volumes
        for secret in service.get("secrets", ()):
            assert (secret if isinstance(secret, str) else secret["source"]) in secrets
        assert set(service.get("networks", ())) - {"default"} <= networks


@pytest.mark.parametrize("name", FILES)
def test_no_http_port_of_an_orthanc_is_published(name: str) -> None:
    for service_name, service in load(name)["services"].items():
        if "orthanc" not in service_name:
            continue
        ports = [ONE_PORT.match(filled(port)) for port in service.get("ports", ())]
        assert all(port and port["inside"] == "4242" for port in ports)


@pytest.mark.parametrize("name", FILES)
def test_what_is_published_without_a_wish_is_published_on_loopback_only(name: str) -> None:
    for service_name, service in load(name)["services"].items():
        if service_name == "proxy":
            continue
        for port in service.get("ports", ()):
            match = ONE_PORT.match(filled(port))
            assert match
            assert match["address"] == "127.0.0.1"


def test_every_container_is_confined() -> None:
    for name in ("site.yml", "archive.yml"):
        for service_name, service in load(name)["services"].items():
            assert service["security_opt"] == ["no-new-privileges:true"], service_name
            if service_name == "postgres":  # its entry point changes owners and user
                continue
            assert service["read_only"] is True, service_name
            assert service["cap_drop"] == ["ALL"], service_name
            if service_name == "proxy":
                assert service["cap_add"] == ["NET_BIND_SERVICE"]
            else:
                assert service["user"].startswith("${KASARI_UID"), service_name
    for dockerfile in COMPOSE.glob("Dockerfile.*[!e]"):
        assert "\nUSER 1000\n" in dockerfile.read_text("utf-8"), dockerfile.name


def test_the_proxy_lets_through_what_the_service_takes() -> None:
    """An object between two limits would be refused for good, and by whom nobody would see."""
    settings = load_harmonizer_settings(COMPOSE / "archive/harmonizer.yml")
    given = re.search(r"max_size (\d+)MB", (COMPOSE / "archive/Caddyfile").read_text("utf-8"))
    assert given
    assert int(given[1]) * 10**6 > settings.largest_instance_mb * 2**20


def test_orthanc_sends_small_packets_at_once() -> None:
    assert "TCP_NODELAY=1" in (COMPOSE / "Dockerfile.orthanc").read_text("utf-8")
    for name, service in (("site.yml", "site-orthanc"), ("archive.yml", "archive-orthanc")):
        assert load(name)["services"][service]["environment"]["TCP_NODELAY"] == "1"


def test_images_are_pinned() -> None:
    images = [s["image"] for name in FILES for s in load(name)["services"].values() if "image" in s]
    for dockerfile in COMPOSE.glob("Dockerfile.*[!e]"):
        images += re.findall(r"^FROM (\S+)", dockerfile.read_text("utf-8"), re.MULTILINE)
    assert len(images) >= 4
    assert all(re.search(r":\d+[\w.-]*$", image) for image in images), images


def test_every_variable_is_explained() -> None:
    used = {m[1] for name in FILES for m in VARIABLE.finditer((COMPOSE / name).read_text("utf-8"))}
    lines = (COMPOSE / ".env.example").read_text("utf-8").splitlines()
    told = {line.split("=")[0] for line in lines if line and not line.startswith("#")}
    assert used == told


@pytest.mark.parametrize(("side", "user"), [("site", "gateway"), ("archive", "harmonizer")])
def test_orthanc_reads_one_whole_configuration(side: str, user: str, tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text(json.dumps({"RegisteredUsers": {user: "x"}}), "utf-8")
    shutil.copy(COMPOSE / side / "orthanc.json", tmp_path)
    if side == "site":
        shutil.copy(COMPOSE / "site/senders.example.json", tmp_path)
    values = merged(ROOT / "orthanc/common", ROOT / "orthanc" / side, tmp_path)
    assert values["AuthenticationEnabled"] is True
    inside = values["Python"]["Path"].replace("/opt/kasari", str(ROOT))
    assert Path(inside).exists()
    assert all(plugin.endswith(".so") for plugin in values["Plugins"])


@pytest.mark.parametrize("path", ["site/gateway.yml", "dev/gateway.yml"])
def test_the_gateway_reads_its_settings(path: str) -> None:
    settings = load_settings(COMPOSE / path)
    assert str(settings.root_key_file) == "/run/secrets/root.key"


@pytest.mark.parametrize("path", ["archive/harmonizer.yml", "dev/harmonizer.yml"])
def test_the_harmonizer_reads_its_settings(path: str) -> None:
    assert load_harmonizer_settings(COMPOSE / path).listen.port == 8020


@pytest.mark.parametrize("path", ["archive/harmonizer.yml", "dev/harmonizer.yml"])
def test_a_key_that_was_forgotten_stops_the_harmonizer(path: str) -> None:
    settings = load_harmonizer_settings(COMPOSE / path)
    with pytest.raises(ConfigError, match="centres: KUH: public_key"):
        CentreSeals({centre.name: centre.public_keys for centre in settings.centres})


def test_the_plugin_reads_its_settings() -> None:
    settings = read_settings(COMPOSE / "site/plugin.json")
    assert settings.site_keys_file == Path("/run/secrets/site-keys.json")


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    script = tmp_path / "secrets.sh"
    shutil.copy(COMPOSE / "secrets.sh", script)

    def made() -> dict[str, bytes]:
        for side in ("site", "archive"):
            subprocess.run([str(script), side], check=True)
        files = [p for p in (tmp_path / "secrets").rglob("*") if p.is_file()]
        assert all(path.stat().st_mode & 0o077 == 0 for path in files)
        return {str(path.relative_to(tmp_path)): path.read_bytes() for path in files}

    first = made()
    assert made() == first
    named = {s["file"].removeprefix("./") for n in FILES for s in load(n)["secrets"].values()}
    assert named <= set(first)
    assert len(first["secrets/site/root.key"]) == 32
    users = json.loads(first["secrets/site/orthanc-users.json"])["RegisteredUsers"]
    assert users["gateway"].encode() == first["secrets/site/orthanc.password"]
