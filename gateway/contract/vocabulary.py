"""What the archive publishes of structure names, so that gateways keep it readable."""

from gateway.contract.model import WireModel


class PublishedVocabulary(WireModel):
    """Standard names, and words of local names. `version`: edition of the list and rule set."""

    version: str
    names: tuple[str, ...]
    words: tuple[str, ...]
