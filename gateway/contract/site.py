"""What passes inside the hospital, over loopback, between the gateway service and its plugin."""

from gateway.contract.model import WireModel


class ConsentSnapshot(WireModel):
    """Who may be stored now. The plugin holds it in memory and asks again every few seconds.

    `admitted` maps the keyed hash of a normalised PatientID to the site pseudonym, which is
    not always derived from the same identifier: after a patient merge two hashes share one.
    """

    tag: str
    """Another one whenever it says something else; no time, as clocks differ and jump."""
    policy_hash: str
    identities: str
    """Which keys the gateway makes identities with; a plugin with others must store nothing."""
    admitted: dict[str, str]
    refused: frozenset[str] = frozenset()
    """Keyed hashes of whom the gateway knows and does not admit."""
    hold_unknown: bool = False
    """Store, pseudonymized, whoever is in neither list; the gateway keeps it back."""
    closed: str | None = None
    """Why nobody at all may be stored now, as a code; the sender is told to try later."""


class RefusalCount(WireModel):
    """How many instances the plugin has refused since Orthanc started, by coded reason."""

    reason: str
    dimse_status: int
    sender: str | None
    """The calling AET, when the channel was C-STORE."""
    count: int


class PatientRefusals(WireModel):
    """What was refused of one who has consented, since the plugin told of it last."""

    pseudonym: str
    reason: str
    count: int


class PluginReport(WireModel):
    """The plugin's heartbeat. A poke, never the truth: the gateway scans `/changes` as well."""

    received: int
    """Instances stored de-identified since Orthanc started."""
    again: int = 0
    """Of these, what took the place of the same instance."""
    ended: bool = False
    """The last word before Orthanc stops: nothing is stored after it."""
    refused: tuple[RefusalCount, ...]
    """Running totals since Orthanc started."""
    refused_of: tuple[PatientRefusals, ...] = ()
    """Not of everybody: only of those whose pseudonym the plugin has from the gateway, and few."""
    policy_hash: str = ""
    """What the plugin follows, so that somebody is told when the gateway follows another."""
    identities: str = ""
    """Which keys the plugin makes identities with, see `ConsentSnapshot`."""
    boot_id: str
    """Differs after each start of Orthanc, so that totals can be added up over restarts."""
