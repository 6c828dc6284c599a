"""Tokens and patients' data go between machines encrypted, unless somebody says otherwise."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harmonizer.config import Settings


def settings(**change: Any) -> dict[str, Any]:
    return {
        "data_folder": Path("data"),
        "listen": {"port": 8020},
        "public_url": "https://archive.example",
        "archive_orthanc": {
            "url": "http://127.0.0.1:8042",
            "username": "harmonizer",
            "password_file": "p",
        },
        "centres": [],
    } | change


def orthanc(url: str, **more: bool) -> dict[str, Any]:
    return {"url": url, "username": "harmonizer", "password_file": "p", **more}


ANYWHERE = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize(
    ("refused", "taken"),
    [
        (
            {"archive_orthanc": orthanc("http://orthanc:8042")},
            {"archive_orthanc": orthanc("http://orthanc:8042", allow_plain_http=True)},
        ),
        (
            {"listen": {"host": ANYWHERE, "port": 8020}},
            {"listen": {"host": ANYWHERE, "port": 8020, "trusted_proxies": ["10.0.0.2"]}},
        ),
        (
            {"public_url": "http://archive.example"},
            {
                "public_url": "http://archive.example",
                "listen": {"host": ANYWHERE, "port": 8020, "allow_plain_http": True},
            },
        ),
    ],
)
def test_plain_http_to_other_machines_needs_a_word(
    refused: dict[str, Any], taken: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="allow_plain_http"):
        Settings.model_validate(settings(**refused))
    assert Settings.model_validate(settings(**taken))
    assert Settings.model_validate(settings(public_url="http://localhost:8020"))
