"""How commands print."""

import pytest

from app_client_authz.cli import output


def test_a_table_is_as_wide_as_its_longest_cells(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("ID", "NAME"), [("a", True), ("long", None), ("b", ["x", "y"])], empty="-")
    assert capsys.readouterr().out == "ID    NAME\na     yes\nlong  -\nb     x, y\n"


def test_fields_put_each_member_of_a_list_on_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.fields({"One": "a", "Three": ("b", "c"), "None": None, "When": 0.0})
    assert capsys.readouterr().out == "One    a\nThree  b\n       c\nWhen   1970-01-01T00:00:00Z\n"


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0 seconds"), (1, "1 second"), (90, "90 seconds"), (300, "5 minutes"), (5400, "90 minutes"), (86400, "1 day")],
)
def test_a_duration_is_told_in_the_largest_whole_unit(seconds: int, text: str) -> None:
    assert output.duration(seconds) == text
