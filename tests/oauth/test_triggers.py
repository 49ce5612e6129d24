"""PreTokenGeneration at the token and authorization endpoints (endpoints.md 1.5, 3.3, 3.5, 3.6)."""

import json
from typing import Any

import pytest

from app_client_authz import AppClientAuthz
from app_client_authz.domain.trigger import Event
from tests.support.back_channel import exchange, refresh, token, userinfo
from tests.support.site import Site, claims, location


def fail(event: Event) -> Event:
    raise ValueError('not "today" \N{SNOWMAN}\r\n')


def trigger(site: Site, handler: Any, **more: Any) -> None:
    AppClientAuthz().trigger("PreTokenGeneration", app=site.app, **more)(handler)


def changing(**access: Any) -> Any:
    def handler(event: Event) -> Event:
        event["response"]["claimsAndScopeOverrideDetails"] = {"accessTokenGeneration": access}
        return event

    return handler


@pytest.mark.compliance("RFC 6749", "5.2", "error_description has printable ASCII without quotes")
def test_a_failing_trigger_is_an_invalid_grant_that_says_why(site: Site) -> None:
    code = site.code(site.web)
    trigger(site, fail)
    answer = exchange(site, site.web, code)

    assert answer.status_code == 400
    assert answer.json == {
        "error": "invalid_grant",
        "error_description": "PreTokenGeneration failed with error not ?today? ???.",
    }
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_no_answer_is_an_invalid_grant(site: Site) -> None:
    refresh_token = site.tokens(site.web)["refresh_token"]
    trigger(site, lambda event: None)

    assert refresh(site, site.web, refresh_token).json == {
        "error": "invalid_grant",
        "error_description": "Unrecognizable lambda output",
    }


def test_a_client_without_proof_asks_no_trigger(site: Site) -> None:
    trigger(site, lambda event: pytest.fail("asked"), version="V3_0")

    wrong = token(site, None, grant_type="client_credentials", client_id=site.machine.client_id, client_secret="x" * 40)
    assert wrong.json == {"error": "invalid_client"}
    assert exchange(site, site.web, "unknown").json == {"error": "invalid_grant"}


def test_the_answer_names_the_scopes_that_the_trigger_left(oidc_site: Site) -> None:
    trigger(oidc_site, changing(scopesToAdd=["orders/write"], scopesToSuppress=["email"]), version="V2_0")
    answer = oidc_site.tokens(oidc_site.web)

    assert answer["scope"] == claims(answer["access_token"])["scope"] == "openid orders/write"


def test_a_suppressed_openid_closes_userinfo(site: Site) -> None:
    trigger(site, changing(scopesToSuppress=["openid"]), version="V2_0")
    tokens = site.tokens(site.web)

    assert "id_token" in tokens
    assert userinfo(site, tokens["access_token"]).status_code == 401


# --- machines ---------------------------------------------------------------------------------------------


def machine(site: Site, **body: str) -> Any:
    return token(site, site.machine, grant_type="client_credentials", **body)


def test_a_machine_passes_metadata_to_the_trigger(site: Site) -> None:
    def tenant(event: Event) -> Event:
        return changing(claimsToAddOrOverride={"env": event["request"]["clientMetadata"]["env"]})(event)

    trigger(site, tenant, version="V3_0")
    answer = machine(site, aws_client_metadata=json.dumps({"env": "t\N{LATIN SMALL LETTER E WITH ACUTE}st"}))

    assert claims(answer.json["access_token"])["env"] == "t\N{LATIN SMALL LETTER E WITH ACUTE}st"


@pytest.mark.attack("R17")
def test_a_machines_token_opens_nothing_of_a_user(site: Site) -> None:
    added = {"sub": site.user.sub, "username": "kim", "cognito:groups": ["admins"], "scope": "openid"}
    trigger(site, changing(claimsToAddOrOverride=added, scopesToAdd=["openid"]), version="V3_0")
    access_token = machine(site).json["access_token"]

    assert set(claims(access_token)) & {"username", "cognito:groups"} == set()
    assert claims(access_token)["sub"] == site.machine.client_id
    assert userinfo(site, access_token).status_code == 401


@pytest.mark.parametrize("metadata", ["{", "[]", '"x"', '{"a": 1}', '{"a": null}', '{"a": "\\u0000"}', "[" * 50])
def test_metadata_that_is_no_object_of_texts_is_refused(site: Site, metadata: str) -> None:
    assert machine(site, aws_client_metadata=metadata).json == {"error": "invalid_request"}


def test_a_failing_trigger_gives_a_machine_nothing(site: Site) -> None:
    trigger(site, fail, version="V3_0")

    assert machine(site).json["error"] == "invalid_grant"


# --- the implicit flow --------------------------------------------------------------------------------------


def implicit(site: Site) -> Any:
    url = site.authorize_url(site.implicit, without=("code_challenge", "code_challenge_method"), response_type="token")
    return location(site.browse(signed_in=True).get(url))


def test_tokens_of_the_implicit_flow_are_changed_too(site: Site) -> None:
    trigger(site, changing(claimsToAddOrOverride={"tenant": "north"}), version="V2_0")

    assert claims(dict(implicit(site))["access_token"])["tenant"] == "north"


def test_a_failing_trigger_travels_to_the_callback_url_as_cognito_has_it(site: Site) -> None:
    trigger(site, fail)

    assert implicit(site) == [
        ("error_description", "PreTokenGeneration failed with error not ?today? ???. "),
        ("state", "xyz"),
        ("error", "invalid_request"),
    ]


@pytest.mark.compliance("RFC 6749", "4.2.2.1", "access_denied: the authorization server denied the request")
def test_in_the_oidc_dialect_it_is_access_denied(oidc_site: Site) -> None:
    trigger(oidc_site, fail)

    assert implicit(oidc_site) == [
        ("error", "access_denied"),
        ("error_description", "PreTokenGeneration failed with error not ?today? ???."),
        ("state", "xyz"),
        ("iss", oidc_site.issuer),
    ]
