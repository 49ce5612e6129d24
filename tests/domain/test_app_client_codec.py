"""App client descriptions and secrets as plain JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain.app_client import ClientSpec, RefreshTokenRotation, TokenValidityUnits
from app_client_authz.domain.app_client_codec import spec_from_dict, spec_to_dict
from tests.domain.app_clients import oauth_client

TEXT = st.none() | st.text()
TEXTS = st.none() | st.lists(st.text()).map(tuple)
NUMBER = st.none() | st.integers()
FLAG = st.none() | st.booleans()
SPECS = st.builds(
    ClientSpec,
    client_name=st.text(),
    generate_secret=st.booleans(),
    client_secret=st.none(),
    refresh_token_validity=NUMBER,
    access_token_validity=NUMBER,
    id_token_validity=NUMBER,
    token_validity_units=st.builds(TokenValidityUnits, TEXT, TEXT, TEXT, st.booleans()),
    read_attributes=TEXTS,
    write_attributes=TEXTS,
    explicit_auth_flows=TEXTS,
    supported_identity_providers=TEXTS,
    callback_urls=TEXTS,
    logout_urls=TEXTS,
    default_redirect_uri=TEXT,
    allowed_oauth_flows=TEXTS,
    allowed_oauth_scopes=TEXTS,
    allowed_oauth_flows_user_pool_client=FLAG,
    analytics_configuration=st.none() | st.dictionaries(st.text(), st.text() | st.booleans()),
    prevent_user_existence_errors=TEXT,
    enable_token_revocation=FLAG,
    enable_propagate_additional_user_context_data=FLAG,
    auth_session_validity=NUMBER,
    refresh_token_rotation=st.none() | st.builds(RefreshTokenRotation, st.text(), NUMBER),
    require_pkce=FLAG,
    sso_max_validity_minutes=NUMBER,
)


@given(SPECS)
def test_a_description_survives_storage(spec: ClientSpec) -> None:
    assert spec_from_dict(json.loads(json.dumps(spec_to_dict(spec)))) == spec


def test_the_description_of_a_client_survives_storage() -> None:
    spec = oauth_client(
        token_validity_units=TokenValidityUnits(access_token="minutes", given=True),
        access_token_validity=10,
        refresh_token_rotation=RefreshTokenRotation("ENABLED", 5),
        analytics_configuration={"UserDataShared": True},
    ).spec
    assert spec_from_dict(json.loads(json.dumps(spec_to_dict(spec)))) == spec


def test_what_is_unset_is_left_out() -> None:
    assert spec_to_dict(ClientSpec(client_name="web")) == {
        "client_name": "web",
        "generate_secret": False,
        "token_validity_units": {"given": False},
    }


def test_a_member_that_older_rows_lack_is_unset() -> None:
    assert spec_from_dict({"client_name": "web"}) == ClientSpec(client_name="web")


def test_a_description_with_a_secret_is_never_written() -> None:
    with pytest.raises(ValueError, match="a description with a secret is not stored"):
        spec_to_dict(ClientSpec(client_name="web", client_secret="s" * 30))


@pytest.mark.parametrize(
    "stored",
    [
        {"client_name": "web", "client_secret": "s" * 30},
        {"client_name": "web", "colour": "red"},
        {"client_name": "web", "token_validity_units": {"colour": "red"}},
        {"client_name": "web", "refresh_token_rotation": {"feature": "ENABLED", "colour": "red"}},
    ],
)
def test_an_unknown_member_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="unknown members: ") as error:
        spec_from_dict(stored)
    assert "red" not in str(error.value)


@pytest.mark.parametrize(
    "member, value",
    [
        ("client_name", 7),
        ("client_name", None),
        ("callback_urls", "https://app.example"),
        ("callback_urls", [7]),
        ("access_token_validity", True),
        ("access_token_validity", "60"),
        ("enable_token_revocation", 1),
        ("token_validity_units", []),
        ("token_validity_units", {"access_token": 1}),
        ("token_validity_units", {"given": 1}),
        ("refresh_token_rotation", {}),
        ("refresh_token_rotation", {"feature": "ENABLED", "retry_grace_period_seconds": True}),
        ("analytics_configuration", "x"),
    ],
)
def test_a_value_of_another_type_is_refused(member: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{member} is not of its type"):
        spec_from_dict({"client_name": "web", member: value})


def test_a_description_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="client_name is missing"):
        spec_from_dict({})
