"""Queries as a Word document, a page each. Needs python-docx, the extra `documents`."""

from collections.abc import Sequence
from io import BytesIO

from notelint.errors import InputError
from notelint.query import Query
from notelint.render.query import sheet


def as_docx(queries: Sequence[Query]) -> bytes:
    """The bytes of a .docx file. InputError where python-docx is not installed."""
    try:
        from docx import Document
        from docx.shared import Cm, Pt, RGBColor
    except ImportError:
        raise InputError('Word documents need python-docx: pip install "notelint[documents]"') from None
    file = Document()
    file.core_properties.author = "notelint"
    file.core_properties.title = queries[0].title if len(queries) == 1 else f"{len(queries)} queries"
    file.styles["Normal"].font.size = Pt(11)
    file.styles["Normal"].paragraph_format.space_after = Pt(4)
    for section in file.sections:
        section.left_margin = section.right_margin = Cm(2.2)
        section.top_margin = section.bottom_margin = Cm(2)
    grey = RGBColor(0x5A, 0x67, 0x73)
    for number, query in enumerate(queries):
        made = sheet(query)
        if number:
            file.add_page_break()  # type: ignore[no-untyped-call]
        file.add_heading(made.title, level=1)
        file.add_paragraph().add_run(made.state).font.color.rgb = grey
        for name, who in made.people:
            paragraph = file.add_paragraph(f"{name}:\t{who}")
            paragraph.paragraph_format.tab_stops.add_tab_stop(Cm(2.6))
            paragraph.paragraph_format.space_after = Pt(1)
        for heading, quotations in made.blocks:
            file.add_heading(heading, level=2)
            for quotation in quotations:
                paragraph = file.add_paragraph(f"{quotation.number}. {quotation.words}")
                paragraph.paragraph_format.left_indent, paragraph.paragraph_format.first_line_indent = Cm(0.8), Cm(-0.8)
                where = paragraph.add_run(f"\n{quotation.source}")
                where.font.size, where.font.color.rgb = Pt(9), grey
        file.add_heading("Question", level=2)
        file.add_paragraph(made.stem)
        for line in made.answers:
            paragraph = file.add_paragraph(("\u2610 " if line.box else "") + line.label)
            paragraph.paragraph_format.left_indent, paragraph.paragraph_format.space_after = Cm(0.8), Pt(2)
            if line.support:
                numbers = paragraph.add_run(f" ({', '.join(map(str, line.support))})")
                numbers.font.size, numbers.font.color.rgb = Pt(9), grey
        file.add_paragraph()
        file.add_paragraph(made.foot)
    written = BytesIO()
    file.save(written)
    return written.getvalue()
