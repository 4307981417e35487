"""The errors that notelint raises on purpose.

NotelintError            one line, fit to be shown to a user; never holds words of a note
├── InputError           a note, manifest or argument that can not be used
├── PackError            mistakes in pattern files, all of them at once
└── CodeSetError         a code set that can not be read
"""

from collections.abc import Sequence


class NotelintError(Exception):
    """The base of all errors that notelint raises on purpose; the message is one line and holds no words of a note."""


class InputError(NotelintError):
    """A note, a manifest or an argument can not be used; the message names the file and the place."""


class CodeSetError(NotelintError):
    """An ICD-10-CM release can not be found, read or stored."""


class PackError(NotelintError):
    """Pattern files hold mistakes.

    `mistakes` lists them all, each as `path:line: where: what`; the message is the list, a line each.
    """

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)
