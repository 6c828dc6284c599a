"""What each process of a stack is told: gateway.yml, harmonizer.yml, Orthanc's folder of JSON."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from gateway.domain.identity import KeyRing
from kasari.errors import StackError
from kasari.setup import ROOT, OrthancProgram
from kasari.stack.layout import Layout, ensure_root_key, ensure_token, write_private
from kasari.stack.ports import LOOPBACK

PUSH_AET: Final = "KASARI_PUSH"
GATEWAY_USER: Final = "gateway"
HARMONIZER_USER: Final = "harmonizer"
ROLES: Final = ("admin", "curator", "researcher")
_AET_LENGTH = 16


def ae_title(centre: str) -> str:
    """By which the site Orthanc of a centre is called."""
    return f"KASARI_{centre}".upper()[:_AET_LENGTH]


def url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


@dataclass(frozen=True)
class Writer:
    """Writes settings for one stack. Paths are absolute, secrets stay in files of their own."""

    layout: Layout
    ports: dict[str, int]
    orthanc: OrthancProgram

    def gateway(self, centre: str) -> Path:
        """`gateway.yml`, with the secrets that it names."""
        secret, senders = self._secrets(centre), self._senders(centre)
        self._ring(centre)
        values = {
            "centre": centre,
            "data_folder": str(self.layout.centre(centre) / "gateway"),
            "listen": {"host": LOOPBACK, "port": self.ports[f"gateway-{centre}"]},
            "root_key_file": str(self.layout.secret(centre, "root.key")),
            "site_orthanc": {
                "url": url(self.ports[f"orthanc-{centre}"]),
                "username": GATEWAY_USER,
                "password_file": secret["orthanc.password"],
            },
            "archive": {
                "url": url(self.ports["harmonizer"]),
                "token_file": secret["archive.token"],
            },
            "plugin_token_file": secret["plugin.token"],
            "operator_token_file": secret["operator.token"],
            "inbox_folder": str(self.layout.centre(centre) / "inbox"),
            "dicom": {
                "ae_title": ae_title(centre),
                "listen": {"host": _bind(senders), "port": self.ports[f"dicom-{centre}"]},
                "orthanc_port": self.ports[f"store-{centre}"],
                "senders": senders,
            },
        }
        collection = self._collection(centre)
        if collection is not None:
            values["collection"] = collection
        return self._yaml(self.layout.centre(centre) / "gateway.yml", values)

    def harmonizer(self, centres: tuple[str, ...]) -> Path:
        """`harmonizer.yml`: the centres by their public keys, the readers by their tokens."""
        readers = {role: self.layout.secret("readers", f"{role}.token") for role in ROLES}
        for path in readers.values():
            ensure_token(path)
        password = self.layout.secret("archive", "orthanc.password")
        ensure_token(password)
        values = {
            "data_folder": str(self.layout.harmonizer / "data"),
            "listen": {"host": LOOPBACK, "port": self.ports["harmonizer"]},
            "public_url": url(self.ports["harmonizer"]),
            "archive_orthanc": {
                "url": url(self.ports["orthanc-archive"]),
                "username": HARMONIZER_USER,
                "password_file": str(password),
            },
            "centres": [self._centre(name) for name in centres],
            "readers": [
                {"name": role, "role": role, "token_file": str(path)}
                for role, path in readers.items()
            ],
        }
        return self._yaml(self.layout.harmonizer / "harmonizer.yml", values)

    def site_orthanc(self, centre: str) -> Path:
        """The folder that Orthanc is started with; its plugin's settings lie beside it."""
        secret, folder = self._secrets(centre), self.layout.centre(centre) / "orthanc"
        keys = self.layout.secret(centre, "site-keys.json")
        write_private(keys, self._ring(centre).site_keys().to_json().encode())
        plugin = {
            "gateway_url": url(self.ports[f"gateway-{centre}"]),
            "gateway_token_file": secret["plugin.token"],
            "site_keys_file": str(keys),
        }
        write_private(folder / "plugin.json", _json(plugin))
        own = self._orthanc(folder, "site", ("libOrthancPython.so",)) | {
            "Name": ae_title(centre),
            "HttpPort": self.ports[f"orthanc-{centre}"],
            "DicomAet": ae_title(centre),
            "DicomCheckModalityHost": True,
            "DicomPort": self.ports[f"store-{centre}"],
            "RegisteredUsers": {GATEWAY_USER: ensure_token(Path(secret["orthanc.password"]))},
            "DicomModalities": {one["aet"]: _sender(one["aet"]) for one in self._senders(centre)},
            "KaSARi": {"Settings": str(folder / "plugin.json")},
        }
        return self._orthanc_folder(folder, "site", own)

    def archive_orthanc(self) -> Path:
        """The folder that the archive's Orthanc is started with."""
        folder = self.layout.archive / "orthanc"
        password = ensure_token(self.layout.secret("archive", "orthanc.password"))
        plugins = ("libOrthancPython.so", "libOrthancDicomWeb.so")
        own = self._orthanc(folder, "archive", plugins) | {
            "Name": "KASARI_ARCHIVE",
            "HttpPort": self.ports["orthanc-archive"],
            "RegisteredUsers": {HARMONIZER_USER: password},
        }
        return self._orthanc_folder(folder, "archive", own)

    def _orthanc(self, folder: Path, side: str, plugins: tuple[str, ...]) -> dict[str, Any]:
        return {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "index"),
            "RemoteAccessAllowed": False,
            "SslEnabled": False,
            # by full path: Orthanc refuses to start without a file, but not without a folder
            "Plugins": [str(self.orthanc.plugins / name) for name in plugins],
            "Python": {"Path": str(ROOT / f"plugins/{side}_entry.py"), "AllowThreads": True},
        }

    def _orthanc_folder(self, folder: Path, side: str, own: dict[str, Any]) -> Path:
        """Checked-in JSON and our own in one folder. Orthanc refuses a key that has two homes."""
        target = folder / "config"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(mode=0o700, parents=True)
        for source in ("common", side):
            found = sorted((ROOT / "orthanc" / source).glob("*.json"))
            if not found:  # Orthanc's own defaults would take in anything from anybody
                raise StackError(
                    "Orthanc's settings are not here: the stack starts from a source checkout only"
                )
            for path in found:
                shutil.copyfile(path, target / f"{source}-{path.name}")
        write_private(target / "instance.json", _json(own))
        return target

    def _senders(self, centre: str) -> list[dict[str, Any]]:
        """Who may C-STORE: `kasari push`, and what the centre lists in `senders.json`."""
        try:
            listed = self._listed(centre, "senders.json", [])
            rows = [{"aet": PUSH_AET, "host": LOOPBACK}, *listed]
            return [
                {"aet": row["aet"], "host": row["host"]}
                | ({"port": row["port"]} if "port" in row else {})
                for row in rows
            ]
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise StackError(
                f"{self.layout.centre(centre) / 'senders.json'}: must be a list like "
                '[{"aet": "TPS", "host": "10.0.0.5", "port": 104}]'
            ) from error

    def _listed(self, centre: str, name: str, otherwise: Any) -> Any:
        """Return what the centre has written into a file of its own."""
        path = self.layout.centre(centre) / name
        return json.loads(path.read_text("utf-8")) if path.exists() else otherwise

    def _collection(self, centre: str) -> Any:
        """From which PACS a centre collects what is missing, if from any."""
        try:
            return self._listed(centre, "collection.json", None)
        except ValueError as error:
            path = self.layout.centre(centre) / "collection.json"
            raise StackError(f"{path}: is not JSON; docs/operating.md shows one") from error

    def _secrets(self, centre: str) -> dict[str, str]:
        names = ("orthanc.password", "archive.token", "plugin.token", "operator.token")
        paths = {name: self.layout.secret(centre, name) for name in names}
        for path in paths.values():
            ensure_token(path)
        return {name: str(path) for name, path in paths.items()}

    def _centre(self, name: str) -> dict[str, str]:
        return {
            "name": name,
            "public_key": self._ring(name).public_key_base64(),
            "token_file": self._secrets(name)["archive.token"],
        }

    def _ring(self, centre: str) -> KeyRing:
        return KeyRing.from_root(ensure_root_key(self.layout.secret(centre, "root.key")), centre)

    @staticmethod
    def _yaml(path: Path, values: dict[str, Any]) -> Path:
        write_private(path, yaml.safe_dump(values, sort_keys=False).encode())
        return path


def _bind(senders: list[dict[str, Any]]) -> str:
    """Where the DICOM port listens: on this machine only, unless a sender is another one."""
    return LOOPBACK if all(one["host"] == LOOPBACK for one in senders) else "0.0.0.0"  # noqa: S104


def _sender(aet: str) -> dict[str, Any]:
    """As the site Orthanc sees it: only the gate on this machine calls it."""
    refused = ("Find", "FindWorklist", "Get", "Move", "NAction", "NEventReport")
    return {
        "AET": aet,
        "Host": LOOPBACK,
        "Port": 104,
        "AllowEcho": True,
        "AllowStore": True,
        **{f"Allow{name}": False for name in refused},
    }


def _json(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=1) + "\n").encode()
