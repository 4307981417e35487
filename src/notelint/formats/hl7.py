"""Messages of HL7 version 2 that carry notes: documents (MDM) and reports (ORU), alone or in batches.

Segments and fields are split here. The library of this format prints what it can not decode, takes hexadecimal bytes for characters, and needs a
second for a megabyte.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from notelint.errors import InputError
from notelint.formats.cda import Within, note_within
from notelint.formats.embedded import codec_of, decoded, text_within, unpacked
from notelint.formats.facts import codes_of, day_of, filled, is_empty, line_of, reason_of, told_apart
from notelint.formats.settings import SETTINGS
from notelint.note import Note
from notelint.report import Failure

Segment = Sequence[str]
"""The fields of a segment, which are numbered from 1; before them its name. As they were sent, with their escapes."""

_LINE_END = re.compile(r"\r\n?|\n")
_LINE_END_OF_BYTES = re.compile(rb"\r\n?|\n")
_SEGMENT = re.compile(rb"[A-Z][A-Z0-9]{2}")
_BATCH = frozenset({b"FHS", b"BHS", b"BTS", b"FTS"})
_BYTE_ORDER = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""Byte-order marks: of UTF-8, of UTF-16."""
_USUAL = "^~\\&"
_WITH_CONTENT = frozenset({"T02", "T04", "T06", "T08", "T10"})
_TEXT = frozenset({"TX", "FT", "ST", ""})
_RTF = "{\\rtf"
"""Some send it as if it were text."""
_WITHDRAWN = frozenset({"D", "W"})
"""Result statuses: deleted, posted by mistake."""
_ICD10CM = frozenset({"I10", "I10C", "I10CM", "ICD10", "ICD10CM"})
_UNLIKE_NAME = re.compile(r"[^A-Z0-9]")
_KINDS = {
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
    "htm": "text/html",
    "msword": "application/msword",
    "pdf": "application/pdf",
    "plain": "text/plain",
    "rtf": "application/rtf",
    "text": "text/plain",
    "txt": "text/plain",
    "xml": "text/xml",
}
"""{subtype of encapsulated data: media type}."""
_LONGEST = 99
"""An escape skips at most so many lines or blanks."""


@dataclass(frozen=True, slots=True)
class _Marks:
    """The characters that part a message, each a different one, and the codec of its bytes."""

    field: str
    component: str
    repetition: str
    escape: str
    part: str
    codec: str


@dataclass(frozen=True, slots=True)
class _Message:
    segments: tuple[Segment, ...] = field(repr=False)
    marks: _Marks

    def of(self, name: str) -> Segment:
        """The first segment of a name; empty when there is none."""
        return next((segment for segment in self.segments if segment[0] == name), ())

    def value(self, segment: Segment, field: int, component: int = 1, part: int = 1) -> str:
        """One value of a field, of its first repetition, decoded; empty when it was not sent, or sent as null."""
        text = segment[field] if field < len(segment) else ""
        marks = self.marks
        for number, mark in ((1, marks.repetition), (component, marks.component), (part, marks.part)):
            parts = text.split(mark, number)
            text = parts[number - 1] if number <= len(parts) else ""
        return "" if text == '""' else _plain(text, marks)


def notes(content: bytes, name: str) -> Iterator[Note | Failure]:
    """The notes of messages: one of each document of an MDM message, one of each group of an ORU message that holds text.

    Messages of other kinds hold none. InputError when the file holds no message at all.
    """
    return told_apart(_notes(content, name))


def _notes(content: bytes, name: str) -> Iterator[Note | Failure]:
    codec = None
    if content.startswith(_BYTE_ORDER):
        content, codec = decoded(content, name, None).lstrip("\ufeff").encode(), "utf-8"
    read = False
    for number, lines in enumerate(_messages(content, name), 1):
        place = f"message {number}"
        try:
            message = _message(lines, name, codec)
            head = _head_of(message)
            if head is None:
                continue
            found = [each for patient in _patients(message) for each in _of_patient(patient, head, name, place)]
        except InputError as error:
            found = [Failure(path=name, message=f"{place}: {reason_of(error, name)}")]
        read = True
        yield from found or [Failure(path=name, message=f"{place}: holds no text")]
    if not read:
        yield Failure(path=name, message="holds no document (MDM) and no report (ORU)")


def _messages(content: bytes, name: str) -> Iterator[list[bytes]]:
    """The lines of each message, a segment each. A line that begins no segment goes on with the one before: so some senders break texts."""
    segments: list[list[bytes]] = []
    mark = b""
    for number, line in enumerate(_LINE_END_OF_BYTES.split(content), 1):
        # The frame of a message on the wire.
        line = line.removeprefix(b"\x0b").removesuffix(b"\x1c")
        follows = line[3:4]
        parted = follows in (mark, b"|") if mark else _is_mark(follows)
        if line.startswith(b"MSH") and parted:
            if segments:
                yield _joined(segments)
            segments, mark = [[line]], follows
        elif line[:3] in _BATCH and (parted or not follows):
            continue
        elif segments and follows == mark and _SEGMENT.match(line):
            segments.append([line])
        elif segments:
            segments[-1].append(line)
        elif line.strip():
            raise InputError(f"{name}: line {number}: no HL7 message")
    if segments:
        yield _joined(segments)


def _joined(segments: Iterable[list[bytes]]) -> list[bytes]:
    return [b"\n".join(lines).rstrip(b"\n") for lines in segments]


def _is_mark(char: bytes) -> bool:
    return len(char) == 1 and 0x20 < char[0] < 0x7F and not char.isalnum()


def _message(lines: Sequence[bytes], name: str, codec: str | None) -> _Message:
    mark = lines[0][3:4].decode()
    header = lines[0].decode("latin-1").split(mark)
    given = header[1] if len(header) > 1 else ""
    chosen = given[:4] + _USUAL[len(given) :]
    if not given or len({mark, *chosen}) < 5 or not all(_is_mark(char.encode()) for char in chosen):
        raise InputError("MSH-2 does not tell which characters part it")
    component, repetition, escape, part = list(chosen)
    # The field separator is the first field of this segment.
    named = header[17].partition(repetition)[0] if len(header) > 17 else ""
    codec = codec or codec_of(named, name)
    if codec and codec.startswith("utf-16"):
        # The bytes before the name say otherwise.
        codec = None
    text = decoded(b"\r".join(lines), name, codec)
    segments = [segment.split(mark) for segment in text.split("\r")]
    segments[0].insert(1, mark)
    return _Message(tuple(segments), _Marks(mark, component, repetition, escape, part, codec or "utf-8"))


def _head_of(message: _Message) -> str | None:
    """The segment that heads each document or report of a message; None when it is of a kind that has none. InputError when it is missing."""
    kind, event = message.value(message.segments[0], 9).upper(), message.value(message.segments[0], 9, 2).upper()
    head = {"MDM": "TXA", "ORU": "OBR"}.get(kind)
    if head is None or (kind == "MDM" and event and event not in _WITH_CONTENT):
        return None
    if not message.of(head):
        raise InputError(f"has no segment {head}")
    return head


def _patients(message: _Message) -> Iterator[_Message]:
    """A message for each of its patients: what is told of one is not told of the next."""
    header, *segments = message.segments
    starts = [number for number, segment in enumerate(segments) if segment[0] == "PID"][1:]
    for start, end in pairwise((0, *starts, len(segments))):
        yield _Message((header, *segments[start:end]), message.marks)


def _of_patient(message: _Message, head: str, name: str, place: str) -> Iterator[Note | Failure]:
    common = _common(message, name)
    group: list[Segment] = []
    for segment in message.segments:
        if segment[0] == head and group:
            yield from _of_group(message, group, common, place)
            group = []
        if group or segment[0] == head:
            group.append(segment)
    if group:
        yield from _of_group(message, group, common, place)


def _of_group(message: _Message, group: Sequence[Segment], common: Note, place: str) -> Iterator[Note | Failure]:
    name = str(common.path)
    lines: list[str] = []
    documents: list[Note] = []
    number, commented = 0, False
    if group[0][0] == "TXA" and message.value(group[0], 19).upper() == "CA":
        yield Failure(path=name, message=f"{place}: the document has been deleted")
        return
    for segment in group:
        if segment[0] == "OBX":
            number += 1
            try:
                found, document = _observed(message, segment, name)
            except InputError as error:
                yield Failure(path=name, message=f"{place}: OBX {number}: {reason_of(error, name)}")
                found, document = None, None
            if document is not None:
                within, failures = document
                documents.append(within)
                yield from (Failure(path=name, message=f"{place}: OBX {number}: {each.message}") for each in failures)
                found = _LINE_END.split(within.text)
            commented = found is not None
            lines += found or []
        elif segment[0] == "NTE" and commented:
            lines += _texts(message, segment, 3)
    text = "\n".join(lines)
    try:
        if text.startswith(_RTF):
            text, _ = text_within(text.encode(), name, None)
    except InputError as error:
        yield Failure(path=name, message=f"{place}: {reason_of(error, name)}")
        return
    if is_empty(text):
        # Other groups of the message may hold some.
        return
    yield filled(_note(message, group[0], text, common), documents[0] if documents else None)


def _observed(message: _Message, segment: Segment, name: str) -> tuple[list[str] | None, Within | None]:
    """(the lines of an observation, else the document that stands in it), None for what it is not. InputError when it can not be read."""
    kind = message.value(segment, 2).upper()
    if message.value(segment, 11).upper() in _WITHDRAWN:
        return None, None
    if kind in _TEXT:
        return _texts(message, segment, 5), None
    if kind == "RP":
        raise InputError("attachment not inline")
    if kind != "ED":
        return None, None
    media, subtype, encoding = (message.value(segment, 5, component).strip().lower() for component in (2, 3, 4))
    # Plain text may hold what parts other values.
    mark = message.marks.component
    data = _plain("".join(segment[5].split(mark, 4)[4:]).rstrip(mark), message.marks) if len(segment) > 5 else ""
    if not data:
        raise InputError("attachment not inline")
    media_type = _KINDS.get(subtype) or next((each for each in (subtype, media) if "/" in each), None)
    if media_type is None:
        media_type = _KINDS.get(media) if not subtype else f"{media}/{subtype}"
    return None, note_within(
        _bytes(data, encoding), name, media_type if encoding != "a" else f"{media_type or 'text/plain'}; charset=utf-8"
    )


def _bytes(data: str, encoding: str) -> bytes:
    if encoding == "a":
        return data.encode()
    if encoding != "hex":
        return unpacked(data)
    try:
        return bytes.fromhex(data)
    except ValueError:
        raise InputError("attachment is no hexadecimal data") from None


def _texts(message: _Message, segment: Segment, field: int) -> list[str]:
    """The lines of a field of text: its repetitions, and what breaks them."""
    sent = segment[field].split(message.marks.repetition) if field < len(segment) else [""]
    return [line for text in sent for line in _LINE_END.split("" if text == '""' else _plain(text, message.marks))]


def _common(message: _Message, name: str) -> Note:
    """What a message tells of all its notes, in a note without text."""
    value, header, visit = message.value, message.segments[0], message.of("PV1")
    return Note(
        text="",
        id=line_of(value(header, 10)) or Path(name).stem,
        path=name,
        codes=codes_of(_codes(message)),
        setting=SETTINGS.get(value(visit, 2).strip().lower(), "unknown"),
        date_of_service=day_of(value(visit, 44)),
        encounter=line_of(value(visit, 19)),
        site=line_of(value(header, 4)) or line_of(value(visit, 3, 4)),
    )


def _note(message: _Message, head: Segment, text: str, common: Note) -> Note:
    value = message.value
    if head[0] == "TXA":
        day, kind = value(head, 4), value(head, 2, 2) or value(head, 2)
        author = _person(message, head, 22) or _person(message, head, 9)
        document = line_of(value(head, 12))
    else:
        day, kind = value(head, 7), value(head, 4, 2) or value(head, 4)
        author, document = _person(message, head, 32), None
    return replace(
        common,
        text=text,
        id=document or common.id,
        date_of_service=common.date_of_service or day_of(day),
        note_type=line_of(kind),
        author=author,
    )


def _person(message: _Message, segment: Segment, field: int) -> str | None:
    """The given and the family name of a person, else the number by which the sender knows one."""
    if message.value(segment, field, 1, 2):
        # A name with dates (NDL): what else are components are parts of its first.
        parts = [message.value(segment, field, 1, part) for part in (3, 4, 2)]
    else:
        parts = [message.value(segment, field, component) for component in (3, 4, 2)]
    return line_of(" ".join(parts)) or line_of(message.value(segment, field))


def _codes(message: _Message) -> Iterator[str]:
    """The ICD-10-CM codes of the diagnoses, by their numbers."""

    def number(segment: Segment) -> int:
        sent = message.value(segment, 1)
        return int(sent) if sent.isdecimal() and len(sent) < 9 else 0

    for segment in sorted((segment for segment in message.segments if segment[0] == "DG1"), key=number):
        method = message.value(segment, 2)
        for code, system in ((1, 3), (4, 6)):
            told = message.value(segment, 3, system) or (method if code == 1 else "")
            if _UNLIKE_NAME.sub("", told.upper()) in _ICD10CM:
                yield message.value(segment, 3, code)


@cache
def _escapes(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(
        rf"(?P<hex>(?:{mark}X(?:[0-9A-Fa-f]{{2}})+{mark})+)|{mark}(?:(?P<one>[EFHNRST])|\.(?P<layout>br|ce|fi|in|nf|sk|sp|ti)[+-]?(?P<count>\d*)){mark}"
    )


def _plain(text: str, marks: _Marks) -> str:
    """Text with its escapes decoded. One that nobody knows stands as it was sent."""
    if marks.escape not in text:
        return text
    return _escapes(marks.escape).sub(_decoder(marks), text)


def _decoder(marks: _Marks) -> Callable[[re.Match[str]], str]:
    chars = {"F": marks.field, "S": marks.component, "T": marks.part, "R": marks.repetition, "E": marks.escape, "H": "", "N": ""}

    def decode(found: re.Match[str]) -> str:
        if found["hex"]:
            sent = bytes.fromhex(found["hex"].replace(f"{marks.escape}X", "").replace(marks.escape, ""))
            try:
                return sent.decode(marks.codec)
            except UnicodeDecodeError:
                # Some send the number of a character, not its bytes.
                return sent.decode("cp1252", "replace")
        if found["one"]:
            return chars[found["one"]]
        count = min(int(found["count"][:3] or 1), _LONGEST)
        return {"br": "\n", "ce": "\n", "sp": "\n" * count, "sk": " " * count}.get(found["layout"], "")

    return decode
