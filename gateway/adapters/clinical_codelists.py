"""Reads the published code lists into the domain's form."""

import hashlib
import json
from importlib.resources import files

from gateway.domain.clinical import CodedTerm, CodeLists, Questionnaire


def load_code_lists() -> CodeLists:
    """Return the code lists that this version of the gateway was built with."""
    data = files("gateway.data.clinical").joinpath("codelists.json").read_bytes()
    raw = json.loads(data)
    return CodeLists(
        fingerprint=hashlib.sha256(data).hexdigest()[:12],
        ctcae={
            version: {
                term.casefold(): CodedTerm(code, term, frozenset(grades))
                for code, term, grades in terms
            }
            for version, terms in raw["ctcae"].items()
        },
        instruments={
            name: Questionnaire(
                body["version"], {code: frozenset(v) for code, v in body["answers"].items()}
            )
            for name, body in raw["instruments"].items()
        },
    )
