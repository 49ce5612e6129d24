"""Sessions of a user, listed and ended one by one (api.md 2.12, 4.21, 4.22)."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.storage import tables
from tests.support.aws import Wire, output, refusal
from tests.support.back_channel import exchange, is_alive, refresh
from tests.support.clock import MovableClock
from tests.support.cost import cost_on, sqlite_plan
from tests.support.site import BASE, PASSWORD, USERNAME, Registered, Site, claims, location

HOUR = 3600
ID = re.compile("(tkn|sso)[a-z0-9]{25}")
Tokens = dict[str, Any]


@pytest.fixture
def kim(site: Site) -> dict[str, str]:
    return {"UserPoolId": site.pool.id, "Username": USERNAME}


@pytest.fixture(autouse=True)
def _tracked(site: Site) -> None:
    track(site)


@pytest.fixture
def app(site: Site) -> Registered:
    """A public client of the JSON API's own flows."""
    return site.client(explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"))


def track(site: Site, tracking: str = "ENABLED", *, per_user: int = 20) -> None:
    site.services.pool_settings.set_sessions(site.pool.id, tracking=tracking, per_user=per_user)


def sign_in(wire: Wire, app: Registered) -> Tokens:
    asked = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    body = {"ClientId": app.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": asked}
    return dict(output(wire("InitiateAuth", body, signed=False))["AuthenticationResult"])


def code_of(site: Site, client: Registered, cookie: str) -> str:
    """A code for the browser with that cookie."""
    return dict(location(site.browse(cookie=cookie).get(site.authorize_url(client))))["code"]


def tokens_of(site: Site, client: Registered, cookie: str) -> Tokens:
    answer = exchange(site, client, code_of(site, client, cookie))
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def listed(wire: Wire, kim: dict[str, str]) -> list[Any]:
    return list(output(wire("AdminListUserSessions", kim))["Sessions"])


def of_kind(wire: Wire, kim: dict[str, str], kind: str) -> list[Any]:
    return [each for each in listed(wire, kim) if each["SessionType"] == kind]


def is_signed_in(site: Site, cookie: str) -> bool:
    answer = site.browse(cookie=cookie).get(site.authorize_url(site.web, prompt="none"))
    return "code=" in answer.headers["Location"]


def works(wire: Wire, tokens: Tokens) -> bool:
    return wire("GetUser", {"AccessToken": tokens["AccessToken"]}, signed=False).status_code == 200


# --- lists ----------------------------------------------------------------------------------------


def test_boto3_lists_both_kinds_and_ends_another_session_but_not_its_own(
    cognito: Any, site: Site, app: Registered, clock: MovableClock
) -> None:
    began = clock.now
    here, elsewhere = [
        cognito.initiate_auth(
            ClientId=app.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": USERNAME, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        for _ in range(2)
    ]
    clock.advance(1)
    cookie = site.cookie()
    clock.advance(1)
    tokens_of(site, site.web, cookie)

    first, second, browser, from_browser = cognito.list_user_sessions(AccessToken=here["AccessToken"])["Sessions"]

    assert all(ID.fullmatch(each["SessionId"]) for each in (first, second, browser, from_browser))
    assert [each["SessionType"] for each in (first, second, browser, from_browser)] == [
        "TOKEN",
        "TOKEN",
        "SSO",
        "TOKEN",
    ]
    assert sorted(each["IsCurrentSession"] for each in (first, second)) == [False, True]
    assert first["ClientId"] == second["ClientId"] == app.client_id
    assert first["CreateDate"].timestamp() == pytest.approx(began, abs=0.001)
    assert browser.keys() == {"SessionId", "SessionType", "CreateDate", "LastActiveDate", "IsCurrentSession"}
    assert browser["LastActiveDate"] == from_browser["CreateDate"] > browser["CreateDate"]
    assert from_browser["OriginSessionId"] == browser["SessionId"]
    assert from_browser["ClientId"] == site.web.client_id
    assert "OriginSessionId" not in first

    own, other = (first, second) if first["IsCurrentSession"] else (second, first)
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="current session cannot be revoked"):
        cognito.revoke_user_session(AccessToken=here["AccessToken"], SessionId=own["SessionId"])
    cognito.revoke_user_session(AccessToken=here["AccessToken"], SessionId=other["SessionId"])
    with pytest.raises(cognito.exceptions.ResourceNotFoundException):
        cognito.revoke_user_session(AccessToken=here["AccessToken"], SessionId=other["SessionId"])

    with pytest.raises(cognito.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        cognito.get_user(AccessToken=elsewhere["AccessToken"])
    assert len(cognito.list_user_sessions(AccessToken=here["AccessToken"])["Sessions"]) == 3


def test_administrator_sees_the_same_and_no_session_is_current(
    wire: Wire, app: Registered, kim: dict[str, str]
) -> None:
    token = sign_in(wire, app)["AccessToken"]
    own = output(wire("ListUserSessions", {"AccessToken": token}, signed=False))["Sessions"]

    assert [each["IsCurrentSession"] for each in own] == [True]
    assert listed(wire, kim) == [own[0] | {"IsCurrentSession": False}]


def test_what_is_over_is_not_listed(site: Site, wire: Wire, app: Registered, kim: dict[str, str]) -> None:
    site.cookie()
    sign_in(wire, app)
    revoked = sign_in(wire, app)["RefreshToken"]
    output(wire("RevokeToken", {"ClientId": app.client_id, "Token": revoked}, signed=False))
    assert len(listed(wire, kim)) == 2

    output(wire("AdminUserGlobalSignOut", kim))
    assert [each["SessionType"] for each in listed(wire, kim)] == ["SSO"]

    sign_in(wire, app)
    site.services.pools.forget_sessions(site.pool.id)
    assert listed(wire, kim) == []


def test_expired_sessions_are_not_listed(
    site: Site, wire: Wire, app: Registered, kim: dict[str, str], clock: MovableClock
) -> None:
    site.cookie()
    sign_in(wire, app)
    clock.advance(30 * 24 * HOUR)

    user = site.services.users.describe(site.pool.id, USERNAME)
    assert site.services.user_sessions.page(site.pool.id, user.sub, after="", limit=5) == []


def test_pool_that_tracks_no_sessions_has_none_to_list_or_to_end(
    site: Site, wire: Wire, app: Registered, kim: dict[str, str]
) -> None:
    tokens = sign_in(wire, app)
    (known,) = listed(wire, kim)

    track(site, "DISABLED")

    assert listed(wire, kim) == []
    assert output(wire("ListUserSessions", {"AccessToken": tokens["AccessToken"]}, signed=False)) == {"Sessions": []}
    refused = wire("AdminRevokeUserSession", {**kim, "SessionId": known["SessionId"]})
    assert refusal(refused) == ("ResourceNotFoundException", "Session does not exist.")
    assert works(wire, tokens)


def test_pages_of_125_hold_every_session_once(site: Site, wire: Wire, app: Registered, kim: dict[str, str]) -> None:
    track(site, "DISABLED")
    sign_in(wire, app)
    site.cookie()
    for table, unique in ((tables.token_sessions, "id"), (tables.sso_sessions, "id")):
        with site.services.engine.begin() as connection:
            row = dict(connection.execute(sa.select(table)).mappings().one())
            for number in range(90):
                more = {"digest": row["digest"][:-2] + number.to_bytes(2)} if "digest" in row else {}
                connection.execute(sa.insert(table), row | {unique: row[unique][:-2] + number.to_bytes(2)} | more)
    track(site)

    first = output(wire("AdminListUserSessions", kim))
    second = output(wire("AdminListUserSessions", {**kim, "NextToken": first["NextToken"]}))

    assert (len(first["Sessions"]), len(second["Sessions"])) == (125, 57)
    assert "NextToken" not in second
    assert len({each["SessionId"] for page in (first, second) for each in page["Sessions"]}) == 182


def test_pagination_token_of_another_user_is_none(site: Site, wire: Wire, kim: dict[str, str]) -> None:
    theirs = site.services.page_tokens.make("", "AdminListUserSessions", site.pool.id, "lee")

    refused = wire("AdminListUserSessions", {**kim, "NextToken": theirs})

    assert refusal(refused)[0] == "InvalidParameterException"


def test_lists_and_ends_find_their_rows_by_an_index(
    site: Site, wire: Wire, app: Registered, kim: dict[str, str]
) -> None:
    site.cookie()
    sign_in(wire, app)
    with cost_on(site.services.engine) as cost:
        for each in listed(wire, kim):
            wire(
                "AdminRevokeUserSession", {**kim, "SessionId": each["SessionId"], "RevokeAssociatedSessions": "LINKED"}
            )
        sign_in(wire, app)

    plan = sqlite_plan(site.services.engine, cost)
    assert plan
    assert not [detail for detail in plan if detail.startswith("SCAN authz")]


# --- ends -----------------------------------------------------------------------------------------


def test_ended_token_session_is_dead_and_its_browser_stays_signed_in(
    site: Site, wire: Wire, kim: dict[str, str]
) -> None:
    cookie = site.cookie()
    tokens, others = tokens_of(site, site.web, cookie), tokens_of(site, site.spa, cookie)
    (session,) = [each for each in of_kind(wire, kim, "TOKEN") if each["ClientId"] == site.web.client_id]

    answer = wire("AdminRevokeUserSession", {**kim, "SessionId": session["SessionId"]})

    assert answer.data == b"{}"
    assert not is_alive(site, site.web, tokens)
    assert is_alive(site, site.spa, others)
    assert is_signed_in(site, cookie)


def test_linked_end_of_a_token_session_signs_its_browser_out_and_leaves_its_siblings(
    site: Site, wire: Wire, kim: dict[str, str]
) -> None:
    cookie, elsewhere = site.cookie(), site.cookie()
    tokens, others = tokens_of(site, site.web, cookie), tokens_of(site, site.spa, cookie)
    (session,) = [each for each in of_kind(wire, kim, "TOKEN") if each["ClientId"] == site.web.client_id]

    end = {**kim, "SessionId": session["SessionId"], "RevokeAssociatedSessions": "LINKED"}
    output(wire("AdminRevokeUserSession", end))

    assert not is_alive(site, site.web, tokens)
    assert is_alive(site, site.spa, others)
    assert (is_signed_in(site, cookie), is_signed_in(site, elsewhere)) == (False, True)


@pytest.mark.parametrize("linked", [False, True])
def test_ended_sso_session_takes_along_what_came_from_it_only_if_linked(
    site: Site, wire: Wire, app: Registered, kim: dict[str, str], linked: bool
) -> None:
    other = site.cookie()
    (known,) = of_kind(wire, kim, "SSO")
    cookie = site.cookie()
    tokens, others, by_api = tokens_of(site, site.web, cookie), tokens_of(site, site.web, other), sign_in(wire, app)
    under_way = code_of(site, site.web, cookie)
    (session,) = [each for each in of_kind(wire, kim, "SSO") if each["SessionId"] != known["SessionId"]]

    kind = "LINKED" if linked else "NONE"
    end = {**kim, "SessionId": session["SessionId"], "RevokeAssociatedSessions": kind}
    output(wire("AdminRevokeUserSession", end))

    assert (is_signed_in(site, cookie), is_signed_in(site, other)) == (False, True)
    assert is_alive(site, site.web, tokens) is not linked
    assert (exchange(site, site.web, under_way).status_code == 200) is not linked
    assert is_alive(site, site.web, others)
    assert works(wire, by_api)


@pytest.mark.parametrize("tracked", [True, False])
def test_revocation_of_a_refresh_token_signs_its_browser_out_if_linked_and_tracked(
    site: Site, wire: Wire, tracked: bool
) -> None:
    cookie, untouched = site.cookie(), site.cookie()
    tokens, sibling = tokens_of(site, site.spa, cookie), tokens_of(site, site.web, cookie)
    plain = tokens_of(site, site.spa, untouched)
    if not tracked:
        track(site, "DISABLED")

    for token, more in ((tokens, {"RevokeAssociatedSessions": "LINKED"}), (plain, {})):
        body = {"ClientId": site.spa.client_id, "Token": token["refresh_token"], **more}
        assert wire("RevokeToken", body, signed=False).data == b"{}"

    assert not is_alive(site, site.spa, tokens)
    assert is_alive(site, site.web, sibling)
    assert (is_signed_in(site, cookie), is_signed_in(site, untouched)) == (not tracked, True)


def test_session_of_another_user_is_not_there_and_lives_on(
    site: Site, wire: Wire, app: Registered, kim: dict[str, str]
) -> None:
    lee = site.services.users.create(site.pool.id, "lee", {}, password=PASSWORD, permanent=True)
    site.cookie(lee)
    tokens = sign_in(wire, app)
    theirs = listed(wire, kim | {"Username": "lee"})[0]["SessionId"]
    strange = [theirs, "tkn" + "z" * 25, "sso" + "0" * 25]

    for session_id in strange:
        own = wire("RevokeUserSession", {"AccessToken": tokens["AccessToken"], "SessionId": session_id}, signed=False)
        by_admin = wire("AdminRevokeUserSession", {**kim, "SessionId": session_id})
        for refused in (own, by_admin):
            assert refusal(refused) == ("ResourceNotFoundException", "Session does not exist.")

    assert len(listed(wire, kim | {"Username": "lee"})) == 1


def test_malformed_ids_unknown_users_and_dead_tokens_are_refused(
    site: Site, wire: Wire, app: Registered, kim: dict[str, str]
) -> None:
    tokens = sign_in(wire, app)
    (known,) = listed(wire, kim)
    assert refusal(wire("AdminRevokeUserSession", {**kim, "SessionId": "TKN"}))[0] == "InvalidParameterException"
    nobody = {**kim, "Username": "nobody"}
    for refused in (
        wire("AdminListUserSessions", nobody),
        wire("AdminRevokeUserSession", {**nobody, "SessionId": known["SessionId"]}),
    ):
        assert refusal(refused) == ("UserNotFoundException", "User does not exist.")
    output(wire("AdminUserGlobalSignOut", kim))
    for operation, more in (("ListUserSessions", {}), ("RevokeUserSession", {"SessionId": known["SessionId"]})):
        refused = wire(operation, {"AccessToken": tokens["AccessToken"], **more}, signed=False)
        assert refusal(refused) == ("NotAuthorizedException", "Access Token has been revoked")


@pytest.mark.attack("API-9")
def test_session_id_opens_nothing(site: Site, wire: Wire, kim: dict[str, str]) -> None:
    """Neither as it is shown nor as the number behind it."""
    cookie = site.cookie()
    tokens_of(site, site.web, cookie)
    for each in listed(wire, kim):
        shown = each["SessionId"]
        number = int(shown[3:], 36).to_bytes(16)
        with site.services.engine.connect() as connection:
            digests = [
                row.digest
                for table in (tables.sso_sessions, tables.refresh_tokens)
                for row in connection.execute(sa.select(table.c.digest))
            ]
        assert number not in [digest[:16] for digest in digests] + [digest[16:] for digest in digests]
        for value in (shown, shown[3:], number.hex()):
            assert not is_signed_in(site, value)
            assert refresh(site, site.web, value).status_code == 400


# --- how many -------------------------------------------------------------------------------------


def test_sign_in_beyond_the_limit_ends_the_session_used_least_recently(
    site: Site, wire: Wire, app: Registered, kim: dict[str, str], clock: MovableClock
) -> None:
    rotating = site.client(refresh_token_rotation=RefreshTokenRotation("ENABLED", 0))
    track(site, per_user=3)
    sessions = [tokens_of(site, rotating, site.cookie())]
    clock.advance(1)
    sessions.append(tokens_of(site, rotating, site.cookie()))
    clock.advance(1)
    by_api = sign_in(wire, app)
    clock.advance(1)
    used = refresh(site, rotating, sessions[0]["refresh_token"]).json
    clock.advance(1)

    again = sign_in(wire, app)

    assert refresh(site, rotating, sessions[1]["refresh_token"]).status_code == 400
    assert refresh(site, rotating, used["refresh_token"]).status_code == 200
    assert (works(wire, by_api), works(wire, again)) == (True, True)
    assert len(of_kind(wire, kim, "TOKEN")) == 3


def test_session_without_rotation_counts_as_used_to_the_hour(site: Site, app: Registered, clock: MovableClock) -> None:
    """Seen without signatures, which the clock of the machine bounds."""
    services = site.services
    track(site, per_user=2)
    old = site.tokens(site.web)
    clock.advance(2 * HOUR)
    newer = site.tokens(site.web)
    clock.advance(1)
    with cost_on(services.engine) as first:
        assert refresh(site, site.web, old["refresh_token"]).status_code == 200
    used_at = clock.now
    clock.advance(HOUR - 1)
    with cost_on(services.engine) as second:
        assert refresh(site, site.web, old["refresh_token"]).status_code == 200

    sessions = services.user_sessions.page(site.pool.id, USERNAME, after="tkn", limit=9)
    (session,) = [each for each in sessions if each.key == claims(old["access_token"])["origin_jti"]]
    assert session.active_at == used_at
    assert [cost.figures for cost in (first, second)] == [(3, 1, 1), (2, 0, 0)]
    site.tokens(site.web)
    assert refresh(site, site.web, old["refresh_token"]).status_code == 200
    assert refresh(site, site.web, newer["refresh_token"]).status_code == 400


def test_lower_limit_counts_from_the_next_sign_in_on(
    site: Site, wire: Wire, app: Registered, kim: dict[str, str]
) -> None:
    sessions = [sign_in(wire, app) for _ in range(4)]
    track(site, per_user=1)
    assert all(works(wire, each) for each in sessions)

    last = sign_in(wire, app)

    assert [works(wire, each) for each in sessions] == [False] * 4
    assert works(wire, last)
    assert len(listed(wire, kim)) == 1


def test_pool_that_tracks_no_sessions_has_no_limit(site: Site, wire: Wire, app: Registered) -> None:
    track(site, "DISABLED", per_user=1)
    sessions = [sign_in(wire, app) for _ in range(3)]

    assert all(works(wire, each) for each in sessions)


def test_sessions_of_other_users_do_not_count(site: Site, wire: Wire, app: Registered) -> None:
    track(site, per_user=1)
    tokens = sign_in(wire, app)
    lee = site.services.users.create(site.pool.id, "lee", {}, password=PASSWORD, permanent=True)
    site.services.tokens.sign_in(_registration(site, app), lee, claims(tokens["AccessToken"])["event_id"], BASE)

    assert works(wire, tokens)


def _registration(site: Site, app: Registered) -> Any:
    found = site.services.app_clients.find(app.client_id)
    assert found is not None
    return found
