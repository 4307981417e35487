"""What the package exports is what it says it exports."""

import notelint


def test_all_names_can_be_imported() -> None:
    for name in notelint.__all__:
        assert getattr(notelint, name) is not None
    assert set(notelint._HOMES) | {"__version__"} == set(notelint.__all__)
