"""Notes in RTF: what a reader sees of them, by striprtf."""

import re
from collections.abc import Iterator

from notelint.errors import InputError
from notelint.formats.plain import decode, extracted, stem_of
from notelint.note import Note

_BINARY = re.compile(rb"\\[\\{}]|\\bin(\d{1,9}) ?")
_PICTURE = re.compile(rb"[0-9A-Fa-f\r\n]{1000,}")
"""The digits of a picture: no word of a note is so long, and to read them one by one takes most of the time."""
_BRACE = re.compile(rb"\\[\\{}]|([{}])")
_LINK = re.compile(r"(\\field)(?=\s*\{)", re.IGNORECASE)
_MAX_DEPTH = 1000
"""Groups within groups; striprtf remembers each, and writers of RTF need a few dozen."""
_MAX_FONTS = 256 * 1024
_MAX_FONT = 4096
"""A font table, and a font in it, is never longer; of longer ones striprtf takes time by their square."""


def notes(content: bytes, name: str) -> Iterator[Note]:
    """An RTF file is one note."""
    yield Note(text=_text(content, name), id=stem_of(name), path=name)


def _text(content: bytes, name: str) -> str:
    try:
        from striprtf.striprtf import font_table_group, rtf_to_text
    except ImportError:
        raise InputError(f'{name}: RTF needs striprtf: pip install "notelint[documents]"') from None
    content = _PICTURE.sub(b"", _without_binaries(content))
    if not _is_whole(content):
        raise InputError(f"{name}: RTF that is cut short, or whose groups do not close")
    # What is shown of a link is its text: striprtf would add the address, by a pattern that takes long on crafted files.
    written = _LINK.sub("\\1\n", decode(content, name))
    fonts: str = font_table_group(written)  # type: ignore[no-untyped-call]
    if len(fonts) > _MAX_FONTS or any(len(font) > _MAX_FONT for font in fonts.split(";")):
        raise InputError(f"{name}: RTF with a font table that is none")
    try:
        written = written.replace(fonts, fonts.replace(";", ";\n")) if fonts else written
        text: str = rtf_to_text(written, errors="replace")  # type: ignore[no-untyped-call]
    except Exception:
        # Its messages may hold parts of the file.
        raise InputError(f"{name}: no RTF that can be read") from None
    return extracted(text, name)


def _without_binaries(content: bytes) -> bytes:
    """RTF without the bytes of pictures that stand in it as they are, among which there may be braces."""
    if b"\\bin" not in content:
        return content
    kept, end = [], 0
    for match in _BINARY.finditer(content):
        if match[1] and match.start() >= end:
            kept.append(content[end : match.start()])
            end = match.end() + int(match[1])
    return b"".join([*kept, content[end:]])


def _is_whole(content: bytes) -> bool:
    """Is every group closed, and none too deep?"""
    depth = 0
    for match in _BRACE.finditer(content):
        if match[1]:
            depth += 1 if match[1] == b"{" else -1
            if depth == 0 or depth > _MAX_DEPTH:
                return depth == 0
    return False
