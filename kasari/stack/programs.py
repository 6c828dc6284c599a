"""Every process of a stack: what it is started with, and how it is asked whether it works."""

import hashlib
import json
import sys
from pathlib import Path

from kasari.setup import ROOT, OrthancProgram
from kasari.stack.health import Probe
from kasari.stack.layout import Layout
from kasari.stack.process import Program
from kasari.stack.settings import GATEWAY_USER, HARMONIZER_USER, Writer, url


def process_names(centres: tuple[str, ...]) -> list[str]:
    """In the order in which they are started."""
    names = ["harmonizer", "orthanc-archive"]
    for centre in centres:
        names += [f"orthanc-{centre}", f"gateway-{centre}"]
    return names


def programs(
    writer: Writer, centres: tuple[str, ...], orthanc: OrthancProgram, packages: Path
) -> list[Program]:
    layout = writer.layout
    gateways = {name: writer.gateway(name) for name in centres}
    orthancs = {"archive": writer.archive_orthanc()}
    orthancs |= {name: writer.site_orthanc(name) for name in centres}
    harmonizer = writer.harmonizer(centres)
    # only now is every secret there, and what is started for which is known
    files = [harmonizer, *_files(layout.secrets)]
    found = [_service(layout, "harmonizer", "harmonizer", files)]
    for name, config in orthancs.items():
        secrets = _files(layout.secret(name))
        found.append(_orthanc(layout, f"orthanc-{name}", orthanc, packages, config, secrets))
    for name, config in gateways.items():
        files = [config, *_files(layout.secret(name))]
        found.append(_service(layout, f"gateway-{name}", "gateway", files))
    return found


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _service(layout: Layout, name: str, module: str, files: list[Path]) -> Program:
    """`files`: the settings, then whatever else it must be started anew for."""
    command = [sys.executable, "-m", module, "serve", "--config", str(files[0])]
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        # fewer heaps for threads: a service's memory stays near what it uses
        "MALLOC_ARENA_MAX": "2",
    }
    return _program(layout, name, command, environment, files)


def _orthanc(
    layout: Layout,
    name: str,
    orthanc: OrthancProgram,
    packages: Path,
    config: Path,
    secrets: list[Path],
) -> Program:
    environment = {**orthanc.environment, "PYTHONPATH": f"{ROOT}:{packages}"}
    files = [*_files(config), *sorted(config.parent.glob("plugin.json")), *secrets]
    return _program(layout, name, [*orthanc.command, str(config)], environment, files)


def _program(
    layout: Layout, name: str, command: list[str], environment: dict[str, str], files: list[Path]
) -> Program:
    digest = hashlib.sha256(json.dumps([command, environment]).encode())
    for path in files:
        digest.update(path.read_bytes())
    return Program(
        name, command, environment, digest.hexdigest(), layout.log(name), layout.pid(name)
    )


def probes(layout: Layout, ports: dict[str, int], centres: tuple[str, ...]) -> dict[str, Probe]:
    """An Orthanc is asked through its plugin: without that one it must not count as running."""
    found = {
        "harmonizer": Probe(f"{url(ports['harmonizer'])}/health"),
        "orthanc-archive": Probe(
            f"{url(ports['orthanc-archive'])}/kasari/admission",
            HARMONIZER_USER,
            layout.secret("archive", "orthanc.password"),
        ),
    }
    for name in centres:
        found[f"gateway-{name}"] = Probe(f"{url(ports[f'gateway-{name}'])}/health")
        found[f"orthanc-{name}"] = Probe(
            f"{url(ports[f'orthanc-{name}'])}/kasari/admission",
            GATEWAY_USER,
            layout.secret(name, "orthanc.password"),
            ("open", True),  # the plugin has heard from the gateway who may be stored
        )
    return found
