"""`kasari gateway vocabulary`: what the archive publishes stays readable once a person took it."""

import json
from pathlib import Path

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from gateway.config import Settings
from gateway.contract.vocabulary import PublishedVocabulary
from gateway.data.deid import load_profile
from gateway.domain.deid.text import Cleaner
from kasari.commands.gateway import app, vocabulary
from kasari.errors import InputError

PUBLISHED = PublishedVocabulary(
    version="TG-263 2017-08-15 matcher 2 rules 7",
    names=("Glnd_Lacrimal_L",),
    words=("kyynelrauhanen", "qwertyorgan 12", "korhonen"),
)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"staff": ["Korhonen"], "words": ["mäyrä"]}), "utf-8")
    return path


@pytest.fixture
def config(settings: Settings, policy: Path, tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yml"
    with_policy = settings.model_copy(update={"policy_file": policy})
    path.write_text(yaml.safe_dump(with_policy.model_dump(mode="json")), "utf-8")
    return path


@pytest.fixture(autouse=True)
def archive(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Response]:
    answers = [httpx.Response(200, text=PUBLISHED.model_dump_json())]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/names/vocabulary"
        return answers[-1]

    def client(url: str, *_rest: object) -> httpx.Client:
        return httpx.Client(base_url=url, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(vocabulary, "open_archive_client", client)
    return answers


def run(config: Path, *words: str) -> str:
    result = CliRunner().invoke(app, ["vocabulary", "--config", str(config), *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def redacted(policy: Path, text: str) -> bool:
    cleaner = Cleaner(load_profile(policy).vocabulary, bytes(32), frozenset())
    return bool(cleaner.clean(text, "LO")[1])


def test_new_words_are_shown_and_nothing_is_taken_yet(config: Path, policy: Path) -> None:
    before = policy.read_text("utf-8")
    told = run(config)
    assert "published: TG-263 2017-08-15 matcher 2 rules 7; here: none" in told
    assert "qwertyorgan" in told
    assert policy.read_text("utf-8") == before


def test_what_was_taken_stays_readable_and_changes_the_profile(config: Path, policy: Path) -> None:
    before = load_profile(policy).name_and_hash
    assert redacted(policy, "Qwertyorgan")
    assert "Restart the gateway" in run(config, "--apply")
    assert not redacted(policy, "Qwertyorgan")
    assert load_profile(policy).name_and_hash != before
    kept = json.loads(policy.read_text("utf-8"))
    assert kept["published"]["version"] == PUBLISHED.version
    assert kept["words"] == ["mäyrä"]
    assert "; 0 new words" in run(config, "--apply")


def test_staff_stay_names_whatever_is_published(config: Path, policy: Path) -> None:
    run(config, "--apply")
    profile = load_profile(policy)
    assert "korhonen" in profile.staff
    assert redacted(policy, "Korhonen")


def test_an_archive_that_refuses_or_drifts_is_told(
    config: Path, archive: list[httpx.Response]
) -> None:
    archive.append(httpx.Response(401))
    with pytest.raises(InputError, match="answered 401"):
        run(config)
    archive.append(httpx.Response(200, json={"words": []}))
    with pytest.raises(InputError, match="not understood"):
        run(config)
