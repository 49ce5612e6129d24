"""The doctor's answers: each question with what makes it a problem, and what does not."""

import shlex
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.errors import RedirectMismatch, ScopeNotAllowed
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.services import redirect_differences
from app_client_authz.services.doctor import Answer, Verdict, examine
from tests.services.world import CALLBACK, World, rotation, world_over
from tests.support.clock import MovableClock


def asked(world: World, registration: Registration, topic: str, **request: str) -> Answer | None:
    found = [each for each in examine(world.services, registration, **request) if each.topic == topic]
    assert len(found) <= 1
    return found[0] if found else None


def answer(world: World, registration: Registration, topic: str, **request: str) -> Answer:
    found = asked(world, registration, topic, **request)
    assert found is not None
    return found


def command(found: Answer) -> list[str]:
    """The options of the remedy, behind ``flask authz client update CLIENT_ID``."""
    assert found.command is not None
    return shlex.split(found.command)[5:]


@pytest.fixture
def world(sqlite_world: World) -> World:
    server = ResourceServer.create(
        pool_id=sqlite_world.pool.id,
        identifier="orders",
        name="Orders",
        scopes=[ResourceServerScope("read", "Read"), ResourceServerScope("write", "Write")],
    )
    sqlite_world.services.resource_servers.create(server)
    return sqlite_world


@pytest.fixture
def machine(world: World) -> Registration:
    spec = ClientSpec(
        client_name="machine",
        generate_secret=True,
        allowed_oauth_flows_user_pool_client=True,
        allowed_oauth_flows=("client_credentials",),
        allowed_oauth_scopes=("orders/read",),
    )
    return world.registration(world.services.app_clients.create(world.pool.id, spec).client.client_id)


@pytest.fixture
def oidc(sqlite_engine: sa.Engine, clock: MovableClock) -> World:
    return world_over(sqlite_engine, clock, spec=PoolSpec(name="strict", dialect="oidc"))


def test_a_sound_client_has_no_problem(world: World) -> None:
    registration = world.client(logout_urls=("https://app.example/",))
    assert [each.topic for each in examine(world.services, registration) if each.verdict is Verdict.PROBLEM] == []


# --- can users sign in? ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members, options",
    [
        ({"allowed_oauth_flows_user_pool_client": False}, ["--oauth"]),
        ({"supported_identity_providers": None}, ["--identity-provider", "COGNITO"]),
        (
            {
                "allowed_oauth_flows_user_pool_client": False,
                "allowed_oauth_flows": None,
                "callback_urls": None,
                "allowed_oauth_scopes": None,
            },
            ["--oauth", "--flow", "code", "--callback-url", "URL", "--scope", "openid"],
        ),
    ],
    ids=str,
)
def test_what_keeps_users_from_signing_in_is_named_with_its_options(
    world: World, members: dict[str, Any], options: list[str]
) -> None:
    found = answer(world, world.client(**members), "sign-in")
    assert found.verdict is Verdict.PROBLEM
    assert command(found) == options


def test_users_can_sign_in_from_this_machine_only_without_a_public_url(world: World) -> None:
    found = answer(world, world.client(), "sign-in")
    assert found.verdict is Verdict.OK
    assert "AUTHZ_PUBLIC_URL" in found.text


def test_a_face_that_is_not_mounted_is_named(sqlite_engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(sqlite_engine, clock, faces=("oauth",))
    found = answer(world, world.client(), "sign-in")
    assert found.verdict is Verdict.PROBLEM
    assert "hosted_ui" in found.text


def test_a_machine_client_is_not_meant_for_users(world: World, machine: Registration) -> None:
    assert answer(world, machine, "sign-in").verdict is Verdict.INFO
    for topic in ("redirect_mismatch", "email", "invalid_grant", "rotation", "revocation", "pkce", "sign-out"):
        assert asked(world, machine, topic) is None


# --- redirect_mismatch ----------------------------------------------------------------------------


def test_the_registered_urls_are_listed_where_none_is_to_be_compared(world: World) -> None:
    found = answer(world, world.client(), "redirect_mismatch")
    assert (found.verdict, found.details) == (Verdict.INFO, (CALLBACK,))


def test_a_registered_url_is_fine_and_the_server_agrees(world: World) -> None:
    registration = world.client()
    assert answer(world, registration, "redirect_mismatch", redirect_uri=CALLBACK).verdict is Verdict.OK
    world.code(registration, world.user())


def test_a_url_that_differs_is_a_problem_and_the_server_agrees(world: World) -> None:
    registration = world.client()
    sent = f"{CALLBACK}/"
    found = answer(world, registration, "redirect_mismatch", redirect_uri=sent)
    assert found.verdict is Verdict.PROBLEM
    assert "a slash at the end that is not registered" in found.text
    assert command(found) == ["--callback-url", CALLBACK, "--callback-url", sent]
    assert found.details == (f"sent        {sent}", f"registered  {CALLBACK}", " " * (12 + len(CALLBACK)) + "^")
    with pytest.raises(RedirectMismatch):
        world.code(registration, world.user(), redirect_uri=sent)


def test_a_url_that_cannot_be_registered_gets_no_command(world: World) -> None:
    found = answer(world, world.client(), "redirect_mismatch", redirect_uri="http://app.example/callback")
    assert found.command is None
    assert "cannot use the HTTP protocol" in (found.remedy or "")


def test_a_client_without_callback_urls_refuses_every_one(world: World) -> None:
    registration = world.client(
        callback_urls=None, allowed_oauth_flows=None, allowed_oauth_flows_user_pool_client=False
    )
    found = answer(world, registration, "redirect_mismatch", redirect_uri=CALLBACK)
    assert (found.verdict, command(found)) == (Verdict.PROBLEM, ["--callback-url", CALLBACK])


@pytest.mark.parametrize(
    "sent, named",
    [
        ("https://app.example/callback/", "a slash at the end that is not registered"),
        ("http://app.example/callback", "the scheme: http instead of https"),
        ("https://App.example/callback", "the case of the host: App.example instead of app.example"),
        ("https://www.app.example/callback", "the host: www.app.example instead of app.example"),
        ("https://app.example:8443/callback", "the port: 8443 instead of none"),
        ("https://app.example/Callback", "the case of the path"),
        ("https://app.example/callb%61ck", "the percent-encoding of the path"),
        ("https://app.example/other", "the path: /other instead of /callback"),
        ("https://app.example/callback?x=1", "the query: x=1 instead of none"),
        ("https://app.example/callback#top", "a fragment: #top"),
        (" https://app.example/callback ", "blanks around the URL"),
        ("https%3A%2F%2Fapp.example%2Fcallback", "it arrives URL-encoded twice"),
        ("https://[app.example/callback", "the URL is malformed"),
        ("https://app.example/callback?", "character 29"),
        ("HTTPS://app.example/callback", "character 1"),
    ],
)
def test_the_difference_is_named(sent: str, named: str) -> None:
    assert redirect_differences.differences(sent, "https://app.example/callback") == [named]


def test_several_differences_are_all_named() -> None:
    assert redirect_differences.differences("http://localhost:5000/CB", "http://127.0.0.1:8000/cb/") == [
        "the host: localhost instead of 127.0.0.1, which are two names to a browser",
        "the port: 5000 instead of 8000",
        "the case of the path",
        "the slash at the end is missing",
    ]


def test_the_nearest_url_has_the_fewest_differences() -> None:
    registered = ("https://other.example/callback/", "https://app.example/callback", "myapp://callback")
    assert redirect_differences.nearest("https://app.example/callback/", registered) == registered[1]


def test_the_mark_stands_below_the_first_difference_even_behind_what_is_not_printable() -> None:
    sent, registered, mark = redirect_differences.pointer("my\x1bapp://x", "my\x1bapp://y")
    assert sent == "sent        my\\x1bapp://x"
    assert sent[mark.index("^")], registered[mark.index("^")] == ("x", "y")


def test_equal_urls_have_no_difference() -> None:
    assert redirect_differences.differences(CALLBACK, CALLBACK) == []


# --- scopes ---------------------------------------------------------------------------------------


def test_a_scope_that_the_client_lacks_is_named_and_the_server_agrees(world: World) -> None:
    registration = world.client(allowed_oauth_scopes=("openid", "email"))
    found = answer(world, registration, "invalid_scope", scope="openid orders/read")
    assert found.verdict is Verdict.PROBLEM
    assert found.text == "orders/read is not among the client's scopes."
    assert command(found) == ["--scope", "openid", "--scope", "email", "--scope", "orders/read"]
    with pytest.raises(ScopeNotAllowed):
        world.code(registration, world.user(), scope="openid orders/read")


@pytest.mark.parametrize(
    "scope, named",
    [
        ("openid orders/delete", "orders/delete exists in no resource server of the pool"),
        ("openid,email", "openid,email exists in no resource server of the pool: spaces divide scopes, not commas"),
        ("openid  email", "single spaces"),
        ("offline_access", "offline_access exists in no resource server of the pool"),
    ],
)
def test_a_scope_that_nobody_can_have_gets_no_command(world: World, scope: str, named: str) -> None:
    found = answer(world, world.client(), "invalid_scope", scope=scope)
    assert found.verdict is Verdict.PROBLEM
    assert named in found.text
    assert found.command is None


def test_a_request_that_is_fine_says_what_it_gets(world: World) -> None:
    found = answer(world, world.client(), "invalid_scope", scope="email openid")
    assert (found.verdict, found.text) == (Verdict.OK, "This request is fine and gets: openid email.")


def test_a_scope_whose_resource_server_is_gone_is_named(world: World) -> None:
    registration = world.client(allowed_oauth_scopes=("openid", "orders/read"))
    world.services.resource_servers.delete(world.pool.id, "orders")
    found = answer(world, world.registration(registration.client.client_id), "invalid_scope")
    assert (found.verdict, "orders/read" in found.text) == (Verdict.PROBLEM, True)


def test_a_machine_cannot_have_a_users_scope(world: World, machine: Registration) -> None:
    found = answer(world, machine, "invalid_scope", scope="openid")
    assert found.verdict is Verdict.PROBLEM
    assert "is a user's" in found.text
    assert found.command is None
    assert answer(world, machine, "invalid_scope").text.endswith("orders/read.")


def test_offline_access_is_ignored_in_the_oidc_dialect(oidc: World) -> None:
    registration = oidc.client()
    assert answer(oidc, registration, "invalid_scope", scope="openid offline_access").verdict is Verdict.OK
    assert "is ignored" in answer(oidc, registration, "refresh-token").text


# --- tokens and claims ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members, verdict, named",
    [
        ({}, Verdict.OK, "with every code"),
        ({"allowed_oauth_flows": ("implicit",)}, Verdict.PROBLEM, "implicit"),
        ({"allowed_oauth_flows": ("code", "implicit")}, Verdict.OK, "response_type=token"),
        ({"allowed_oauth_flows_user_pool_client": False}, Verdict.PROBLEM, "OAuth is off"),
    ],
    ids=str,
)
def test_who_gets_a_refresh_token(world: World, members: dict[str, Any], verdict: Verdict, named: str) -> None:
    found = answer(world, world.client(**members), "refresh-token")
    assert found.verdict is verdict
    assert named in found.text


def test_a_machine_gets_neither_refresh_nor_id_token(world: World, machine: Registration) -> None:
    assert "client_credentials never gives one" in answer(world, machine, "refresh-token").text
    assert "no user" in answer(world, machine, "id-token").text


def test_an_id_token_needs_the_scope_openid(world: World) -> None:
    assert answer(world, world.client(), "id-token").verdict is Verdict.OK
    lacking = answer(world, world.client(allowed_oauth_scopes=("email",)), "id-token")
    assert (lacking.verdict, command(lacking)) == (Verdict.PROBLEM, ["--scope", "email", "--scope", "openid"])
    unasked = answer(world, world.client(), "id-token", scope="email")
    assert (unasked.verdict, unasked.command) == (Verdict.PROBLEM, None)


def test_the_implicit_flow_gives_an_id_token_in_the_cognito_dialect_only(world: World, oidc: World) -> None:
    implicit = {"allowed_oauth_flows": ("implicit",)}
    assert answer(world, world.client(**implicit), "id-token").verdict is Verdict.OK
    assert answer(oidc, oidc.client(**implicit), "id-token").verdict is Verdict.PROBLEM


def test_an_email_claim_needs_scope_and_read_attribute(world: World) -> None:
    assert answer(world, world.client(), "email").verdict is Verdict.OK
    unreadable = answer(world, world.client(read_attributes=("name",)), "email")
    assert unreadable.verdict is Verdict.PROBLEM
    assert command(unreadable) == [
        *("--read-attribute", "name", "--read-attribute", "email", "--read-attribute", "email_verified")
    ]
    unasked = answer(world, world.client(), "email", scope="openid profile")
    assert (unasked.verdict, unasked.remedy) == (Verdict.PROBLEM, "Ask for both.")
    lacking = answer(world, world.client(allowed_oauth_scopes=("openid", "profile")), "email")
    assert command(lacking) == ["--scope", "openid", "--scope", "profile", "--scope", "email"]


def test_openid_alone_shows_the_address_in_the_cognito_dialect_only(world: World, oidc: World) -> None:
    alone = {"allowed_oauth_scopes": ("openid",)}
    assert answer(world, world.client(**alone), "email").verdict is Verdict.OK
    assert answer(oidc, oidc.client(**alone), "email").verdict is Verdict.PROBLEM


def test_a_scope_beyond_the_read_attributes_makes_the_exchange_fail(world: World) -> None:
    found = answer(world, world.client(read_attributes=("email",)), "invalid_grant")
    assert found.verdict is Verdict.PROBLEM
    assert command(found) == ["--read-attribute", "email", "--read-attribute", "email_verified"]


def test_an_exchange_that_the_configuration_allows_can_still_fail(world: World) -> None:
    found = answer(world, world.client(), "invalid_grant")
    assert found.verdict is Verdict.INFO
    assert "300 seconds" in found.text


def test_how_a_client_authenticates_depends_on_its_secrets(world: World) -> None:
    registration = world.client()
    assert "client_secret_basic" in answer(world, registration, "invalid_client").text
    world.services.app_clients.add_secret(world.pool.id, registration.client.client_id)
    both = world.registration(registration.client.client_id)
    assert "Either of its 2 secrets" in answer(world, both, "invalid_client").text
    assert "no secret" in answer(world, world.client(generate_secret=False), "invalid_client").text


# --- what is in effect ----------------------------------------------------------------------------


def test_lifetimes_are_told_with_their_units(world: World, machine: Registration) -> None:
    text = answer(world, world.client(access_token_validity=2), "lifetimes").text
    assert text == "Access tokens 2 hours, ID tokens 1 hour, refresh tokens 30 days; a code 5 minutes."
    assert answer(world, machine, "lifetimes").text == "Access tokens 1 hour; a code 5 minutes."


def test_rotation_is_told_with_its_grace_period(world: World) -> None:
    assert answer(world, world.client(), "rotation").text.startswith("No")
    assert "10 seconds" in answer(world, world.client(**rotation(10)), "rotation").text
    assert "loses its session" in answer(world, world.client(**rotation(0)), "rotation").text


def test_revocation_that_is_off_is_a_problem(world: World) -> None:
    assert answer(world, world.client(), "revocation").verdict is Verdict.OK
    off = answer(world, world.client(enable_token_revocation=False), "revocation")
    assert (off.verdict, command(off)) == (Verdict.PROBLEM, ["--token-revocation"])


@pytest.mark.parametrize(
    "members, verdict",
    [
        ({}, Verdict.INFO),
        ({"generate_secret": False}, Verdict.PROBLEM),
        ({"generate_secret": False, "require_pkce": True}, Verdict.OK),
    ],
    ids=str,
)
def test_a_public_client_should_require_pkce(world: World, members: dict[str, Any], verdict: Verdict) -> None:
    assert answer(world, world.client(**members), "pkce").verdict is verdict


def test_sign_out_urls_are_listed(world: World) -> None:
    urls = ("https://app.example/",)
    assert answer(world, world.client(logout_urls=urls), "sign-out").details == urls
    assert command(answer(world, world.client(), "sign-out")) == ["--logout-url", "URL"]


def test_endpoints_are_listed_where_the_outside_url_is_known(
    world: World, sqlite_engine: sa.Engine, clock: MovableClock
) -> None:
    assert answer(world, world.client(), "endpoints").details == ()
    public = world_over(sqlite_engine, clock, public_url="https://login.example/auth")
    listed = dict(line.split() for line in answer(public, public.client(), "endpoints").details)
    assert listed["issuer"] == f"https://login.example/auth/{public.pool.id}"
    assert listed["token"] == "https://login.example/auth/oauth2/token"
