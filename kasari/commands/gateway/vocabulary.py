"""The archive's vocabulary of structure names at a gateway: what is new, and taking it.

The words go into the centre's policy file, which gateway and site Orthanc both read when they
start: free text that holds them is not redacted any more. A person looks at them first, because
a word that the vocabulary has is no name of anybody.
"""

import json
from typing import Annotated, Any, Final

import httpx
import typer
from pydantic import ValidationError

from gateway.adapters.archive import open_archive_client
from gateway.config import Settings
from gateway.contract.vocabulary import PublishedVocabulary
from gateway.data.deid import load_profile
from gateway.data.deid.policy import PUBLISHED, published_words
from gateway.secret_files import read_secret
from kasari.doors import settings
from kasari.errors import InputError
from kasari.options import Centre, Gateways

PLACE: Final = "/api/v1/names/vocabulary"


def vocabulary(
    centre: Centre = "",
    where: Gateways = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the words into the centre's policy file.")
    ] = False,
) -> None:
    """Fetch the words of structure names that the archive publishes; show what is new here.

    Example: kasari gateway vocabulary --centre KUH --apply
    """
    chosen = settings(where, centre)
    published = _fetched(chosen)
    policy = _policy(chosen)
    here = policy.get(PUBLISHED, {}).get("version", "none")
    profile = load_profile(chosen.policy_file)
    words_there = published_words([*published.names, *published.words])
    new = sorted(words_there - profile.vocabulary.words - profile.staff)
    typer.echo(f"published: {published.version}; here: {here}; {len(new)} new words")
    typer.echo(" ".join(new))
    if not apply:
        return
    if chosen.policy_file is None:
        raise InputError("the gateway's settings name no policy_file; name one, it may hold {}")
    words = sorted(set(policy.get(PUBLISHED, {}).get("words", ())) | set(new))
    policy[PUBLISHED] = {"version": published.version, "words": words}
    text = json.dumps(policy, ensure_ascii=False, indent=2)
    chosen.policy_file.write_text(text + "\n", encoding="utf-8")
    load_profile(chosen.policy_file)
    typer.echo(f"{chosen.policy_file}: written. Restart the gateway and the site Orthanc.")


def _fetched(chosen: Settings) -> PublishedVocabulary:
    door = chosen.archive
    token = read_secret(door.token_file, "archive.token_file")
    try:
        with open_archive_client(door.url, token, door.ca_file, door.client_certificate) as client:
            answer = client.get(PLACE)
    except httpx.HTTPError as error:
        raise InputError(f"the archive does not answer: {type(error).__name__}") from None
    if not answer.is_success:
        raise InputError(f"the archive answered {answer.status_code}")
    try:
        return PublishedVocabulary.model_validate_json(answer.content)
    except ValidationError:
        raise InputError("the archive's vocabulary is not understood; update this side") from None


def _policy(chosen: Settings) -> dict[str, Any]:
    if chosen.policy_file is None or not chosen.policy_file.exists():
        return {}
    load_profile(chosen.policy_file)  # refuses what cannot be read
    told: dict[str, Any] = json.loads(chosen.policy_file.read_text(encoding="utf-8-sig"))
    return told
