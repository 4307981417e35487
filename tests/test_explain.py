"""Reference pages: complete for every code of the families, true to the code set, and a set of files that holds together."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from notelint import Linter, library, load_codesets
from notelint.codeset import CodeSet
from notelint.explain import CodePage, Explainer, RulePage
from notelint.render import document
from notelint.rules import RULES

Command = Callable[..., tuple[int, str, str]]
CODESET, _ = load_codesets().on(None)
CODES = [code for category in ("M45", "M46") for code in (category, *(known.code for known in CODESET.under(category)))]


@pytest.fixture(scope="module")
def explainer(linter: Linter) -> Explainer:
    return Explainer(linter.library, library.load_reference(), CODESET)


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_families_has_a_page_with_no_empty_part(explainer: Explainer, code: str) -> None:
    page = explainer.page(code)
    assert isinstance(page, CodePage)
    assert (page.code, page.title, page.billable) == (code, known_title(CODESET, code), CODESET.get(code).billable)  # type: ignore[union-attr]
    assert page.covered
    assert page.chapter == "Diseases of the musculoskeletal system and connective tissue"
    assert page.block == "Spondylopathies"
    assert page.about
    assert page.applies
    assert page.applies_not
    assert page.mistakes
    assert len(page.questions) == 7
    assert page.siblings or code in ("M45", "M46")
    assert page.notes
    assert page.sources
    if code != "M46":
        assert {ask.level for ask in page.asks} >= {"required", "recommended"}
        assert {way.kind for way in page.ways} >= {"instead"}
    assert bool(page.children) is not page.billable
    text = "\n".join(document.as_text(document.of_page(page)))
    assert re.findall(r"\{\w*\}", text) == []
    assert re.search(r"\b(?:DRG|HCC|reimburs\w*|payment|denial|denied claim)\b", text, re.IGNORECASE) is None


def known_title(codeset: CodeSet, code: str) -> str:
    known = codeset.get(code)
    assert known is not None
    return known.title


def test_every_code_and_rule_that_a_page_names_exists(explainer: Explainer) -> None:
    rules = set(explainer.rules())
    for name in explainer.codes():
        page = explainer.page(name)
        assert isinstance(page, CodePage)
        for mistake in page.mistakes:
            assert set(mistake.rules) <= rules, name
        said = (
            " ".join(q.question + q.answer for q in page.questions)
            + " ".join(m.what + m.because for m in page.mistakes)
            + (page.about or "")
        )
        for code in re.findall(r"\b[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?\b(?!-[A-Z])", said):
            # Two of them are named because they do not exist.
            assert CODESET.get(code) is not None or code in ("M46.29", "M49.07", "M49.0", "M45.A9"), (name, code)


def test_answers_about_regions_fit_the_code(explainer: Explainer) -> None:
    page = explainer.page("M45.7")
    assert isinstance(page, CodePage)
    assert page.region == "lumbosacral region"
    assert "M45.6" in page.questions[0].question + page.questions[0].answer
    assert {code.code for way in page.ways if way.route == "nr-axial-spondyloarthritis" for code in way.codes} == {"M45.A7"}


def test_a_code_outside_the_families_has_a_shorter_page(explainer: Explainer) -> None:
    page = explainer.page("e11.9")
    assert isinstance(page, CodePage)
    assert (page.code, page.covered, page.asks, page.mistakes) == ("E11.9", False, (), ())
    assert page.notes
    assert "checks E11.9 against the tabular list only" in document.of_page(page).lead


def test_a_code_that_does_not_exist_shows_the_nearest(explainer: Explainer) -> None:
    page = explainer.page("M49.07")
    assert isinstance(page, CodePage)
    assert (page.given, page.code) == ("M49.07", "M49")
    assert document.of_page(page).lead.startswith("M49.07 is no code of release 2026-04-01; the nearest existing code is M49.")


def test_every_rule_has_a_page(explainer: Explainer) -> None:
    names = list(explainer.rules())
    assert set(RULES) <= set(names)
    for name in names:
        page = explainer.page(name)
        assert isinstance(page, RulePage)
        assert page.what
        assert page.why
        assert page.sources


class _Links(HTMLParser):
    """Collects the addresses of a page, and checks that its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_set_of_pages_holds_together(command: Command, tmp_path: Path, explainer: Explainer) -> None:
    folder = tmp_path / "site"
    status, out, err = command("explain", "--all", "--output", folder)
    files = {path.name for path in folder.iterdir()}
    assert (status, err) == (0, "")
    assert out == f"{len(files)} pages in {folder}\n"
    assert {f"{code}.html" for code in CODES} | {"index.html", "claims.html"} <= files
    assert {f"{name.replace('/', '-')}.html" for name in explainer.rules()} <= files
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        parser = _Links()
        parser.feed(text)
        assert parser.open == [], path.name
        # Nothing from outside: every address is a page of the set.
        assert set(parser.addresses) <= files, path.name
        assert "<script" not in text
        assert "url(" not in text
        assert "@import" not in text
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{name}"' in index for name in files - {"index.html"})
    page = (folder / "M46.57.html").read_text(encoding="utf-8")
    assert 'href="M46.27.html"' in page
    assert 'href="gap-structure.html"' in page


@pytest.mark.parametrize(("format_", "ending"), [("markdown", "md"), ("json", "json"), ("text", "txt")])
def test_the_set_in_other_shapes(command: Command, tmp_path: Path, format_: str, ending: str) -> None:
    assert command("explain", "--all", "--format", format_, "--output", tmp_path)[0] == 0
    assert {f"{code}.{ending}" for code in CODES} <= {path.name for path in tmp_path.iterdir()}


def test_the_shapes_of_one_page(command: Command) -> None:
    status, told, _ = command("explain", "M45.7", "--format", "json")
    assert status == 0
    page = CodePage.model_validate(json.loads(told))
    assert page.code == "M45.7"
    assert json.loads(page.model_dump_json(by_alias=True)) == json.loads(told)
    markdown = command("explain", "M45.7", "--format", "markdown")[1]
    assert markdown.startswith("# M45.7  Ankylosing spondylitis of lumbosacral region\n")
    assert "## Questions" in markdown
    html = command("explain", "M45.7", "--format", "html")[1]
    assert html.startswith("<!DOCTYPE html>")
    assert "<a " not in html


def test_what_stands_in_patterns_is_escaped() -> None:
    made = document.Document("x", "a < b & c", "", (document.Section("<b>", (document.Line("<script>alert(1)</script> M45.7", "*x*"),)),))
    html = document.as_html(made, {"M45.7": "M45.7.html"})
    assert "<script>" not in html
    assert '<a href="M45.7.html">M45.7</a>' in html
    assert "a &lt; b &amp; c" in html
    assert r"\<script\>" in "\n".join(document.as_markdown(made))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a code or a rule, or --all for every one of them"),
        (("M45.7", "--all"), "name a code or a rule, or --all for every one of them"),
        (("--all",), "--all needs --output DIR"),
        (("D99",), "D99 is no code"),
        (("gap/nothing",), "'gap/nothing' is no rule"),
    ],
)
def test_wrong_use_is_told_in_one_line(command: Command, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = command("explain", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
