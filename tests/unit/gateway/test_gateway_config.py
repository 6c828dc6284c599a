"""Settings: a wrong one ends in one line that names the key."""

from pathlib import Path

import pytest
import yaml

from gateway.__main__ import main
from gateway.config import load_settings
from gateway.errors import ConfigError
from gateway.secret_files import read_root_key, read_secret

GOOD = {
    "centre": "KUH",
    "data_folder": "data",
    "listen": {"port": 8010},
    "root_key_file": "root.key",
    "site_orthanc": {
        "url": "http://127.0.0.1:8042/",
        "username": "gateway",
        "password_file": "password",
    },
    "archive": {"url": "https://archive.example", "token_file": "token"},
    "plugin_token_file": "plugin",
    "operator_token_file": "operator",
}


def write(folder: Path, **change: object) -> Path:
    path = folder / "gateway.yml"
    path.write_text(yaml.safe_dump({**GOOD, **change}))
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path))
    assert settings.root_key_file == tmp_path / "root.key"
    assert settings.archive.token_file == tmp_path / "token"
    assert settings.database == f"sqlite:///{tmp_path / 'data' / 'gateway.db'}"
    assert settings.site_orthanc.url == "http://127.0.0.1:8042"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"centre": "K U H"}, "centre"),
        ({"typo": 1}, "typo"),
        ({"listen": {"port": 70000}}, "listen.port"),
        ({"listen": {"port": 8010, "host": "0.0.0.0"}}, "listen: .*set certificate"),  # noqa: S104
        ({"listen": {"port": 8010, "host": ""}}, "listen: .*set certificate"),
        (
            {"listen": {"port": 8010, "host": "::", "trusted_proxies": ["127.0.0.1"]}},
            "trusted_proxies",
        ),
        ({"archive": {"url": "ftp://x", "token_file": "t"}}, "archive.url"),
        ({"archive": {"url": "http://archive.example", "token_file": "t"}}, "https"),
        ({"archive": {"url": "https://u:p@x", "token_file": "t"}}, "archive.url"),
        (
            {"site_orthanc": {"url": "http://orthanc:8042", "username": "u", "password_file": "t"}},
            "site_orthanc: .*allow_plain_http",
        ),
        ({"settle_seconds": -1}, "settle_seconds"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        load_settings(write(tmp_path, **change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "more",
    [{"certificate": "console.pem"}, {"trusted_proxies": ["10.0.0.2"]}, {"host": "::1"}],
)
def test_the_console_is_encrypted_or_for_this_machine(
    tmp_path: Path, more: dict[str, object]
) -> None:
    listen = {"port": 8010, "host": "0.0.0.0"} | more  # noqa: S104
    settings = load_settings(write(tmp_path, listen=listen))
    if "certificate" in more:
        assert settings.secrets["console's certificate"] == tmp_path / "console.pem"


def test_paths_of_a_listed_sender_are_relative_to_the_file_too(tmp_path: Path) -> None:
    sender = {"aet": "TPS", "host": "10.0.0.5", "port": 104, "tls": True, "ca_file": "tps-ca.pem"}
    door = {"ae_title": "KASARI", "listen": {"port": 4242}, "orthanc_port": 1, "senders": [sender]}
    settings = load_settings(write(tmp_path, dicom=door))
    assert settings.dicom is not None
    assert settings.dicom.senders[0].ca_file == tmp_path / "tps-ca.pem"


@pytest.mark.parametrize("content", ["", "- a\n", "a: [", "\t: x"])
def test_what_is_no_settings_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "gateway.yml"
    path.write_text(content)
    with pytest.raises(ConfigError):
        load_settings(path)
    with pytest.raises(ConfigError):
        load_settings(tmp_path / "absent.yml")


@pytest.mark.parametrize(
    ("content", "mode"),
    [("orthanc", 0o600), ("short", 0o600), ("", 0o600), ("a-long-enough-secret-x", 0o640)],
)
def test_a_weak_or_readable_secret_refuses_to_start(
    tmp_path: Path, content: str, mode: int
) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="token_file"):
        read_secret(path, "archive.token_file")


def test_a_root_key_is_raw_bytes_or_hexadecimal(tmp_path: Path) -> None:
    path, key = tmp_path / "root", bytes(range(32))
    for content in (key, key.hex().encode() + b"\n", key.hex().upper().encode()):
        path.write_bytes(content)
        path.chmod(0o600)
        assert read_root_key(path) == key
    table = b"patient_id,status\nID-1,granted\nID-2,declined\n"
    for wrong in (key[:31], bytes(64), table, b"a long pass phrase that somebody made up"):
        path.write_bytes(wrong)
        with pytest.raises(ConfigError, match="root_key_file"):
            read_root_key(path)


def test_the_command_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["identity", "--config", str(tmp_path / "absent.yml")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1


def test_keys_for_the_plugin_are_readable_by_the_owner_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(tmp_path)
    root = tmp_path / "root.key"
    root.write_bytes(bytes(range(64)))
    root.chmod(0o600)
    out = tmp_path / "site-keys.json"
    assert main(["site-keys", "--config", str(config), "--out", str(out)]) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert main(["identity", "--config", str(config), "--json"]) == 0
    assert '"centre": "KUH"' in capsys.readouterr().out
