"""The ledger of claims: every fact in it borne out by the code set, and no contradicted claim emitted."""

import json
from collections import Counter
from collections.abc import Callable

import pytest

from notelint import Linter, library, load_codesets
from notelint.reference import Claim, Fact, disproved
from notelint.rules import RULES
from notelint.selftest import of_case

Command = Callable[..., tuple[int, str, str]]
REFERENCE = library.load_reference()
CODESET, _ = load_codesets().on(None)


@pytest.mark.parametrize("claim", REFERENCE.claims, ids=lambda claim: claim.id)
def test_the_code_set_bears_out_each_verdict(linter: Linter, claim: Claim) -> None:
    assert [wrong for fact in claim.proof for wrong in disproved(fact, CODESET)] == []
    assert set(claim.source) <= set(linter.library.by_source)
    known = set(RULES) | {f"gap/{element.id}" for element in linter.library.elements}
    assert set(claim.rules) <= known
    if claim.verdict == "supported":
        authorities = {linter.library.by_source[name].authority for name in claim.source}
        assert authorities & {"tabular", "guideline", "coding-clinic"}, "nothing but the classification supports a claim"
    if claim.verdict == "contradicted":
        assert claim.proof or claim.case or any(name.startswith("guideline") for name in claim.source)


@pytest.mark.parametrize("claim", [claim for claim in REFERENCE.claims if claim.case], ids=lambda claim: claim.id)
def test_no_contradicted_claim_is_emitted(linter: Linter, claim: Claim) -> None:
    assert claim.case is not None
    assert list(of_case(linter, claim.case)) == []


def test_the_ledger_is_whole() -> None:
    assert len({claim.id for claim in REFERENCE.claims}) == len(REFERENCE.claims)
    pages = {claim.page for claim in REFERENCE.claims}
    assert {"M45.7", "M46.57"} <= pages
    for page in ("M45.7", "M46.57"):
        parts = Counter(claim.part for claim in REFERENCE.claims if claim.page == page)
        assert {"description", "tip", "pitfall", "context", "question", "source"} <= set(parts)
    sevens = [claim for claim in REFERENCE.claims if claim.part == "question" and claim.page in ("M45.7", "M46.57")]
    # Fourteen questions, two of which are about payment and procedures.
    assert len(sevens) == 12
    assert REFERENCE.omitted > 0
    assert all(claim.id.startswith(claim.page.lower().replace(".", "-")) for claim in REFERENCE.claims)


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ({"code": "M45.7", "exists": False}, "M45.7 exists"),
        ({"code": "M49.07", "exists": True}, "M49.07 does not exist"),
        ({"code": "M49.07", "billable": True}, "M49.07 is no code"),
        ({"code": "M45", "billable": True}, "M45 is not billable"),
        ({"code": "M45.7", "billable": False}, "M45.7 is billable"),
        ({"code": "M45.7", "title": "lumbar region"}, "M45.7 is titled 'Ankylosing spondylitis of lumbosacral region'"),
        ({"code": "M46.57", "characters": 7}, "M46.57 has 5 characters"),
        ({"code": "M46.57", "seventh": True}, "M46.57 takes no 7th character"),
        ({"code": "T84.63", "seventh": False}, "T84.63 takes a 7th character"),
        ({"code": "M46.57", "note": "use-additional-code", "refers": "B95.61"}, "no such use-additional-code note applies to M46.57"),
        ({"code": "M46.37", "note": "use-additional-code", "at": "M46"}, "no such use-additional-code note applies to M46.37"),
        ({"code": "M46.37", "no-note": "use-additional-code"}, "a use-additional-code note stands at M46.3"),
        ({"code": "M45.7", "excludes1": "M35.2"}, "no Excludes1 note between M45.7 and M35.2"),
        ({"code": "M45.7", "excludes2": "M08.1"}, "no Excludes2 note between M45.7 and M08.1"),
        ({"code": "M45.7", "excludes1": "M08.1", "at": "M08.1"}, "no Excludes1 note at M08.1 between M45.7 and M08.1"),
        ({"code": "M45.7", "free": "M08.1"}, "an Excludes1 note parts M45.7 from M08.1"),
    ],
)
def test_a_fact_that_is_not_so_is_told(fact: dict[str, object], said: str) -> None:
    assert list(disproved(Fact.model_validate(fact), CODESET)) == [said]


def test_claims_are_printed(command: Command) -> None:
    status, out, err = command("claims", "--status", "contradicted", "--page", "m46.57")
    assert (status, err) == (0, "")
    assert "Page of M46.57" in out
    assert "Verdict: supported" not in out
    assert max(len(line) for line in out.splitlines()) <= 80
    told = json.loads(command("claims", "--format", "json")[1])
    assert len(told["claims"]) == len(REFERENCE.claims)
    assert told["omitted"] == {"payment": REFERENCE.omitted}
    assert command("claims", "--format", "markdown")[1].startswith("# Claims of reference pages")
    assert command("claims", "--format", "html")[1].startswith("<!DOCTYPE html>")


def test_a_page_without_claims_is_told(command: Command) -> None:
    status, out, err = command("claims", "--page", "E11.9")
    assert (status, out) == (2, "")
    assert err.startswith("notelint: 'E11.9' has no claims; there are pages of ")
