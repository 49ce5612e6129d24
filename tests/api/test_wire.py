"""Cognito's way to write JSON (api.md 1.4)."""

import json

import pytest

from app_client_authz.api import wire


@pytest.mark.parametrize(
    "seconds, written",
    [
        (1790257795.361, "1790257795.361"),
        (1790277281.62, "1790277281.62"),
        (1790277281.6204, "1790277281.62"),
        (1790277281.9999, "1790277282"),
        (1790277281.0, "1790277281"),
        (1790277281, "1790277281"),
        (0.0, "0"),
    ],
)
def test_an_instant_is_seconds_with_milliseconds_and_no_zeros_behind(seconds: float, written: str) -> None:
    assert json.dumps(wire.instant(seconds)) == written


def test_members_without_a_value_are_left_out_and_empty_ones_are_not() -> None:
    members = {"a": None, "b": "", "c": [], "d": {}, "e": False, "f": 0}
    assert wire.present(members) == {"b": "", "c": [], "d": {}, "e": False, "f": 0}


def test_attributes_are_pairs_of_name_and_value() -> None:
    pairs = wire.pairs({"email": "a@b", "name": ""})
    assert pairs == [{"Name": "email", "Value": "a@b"}, {"Name": "name", "Value": ""}]
    assert wire.from_pairs(pairs) == {"email": "a@b", "name": ""}


def test_of_two_attributes_with_one_name_the_last_counts() -> None:
    pairs = [{"Name": "name", "Value": "x"}, {"Name": "email"}, {"Name": "name", "Value": "y"}]
    assert wire.from_pairs(pairs) == {"name": "y", "email": ""}
    assert wire.from_pairs(None) == {}


def test_what_json_does_not_know_is_written_as_it_does() -> None:
    value = {"blob": b"hi", "several": (1, (b"x",)), "as it is": ["a", None, 1.5], "set": frozenset({"a"})}
    written = '{"blob": "aGk=", "several": [1, ["eA=="]], "as it is": ["a", null, 1.5], "set": ["a"]}'
    assert json.dumps(value, default=wire.encoded) == written
    with pytest.raises(TypeError, match="object"):
        json.dumps(object(), default=wire.encoded)
