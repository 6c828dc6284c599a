"""The whole stack on this machine: start, find, keep running, stop."""

from kasari.stack.running import Centre, Stack, open_stack, start_stack, stop_stack

__all__ = ["Centre", "Stack", "open_stack", "start_stack", "stop_stack"]
