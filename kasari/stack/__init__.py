"""The whole stack on this machine: start, find, keep running, stop."""

from kasari.stack.running import (
    DEFAULT_FOLDER,
    Centre,
    Stack,
    chosen_folder,
    open_stack,
    publish,
    start_stack,
    stop_stack,
)

__all__ = [
    "DEFAULT_FOLDER",
    "Centre",
    "Stack",
    "chosen_folder",
    "open_stack",
    "publish",
    "start_stack",
    "stop_stack",
]
