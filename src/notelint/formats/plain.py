"""Text from bytes: the one way in which notelint tells an encoding, and notes that are plain text."""

import codecs
import re
from collections.abc import Iterator
from pathlib import PurePath

from notelint.errors import InputError
from notelint.note import Note

MAX_BYTES = 64 * 1024 * 1024
"""A document of more bytes is no note: the longest charts that are exported as one file have a few MiB of text."""

BLANK = "\ufeff \t\r\n\0"
"""A text of nothing else is empty."""
_BLANK_BYTES = BLANK.encode()

_CONTROLS = bytes(sorted({*range(32), 127} - set(b"\t\n\v\f\r\x1b")))
_RARE = 20
"""Of compressed or binary data one byte in ten or more is a control character; of text, one in twenty never is."""
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class UndecodableError(Exception):
    """Bytes are no text: `start` is the first that is none."""

    def __init__(self, reason: str, start: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.start = start


def decode(content: bytes, name: str) -> str:
    """The text of a file: UTF-8, UTF-16, else Windows-1252, exactly as it stands but for the byte-order mark of UTF-16.

    InputError with the place where it is none of them, when there is nothing in it, or far too much.
    """
    if len(content) > MAX_BYTES:
        raise InputError(f"{name}: larger than {MAX_BYTES // 2**20} MiB, too large for a note")
    if not content.strip(_BLANK_BYTES):
        raise InputError(f"{name}: empty note")
    encoding = wide_encoding(content)
    if is_binary(content, encoding):
        raise InputError(f"{name}: no format that notelint reads")
    try:
        text = text_of(content, encoding)
    except UndecodableError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}: line {line}: {error.reason} (byte {error.start + 1})") from None
    if not text.strip(BLANK):
        raise InputError(f"{name}: empty note")
    return text


def wide_encoding(content: bytes) -> str | None:
    """The name of the kind of UTF-16 that the beginning of a file is, None for all else."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" not in content:
        return None
    # Of English text nearly every second byte is zero, and hardly any of the others.
    units, even, odd = len(content) // 2, content[0::2].count(0), content[1::2].count(0)
    if odd * 10 >= units * 8 and even * _RARE <= units:
        return "utf-16-le"
    if even * 10 >= units * 8 and odd * _RARE <= units:
        return "utf-16-be"
    return None


def is_binary(content: bytes, encoding: str | None) -> bool:
    """Are there so many control characters that it is no text?"""
    if encoding is not None:
        return content.count(b"\0\0\0") * _RARE > len(content)
    return (len(content) - len(content.translate(None, _CONTROLS))) * _RARE > len(content)


def text_of(content: bytes, encoding: str | None = None) -> str:
    """Bytes as text: in the encoding, else UTF-8, else Windows-1252. UndecodableError where they are none."""
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding is not None:
            raise UndecodableError("not UTF-16", error.start) from None
        first = error.start
    # Damaged UTF-8 is not read as something else: each of its other signs would become two or three.
    told = content.decode("utf-8", "replace")
    if len(_BEYOND_ASCII.findall(told)) > told.count("\ufffd"):
        raise UndecodableError("not UTF-8", first)
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UndecodableError("neither UTF-8 nor Windows-1252", error.start) from None


def extracted(text: str, name: str) -> str:
    """A text that a library took out of a file: characters that it gave in halves (surrogates) are joined, a half alone is replaced.

    InputError where there is nothing in it, or no text but control characters.
    """
    if _HALF_CHARACTER.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not text.strip(BLANK):
        raise InputError(f"{name}: empty note")
    if is_binary(text.encode(), None):
        raise InputError(f"{name}: its text can not be read")
    return text


def stem_of(name: str) -> str:
    """The name of a file without folder and ending, that of packing included."""
    return PurePath(name.removesuffix(".gz")).stem


def notes(content: bytes, name: str) -> Iterator[Note]:
    """A file of plain text is one note."""
    yield Note(text=decode(content, name), id=stem_of(name), path=name)
