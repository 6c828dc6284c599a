"""The independent checker: reads the written bytes once more before they leave the centre.

Pure, and it shares no code with the engine in `gateway.domain.deid`: an error there must not be
repeated here. What it is given are the bytes, who the patient is, and the allow-list as data.
"""

from gateway.domain.checker.elements import Element, Elements, UnreadableError, read_elements
from gateway.domain.checker.invariants import INVARIANTS, check_unchanged
from gateway.domain.checker.inventory import TextInventory, TextValue, texts_of
from gateway.domain.checker.needles import KnownIdentity
from gateway.domain.checker.objects import CHECKER_VERSION, Expected, Problem, check_object
from gateway.domain.checker.origin import identity_in
from gateway.domain.checker.references import instance_uids, referenced_uids, unresolved
from gateway.domain.checker.searching import STANDARD_UIDS

__all__ = [
    "CHECKER_VERSION",
    "INVARIANTS",
    "STANDARD_UIDS",
    "Element",
    "Elements",
    "Expected",
    "KnownIdentity",
    "Problem",
    "TextInventory",
    "TextValue",
    "UnreadableError",
    "check_object",
    "check_unchanged",
    "identity_in",
    "instance_uids",
    "read_elements",
    "referenced_uids",
    "texts_of",
    "unresolved",
]
