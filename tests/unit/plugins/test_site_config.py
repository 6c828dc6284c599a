"""The settings file of the plugin."""

import json
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from plugins.site_config import read_settings


def test_settings_are_relative_to_their_file(tmp_path: Path) -> None:
    path = tmp_path / "plugin.json"
    values = {"gateway_url": "http://x", "gateway_token_file": "t", "site_keys_file": "/keys"}
    path.write_text(json.dumps(values), "utf-8")
    settings = read_settings(path)
    assert settings.gateway_token_file == tmp_path / "t"
    assert settings.site_keys_file == Path("/keys")
    assert settings.policy_file is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"gateway_url": "http://x"}'])
def test_settings_that_miss_something_stop_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plugin.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"plugin\.json"):
        read_settings(path)
