"""Marked-up text as lines: the narrative blocks of CDA and the XHTML of FHIR.

Blanks and line ends of the file are one blank, as a browser shows them. A paragraph is a line, an item of a list a line that begins with `- `,
a row of a table its cells between ` | `. What a list holds within an item is indented by two blanks. Within a cell, lines are parted by `; `.
"""

import re
from collections.abc import Iterator
from typing import Any

from notelint.errors import InputError

_BLANKS = re.compile(r"[ \t\r\n]+")
_LINE_END = re.compile(r"\r\n?|\n")
# No text has these after its blanks are made one: they are the marks of the lines to come.
_HARD, _SOFT, _INDENT = "\n", "\r", "\t"
"""The end of a line, wherever it stands; the end of one that holds something; an indent."""
_SKIPPED = frozenset({"head", "script", "style", "template", "title"})
_LISTS = frozenset({"list", "ul", "ol"})
_ROWS = frozenset({"thead", "tbody", "tfoot"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt", "figcaption", "figure", "footer", "h1",
        "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "item", "li", "main", "nav", "p", "paragraph", "pre", "section", "td", "th", "tr",
    }
)  # fmt: skip


def parse(content: bytes, name: str) -> Any:
    """The root of an XML document. InputError when it is none, is cut off, is nested too deeply, or has a DOCTYPE."""
    etree = _lxml(name)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        # The message of the parser may hold words of the file.
        if b"<!DOCTYPE" in content:
            raise InputError(f"{name}: has a DOCTYPE, which is refused") from None
        raise InputError(f"{name}: line {error.lineno or 1}: no XML, or nested too deeply") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputError(f"{name}: has a DOCTYPE, which is refused")
    return root


def text_of_page(page: str, name: str) -> str:
    """The text of XHTML, or of HTML that is not well formed. InputError with a DOCTYPE's entities, or nothing that can be read."""
    etree = _lxml(name)
    content = page.encode()
    try:
        return text_of(parse(content, name))
    except InputError:
        if b"<!ENTITY" in content:
            raise
    # Such as `&nbsp;`, which XML does not know.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise InputError(f"{name}: no HTML") from None
    return text_of(root) if root is not None else ""


def text_of(element: Any) -> str:
    """The text of an element, its lines in reading order."""
    return "\n".join(_lines(element)).replace(_INDENT, "  ")


def named(element: Any) -> str:
    """The name of an element without its namespace, in small letters as HTML has it."""
    return str(element.tag).rpartition("}")[2].lower()


def _lxml(name: str) -> Any:
    try:
        from lxml import etree
    except ImportError:
        raise InputError(f'{name}: XML needs lxml: pip install "notelint[documents]"') from None
    return etree


def _lines(element: Any) -> list[str]:
    lines: list[str] = []
    for stretch in "".join(_marked(element, as_typed=False)).split(_SOFT):
        parts = [part.strip(" ") for part in stretch.split(_HARD)]
        # A line end before the end of a block ends the same line.
        lines += parts if parts[-1] else parts[:-1]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def _marked(element: Any, *, as_typed: bool) -> Iterator[str]:
    """The text of an element with the marks of its lines. `as_typed`: line ends and blanks of the file stand."""
    yield _plain(element.text, as_typed=as_typed)
    for child in element:
        kind = named(child)
        if kind == "br":
            yield _HARD
        elif kind in _LISTS:
            yield from _of_list(child)
        elif kind == "table":
            yield from _of_table(child)
        elif kind in _BLOCKS:
            yield _SOFT
            yield from _marked(child, as_typed=as_typed or kind == "pre")
            yield _SOFT
        elif kind == "footnote":
            yield " ["
            yield from _marked(child, as_typed=as_typed)
            yield "]"
        elif kind not in _SKIPPED and child.get("revised") != "delete":
            yield from _marked(child, as_typed=as_typed)
        yield _plain(child.tail, as_typed=as_typed)


def _plain(text: str | None, *, as_typed: bool) -> str:
    if not text:
        return ""
    return _LINE_END.sub(_HARD, text).replace(_INDENT, " ") if as_typed else _BLANKS.sub(" ", text)


def _of_list(element: Any) -> Iterator[str]:
    yield _SOFT
    for child in element:
        lines = [line for line in _lines(child) if line]
        if named(child) not in ("item", "li"):
            yield from (f"{line}{_SOFT}" for line in lines)
        elif lines:
            first, *others = lines
            yield f"- {first.lstrip(_INDENT)}{_SOFT}"
            yield from (f"{_INDENT}{line}{_SOFT}" for line in others)


def _of_table(element: Any) -> Iterator[str]:
    yield _SOFT
    # CDA has the foot before the body.
    for child in sorted(element, key=lambda child: named(child) == "tfoot"):
        for row in child if named(child) in _ROWS else [child]:
            if named(row) == "tr":
                cells = ["; ".join(line.strip(_INDENT) for line in _lines(cell) if line) for cell in row]
                yield " | ".join(cells).strip() if any(cells) else ""
            else:
                yield _SOFT.join(_lines(row))
            yield _SOFT
