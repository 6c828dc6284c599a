"""What consents and clinical exports read alike of HL7 FHIR R4: whose a resource is, and codes.

One module, so that both find the same patient under the same number.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gateway.domain.tabular.problems import Problem
from gateway.domain.tabular.text import is_text

Resource = Mapping[str, Any]
Entry = tuple[int, str, Resource]
"""Its place in the bundle from 1, its full URL, the resource."""
VALIDATE: Final = "validate the bundle against FHIR R4 and export it again"


def entries_of(bundle: Resource) -> list[Entry]:
    """Return the entries of a bundle in which `flaws_of` found nothing."""
    return [
        (number, str(entry.get("fullUrl") or ""), entry["resource"])
        for number, entry in enumerate(bundle.get("entry") or (), start=1)
    ]


def flaws_of(bundle: Resource) -> list[Problem]:
    """Say what makes a bundle half of one, or unreadable, each with the number of its entry.

    With one flaw nothing of it may be imported: the entry that is not there, or that nobody can
    read, may be the withdrawal.
    """
    links, listed = bundle.get("link") or (), bundle.get("entry") or []
    pages = (links,) if isinstance(links, dict) else links
    found = []
    if not isinstance(pages, list | tuple) or any(_leads_on(link) for link in pages):
        mend = "export all pages into one bundle, without a link to a next one"
        found.append(Problem(0, "link", "this is one page of a bundle of several", mend))
    if not isinstance(listed, list):
        return [*found, Problem(0, "entry", "entry is no list", VALIDATE)]
    reasons = ((number, _flaw(entry)) for number, entry in enumerate(listed, start=1))
    return [
        *found,
        *(Problem(number, "", reason, VALIDATE) for number, reason in reasons if reason),
    ]


def _leads_on(link: Any) -> bool:
    return not isinstance(link, dict) or link.get("relation") == "next"


def _flaw(entry: Any) -> str:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(resource, dict):
        return "this entry has no resource"
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or not kind:
        return "the resource of this entry does not say of which type it is"
    return "" if is_text(entry) else "this entry holds text that is no Unicode"


class Patients:
    """The Patients of a bundle, and the number by which a hospital knows each.

    Parameters
    ----------
    system
        Of these identifiers is the number; empty for any.
    """

    def __init__(self, entries: Sequence[Entry], system: str = "") -> None:
        self._system = system
        self._by_reference: dict[str, Resource] = {}
        for _, url, resource in entries:
            if resource.get("resourceType") == "Patient":
                self._by_reference[f"Patient/{resource.get('id')}"] = resource
                if url:
                    self._by_reference[url] = resource

    def of(self, pointer: Resource | None, owner: Resource) -> Resource | None:
        """Return the Patient that a reference of `owner` means: contained, by URL or by path."""
        reference = str((pointer or {}).get("reference") or "").partition("/_history/")[0]
        if reference.startswith("#"):
            inside = owner.get("contained") or ()
            return next((one for one in inside if one.get("id") == reference[1:]), None)
        path = "/".join(reference.split("/")[-2:])
        return self._by_reference.get(reference) or self._by_reference.get(path)

    def number(self, patient: Resource | None, pointer: Resource | None = None) -> str:
        """Return the number, or nothing.

        What the reference itself says goes first; then the official identifier, then any but old
        ones. A resource's id is none: it may be another patient's number.
        """
        own = [one for one in (patient or {}).get("identifier") or () if one.get("use") != "old"]
        own.sort(key=lambda one: one.get("use") != "official")
        said = [(pointer or {}).get("identifier") or {}, *own]
        found = (one for one in said if not self._system or one.get("system") == self._system)
        return next((str(one["value"]).strip() for one in found if one.get("value")), "")


def codes(concept: Any) -> list[str]:
    found = (concept or {}).get("coding") or ()
    return [str(coding.get("code", "")) for coding in found if isinstance(coding, dict)]


def coded(concept: Any, system: str) -> str | None:
    """Return the code of one system, told by a part of its address."""
    for coding in (concept or {}).get("coding") or ():
        if isinstance(coding, dict) and system in str(coding.get("system", "")).lower():
            return str(coding.get("code", ""))
    return None


def extensions(resource: Resource, name: str) -> Iterator[Resource]:
    """Yield the extensions whose address ends in this name."""
    for each in resource.get("extension") or ():
        if str(each.get("url", "")).endswith(name):
            yield each
