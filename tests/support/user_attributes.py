"""Attributes of users as the JSON API writes them."""


def pairs(**attributes: str) -> list[dict[str, str]]:
    """``pairs(name="Kim", custom_team="red")`` → ``[{"Name": "name", "Value": "Kim"}, {"Name": "custom:team", …}]``."""
    return [{"Name": name.replace("custom_", "custom:"), "Value": value} for name, value in attributes.items()]


def values(attributes: list[dict[str, str]]) -> dict[str, str]:
    """Such a list as a mapping."""
    return {each["Name"]: each["Value"] for each in attributes}
