"""What the stack writes for its processes is what they read, and no key has two homes."""

import json
from pathlib import Path

import pytest

from gateway.config import load_settings
from gateway.data.deid import load_profile
from gateway.domain.identity import SiteKeys
from harmonizer.config import load_settings as load_harmonizer_settings
from kasari.errors import StackError
from kasari.setup import ROOT, OrthancProgram
from kasari.stack.layout import Layout
from kasari.stack.ports import usual_ports
from kasari.stack.settings import ROLES, Writer, ae_title
from plugins.site_config import read_settings

CENTRES = ("KUH", "Tyks")


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    layout = Layout(tmp_path)
    layout.ensure()
    program = OrthancProgram(["/Orthanc"], {}, Path("/plugins"), "1.12.7", "3.13")
    return Writer(layout, usual_ports(CENTRES), program)


def merged(folder: Path) -> dict:
    """As Orthanc does: every JSON of the folder, and a key in two of them is an error."""
    values: dict = {}
    for path in sorted(folder.glob("*.json")):
        for key, value in json.loads(path.read_text("utf-8")).items():
            assert key not in values, f"{key} has two homes"
            values[key] = value
    return values


def test_the_gateway_reads_its_settings(writer: Writer) -> None:
    settings = load_settings(writer.gateway("KUH"))
    assert settings.centre == "KUH"
    assert settings.archive.url == "http://127.0.0.1:8020"
    assert settings.root_key_file.stat().st_mode & 0o077 == 0


def test_the_harmonizer_reads_its_settings(writer: Writer) -> None:
    settings = load_harmonizer_settings(writer.harmonizer(CENTRES))
    assert [centre.name for centre in settings.centres] == list(CENTRES)
    assert [reader.role for reader in settings.readers] == list(ROLES)


def test_a_second_writing_keeps_every_secret(writer: Writer) -> None:
    def secrets() -> dict[Path, bytes]:
        files = [p for p in writer.layout.secrets.rglob("*") if p.is_file()]
        return {path: path.read_bytes() for path in files}

    writer.gateway("KUH"), writer.site_orthanc("KUH"), writer.harmonizer(CENTRES)
    before = secrets()
    writer.gateway("KUH"), writer.site_orthanc("KUH"), writer.harmonizer(CENTRES)
    assert secrets() == before
    assert len(set(before.values())) == len(before), "no two secrets are the same"
    assert all(path.stat().st_mode & 0o077 == 0 for path in before)


def test_the_site_orthanc_is_closed_to_strangers(writer: Writer) -> None:
    values = merged(writer.site_orthanc("KUH"))
    assert values["AuthenticationEnabled"] is True
    assert values["DicomAet"] == "KASARI_KUH"
    assert values["OverwriteInstances"] is True
    closed = [key for key in values if key.startswith("DicomAlwaysAllow")]
    assert closed
    assert not any(values[key] for key in closed)
    assert values["Plugins"] == ["/plugins/libOrthancPython.so"]
    assert Path(values["Python"]["Path"]).exists()
    for sender in values["DicomModalities"].values():
        assert [k for k, v in sender.items() if v is True] == ["AllowEcho", "AllowStore"]


def test_the_plugin_finds_its_keys(writer: Writer) -> None:
    values = merged(writer.site_orthanc("KUH"))
    settings = read_settings(Path(values["KaSARi"]["Settings"]))
    assert SiteKeys.from_json(settings.site_keys_file.read_text("ascii"))
    assert settings.gateway_url == "http://127.0.0.1:8110"
    token = settings.gateway_token_file
    assert token == load_settings(writer.gateway("KUH")).plugin_token_file


def test_the_archive_takes_no_dicom_association(writer: Writer) -> None:
    values = merged(writer.archive_orthanc())
    assert values["DicomServerEnabled"] is False
    assert values["DicomWeb"]["Enable"] is True
    assert values["MaximumStorageSize"] == 0
    assert Path(values["Python"]["Path"]).exists()


def test_the_accepted_objects_are_those_of_the_profile() -> None:
    values = json.loads((ROOT / "orthanc/site/dicom.json").read_text("utf-8"))
    assert set(values["AcceptedSopClasses"]) == set(load_profile().objects)


def test_a_centre_lists_its_senders(writer: Writer) -> None:
    path = writer.layout.centre("KUH") / "senders.json"
    path.parent.mkdir(parents=True)
    path.write_text('[{"aet": "ARIA", "host": "10.0.0.5", "port": 104}]', "utf-8")
    # Orthanc hears the gate only; the gate knows where each sender is
    values = merged(writer.site_orthanc("KUH"))
    assert values["DicomModalities"]["ARIA"]["Host"] == "127.0.0.1"
    door = load_settings(writer.gateway("KUH")).dicom
    assert door is not None
    assert [(s.aet, s.host, s.port) for s in door.senders][1:] == [("ARIA", "10.0.0.5", 104)]
    assert door.listen.host == "0.0.0.0"  # noqa: S104 - what is asked for
    assert door.orthanc_port == values["DicomPort"] != door.listen.port
    assert "ARIA" not in merged(writer.site_orthanc("Tyks"))["DicomModalities"]


@pytest.mark.parametrize("text", ["{", '{"aet": "X"}', '[{"aet": "X"}]', "[1]"])
def test_a_wrong_list_of_senders_is_told(writer: Writer, text: str) -> None:
    path = writer.layout.centre("KUH") / "senders.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    with pytest.raises(StackError, match="must be a list like"):
        writer.site_orthanc("KUH")


def test_an_ae_title_is_short_enough() -> None:
    assert ae_title("Tyks") == "KASARI_TYKS"
    assert len(ae_title("A-very-long-name")) == 16
