"""Every code by which the door may refuse has a sentence."""

import re
from pathlib import Path

from gateway.domain.deid import KINDS_OF_IMAGE
from gateway.domain.refusals import MEANINGS, meaning_of

ROOT = Path(__file__).parents[4]
PLACES = ("plugins", "gateway/domain/deid", "gateway/domain/identity")
CODE = re.compile(r'(?:RejectError|Refusal)\(\s*"([a-z-]+)"')


def test_each_has_a_sentence() -> None:
    sources = [path for place in PLACES for path in (ROOT / place).rglob("*.py")]
    codes = {code for path in sources for code in CODE.findall(path.read_text("utf-8"))}
    assert len(codes) > 25
    assert codes | {"disk-full", "disk-unknown", "restored", *KINDS_OF_IMAGE} == set(MEANINGS)
    assert all(text.endswith(".") for text in MEANINGS.values())
    assert meaning_of("of-a-later-version") == "of-a-later-version"
