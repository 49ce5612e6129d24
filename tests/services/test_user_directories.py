"""Users who live in a directory of the host: signed in with its passwords, and looked at at every use."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app_client_authz import DirectoryUser
from app_client_authz.domain.errors import (
    ConfigurationError,
    InvalidGrant,
    InvalidToken,
    NotAuthorized,
    PasswordAttemptsExceeded,
    Unavailable,
    UserDisabled,
    UsernameExists,
    UserNotConfirmed,
    UserNotFound,
)
from app_client_authz.domain.lockout import FREE_FAILURES
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import Group, User
from app_client_authz.domain.user_entry import UserEntry
from app_client_authz.services.directory_calls import DirectoryRegistry
from app_client_authz.storage.looks import Wanted
from tests.services.test_races import ROUNDS, at_once
from tests.services.world import BASE, CALLBACK, World, claims, rows, services_over, world_over
from tests.support.clock import MovableClock
from tests.support.cost import cost_on
from tests.support.members import PASSWORD, Member, Members

UUID = "0b7c1f6e-3d0a-4c53-9b0e-2f6f4c8d9a10"


@pytest.fixture
def members() -> Members:
    return Members(
        Member("7", "kim", attributes={"email": "kim@example.com", "email_verified": "true", "shoe_size": "44"}),
        Member(UUID, "ada"),
    )


@pytest.fixture
def world(engine: sa.Engine, clock: MovableClock, members: Members) -> World:
    world = world_over(engine, clock)
    world.services.directory_calls.own.register(members)
    return world


def test_the_password_of_the_directory_signs_in(world: World, client: Registration) -> None:
    user = world.sign_in(client, "kim", PASSWORD)

    assert (user.username, user.attributes) == ("kim", {"email": "kim@example.com", "email_verified": "true"})
    assert claims(world.tokens(client, user).access_token)["username"] == "kim"


def test_every_name_that_the_directory_knows_is_the_same_user(world: World, client: Registration) -> None:
    subs = {world.sign_in(client, name, PASSWORD).sub for name in ("kim", "KIM", "kim@example.com", "Kim@Example.com")}

    assert len(subs) == 1


def test_sub_is_the_key_where_that_is_a_uuid(world: World, client: Registration) -> None:
    assert world.sign_in(client, "ada", PASSWORD).sub == UUID
    assert world.sign_in(client, "kim", PASSWORD).sub != "7"


def test_two_pools_of_one_directory_do_not_share_a_sub(world: World, engine: sa.Engine, clock: MovableClock) -> None:
    other = World(world.services, clock, world.services.pools.create(world.pool.spec))

    subs = {each.sign_in(each.client(), "ada", PASSWORD).sub for each in (world, other)}

    assert len(subs) == 2


def test_sub_outlives_a_new_name(world: World, client: Registration, members: Members) -> None:
    before = world.sign_in(client, "kim", PASSWORD)
    members.rows["7"].username = "kimberly"

    after = world.sign_in(client, "kimberly", PASSWORD)

    assert (after.sub, after.username) == (before.sub, "kimberly")
    with pytest.raises(UserNotFound):
        world.sign_in(client, "kim", PASSWORD)


def test_a_name_goes_to_whom_the_directory_gives_it(world: World, client: Registration, members: Members) -> None:
    kim, ada = world.sign_in(client, "kim", PASSWORD), world.sign_in(client, "ada", PASSWORD)
    members.rows["7"].username, members.rows[UUID].username = "ada", "kim"

    assert world.sign_in(client, "ada", PASSWORD).sub == kim.sub
    assert world.sign_in(client, "kim", PASSWORD).sub == ada.sub


def test_a_wrong_password_counts_and_locks_the_account(world: World, client: Registration, members: Members) -> None:
    for _ in range(5):
        with pytest.raises(NotAuthorized):
            world.sign_in(client, "kim", "wrong")
    members.asked.clear()

    with pytest.raises(PasswordAttemptsExceeded):
        world.sign_in(client, "kim@example.com", PASSWORD)
    assert "verify_password" not in members.asked


def test_a_name_that_nobody_has_counts_the_same(world: World, members: Members) -> None:
    client = world.client(prevent_user_existence_errors="ENABLED")
    for _ in range(5):
        with pytest.raises(NotAuthorized):
            world.sign_in(client, "nobody", PASSWORD)

    with pytest.raises(PasswordAttemptsExceeded):
        world.sign_in(client, "nobody", PASSWORD)
    assert set(members.asked) == {"find"}
    assert rows(world.services.engine, "authz_users") == 0


def test_a_directory_can_make_unknown_names_cost_what_known_ones_do(world: World) -> None:
    class Even(Members):
        def verify_nobody(self, password: str) -> None:
            self.asked.append(password)

    even, client = Even(), world.client(prevent_user_existence_errors="ENABLED")
    world.services.directory_calls.own.register(even, pool_id=world.pool.id)

    with pytest.raises(NotAuthorized):
        world.sign_in(client, "nobody", "a password")
    assert even.asked == ["find", "a password"]


@pytest.mark.parametrize("status, error", [("UNCONFIRMED", UserNotConfirmed), ("CONFIRMED", UserDisabled)])
def test_the_directory_says_who_may_sign_in(world: World, members: Members, status: str, error: type) -> None:
    legacy = world.client(prevent_user_existence_errors="LEGACY")
    members.rows["7"].status = status
    members.rows["7"].enabled = status != "CONFIRMED"

    with pytest.raises(error):
        world.sign_in(legacy, "kim", PASSWORD)
    with pytest.raises(UserNotFound):
        world.sign_in(legacy, "nobody", PASSWORD)


def test_groups_of_the_directory_are_those_of_the_user(world: World, client: Registration, members: Members) -> None:
    members.rows["7"].groups = ("staff", "buyers")
    tokens = world.tokens(client, world.sign_in(client, "kim", PASSWORD))
    assert sorted(claims(tokens.access_token)["cognito:groups"]) == ["buyers", "staff"]
    members.rows["7"].groups = ("buyers",)

    assert claims(world.refresh(client, tokens).access_token)["cognito:groups"] == ["buyers"]
    members.rows["7"].groups = ()
    assert "cognito:groups" not in claims(world.refresh(client, tokens).access_token)


def test_groups_are_the_pools_where_the_directory_has_none(world: World, client: Registration) -> None:
    world.sign_in(client, "kim", PASSWORD)
    world.services.groups.create(Group(world.pool.id, "staff"))
    world.services.groups.add_member(world.pool.id, "staff", "kim")

    assert [group.name for group in world.sign_in(client, "kim", PASSWORD).groups] == ["staff"]


@pytest.mark.attack("R18")
@pytest.mark.parametrize("gone", ["disabled", "deleted"])
@pytest.mark.parametrize("use", ["code", "refresh", "userinfo", "sso"])
def test_a_user_who_went_away_in_the_host_gets_nothing_more(
    world: World, client: Registration, members: Members, use: str, gone: str
) -> None:
    user = world.sign_in(client, "kim", PASSWORD)
    code, tokens = world.code(client, user), world.tokens(client, user)
    cookie, _ = world.services.sessions.begin(user, replacing=None)
    attempts: dict[str, tuple[Callable[[], object], type[Exception]]] = {
        "code": (lambda: world.redeem(client, code), InvalidGrant),
        "refresh": (lambda: world.refresh(client, tokens), InvalidGrant),
        "userinfo": (lambda: world.userinfo(tokens), InvalidToken),
        "sso": (lambda: world.services.sessions.find(world.pool, cookie).user, AttributeError),  # type: ignore[union-attr]
    }
    attempt, refusal = attempts[use]
    attempt() if use != "code" else None
    if gone == "disabled":
        members.rows["7"].enabled = False
    else:
        del members.rows["7"]

    with pytest.raises(refusal):
        attempt()


@pytest.mark.attack("R18")
def test_enabling_again_does_not_revive_what_was_issued_before(
    world: World, client: Registration, members: Members
) -> None:
    tokens = world.tokens(client, world.sign_in(client, "kim", PASSWORD))
    members.rows["7"].enabled = False
    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)
    members.rows["7"].enabled = True

    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)
    world.clock.advance(1)
    assert world.tokens(client, world.sign_in(client, "kim", PASSWORD))


@pytest.mark.attack("REF-9")
@pytest.mark.parametrize("use", ["code", "implicit", "refresh"])
def test_what_was_issued_before_a_user_was_deleted_is_dead_though_the_user_comes_back_under_the_same_key(
    world: World, client: Registration, members: Members, use: str
) -> None:
    user = world.sign_in(client, "ada", PASSWORD)
    code, tokens, implicit = world.code(client, user), world.tokens(client, user), implicit_token(world, user)
    row = members.rows.pop(UUID)
    with pytest.raises(InvalidToken):
        world.userinfo(tokens)
    members.rows[UUID] = row
    world.clock.advance(1)
    uses: dict[str, tuple[Callable[[], object], type[Exception]]] = {
        "code": (lambda: world.redeem(client, code), InvalidGrant),
        "refresh": (lambda: world.refresh(client, tokens), InvalidGrant),
        "implicit": (lambda: world.services.profile.userinfo(implicit, BASE), InvalidToken),
    }

    again = world.sign_in(client, "ada", PASSWORD)

    assert again.sub == user.sub
    attempt, refusal = uses[use]
    with pytest.raises(refusal):
        attempt()
    # What is issued in the second of the return lives.
    assert world.userinfo(world.tokens(client, again))
    assert world.services.profile.userinfo(implicit_token(world, again), BASE)


def implicit_token(world: World, user: User) -> str:
    """An access token of the implicit flow: it has no session on the server."""
    client = world.client(generate_secret=False, allowed_oauth_flows=("implicit",))
    asked = {"client_id": client.client.client_id, "redirect_uri": CALLBACK, "response_type": "token"}
    request = world.services.authorization.judge({**asked, "scope": "openid"})
    _, signed_in = world.services.sessions.begin(user, replacing=None)
    return dict(world.services.authorization.complete(request, signed_in, BASE).parameters)["access_token"]


def test_zero_and_one_say_whether_a_user_is_enabled() -> None:
    enabled = [DirectoryUser(key="7", username="kim", enabled=each).enabled for each in (0, 1)]  # type: ignore[arg-type]

    assert [each is bool(number) for number, each in enumerate(enabled)] == [True, True]


def test_changed_attributes_show_at_the_next_use(world: World, client: Registration, members: Members) -> None:
    tokens = world.tokens(client, world.sign_in(client, "kim", PASSWORD))
    members.rows["7"].attributes = {"email": "new@example.com"}

    assert world.userinfo(tokens)["email"] == "new@example.com"
    assert claims(world.refresh(client, tokens).id_token)["email"] == "new@example.com"


def test_who_gets_a_deleted_users_name_is_somebody_else(world: World, client: Registration, members: Members) -> None:
    before = world.sign_in(client, "kim", PASSWORD)
    tokens = world.tokens(client, before)
    del members.rows["7"]
    members.rows["8"] = Member("8", "kim")

    assert world.sign_in(client, "kim", PASSWORD).sub != before.sub
    with pytest.raises(InvalidToken):
        world.userinfo(tokens)


def test_what_does_not_differ_is_not_written(world: World, client: Registration, members: Members) -> None:
    tokens = world.tokens(client, world.sign_in(client, "kim", PASSWORD))
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN")):
            written.append(statement)

    sa.event.listen(world.services.engine, "before_cursor_execute", note)
    world.userinfo(tokens)
    world.refresh(client, tokens)

    assert written == []


@pytest.mark.parametrize("use", ["sign in", "userinfo", "refresh"])
def test_a_directory_that_fails_makes_it_unavailable_and_changes_nothing(
    world: World, client: Registration, members: Members, use: str, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = world.tokens(client, world.sign_in(client, "kim", PASSWORD))
    before = rows(world.services.engine, "authz_token_sessions")
    members.fails = RuntimeError(f"the password {PASSWORD} broke it")
    uses: dict[str, Callable[[], object]] = {
        "sign in": lambda: world.sign_in(client, "kim", PASSWORD),
        "userinfo": lambda: world.userinfo(tokens),
        "refresh": lambda: world.refresh(client, tokens),
    }

    with pytest.raises(Unavailable) as caught:
        uses[use]()

    assert PASSWORD not in caplog.text + str(caught.value) + caught.value.detail
    assert "raised RuntimeError at members.py" in caplog.text
    assert rows(world.services.engine, "authz_token_sessions") == before
    members.fails = None
    assert world.refresh(client, tokens)


def test_a_failing_check_of_a_password_is_no_wrong_password(
    world: World, client: Registration, members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(members, "verify_password", lambda _key, _password: None)
        for _ in range(6):
            with pytest.raises(Unavailable):
                world.sign_in(client, "kim", PASSWORD)

    assert world.sign_in(client, "kim", PASSWORD)


def test_revoking_needs_no_directory(world: World, client: Registration, members: Members) -> None:
    tokens = world.tokens(client, world.sign_in(client, "kim", PASSWORD))
    members.fails = RuntimeError("away")
    assert tokens.refresh_token is not None

    world.services.revocation.revoke(client, tokens.refresh_token, BASE)

    members.fails = None
    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)


@pytest.mark.attack("R24")
def test_first_sign_ins_at_once_make_one_row(world: World, client: Registration, members: Members) -> None:
    for number in range(ROUNDS):
        members.rows[f"k{number}"] = Member(
            f"k{number}", f"user{number}", attributes={"email": f"{number}@example.com"}
        )
        names = (f"user{number}", f"{number}@example.com") * 2
        outcomes = at_once([lambda name=name: world.sign_in(client, name, PASSWORD) for name in names])
        assert [type(outcome) for outcome in outcomes] == [User] * 4
        assert len({outcome.sub for outcome in outcomes if isinstance(outcome, User)}) == 1
        assert rows(world.services.engine, "authz_users") == number + 1


def test_users_from_before_the_directory_keep_their_passwords_but_not_its_names(
    engine: sa.Engine, clock: MovableClock, members: Members
) -> None:
    world = world_over(engine, clock)
    client, local = world.client(), world.user("root", "Local-passw0rd")
    taken = world.user("kim", "Local-passw0rd")
    world.services.directory_calls.own.register(members)

    assert world.sign_in(client, "root", "Local-passw0rd").sub == local.sub
    assert world.sign_in(client, "kim", PASSWORD).sub != taken.sub
    with pytest.raises(NotAuthorized):
        world.sign_in(client, "kim", "Local-passw0rd")


def test_a_use_costs_three_statements_more_and_elsewhere_none(
    world: World, client: Registration, engine: sa.Engine, clock: MovableClock
) -> None:
    services = services_over(engine, clock)
    own = World(services, clock, services.pools.create(world.pool.spec))
    services.directory_calls.own.register(Members(), pool_id=world.pool.id)
    own.user("ida")
    own_client = own.client()
    costs = []
    for each, registration, name in ((world, client, "kim"), (own, own_client, "ida")):
        tokens = each.tokens(registration, each.sign_in(registration, name, PASSWORD))
        each.userinfo(tokens)
        with cost_on(engine) as cost:
            each.userinfo(tokens)
        costs.append(cost.figures)

    assert costs == [(4, 0, 0), (1, 0, 0)]


@pytest.mark.attack("R15")
def test_a_name_costs_as_many_statements_whether_somebody_has_it_or_not(world: World, engine: sa.Engine) -> None:
    client = world.client(prevent_user_existence_errors="ENABLED")
    figures = set()
    for name in ("kim", "nobody") * 2:
        with cost_on(engine) as cost, pytest.raises(NotAuthorized):
            world.sign_in(client, name, "wrong")
        figures.add((name, cost.figures))

    # The first time, somebody's row is made.
    assert {cost for name, cost in figures if name == "nobody"} < {cost for _, cost in figures}
    assert len(figures) == 3


@pytest.mark.attack("R15")
@pytest.mark.parametrize("raised", [UsernameExists("kim is there"), UserNotFound(), ValueError("a")])
def test_what_a_look_raises_tells_nothing(
    world: World, client: Registration, members: Members, raised: Exception
) -> None:
    members.fails = raised

    with pytest.raises(Unavailable):
        world.sign_in(client, "kim", PASSWORD)


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 129])
def test_what_can_be_no_name_is_nobodys_and_not_asked_about(world: World, members: Members, name: str) -> None:
    client = world.client(prevent_user_existence_errors="ENABLED")

    with pytest.raises(NotAuthorized):
        world.sign_in(client, name, PASSWORD)
    assert members.asked == []


def test_a_name_is_somebodys_however_it_is_spelled_in_a_pool_that_ignores_case(
    world: World, client: Registration, members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    sub = world.sign_in(client, "kim", PASSWORD).sub
    # A table that compares names as they are written.
    monkeypatch.setattr(members, "find", lambda name: members.get("7") if name == "kim" else None)

    assert world.sign_in(client, "KIM", PASSWORD).sub == sub


@pytest.mark.attack("R24")
def test_a_look_at_another_spelling_in_between_makes_nobody_somebody_else(
    world: World, client: Registration, members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A table that tells names apart that are one in this pool.
    members.rows = {"7": Member("7", "kim"), "8": Member("8", "KIM", password="Another-h0rse")}
    by_name = {member.username: key for key, member in members.rows.items()}
    monkeypatch.setattr(members, "find", lambda name: members.get(by_name.get(name, "")))
    small = world.sign_in(client, "kim", PASSWORD)
    look = world.services.directories.look

    def interrupted(wanted: Wanted) -> str | None:
        found = look(wanted)
        if wanted.name is not None:
            look(Wanted(wanted.pool_id, name="KIM"))
        return found

    monkeypatch.setattr(world.services.directories, "look", interrupted)

    assert world.sign_in(client, "kim", PASSWORD).sub == small.sub
    assert world.services.users.describe(world.pool.id, "kim").sub == small.sub
    with pytest.raises(NotAuthorized):
        world.sign_in(client, "kim", "Another-h0rse")


@pytest.mark.attack("R22")
def test_spellings_of_a_name_leave_nothing_behind(
    world: World, client: Registration, members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A table that takes an address with whatever tag.
    monkeypatch.setattr(members, "find", lambda name: members.get("7") if name.startswith("kim") else None)
    world.sign_in(client, "kim", PASSWORD)
    before = rows(world.services.engine, "authz_user_names")

    for number in range(5):
        with pytest.raises(NotAuthorized):
            world.sign_in(client, f"kim+{number}@example.com", "wrong")

    assert rows(world.services.engine, "authz_user_names") == before


@pytest.mark.parametrize(
    "wrong", [object(), Members, type("Partly", (), {"find": print, "get": print})(), "members", None]
)
def test_what_is_no_directory_stops_the_start(wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="is no user directory"):
        DirectoryRegistry().register(wrong)


def test_a_pool_has_one_directory(members: Members) -> None:
    registry = DirectoryRegistry()
    registry.register(members)
    registry.register(members, pool_id="us-east-1_Abc123xyz")

    for pool_id in (None, "us-east-1_Abc123xyz", "no pool"):
        with pytest.raises(ConfigurationError):
            registry.register(members, pool_id=pool_id)


def test_a_directory_that_is_empty_is_a_directory(world: World, client: Registration, members: Members) -> None:
    class Sized(Members):
        def __len__(self) -> int:
            return 0

    sized = Sized()
    world.services.directory_calls.own.register(sized, pool_id=world.pool.id)

    with pytest.raises(UserNotFound):
        world.sign_in(client, "kim", PASSWORD)
    assert (sized.asked, members.asked) == (["find"], [])


def test_methods_of_a_directory_are_no_coroutine_functions(members: Members) -> None:
    async def delete(key: str) -> None: ...

    members.delete = delete  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="delete"):
        DirectoryRegistry().register(members)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ""},
        {"key": 7},
        {"key": "x" * 257},
        {"key": "a\x00"},
        {"username": "two words"},
        {"username": "x" * 129},
        {"username": None},
        {"status": "FORCE_CHANGE_PASSWORD"},
        {"groups": "staff"},
        {"groups": ["two words"]},
        {"groups": [None]},
        {"attributes": None},
        {"attributes": ["email"]},
        {"enabled": None},
        {"enabled": "false"},
    ],
)
def test_a_user_that_no_pool_can_have_cannot_be_made(wrong: dict[str, object]) -> None:
    given: dict[str, object] = {"key": "7", "username": "kim", **wrong}
    with pytest.raises(ValueError):
        DirectoryUser(**given)  # type: ignore[arg-type]


def test_attributes_that_the_schema_does_not_take_are_left_out(
    world: World, client: Registration, members: Members
) -> None:
    members.rows["7"].attributes = {
        "sub": "mine",
        "email": "no address",
        "phone_number": "+15550100",
        "phone_number_verified": "TRUE",
        "birthdate": "yesterday",
        "name": "Kim\x00",
        "custom:unknown": "x",
        "locale": "",
    }

    assert world.sign_in(client, "kim", PASSWORD).attributes == {
        "phone_number": "+15550100",
        "phone_number_verified": "true",
    }


def test_nobody_is_imported_into_a_pool_with_a_directory(world: World) -> None:
    with pytest.raises(NotAuthorized, match="created in the directory"):
        world.services.user_imports.plan(world.pool, UserEntry(name="ida", attributes={"email": "ida@example.com"}))
    assert rows(world.services.engine, "authz_users") == 0


@pytest.mark.attack("R14")
def test_guesses_at_once_are_counted_before_the_directory_is_asked(
    world: World, client: Registration, members: Members
) -> None:
    world.sign_in(client, "kim", PASSWORD)
    members.asked.clear()

    outcomes = at_once([lambda: world.sign_in(client, "kim", "wrong")] * 12)

    assert all(isinstance(outcome, NotAuthorized) for outcome in outcomes)
    assert members.asked.count("verify_password") <= FREE_FAILURES
    with pytest.raises(PasswordAttemptsExceeded):
        world.sign_in(client, "kim", PASSWORD)


def test_user_migration_is_not_asked_where_a_directory_knows_all_users(world: World) -> None:
    client, asked = world.client(prevent_user_existence_errors="ENABLED"), []
    world.services.triggers.own.register("UserMigration", asked.append)

    with pytest.raises(NotAuthorized):
        world.sign_in(client, "nobody", PASSWORD)
    assert asked == []
