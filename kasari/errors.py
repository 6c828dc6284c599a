"""What goes wrong on a person's machine, told in one line.

KasariError
├── SetupError   something is missing or cannot be fetched; the text says how to mend it
├── StackError   a process of the stack does not run; the text names its log
└── InputError   a file or folder that was named cannot be used
"""


class KasariError(Exception):
    """Base. The text is for a person: what happened, to which thing, what to do now."""


class SetupError(KasariError):
    """What is needed is not on this machine and could not be fetched."""


class StackError(KasariError):
    """The stack or one of its processes is not there."""


class InputError(KasariError):
    """What the user named cannot be used."""
