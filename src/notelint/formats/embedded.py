"""Texts that stand inside another file: in base64, of a named media type and character set."""

import base64
import binascii
import re
from importlib import import_module

from notelint.errors import InputError
from notelint.formats import plain
from notelint.formats.narrative import text_of_page
from notelint.note import Note
from notelint.report import Failure

Failures = tuple[Failure, ...]

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';]+)""", re.IGNORECASE)
_UNLIKE_NAME = re.compile(r"[^a-z0-9]")
_CODECS = {
    "utf8": "utf-8-sig",
    "unicodeutf8": "utf-8-sig",
    "utf16": "utf-16",
    "unicodeutf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    # Who says Latin-1 means the code page that holds it.
    **dict.fromkeys(("88591", "iso88591", "latin1"), "cp1252"),
    **{f"{prefix}8859{part}": f"iso8859-{part}" for prefix in ("", "iso") for part in (2, 3, 4, 5, 6, 7, 8, 9, 15)},
    **{f"{prefix}125{part}": f"cp125{part}" for prefix in ("cp", "windows") for part in range(9)},
}
"""{name of a character set in small letters and figures, as MIME or table 0211 of HL7 has it: codec}."""
_UNSAID = frozenset({"", "ascii", "usascii"})
"""Named where nobody thought of it: what stands there is seen by the bytes."""
_MODULES = {
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "word",
    "application/xhtml+xml": "html",
    "text/html": "html",
    "text/plain": "plain",
    "text/rtf": "rtf",
}
"""{media type: module of its format}; HTML is read here."""
_BEGINNINGS = ((b"{\\rtf", "rtf"), (b"%PDF-", "pdf"), (b"PK\x03\x04", "word"))
_UNTOLD = frozenset({"", "application/octet-stream"})
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)\b", re.IGNORECASE)


def unpacked(data: str) -> bytes:
    """The bytes of base64, which may be broken into lines; InputError when it is none."""
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InputError("attachment is no base64") from None


def codec_of(charset: str, name: str) -> str | None:
    """The codec of a named character set; None when the name is empty or says nothing. InputError when nobody knows it."""
    key = _UNLIKE_NAME.sub("", charset.lower())
    if key in _UNSAID:
        return None
    if key not in _CODECS:
        raise InputError(f"{name}: its character set is not known")
    return _CODECS[key]


def decoded(content: bytes, name: str, codec: str | None) -> str:
    """Bytes as text; without a codec they are seen through. InputError when they are none."""
    if codec is None:
        return plain.decode(content, name)
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not {codec.removesuffix('-sig').upper()} (byte {error.start + 1})") from None


def text_within(content: bytes, name: str, media_type: str | None) -> tuple[str, Failures]:
    """(the text of what stands inside a file, what of it has none). The media type may name the character set; what says of itself that it is
    RTF, PDF or Word is that. InputError begins with `name: `."""
    kind, _, parameters = (media_type or "").partition(";")
    module = next((module for beginning, module in _BEGINNINGS if content.startswith(beginning)), None)
    if module is None:
        module = _MODULES.get(kind.strip().lower())
    if module is None and kind.strip().lower() in _UNTOLD:
        module = "html" if _PAGE.match(content) else "plain"
    if module is None:
        raise InputError(f"{name}: attachment of a type that is not read")
    if module in ("html", "plain"):
        charset = _CHARSET.search(parameters)
        text = decoded(content, name, codec_of(charset[1], name) if charset else None)
        return text_of_page(text, name) if module == "html" else text, ()
    found = list(import_module(f"notelint.formats.{module}").notes(content, name))
    return "\n".join(each.text for each in found if isinstance(each, Note)), tuple(each for each in found if isinstance(each, Failure))
