"""The rules: complete, and chosen as `--select` and `--ignore` say."""

import itertools
import re
from pathlib import Path

import pytest

from notelint.rules import GAP_SEVERITY, RULES, SEVERITIES, Rule, selected

SOURCES = Path(__file__).parent.parent / "patterns" / "sources.yaml"


def test_severities_run_from_the_gravest() -> None:
    assert SEVERITIES == ("error", "warning", "info")
    assert GAP_SEVERITY == {"required": "error", "specificity": "warning", "recommended": "info"}


def test_the_rules() -> None:
    assert {name: rule.severity for name, rule in RULES.items()} == {
        "code/unknown": "error",
        "code/not-billable": "error",
        "code/outdated-code-set": "info",
        "code/excludes1": "error",
        "code/conflict": "error",
        "code/sequence": "error",
        "code/additional": "error",
        "support/diagnosis-missing": "error",
        "support/diagnosis-uncertain": "error",
        "support/diagnosis-negated": "error",
        "support/diagnosis-elsewhere": "error",
        "site/unspecified": "warning",
        "site/mismatch": "warning",
        "site/undocumented": "warning",
        "site/ambiguous": "warning",
        "note/contradiction": "warning",
        "note/placeholder": "warning",
    }


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_says_what_why_and_on_what_it_stands(rule: Rule) -> None:
    assert RULES[rule.name] is rule
    assert re.fullmatch(r"[a-z]+/[a-z0-9-]+", rule.name)
    assert rule.category == rule.name.split("/")[0]
    for words in (rule.what, rule.why):
        assert re.fullmatch(r"[A-Z`][^\n]*\.", words)
    assert rule.example
    assert rule.sources
    known = set(re.findall(r"^ *- id: (\S+)$", SOURCES.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(rule.sources) <= known


@pytest.mark.parametrize(
    ("select", "ignore", "wanted"),
    [
        ((), (), True),
        (("gap",), (), True),
        (("gap/crp",), (), True),
        (("site",), (), False),
        (("gap/esr",), (), False),
        (("site", "gap"), (), True),
        ((), ("gap",), False),
        ((), ("gap/crp",), False),
        ((), ("site", "gap/esr"), True),
        # The exact name outranks its category,
        (("gap/crp",), ("gap",), True),
        (("gap",), ("gap/crp",), False),
        # and at the same rank `ignore` outranks `select`.
        (("gap/crp",), ("gap/crp",), False),
        (("gap",), ("gap",), False),
        (("gap", "gap/crp"), ("gap/crp",), False),
        # Parts of names are no names.
        (("gap/",), (), False),
        (("ga",), (), False),
        (("",), (), False),
        ((), ("crp", "gap/cr"), True),
    ],
)
def test_selected(select: tuple[str, ...], ignore: tuple[str, ...], wanted: bool) -> None:
    assert selected("gap/crp", select, ignore) is wanted


def test_selection_by_the_nearest_name() -> None:
    names = ("code", "code/unknown", "code/sequence")
    choices = [choice for size in range(len(names) + 1) for choice in itertools.combinations(names, size)]
    for rule, select, ignore in itertools.product(RULES, choices, choices):
        for named in (rule, RULES[rule].category):
            if named in ignore or named in select:
                assert selected(rule, select, ignore) is (named not in ignore)
                break
        else:
            assert selected(rule, select, ignore) is (not select)
