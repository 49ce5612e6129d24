"""What boto3 raises when the server refuses."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

PATTERN = "Member must satisfy regular expression pattern: "


@contextmanager
def refused(code: str, message: str) -> Iterator[None]:
    """The block ends in that very refusal; ``code`` without ``Exception`` at its end."""
    with pytest.raises(ClientError) as told:
        yield
    error = told.value.response["Error"]
    assert (error["Code"], error["Message"]) == (f"{code}Exception", message)


def violation(value_at_path: str, phrase: str) -> str:
    """The message about one violated constraint (api.md 1.6)."""
    return f"1 validation error detected: Value {value_at_path} failed to satisfy constraint: {phrase}"
