"""Marked-up text as lines: the narrative blocks of CDA and the XHTML of FHIR.

Blanks and line ends of the file are one blank, as a browser shows them. A paragraph is a line, an item of a list a line that begins with `- `,
a row of a table its cells between ` | `. What a list holds within an item is indented by two blanks. Within a cell, lines are parted by `; `.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from notelint.errors import InputError

_BLANKS = re.compile(r"[ \t\r\n]+")
_LINE_END = re.compile(r"\r\n?|\n")
_INDENT = "  "
_DEEPEST = 16
"""So often a list in a list is indented."""
_TOO_MUCH = "nested too deeply, or too long a text"
_SKIPPED = frozenset({"head", "script", "style", "template", "title"})
_ITEMS = frozenset({"item", "li"})
_CELLS = frozenset({"td", "th"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt", "figcaption", "figure", "footer", "h1",
        "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "item", "li", "list", "main", "nav", "ol", "p", "paragraph", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
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
        reason = _TOO_MUCH if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT else "no XML"
        raise InputError(f"{name}: line {error.lineno or 1}: {reason}") from None
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
    # The parser goes on without what it does not read.
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        raise InputError(f"{name}: {_TOO_MUCH}")
    return text_of(root) if root is not None else ""


def text_of(element: Any) -> str:
    """The text of an element, its lines in reading order."""
    lines = _lines(element)
    first = next((number for number, line in enumerate(lines) if line), len(lines))
    last = next((number for number in range(len(lines), first, -1) if lines[number - 1]), first)
    return "\n".join(lines[first:last])


@dataclass(slots=True)
class _Flow:
    """The lines of a text, or of a cell, while it is read. `items`: so many items are open, of which so many `marks` are not yet written."""

    lines: list[str] = field(default_factory=list, repr=False)
    parts: list[str] = field(default_factory=list, repr=False)
    items: int = 0
    marks: int = 0

    def add(self, text: str) -> None:
        """Goes on with the line; two blanks that meet are one."""
        if text[:1] == " " and self.parts and self.parts[-1][-1] == " ":
            text = text[1:]
        if text:
            self.parts.append(text)

    def end(self, *, always: bool = False) -> None:
        """Ends the line, if it holds something; outside of lists also if `always`."""
        text = "".join(self.parts).strip(" ")
        if text:
            self.lines.append(f"{_INDENT * min(self.items - self.marks, _DEEPEST)}{'- ' * self.marks}{text}")
            self.marks = 0
        elif always and not self.items:
            self.lines.append("")
        self.parts = []

    def begin_item(self) -> None:
        self.items += 1
        self.marks += 1

    def end_item(self) -> None:
        self.items -= 1
        # Of an item that holds nothing there is no mark.
        self.marks -= self.marks > 0


def _lines(element: Any) -> list[str]:
    etree = _lxml("")
    for foot in list(element.iter("{*}tfoot")):
        # CDA has it before the body.
        foot.getparent().append(foot)
    flows = [_Flow()]
    rows: list[list[str]] = []
    typed, skipped = 0, None
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, each in walk:
        kind, above = _named(each.tag), each.getparent()
        is_cell = kind in _CELLS and each is not element and above is not None and _named(above.tag) == "tr"
        if event == "start":
            if kind in _SKIPPED or each.get("revised") == "delete":
                walk.skip_subtree()
                skipped = each
                continue
            if kind in _BLOCKS:
                flows[-1].end()
            if is_cell:
                flows.append(_Flow())
            elif kind == "tr":
                rows.append([])
            elif kind in _ITEMS:
                flows[-1].begin_item()
            elif kind == "footnote":
                flows[-1].add(" [")
            typed += kind == "pre"
            _read(flows[-1], each.text, as_typed=typed > 0)
            continue
        if each is not skipped:
            if kind in _BLOCKS or kind == "br":
                flows[-1].end(always=kind == "br")
            if is_cell:
                rows[-1].append("; ".join(line.strip(" ") for line in flows.pop().lines if line))
            elif kind == "tr":
                flows[-1].add(" | ".join(row).strip(" ") if any(row := rows.pop()) else "")
                flows[-1].end()
            elif kind in _ITEMS:
                flows[-1].end_item()
            elif kind == "footnote":
                flows[-1].add("]")
            typed -= kind == "pre"
        if each is not element:
            _read(flows[-1], each.tail, as_typed=typed > 0)
    flows[0].end()
    return flows[0].lines


def _read(flow: _Flow, text: str | None, *, as_typed: bool) -> None:
    """Text of a file. `as_typed`: its line ends and blanks stand."""
    if not text:
        return
    if not as_typed:
        flow.add(_BLANKS.sub(" ", text))
        return
    first, *others = _LINE_END.split(text)
    flow.add(first)
    for line in others:
        flow.end(always=True)
        flow.add(line)


@lru_cache(maxsize=256)
def _named(tag: str) -> str:
    """The name of an element without its namespace, in small letters as HTML has it."""
    return tag.rpartition("}")[2].lower()


def _lxml(name: str) -> Any:
    try:
        from lxml import etree
    except ImportError:
        raise InputError(f'{name}: XML needs lxml: pip install "notelint[documents]"') from None
    return etree
