"""The words by which records tell inpatient from outpatient care."""

from collections.abc import Mapping

from notelint.note import Setting

SETTINGS: Mapping[str, Setting] = {
    # HL7 version 3 and FHIR, ActCode.
    **dict.fromkeys(("imp", "acute", "nonac"), "inpatient"),
    **dict.fromkeys(("amb", "emer", "fld", "hh", "obsenc", "vr"), "outpatient"),
    # HL7 version 2, table 0004: inpatient; outpatient, emergency, recurring.
    "i": "inpatient",
    **dict.fromkeys(("o", "e", "r"), "outpatient"),
    # Short forms of tables, and the names of all these.
    **dict.fromkeys(("ip", "inp", "inpatient", "inpatient encounter", "inpatient acute", "inpatient non-acute"), "inpatient"),
    **dict.fromkeys(
        (
            "op", "outp", "ed", "er", "outpatient", "outpatient encounter", "ambulatory", "ambulatory encounter", "clinic", "office", "office visit",
            "emergency", "emergency department", "emergency room", "field", "home health", "observation", "observation encounter", "recurring",
            "recurring patient", "telehealth", "virtual",
        ),
        "outpatient",
    ),
    "unknown": "unknown",
}  # fmt: skip
"""{word in small letters: setting}. What fits both, as a preadmission or a short stay, is in none: it is unknown."""
