"""Asking the operating system how full a volume is."""

import shutil
from pathlib import Path

from gateway.errors import RetryError


def measure(folder: Path) -> tuple[int, int]:
    """Return the size and what this user may still write, in bytes, of a folder's volume."""
    try:
        use = shutil.disk_usage(folder)
    except OSError as error:
        text = f"a data folder's disk cannot be measured ({type(error).__name__})"
        raise RetryError(text) from None
    # Blocks kept for root are neither used nor free: what matters is what we may write.
    return use.used + use.free, use.free
