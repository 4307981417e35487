"""Notes in Word documents (.docx), opened by python-docx: their paragraphs and tables in order, behind the lines of the page headers.

Text in content controls and text that was inserted with tracked changes counts, deleted text does not.
"""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from notelint.errors import InputError
from notelint.formats.plain import extracted, stem_of
from notelint.note import Note

_MAX_UNPACKED = 256 * 1024 * 1024
"""More than the pictures of any note take."""
_MAX_XML = 32 * 1024 * 1024
"""The XML of a document of a thousand pages; the tree that is built of it takes some twenty times as much memory."""
_MAX_RATIO = 200
"""XML packs to a tenth, and hardly ever to a fiftieth."""
_SMALL = 8 * 1024 * 1024
"""What unpacks to less harms nobody."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SIGNS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_TEXT, _BOX = f"{_W}t", f"{_W}txbxContent"
_PASSED_OVER = frozenset(
    {f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", _BOX, "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
_AROUND = frozenset(f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"))


def notes(content: bytes, name: str) -> Iterator[Note]:
    """A Word document is one note."""
    yield Note(text=extracted("\n".join(lines(content, name)), name), id=stem_of(name), path=name)


def lines(content: bytes, name: str) -> list[str]:
    """The paragraphs of a document and the rows of its tables, cells between tabs; a line break within a paragraph is a line end in it.

    InputError where it is no Word document, is damaged, or unpacks to far more than a document does.
    """
    try:
        from docx import Document
    except ImportError:
        raise InputError(f'{name}: Word documents need python-docx: pip install "notelint[documents]"') from None
    try:
        _refuse_bombs(content, name)
        document = Document(BytesIO(content))
        headers = [
            line
            for section in document.sections
            for header in (section.first_page_header, section.header)
            if not header.is_linked_to_previous
            for line in _lines(header._element)
        ]
        found = list(_lines(document.element.body))
    except InputError:
        raise
    except Exception:
        # python-docx raises what its zip and XML readers raise; their messages may hold parts of the file.
        raise InputError(f"{name}: no Word document, or one that is damaged") from None
    return [*dict.fromkeys(line for line in headers if line.strip()), *found]


def _refuse_bombs(content: bytes, name: str) -> None:
    with zipfile.ZipFile(BytesIO(content)) as package:
        parts = package.infolist()
        if not any(part.filename == "[Content_Types].xml" for part in parts) or not any(p.filename.startswith("word/") for p in parts):
            raise InputError(f"{name}: no format that notelint reads")
        if any(part.flag_bits & 1 for part in parts):
            raise InputError(f"{name}: is encrypted")
        size = sum(part.file_size for part in parts)
        marked_up = [part for part in parts if part.filename.lower().endswith((".xml", ".rels"))]
        if (
            size > _MAX_UNPACKED
            or sum(part.file_size for part in marked_up) > _MAX_XML
            or (size > _SMALL and size > _MAX_RATIO * len(content))
        ):
            raise InputError(f"{name}: unpacks to more than a document holds")
        for part in marked_up:
            # Office writes no document types; what they bring are entities that grow.
            if b"<!DOCTYPE" in package.read(part).replace(b"\0", b""):
                raise InputError(f"{name}: has a document type, which no Word document has")


def _lines(parent: Any) -> Iterator[str]:
    """The lines of a body, a header, a cell or a text box."""
    for child in parent:
        if child.tag == f"{_W}p":
            yield "".join(_words(child))
            for box in child.iter(_BOX):
                if not any(above.tag in _PASSED_OVER - {_BOX} for above in box.iterancestors()):
                    yield from _lines(box)
        elif child.tag == f"{_W}tbl":
            for row in child.iter(f"{_W}tr"):
                # The rows of a table within a cell come with the cell.
                if next(row.iterancestors(f"{_W}tbl")) is child:
                    yield from _row(row)
        elif child.tag in _AROUND:
            yield from _lines(child)


def _row(row: Any) -> Iterator[str]:
    cells = [list(_lines(cell)) for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr")) is row]
    cells = [[line for line in cell if line.strip()] for cell in cells]
    if all(len(cell) < 2 for cell in cells):
        yield "\t".join("".join(cell) for cell in cells)
    else:
        # Cells that hold paragraphs are a layout, not a table.
        for cell in cells:
            yield from cell


def _words(parent: Any) -> Iterator[str]:
    for child in parent:
        if child.tag == _TEXT:
            yield child.text or ""
        elif child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag not in _PASSED_OVER:
            yield from _words(child)
