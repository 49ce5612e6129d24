"""Two live secrets, so that one can be replaced without a pause (api.md 2.11; CLI-9)."""

from typing import Any

import pytest

from tests.support.aws import Wire, output, refusal
from tests.support.back_channel import token
from tests.support.clock import MovableClock
from tests.support.site import Site

OWN_SECRET = "my+own_secret_0123456789"


@pytest.fixture
def machine(site: Site) -> dict[str, str]:
    """The names of a confidential client with one secret."""
    return {"UserPoolId": site.pool.id, "ClientId": site.machine.client_id}


def opens(site: Site, secret: str) -> bool:
    """Whether the secret opens the token endpoint for ``site.machine``."""
    answer = token(site, None, grant_type="client_credentials", client_id=site.machine.client_id, client_secret=secret)
    return answer.status_code == 200


def test_rotation_without_a_pause(cognito: Any, site: Site, machine: dict[str, str]) -> None:
    old = site.machine.secret
    assert old is not None

    added = cognito.add_user_pool_client_secret(**machine)["ClientSecretDescriptor"]
    new = added["ClientSecretValue"]
    assert [opens(site, secret) for secret in (old, new)] == [True, True]

    first, second = cognito.list_user_pool_client_secrets(**machine)["ClientSecrets"]
    cognito.delete_user_pool_client_secret(**machine, ClientSecretId=first["ClientSecretId"])

    assert second["ClientSecretId"] == added["ClientSecretId"]
    assert [opens(site, secret) for secret in (old, new)] == [False, True]


def test_secret_is_named_after_client_and_second(wire: Wire, machine: dict[str, str], clock: MovableClock) -> None:
    clock.now = int(clock.now) + 100.684

    added = output(wire("AddUserPoolClientSecret", machine))["ClientSecretDescriptor"]

    assert added["ClientSecretId"] == f"{machine['ClientId']}--{int(clock.now)}"
    assert added["ClientSecretCreateDate"] == pytest.approx(clock.now, abs=0.001)
    assert 48 <= len(added["ClientSecretValue"]) <= 52
    assert added.keys() == {"ClientSecretId", "ClientSecretValue", "ClientSecretCreateDate"}


def test_secret_of_ones_own_is_taken_and_not_repeated(site: Site, wire: Wire, machine: dict[str, str]) -> None:
    answer = wire("AddUserPoolClientSecret", {**machine, "ClientSecret": OWN_SECRET})

    assert output(answer)["ClientSecretDescriptor"].keys() == {"ClientSecretId", "ClientSecretCreateDate"}
    assert OWN_SECRET not in answer.text
    assert opens(site, OWN_SECRET)


@pytest.mark.attack("R11")
def test_list_has_ids_and_dates_and_never_a_secret(site: Site, wire: Wire, machine: dict[str, str]) -> None:
    output(wire("AddUserPoolClientSecret", {**machine, "ClientSecret": OWN_SECRET}))

    answer = wire("ListUserPoolClientSecrets", machine)

    listed = output(answer)
    assert listed.keys() == {"ClientSecrets"}
    assert [each.keys() for each in listed["ClientSecrets"]] == [{"ClientSecretId", "ClientSecretCreateDate"}] * 2
    assert OWN_SECRET not in answer.text
    assert str(site.machine.secret) not in answer.text


def test_there_is_never_a_third(site: Site, wire: Wire, machine: dict[str, str]) -> None:
    output(wire("AddUserPoolClientSecret", machine))
    before = output(wire("ListUserPoolClientSecrets", machine))

    refused = wire("AddUserPoolClientSecret", {**machine, "ClientSecret": OWN_SECRET})

    assert refusal(refused) == (
        "LimitExceededException",
        "A user pool client can have at most 2 client secrets.",
    )
    assert output(wire("ListUserPoolClientSecrets", machine)) == before
    assert not opens(site, OWN_SECRET)


def test_the_last_cannot_go(site: Site, wire: Wire, machine: dict[str, str]) -> None:
    (only,) = output(wire("ListUserPoolClientSecrets", machine))["ClientSecrets"]

    refused = wire("DeleteUserPoolClientSecret", {**machine, "ClientSecretId": only["ClientSecretId"]})

    assert refusal(refused) == ("InvalidParameterException", "The last client secret cannot be deleted.")
    assert opens(site, str(site.machine.secret))


def test_secret_that_is_none_of_the_clients_is_not_found(site: Site, wire: Wire, machine: dict[str, str]) -> None:
    output(wire("AddUserPoolClientSecret", machine))
    of_another = site.web.client.secrets[0].secret_id

    for unknown in (of_another, "x", "\ud7ff" * 128, f"{machine['ClientId']}--0"):
        answer = wire("DeleteUserPoolClientSecret", {**machine, "ClientSecretId": unknown})
        assert refusal(answer) == ("ResourceNotFoundException", "Client secret does not exist.")
    assert len(output(wire("ListUserPoolClientSecrets", machine))["ClientSecrets"]) == 2


def test_delete_answers_with_an_empty_object(wire: Wire, machine: dict[str, str]) -> None:
    added = output(wire("AddUserPoolClientSecret", machine))["ClientSecretDescriptor"]

    answer = wire("DeleteUserPoolClientSecret", {**machine, "ClientSecretId": added["ClientSecretId"]})

    assert answer.data == b"{}"


def test_describe_shows_the_oldest_secret_that_is_left(site: Site, wire: Wire, machine: dict[str, str]) -> None:
    added = output(wire("AddUserPoolClientSecret", machine))["ClientSecretDescriptor"]
    both = output(wire("DescribeUserPoolClient", machine))["UserPoolClient"]["ClientSecret"]
    first = output(wire("ListUserPoolClientSecrets", machine))["ClientSecrets"][0]
    output(wire("DeleteUserPoolClientSecret", {**machine, "ClientSecretId": first["ClientSecretId"]}))

    left = output(wire("DescribeUserPoolClient", machine))["UserPoolClient"]["ClientSecret"]

    assert (both, left) == (site.machine.secret, added["ClientSecretValue"])


def test_new_secret_shows_in_the_clients_modification(wire: Wire, machine: dict[str, str], clock: MovableClock) -> None:
    before = output(wire("DescribeUserPoolClient", machine))["UserPoolClient"]
    clock.advance(5)
    output(wire("AddUserPoolClientSecret", machine))

    after = output(wire("DescribeUserPoolClient", machine))["UserPoolClient"]

    assert after.pop("LastModifiedDate") > before.pop("LastModifiedDate")
    assert after == before


def test_the_same_secret_twice_would_outlive_its_deletion(wire: Wire, machine: dict[str, str]) -> None:
    output(wire("AddUserPoolClientSecret", {**machine, "ClientSecret": OWN_SECRET}))
    first = output(wire("ListUserPoolClientSecrets", machine))["ClientSecrets"][0]
    output(wire("DeleteUserPoolClientSecret", {**machine, "ClientSecretId": first["ClientSecretId"]}))

    refused = wire("AddUserPoolClientSecret", {**machine, "ClientSecret": OWN_SECRET})

    assert refusal(refused) == ("InvalidParameterException", "The client secret is already in use.")


def test_public_client_has_no_secret_and_gets_none(site: Site, wire: Wire) -> None:
    spa = {"UserPoolId": site.pool.id, "ClientId": site.spa.client_id}

    assert output(wire("ListUserPoolClientSecrets", spa)) == {"ClientSecrets": []}
    assert refusal(wire("AddUserPoolClientSecret", spa)) == (
        "InvalidParameterException",
        "A client secret cannot be added to a client without a client secret.",
    )
    assert refusal(wire("DeleteUserPoolClientSecret", {**spa, "ClientSecretId": "any"})) == (
        "ResourceNotFoundException",
        "Client secret does not exist.",
    )


@pytest.mark.parametrize(
    "secret, phrase",
    [
        ("a" * 23, "Member must have length greater than or equal to 24"),
        ("a" * 65, "Member must have length less than or equal to 64"),
        ("a" * 24 + "-", r"Member must satisfy regular expression pattern: [\w+]+"),
    ],
)
def test_malformed_secret_is_refused_unseen(wire: Wire, machine: dict[str, str], secret: str, phrase: str) -> None:
    assert refusal(wire("AddUserPoolClientSecret", {**machine, "ClientSecret": secret})) == (
        "InvalidParameterException",
        f"1 validation error detected: Value at 'clientSecret' failed to satisfy constraint: {phrase}",
    )


def test_list_gives_no_page_token_and_takes_none(wire: Wire, machine: dict[str, str]) -> None:
    answer = wire("ListUserPoolClientSecrets", {**machine, "NextToken": "anything"})

    assert refusal(answer) == (
        "InvalidParameterException",
        "Provided pagination token is invalid. Check the token and try your request again.",
    )


@pytest.mark.attack("R11")
def test_no_secret_is_logged(wire: Wire, machine: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    added = output(wire("AddUserPoolClientSecret", machine))["ClientSecretDescriptor"]
    refusal(wire("AddUserPoolClientSecret", {**machine, "ClientSecret": OWN_SECRET}))

    assert added["ClientSecretValue"] not in caplog.text
    assert OWN_SECRET not in caplog.text


def test_id_of_a_deleted_secret_never_comes_again(wire: Wire, machine: dict[str, str]) -> None:
    """All within one second: of the clock, and of the IDs."""
    named = [each["ClientSecretId"] for each in output(wire("ListUserPoolClientSecrets", machine))["ClientSecrets"]]
    for _ in range(3):
        added = output(wire("AddUserPoolClientSecret", machine))["ClientSecretDescriptor"]["ClientSecretId"]
        named.append(added)
        output(wire("DeleteUserPoolClientSecret", {**machine, "ClientSecretId": added}))
    first = named[0]
    named.append(output(wire("AddUserPoolClientSecret", machine))["ClientSecretDescriptor"]["ClientSecretId"])
    output(wire("DeleteUserPoolClientSecret", {**machine, "ClientSecretId": first}))
    named.append(output(wire("AddUserPoolClientSecret", machine))["ClientSecretDescriptor"]["ClientSecretId"])

    assert len(set(named)) == 6
