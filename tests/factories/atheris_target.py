"""What atheris runs, in a process of its own; the options are libFuzzer's.

Coverage leads it through engine and checker. It fails on anything but a refusal, on a result that
the checker cannot read, and on a name that comes out without an objection.
"""

import sys
import warnings
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["gateway.domain.deid", "gateway.domain.checker"]):
    from gateway.domain.checker import UnreadableError, read_elements
    from gateway.domain.deid import read_identity, sealed_terms
    from gateway.errors import RejectError
    from tests.factories import engine, leaks, sent_objects

NAME = leaks.FAMILY.encode()
ORIGINAL = sent_objects.as_sent(leaks.KINDS["plan"]())


def try_one(data: bytes) -> None:
    """One input. Anything that is raised ends the run with the input that did it."""
    read_by_the_checker(data)
    try:
        read_identity(data)
        site = engine.site_bytes(data)
        sealed_terms(site)
        national = engine.national_bytes(data)
    except RejectError:
        return
    read_elements(national)
    if NAME in national and not engine.objections(ORIGINAL, national, leaks.FAMILY):
        raise AssertionError("a name came out and the checker did not object")


def read_by_the_checker(data: bytes) -> None:
    with suppress(UnreadableError):
        read_elements(data)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()
