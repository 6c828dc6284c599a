"""Sending a folder by C-STORE: several associations, and only what was not acknowledged yet."""

from kasari.push.files import Found, find_files
from kasari.push.ledger import Ledger
from kasari.push.sending import Destination, Outcome, push

__all__ = ["Destination", "Found", "Ledger", "Outcome", "find_files", "push"]
