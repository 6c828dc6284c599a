"""Books that are kept apart, held against each other: what one of them alone says proves nothing.

The plugin counts what Orthanc stores for the first time, Orthanc counts what it holds, the index
has a row for each object that the gateway looked at, the outbox a receipt for each that the
archive read back. Where two disagree, something was lost, doubled or altered.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class PluginBook:
    """What the plugin has said, added up over every start of Orthanc."""

    stored: int
    again: int
    """Of these, what took the place of the same object."""
    silent_ends: int
    """Starts that ended without a last word: what was stored then may be untold."""
    up_to_date: bool
    """It has reported since the last object was looked at."""

    @property
    def objects(self) -> int:
        return self.stored - self.again


@dataclass(frozen=True)
class Books:
    rows: int
    """Of the index, with those that are gone and those that were set aside."""
    present: int
    """Of these, what the store should hold."""
    placed: int
    """As the account by day adds up."""
    deleted: int
    revived: int
    """Came again after they were gone: one row, and two objects of the plugin's."""
    delivered: int
    """Rows that say so."""
    receipts: int
    """Instances that the archive has read back."""
    names: int
    """National UIDs on these receipts."""
    in_store: int | None
    """None while the store cannot be asked."""
    behind: int
    """Changes of the store that were not looked at yet."""
    plugin: PluginBook | None
    """None before its first word."""

    @property
    def unseen(self) -> int | None:
        return None if self.in_store is None else self.in_store - self.present

    @property
    def untold(self) -> int:
        """How many the index has beyond what the plugin has told of; below 0, how many fewer."""
        if self.plugin is None:
            return 0
        return self.rows + self.deleted + self.revived - self.plugin.objects


def differences(books: Books) -> Iterator[str]:
    """Yield in words where two books disagree. What is under way is no difference."""
    unseen = books.unseen or 0
    if books.placed != books.rows:
        yield f"the account by day has {books.placed} instances, the index {books.rows}"
    if unseen < 0:
        yield f"the site's Orthanc holds {-unseen} fewer than the index says"
    elif unseen > books.behind:
        yield f"the site's Orthanc holds {unseen} that the index does not know"
    if books.delivered != books.receipts:
        yield f"{books.delivered} count as delivered, and {books.receipts} have a receipt"
    if books.names != books.receipts:
        yield f"{books.receipts} instances have receipts under {books.names} names of the archive"
    yield from _of_the_plugin(books)


def _of_the_plugin(books: Books) -> Iterator[str]:
    plugin, untold = books.plugin, books.untold
    if plugin is None:
        return
    if untold > 0 and plugin.up_to_date and not plugin.silent_ends:
        yield f"the plugin has told of {untold} fewer than are counted here"
    if -untold > books.behind:
        yield f"the plugin has stored {-untold} that are counted nowhere here"
