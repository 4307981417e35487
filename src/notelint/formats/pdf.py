"""Notes in PDF: the text layer of their pages, by pypdf."""

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from notelint.errors import InputError
from notelint.formats.plain import MAX_BYTES, extracted, stem_of
from notelint.note import Note
from notelint.report import Failure

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_MAX_STREAM = 16 * 1024 * 1024
"""The content of a page, bytes; a page of text has some thousands."""
_MAX_PAGES = 2000
"""Longer than any chart that is exported as one file."""
_MAX_SECONDS = 120
"""Processor time. A page takes 20 ms; pages can be crafted that take hours."""
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
"""Printing joins letters that the patterns know apart."""


class _TooMuchError(BaseException):
    """A document asks for more work than a note does. No `Exception`: within a form, pypdf goes on after any of them."""


def notes(content: bytes, name: str) -> Iterator[Note | Failure]:
    """A PDF is one note. A page that is only a picture is told as a failure beside it."""
    pages = _pages(content, name)
    if not any(text.strip() for text, _ in pages):
        raise InputError(f"{name}: has no text layer")
    blind = [str(number) for number, (text, pictured) in enumerate(pages, 1) if pictured and not text.strip()]
    text = "\n".join(text for text, _ in pages).translate(_LIGATURES)
    yield Note(text=extracted(text, name), id=stem_of(name), path=name)
    if blind:
        more = f" and {len(blind) - 10} more" if len(blind) > 10 else ""
        yield Failure(path=name, message=f"has pages without a text layer: {', '.join(blind[:10])}{more}")


def _pages(content: bytes, name: str) -> list[tuple[str, bool]]:
    """(text, has it pictures) of each page."""
    try:
        from pypdf import PdfReader, apply_configuration
    except ImportError:
        raise InputError(f'{name}: PDF needs pypdf: pip install "notelint[documents]"') from None
    # Its warnings may hold parts of the file.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    ends = time.thread_time() + _MAX_SECONDS

    def in_time(*_: object) -> None:
        if time.thread_time() > ends:
            raise _TooMuchError

    try:
        with (
            warnings.catch_warnings(),
            apply_configuration(
                zlib_maximum_output_length=_MAX_STREAM, lzw_maximum_output_length=_MAX_STREAM, run_length_maximum_output_length=_MAX_STREAM
            ),
        ):
            warnings.simplefilter("ignore")
            reader = PdfReader(BytesIO(content), strict=False)
            if not reader.is_encrypted:
                return list(_texts(reader, in_time))
    except _TooMuchError:
        raise InputError(f"{name}: has more pages, or more in them, than a note has") from None
    except Exception:
        raise InputError(f"{name}: no PDF that can be read, or one that is damaged") from None
    raise InputError(f"{name}: is encrypted")


def _texts(reader: "PdfReader", in_time: Callable[..., None]) -> Iterator[tuple[str, bool]]:
    if len(reader.pages) > _MAX_PAGES:
        raise _TooMuchError
    left = MAX_BYTES
    for page in reader.pages:
        in_time()
        text = page.extract_text(visitor_operand_before=in_time)
        left -= len(text)
        if left < 0:
            raise _TooMuchError
        yield text, not text.strip() and _has_picture(page)


def _has_picture(page: "PageObject") -> bool:
    resources: Any = page.get("/Resources")
    objects: Any = resources.get_object().get("/XObject") if resources is not None else None
    return objects is not None and any(each.get_object().get("/Subtype") == "/Image" for each in objects.get_object().values())
