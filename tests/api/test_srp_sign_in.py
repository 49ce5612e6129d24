"""USER_SRP_AUTH over the wire: both steps, and what they tell whom (api.md 4.6, 6, 6.1, 9.1 lines 9 and 10)."""

import base64
import time
import uuid
from typing import Any

import pytest
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.srp import N, timestamp
from app_client_authz.services.registry import Services
from tests.support.aws import Wire, output, refusal
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, USERNAME, Registered, Site, claims, make_site
from tests.support.srp import SrpClient, answer, initiate

FLOWS = ("ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH")
WRONG = ("NotAuthorizedException", "Incorrect username or password.")
TEMPORARY, FRESH = "Temp0rary-pass!", "Fresh-passw0rd!"
RESPONSES = ("USERNAME", "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP")


@pytest.fixture
def shows(site: Site) -> Registered:
    """A client that tells who exists (LEGACY)."""
    return site.client(explicit_auth_flows=FLOWS)


@pytest.fixture
def hides(site: Site) -> Registered:
    """A client that does not (ENABLED)."""
    return site.client(explicit_auth_flows=FLOWS, prevent_user_existence_errors="ENABLED")


@pytest.fixture
def user(pool_id: str) -> SrpClient:
    return SrpClient(pool_id, PASSWORD)


def challenged(cognito: Any, client: Registered, user: SrpClient, name: str = USERNAME) -> dict[str, str]:
    given = initiate(cognito, client.client_id, name, user.a)
    assert given["ChallengeName"] == "PASSWORD_VERIFIER"
    assert "Session" not in given
    return dict(given["ChallengeParameters"])


def respond(cognito: Any, client: Registered, responses: dict[str, str]) -> Any:
    return answer(cognito, client.client_id, responses)


def sign_in(cognito: Any, client: Registered, name: str, password: str, pool_id: str) -> Any:
    user = SrpClient(pool_id, password)
    return respond(cognito, client, user.responses(challenged(cognito, client, user, name)))


def refused(call: Any, *arguments: Any, **named: Any) -> tuple[str, str]:
    with pytest.raises(Exception) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


# --- the two steps --------------------------------------------------------------------------------


def test_challenge_has_the_recorded_shape_and_its_proof_gives_tokens(
    cognito: Any, shows: Registered, user: SrpClient
) -> None:
    parameters = challenged(cognito, shows, user)

    assert parameters.keys() == {"SALT", "SECRET_BLOCK", "SRP_B", "USERNAME", "USER_ID_FOR_SRP"}
    assert (parameters["USERNAME"], parameters["USER_ID_FOR_SRP"]) == (USERNAME, USERNAME)
    assert len(parameters["SALT"]) == 32
    assert parameters["SALT"][0] != "0"
    assert int(parameters["SRP_B"], 16) < N
    given = respond(cognito, shows, user.responses(parameters))
    assert given["ChallengeParameters"] == {}
    assert claims(given["AuthenticationResult"]["AccessToken"])["username"] == USERNAME


def test_admin_forms_do_the_same(cognito: Any, pool_id: str, shows: Registered, user: SrpClient) -> None:
    both = {"UserPoolId": pool_id, "ClientId": shows.client_id}
    given = cognito.admin_initiate_auth(
        **both, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": USERNAME, "SRP_A": user.a}
    )

    tokens = cognito.admin_respond_to_auth_challenge(
        **both, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=user.responses(given["ChallengeParameters"])
    )

    assert tokens["AuthenticationResult"]["RefreshToken"]


def test_every_event_that_sets_a_password_sets_the_verifier(cognito: Any, pool_id: str, shows: Registered) -> None:
    def works(password: str) -> Any:
        return sign_in(cognito, shows, "lee", password, pool_id)

    cognito.admin_create_user(UserPoolId=pool_id, Username="lee", TemporaryPassword=TEMPORARY, MessageAction="SUPPRESS")
    pending = works(TEMPORARY)
    assert pending["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert pending["ChallengeParameters"]["USER_ID_FOR_SRP"] == "lee"
    cognito.respond_to_auth_challenge(
        ClientId=shows.client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=pending["Session"],
        ChallengeResponses={"USERNAME": "lee", "NEW_PASSWORD": FRESH},
    )
    tokens = works(FRESH)["AuthenticationResult"]
    assert refused(works, TEMPORARY) == WRONG
    cognito.change_password(
        AccessToken=tokens["AccessToken"], PreviousPassword=FRESH, ProposedPassword="Changed-passw0rd!"
    )
    assert works("Changed-passw0rd!")["AuthenticationResult"]
    cognito.admin_set_user_password(UserPoolId=pool_id, Username="lee", Password="Set-passw0rd!", Permanent=True)
    assert works("Set-passw0rd!")["AuthenticationResult"]
    assert refused(works, "Changed-passw0rd!") == WRONG


def test_users_known_by_an_address_are_told_their_username(
    cognito: Any, site: Site, address_pool: tuple[str, Registered]
) -> None:
    pool_id, client = address_pool
    made = site.services.users.create(pool_id, "kim@example.com", {}, password=PASSWORD, permanent=True)
    user = SrpClient(pool_id, PASSWORD)

    parameters = challenged(cognito, client, user, "KIM@example.com")

    assert parameters["USER_ID_FOR_SRP"] == parameters["USERNAME"] == made.sub
    assert respond(cognito, client, user.responses(parameters))["AuthenticationResult"]
    parameters = challenged(cognito, client, user, "kim@example.com")
    assert respond(cognito, client, user.responses(parameters, USERNAME="kim@example.com"))["AuthenticationResult"]


@pytest.fixture
def address_pool(site: Site, ready_made_keys: None) -> tuple[str, Registered]:
    """A pool where an e-mail address is the username, and its client, which hides who exists."""
    pool = site.services.pools.create(PoolSpec(name="addresses", username_attributes=("email",)))
    spec = ClientSpec(client_name="app", explicit_auth_flows=FLOWS, prevent_user_existence_errors="ENABLED")
    return pool.id, Registered(site.services.app_clients.create(pool.id, spec).client)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("a", ["", "0x1f", "xyz", "-1", " 1f", "1_0", "\u0661", "f" * 771])
def test_public_value_that_is_no_number_of_the_group_is_refused_unseen(
    wire: Wire, shows: Registered, hides: Registered, a: str
) -> None:
    def ask(client: Registered, name: str) -> tuple[str, str | None]:
        body = {
            "ClientId": client.client_id,
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": {"USERNAME": name, "SRP_A": a},
        }
        return refusal(wire("InitiateAuth", body, signed=False))

    message = "SRP_A must be a hexadecimal number of the group's length." if a else "Missing required parameter SRP_A"
    answers = {ask(client, name) for client in (shows, hides) for name in (USERNAME, "nobody")}
    assert answers == {("InvalidParameterException", message)}


@pytest.mark.parametrize("multiple", [0, 1, 2])
def test_public_value_that_makes_the_key_known_gets_a_challenge_and_no_tokens(
    cognito: Any, pool_id: str, shows: Registered, multiple: int
) -> None:
    user = SrpClient(pool_id, PASSWORD)
    user.public, user.a = multiple * N, f"{multiple * N:x}"

    parameters = challenged(cognito, shows, user)

    # Whatever the password, both sides would have worked with S = 0.
    user._secret = 0
    assert refused(respond, cognito, shows, user.responses(parameters)) == WRONG


@pytest.mark.parametrize("missing", RESPONSES)
def test_missing_responses_are_named(cognito: Any, shows: Registered, user: SrpClient, missing: str) -> None:
    responses = user.responses(challenged(cognito, shows, user))
    del responses[missing]

    told = ("InvalidParameterException", f"Missing required parameter {missing}")
    assert refused(respond, cognito, shows, responses) == told


def test_flow_has_to_be_enabled(cognito: Any, site: Site, user: SrpClient) -> None:
    client = site.client(explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",))

    told = ("InvalidParameterException", "USER_SRP_AUTH is not enabled for the client.")
    assert refused(initiate, cognito, client.client_id, USERNAME, user.a) == told


@pytest.mark.parametrize("seconds", [-599, 599])
def test_clocks_may_differ_by_ten_minutes(
    cognito: Any, clock: MovableClock, shows: Registered, user: SrpClient, seconds: int
) -> None:
    parameters = challenged(cognito, shows, user)

    assert respond(cognito, shows, user.responses(parameters, now=clock() + seconds))["AuthenticationResult"]


@pytest.mark.parametrize("seconds", [-602, 602])
@pytest.mark.attack("R24")
def test_proof_of_another_time_is_refused(
    cognito: Any, clock: MovableClock, shows: Registered, user: SrpClient, seconds: int
) -> None:
    parameters = challenged(cognito, shows, user)

    assert refused(respond, cognito, shows, user.responses(parameters, now=clock() + seconds)) == WRONG


def _padded(now: float) -> str:
    day, month, number, *rest = timestamp(now).split(" ")
    return " ".join([day, month, f"0{number}", *rest])


@pytest.mark.parametrize(
    "spelt",
    [
        _padded,
        lambda now: timestamp(now).replace("UTC", "GMT"),
        lambda now: timestamp(now).upper(),
        lambda now: f"{timestamp(now)} ",
        lambda now: str(int(now)),
        lambda now: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
    ],
    ids=["padded day", "GMT", "capitals", "space", "number", "ISO 8601"],
)
def test_time_is_written_in_one_way_only(
    cognito: Any, clock: MovableClock, shows: Registered, user: SrpClient, spelt: Any
) -> None:
    parameters = challenged(cognito, shows, user)

    responses = user.responses(parameters, TIMESTAMP=spelt(clock()))

    assert refused(respond, cognito, shows, responses) == WRONG


@pytest.mark.attack("R24")
def test_proof_is_good_for_its_client_and_its_user_only(
    cognito: Any, site: Site, pool_id: str, shows: Registered, hides: Registered, user: SrpClient
) -> None:
    site.services.users.create(pool_id, "lee", {}, password=PASSWORD, permanent=True)
    parameters = challenged(cognito, shows, user)
    responses = user.responses(parameters)

    assert refused(respond, cognito, hides, responses) == WRONG
    assert refused(respond, cognito, shows, responses | {"USERNAME": "lee"}) == WRONG
    assert refused(respond, cognito, shows, user.responses(parameters | {"USER_ID_FOR_SRP": "lee"})) == WRONG
    assert respond(cognito, shows, responses)["AuthenticationResult"]


@pytest.mark.attack("R24")
def test_proof_is_good_once_however_the_block_is_spelt(cognito: Any, shows: Registered, user: SrpClient) -> None:
    responses = user.responses(challenged(cognito, shows, user))
    assert respond(cognito, shows, responses)["AuthenticationResult"]

    assert refused(respond, cognito, shows, responses) == WRONG
    block = responses["PASSWORD_CLAIM_SECRET_BLOCK"]
    assert refused(respond, cognito, shows, responses | {"PASSWORD_CLAIM_SECRET_BLOCK": block + "\n"}) == WRONG


@pytest.mark.attack("R24")
def test_used_proof_stays_used_when_the_users_sessions_end(
    cognito: Any, site: Site, pool_id: str, shows: Registered, user: SrpClient
) -> None:
    responses = user.responses(challenged(cognito, shows, user))
    assert respond(cognito, shows, responses)["AuthenticationResult"]

    site.services.users.disable(pool_id, USERNAME)
    site.services.users.enable(pool_id, USERNAME)
    site.services.users.sign_out(pool_id, USERNAME)

    assert refused(respond, cognito, shows, responses) == WRONG


def test_challenge_lasts_as_long_as_a_session(
    cognito: Any, clock: MovableClock, shows: Registered, user: SrpClient
) -> None:
    first, second = challenged(cognito, shows, user), challenged(cognito, shows, user)
    clock.advance(178)
    assert respond(cognito, shows, user.responses(first))["AuthenticationResult"]
    clock.advance(3)

    assert refused(respond, cognito, shows, user.responses(second)) == WRONG


def test_challenge_from_before_a_restore_is_dead(
    cognito: Any, site: Site, pool_id: str, clock: MovableClock, shows: Registered, user: SrpClient
) -> None:
    responses = user.responses(challenged(cognito, shows, user))
    clock.advance(2)
    site.services.pools.forget_sessions(pool_id)

    assert refused(respond, cognito, shows, responses) == WRONG


def test_challenge_from_before_another_password_is_dead(
    cognito: Any, site: Site, pool_id: str, shows: Registered, user: SrpClient
) -> None:
    responses = user.responses(challenged(cognito, shows, user))

    site.services.users.set_password(pool_id, USERNAME, PASSWORD, permanent=True)

    assert refused(respond, cognito, shows, responses) == WRONG


@pytest.mark.parametrize("block", ["garbage", "e30=", "\u00e9", "====", base64.b64encode(b"\xff" * 900).decode()])
def test_block_of_somebody_else_is_refused(cognito: Any, shows: Registered, user: SrpClient, block: str) -> None:
    responses = user.responses(challenged(cognito, shows, user))

    assert refused(respond, cognito, shows, responses | {"PASSWORD_CLAIM_SECRET_BLOCK": block}) == WRONG


@pytest.mark.parametrize("name", ["n" * 100_000, "\u0149" * 400, "\u212a" * 128, "\U0001f600" * 128])
def test_strange_names_are_challenged_like_any_other(wire: Wire, hides: Registered, user: SrpClient, name: str) -> None:
    asked = {"USERNAME": name, "SRP_A": user.a}
    body = {"ClientId": hides.client_id, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": asked}
    given = output(wire("InitiateAuth", body, signed=False))

    responses = user.responses(given["ChallengeParameters"] | {"USER_ID_FOR_SRP": "x"}, USERNAME=name)
    answered = {
        "ClientId": hides.client_id,
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeResponses": responses,
    }
    assert refusal(wire("RespondToAuthChallenge", answered, signed=False)) == WRONG


# --- the counter ----------------------------------------------------------------------------------


@pytest.mark.attack("R14")
@pytest.mark.parametrize("name", [USERNAME, "nobody"])
def test_wrong_proofs_lock_the_account_at_every_door(
    cognito: Any, pool_id: str, hides: Registered, name: str, user: SrpClient
) -> None:
    locked = ("NotAuthorizedException", "Password attempts exceeded")
    parameters = challenged(cognito, hides, user, name)
    wrong = SrpClient(pool_id, "Wrong-passw0rd!").responses(parameters)

    assert [refused(respond, cognito, hides, wrong) for _ in range(5)] == [WRONG] * 5

    assert refused(respond, cognito, hides, user.responses(parameters)) == locked
    by_password = {"USERNAME": name, "PASSWORD": PASSWORD}
    assert locked == refused(
        cognito.initiate_auth,
        ClientId=hides.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters=by_password,
    )


@pytest.mark.attack("R14")
def test_garbage_counts_like_a_wrong_proof(cognito: Any, hides: Registered) -> None:
    garbage = dict.fromkeys(RESPONSES, "garbage") | {"USERNAME": USERNAME}

    outcomes = [refused(respond, cognito, hides, garbage)[1] for _ in range(6)]

    assert outcomes == [WRONG[1]] * 5 + ["Password attempts exceeded"]


# --- who exists -----------------------------------------------------------------------------------


@pytest.mark.attack("R15")
def test_salts_are_stable_across_clients_and_names_and_restarts(
    cognito: Any, site: Site, sqlite_url_migrated: str, hides: Registered, user: SrpClient
) -> None:
    other = site.client(explicit_auth_flows=FLOWS, prevent_user_existence_errors="ENABLED")

    def salts(name: str) -> set[str]:
        return {challenged(cognito, client, user, spelt)["SALT"] for client in (hides, other) for spelt in name.split()}

    known, unknown, another = salts(f"{USERNAME} KIM"), salts("nobody Nobody"), salts("somebody")
    assert [len(each) for each in (known, unknown, another)] == [1, 1, 1]
    assert len(known | unknown | another) == 3
    services = make_services(sqlite_url_migrated, site.clock)
    registration = services.app_clients.find(hides.client_id)
    assert registration is not None
    assert services.sign_ins._srp.challenge(registration, "nobody", user.a)["SALT"] in unknown


@pytest.mark.attack("R15")
def test_unknown_user_is_challenged_like_a_known_one_or_said_to_be_none(
    cognito: Any, shows: Registered, hides: Registered, user: SrpClient
) -> None:
    assert refused(initiate, cognito, shows.client_id, "gus", user.a) == (
        "UserNotFoundException",
        "User does not exist.",
    )
    known, unknown = challenged(cognito, hides, user), challenged(cognito, hides, user, "gus")

    assert (unknown["USERNAME"], unknown["USER_ID_FOR_SRP"]) == ("gus", "gus")
    assert challenged(cognito, hides, user, "GUS")["USERNAME"] == "gus"
    assert challenged(cognito, hides, user, "KIM")["USERNAME"] == USERNAME
    for fixed in ("SALT", "SECRET_BLOCK"):
        assert len(known[fixed]) == len(unknown[fixed])
    assert challenged(cognito, hides, user, "gus")["SRP_B"] != unknown["SRP_B"]
    assert refused(respond, cognito, hides, user.responses(unknown)) == WRONG


@pytest.mark.attack("R15")
def test_the_spelling_of_a_username_is_told_to_nobody_who_did_not_prove_it(
    cognito: Any, site: Site, pool_id: str, hides: Registered
) -> None:
    site.services.users.create(pool_id, "Lee\ufb01", {}, password=PASSWORD, permanent=True)
    user = SrpClient(pool_id, PASSWORD)
    # A ligature and its letters are the same name, too.
    known, unknown = challenged(cognito, hides, user, "LEE\ufb01"), challenged(cognito, hides, user, "GUS\ufb01")

    assert (known["USERNAME"], known["USER_ID_FOR_SRP"]) == ("leefi", "leefi")
    assert (unknown["USERNAME"], unknown["USER_ID_FOR_SRP"]) == ("gusfi", "gusfi")
    tokens = respond(cognito, hides, user.responses(known))["AuthenticationResult"]
    assert claims(tokens["AccessToken"])["username"] == "Lee\ufb01"


@pytest.mark.attack("R15")
def test_unknown_address_has_a_username_as_known_ones_have(cognito: Any, address_pool: tuple[str, Registered]) -> None:
    pool_id, client = address_pool
    user = SrpClient(pool_id, PASSWORD)

    ids = {challenged(cognito, client, user, name)["USERNAME"] for name in ("no@example.com", "NO@example.com")}

    (only,) = ids
    assert str(uuid.UUID(only)) == only
    assert only[14] == "7"
    assert challenged(cognito, client, user, only)["USERNAME"] == only


@pytest.mark.attack("R15")
def test_where_addresses_are_aliases_unknown_ones_have_a_username_too(
    site: Site, wire: Wire, user: SrpClient, ready_made_keys: None
) -> None:
    pool = site.services.pools.create(PoolSpec(name="aliases", alias_attributes=("email",)))
    spec = ClientSpec(client_name="app", explicit_auth_flows=FLOWS, prevent_user_existence_errors="ENABLED")
    client_id = site.services.app_clients.create(pool.id, spec).client.client_id
    given = {"email": "kim@example.com", "email_verified": "true"}
    site.services.users.create(pool.id, "kim", given, password=PASSWORD, permanent=True)

    def told(name: str) -> str:
        asked = {"USERNAME": name, "SRP_A": user.a}
        body = {"ClientId": client_id, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": asked}
        return str(output(wire("InitiateAuth", body, signed=False))["ChallengeParameters"]["USERNAME"])

    assert [told(name) for name in ("kim", "kim@example.com", "gus")] == ["kim", "kim", "gus"]
    unknown = told("gus@example.com")
    assert str(uuid.UUID(unknown)) == unknown == told("GUS@example.com")


@pytest.mark.attack("R15")
@pytest.mark.parametrize(
    "state, told",
    [
        ("disabled", ("NotAuthorizedException", "User is disabled.")),
        ("unconfirmed", ("UserNotConfirmedException", "User is not confirmed.")),
        ("reset", ("PasswordResetRequiredException", "Password reset required for the user")),
        ("no password", WRONG),
    ],
)
def test_state_of_a_user_is_told_at_once_or_after_the_proof(
    cognito: Any, site: Site, pool_id: str, shows: Registered, hides: Registered, state: str, told: tuple[str, str]
) -> None:
    users = site.services.users
    given = {"email": "lee@example.com", "email_verified": "true"}
    users.create(pool_id, "lee", given, password=None if state == "no password" else PASSWORD, permanent=True)
    if state == "disabled":
        users.disable(pool_id, "lee")
    elif state == "reset":
        site.services.recovery.require_reset(pool_id, "lee")
    elif state == "unconfirmed":
        with site.services.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE authz_users SET status = 'UNCONFIRMED' WHERE username = 'lee'")

    assert refused(sign_in, cognito, hides, "lee", "Wrong-passw0rd!", pool_id) == WRONG
    assert refused(sign_in, cognito, hides, "lee", PASSWORD, pool_id) == told
    assert refused(sign_in, cognito, shows, "lee", "Wrong-passw0rd!", pool_id) == told


def test_verifier_is_sealed_and_resealed(sqlite_url_migrated: str, clock: MovableClock) -> None:
    site = make_site(sqlite_url_migrated, clock, AUTHZ_SEALING_KEYS=["n" * 40, "o" * 40])

    def column() -> str:
        with site.services.engine.connect() as connection:
            return str(connection.exec_driver_sql("SELECT sealed_srp FROM authz_users").scalar_one())

    before = column()
    turned = make_services(sqlite_url_migrated, clock, ["o" * 40, "n" * 40])
    assert turned.upkeep.reseal() > 0
    assert turned.upkeep.reseal() == 0
    assert column() != before
    alone = make_services(sqlite_url_migrated, clock, ["o" * 40])
    sub = site.user.sub
    verifier = alone.users._units.read(lambda unit: unit.srp_verifiers.find(sub))
    assert verifier is not None
    assert str(verifier.value) not in repr(verifier)


def make_services(url: str, clock: Clock, keys: list[str] | None = None) -> Services:
    """Those of another process over the same database."""
    app = Flask("worker")
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI=url)
    app.config.update({} if keys is None else {"AUTHZ_SEALING_KEYS": keys})
    AppClientAuthz(app, clock=clock)
    return AppClientAuthz.services(app)
