"""Looking at a machine and at the stack on it; nothing here changes anything."""

from kasari.doctor.check import Check, Verdict
from kasari.doctor.machine import checks_of_machine
from kasari.doctor.stack import checks_of_stack

__all__ = ["Check", "Verdict", "checks_of_machine", "checks_of_stack"]
