"""Users: names that are unique whatever their case, and every end of a user's sessions."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.domain.errors import (
    AliasExists,
    ConcurrentModification,
    InvalidGrant,
    InvalidParameter,
    InvalidPassword,
    InvalidToken,
    NotAuthorized,
    ResourceNotFound,
    UsernameExists,
    UserNotConfirmed,
    UserNotFound,
)
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services.registry import Services
from app_client_authz.storage.users import Users as StoredUsers
from tests.services.world import PASSWORD, World, rows, world_over
from tests.support.clock import MovableClock

NEW_PASSWORD = "Another-h0rse-battery"
VERIFIED = {"email_verified": "true"}


@pytest.fixture
def with_aliases(engine: sa.Engine, clock: MovableClock) -> World:
    spec = PoolSpec(name="aliases", alias_attributes=("email", "preferred_username"))
    return world_over(engine, clock, spec=spec)


@pytest.fixture
def by_email(engine: sa.Engine, clock: MovableClock) -> World:
    return world_over(engine, clock, spec=PoolSpec(name="addresses", username_attributes=("email",)))


# --- create and find ------------------------------------------------------------------------------


def test_user_comes_back_as_it_was_made(world: World, kim: User) -> None:
    assert world.services.users.describe(world.pool.id, "kim") == kim
    assert kim.status == UserStatus.CONFIRMED
    assert kim.attributes == {"email": "kim@example.com"}


@pytest.mark.parametrize("name", ["kim", "KIM", "Kim", "\uff2bim"])
def test_user_is_found_in_any_spelling_and_by_sub(world: World, kim: User, name: str) -> None:
    assert world.services.users.describe(world.pool.id, name) == kim
    assert world.services.users.describe(world.pool.id, kim.sub) == kim


def test_case_sensitive_pool_tells_names_apart(engine: sa.Engine, clock: MovableClock) -> None:
    world = world_over(engine, clock, spec=PoolSpec(name="exact", case_sensitive=True))
    lower, upper = world.user("kim"), world.user("KIM")

    assert world.services.users.describe(world.pool.id, "kim") == lower
    assert world.services.users.describe(world.pool.id, "KIM") == upper


def test_created_user_has_to_change_the_password(world: World, clock: MovableClock) -> None:
    made = world.services.users.create(world.pool.id, "ada", {}, password=PASSWORD)

    assert made.status == UserStatus.FORCE_CHANGE_PASSWORD
    assert made.temporary_password_until == clock() + 7 * 86_400


def test_user_without_password_cannot_sign_in(world: World, client: Registration) -> None:
    world.services.users.create(world.pool.id, "ada", {}, permanent=True)

    with pytest.raises(NotAuthorized):
        world.sign_in(client, "ada", "")


@pytest.mark.attack("R23")
def test_user_of_another_pool_is_not_found(world: World, kim: User) -> None:
    other = world.services.pools.create(PoolSpec(name="other"))
    for name in ("kim", kim.sub):
        with pytest.raises(UserNotFound, match=r"User does not exist\."):
            world.services.users.describe(other.id, name)


def test_unknown_pool_is_not_found(services: Services) -> None:
    with pytest.raises(ResourceNotFound):
        services.users.create("us-east-1_Unknown", "kim", {})
    with pytest.raises(ResourceNotFound):
        services.users.describe("us-east-1_Unknown", "kim")


def test_refused_user_leaves_no_row(world: World, engine: sa.Engine) -> None:
    for arguments in (("kim kong", {}), ("kim", {"nonsense": "x"}), ("kim", {"email": "no address"})):
        with pytest.raises(InvalidParameter):
            world.services.users.create(world.pool.id, *arguments, password=PASSWORD)
    with pytest.raises(InvalidPassword):
        world.services.users.create(world.pool.id, "kim", {}, password="weak")

    assert (rows(engine, "authz_users"), rows(engine, "authz_user_names")) == (0, 0)


def test_users_are_listed_page_by_page_in_the_order_of_their_names(world: World) -> None:
    for name in ("eve", "Ada", "dan", "bob", "Cid"):
        world.user(name)

    first = world.services.user_lists.page(world.pool.id, limit=2)
    rest = world.services.user_lists.page(world.pool.id, after=first[-1][0])

    assert [user.username for _, user in (*first, *rest)] == ["Ada", "bob", "Cid", "dan", "eve"]


# --- names are unique -----------------------------------------------------------------------------


@pytest.mark.attack("R16")
@pytest.mark.parametrize("name", ["kim", "KIM", "\uff4bim", "k\ufe0fim"])
def test_username_is_taken_in_every_spelling(world: World, kim: User, name: str) -> None:
    with pytest.raises(UsernameExists, match="User account already exists"):
        world.user(name)

    assert world.services.users.describe(world.pool.id, "kim") == kim


@pytest.mark.attack("R16")
def test_alias_is_taken_in_every_spelling(with_aliases: World) -> None:
    with_aliases.user("kim", email="kim@example.com", **VERIFIED)

    with pytest.raises(AliasExists, match=r"User account already exists for the alias\."):
        with_aliases.user("ada", email="KIM@Example.com", **VERIFIED)
    with pytest.raises(UserNotFound):
        with_aliases.services.users.describe(with_aliases.pool.id, "ada")


@pytest.mark.attack("R16")
def test_alias_and_username_cannot_be_the_same_name(with_aliases: World) -> None:
    with_aliases.user("kim", preferred_username="The-Boss")
    with_aliases.user("ada")

    with pytest.raises(UsernameExists):
        with_aliases.user("the-boss")
    with pytest.raises(AliasExists):
        with_aliases.user("bob", preferred_username="ADA")
    with pytest.raises(AliasExists):
        with_aliases.services.users.update_attributes(with_aliases.pool.id, "kim", {"preferred_username": "Ada"})

    assert with_aliases.services.users.describe(with_aliases.pool.id, "the-boss").username == "kim"
    assert with_aliases.services.users.describe(with_aliases.pool.id, "ada").username == "ada"


def test_unverified_address_is_no_alias_and_blocks_nobody(with_aliases: World) -> None:
    with_aliases.user("kim", email="same@example.com")
    ada = with_aliases.user("ada", email="same@example.com", **VERIFIED)

    assert with_aliases.services.users.describe(with_aliases.pool.id, "same@example.com").sub == ada.sub


def test_own_username_as_preferred_username_is_fine(with_aliases: World) -> None:
    kim = with_aliases.user("kim", preferred_username="KIM")

    assert with_aliases.services.users.describe(with_aliases.pool.id, "kim") == kim


def test_alias_moves_with_the_attribute(with_aliases: World) -> None:
    users, pool_id = with_aliases.services.users, with_aliases.pool.id
    with_aliases.user("kim", email="old@example.com", **VERIFIED)
    users.update_attributes(pool_id, "kim", {"email": "new@example.com", **VERIFIED})

    assert users.describe(pool_id, "NEW@example.com").username == "kim"
    with pytest.raises(UserNotFound):
        users.describe(pool_id, "old@example.com")
    with_aliases.user("ada", email="old@example.com", **VERIFIED)
    assert users.describe(pool_id, "old@example.com").username == "ada"


def test_deleted_user_frees_all_names(with_aliases: World) -> None:
    with_aliases.user("kim", email="kim@example.com", preferred_username="boss", **VERIFIED)
    with_aliases.services.users.delete(with_aliases.pool.id, "boss")

    again = with_aliases.user("kim", email="kim@example.com", preferred_username="boss", **VERIFIED)
    assert with_aliases.services.users.describe(with_aliases.pool.id, "boss") == again


def test_address_as_username_stores_the_sub(by_email: World) -> None:
    made = by_email.services.users.create(by_email.pool.id, "Kim@Example.com", {}, password=PASSWORD, permanent=True)

    assert made.username == made.sub
    assert made.attributes["email"] == "Kim@Example.com"
    assert by_email.services.users.describe(by_email.pool.id, "kim@example.com") == made
    with pytest.raises(UsernameExists, match=r"^An account with the given email already exists\.$"):
        by_email.services.users.create(by_email.pool.id, "kim@EXAMPLE.com", {}, password=PASSWORD)


def test_verified_address_as_username_is_an_alias_of_its_owner(by_email: World) -> None:
    by_email.services.users.create(by_email.pool.id, "kim@example.com", VERIFIED, password=PASSWORD)
    by_email.services.users.create(by_email.pool.id, "ada@example.com", {}, password=PASSWORD)

    with pytest.raises(UsernameExists):
        by_email.services.users.create(by_email.pool.id, "kim@EXAMPLE.com", {}, password=PASSWORD)
    with pytest.raises(AliasExists):
        by_email.services.users.create(by_email.pool.id, "kim@EXAMPLE.com", VERIFIED, password=PASSWORD)
    with pytest.raises(AliasExists, match=r"^An account with the given email already exists\.$"):
        by_email.services.users.update_attributes(by_email.pool.id, "ada@example.com", {"email": "Kim@example.com"})


@pytest.mark.attack("R16")
def test_nobody_stands_in_for_another_user_by_a_username(world: World, kim: User) -> None:
    """A sub always names its user, whatever username somebody chose."""
    eve = world.user(kim.sub)

    assert world.services.users.describe(world.pool.id, kim.sub) == kim
    assert world.services.users.describe(world.pool.id, eve.sub) == eve


# --- aliases that are taken over ------------------------------------------------------------------


def take_over(world: World, name: str, given: dict[str, str]) -> User:
    return world.services.invitations.create(world.pool.id, name, given, takes_aliases=True)


def test_alias_is_taken_over_by_force_only(with_aliases: World, clock: MovableClock) -> None:
    users, pool_id, address = with_aliases.services.users, with_aliases.pool.id, {"email": "k@example.com", **VERIFIED}
    kim = with_aliases.user("kim", preferred_username="boss", **address)
    with pytest.raises(AliasExists):
        with_aliases.services.invitations.create(pool_id, "ada", address)
    clock.advance(1)
    ada = take_over(with_aliases, "ada", address)

    assert users.describe(pool_id, "K@example.com") == ada
    loser = users.describe(pool_id, "kim")
    assert (loser.attributes["email"], loser.attributes["email_verified"]) == ("k@example.com", "false")
    assert (loser.updated_at, users.describe(pool_id, "boss").sub) == (clock(), kim.sub)
    with pytest.raises(AliasExists):
        users.update_attributes(pool_id, "kim", VERIFIED)


@pytest.mark.attack("R16")
def test_force_moves_verified_addresses_and_nothing_else(with_aliases: World) -> None:
    users, pool_id = with_aliases.services.users, with_aliases.pool.id
    kim = with_aliases.user("kim", email="k@example.com", preferred_username="boss", **VERIFIED)

    for name, given in (("boss", {}), ("ada", {"preferred_username": "Boss"}), ("kim", {})):
        with pytest.raises((AliasExists, UsernameExists)):
            take_over(with_aliases, name, given)
    take_over(with_aliases, "ada", {"email": "k@example.com"})
    assert users.describe(pool_id, "k@example.com") == kim


def test_refused_take_over_leaves_the_alias_where_it_was(with_aliases: World) -> None:
    users, pool_id = with_aliases.services.users, with_aliases.pool.id
    kim = with_aliases.user("kim", email="k@example.com", **VERIFIED)
    with pytest.raises(UsernameExists):
        take_over(with_aliases, "KIM", {"email": "k@example.com", **VERIFIED})

    assert users.describe(pool_id, "k@example.com") == kim


def test_address_that_is_a_username_is_not_taken_over(by_email: World) -> None:
    for flags in ({}, VERIFIED):
        name = f"kim{len(flags)}@example.com"
        made = take_over(by_email, name, flags)
        with pytest.raises(AliasExists):
            take_over(by_email, name, VERIFIED)
        assert by_email.services.users.describe(by_email.pool.id, name) == made


# --- attributes -----------------------------------------------------------------------------------


def test_attributes_are_merged_and_an_empty_value_deletes(world: World, kim: User, clock: MovableClock) -> None:
    clock.advance(10)
    after = world.services.users.update_attributes(world.pool.id, "kim", {"name": "Kim", "email": ""})

    assert after.attributes == {"name": "Kim"}
    assert world.services.users.describe(world.pool.id, "kim") == after
    assert (after.created_at, after.updated_at) == (kim.created_at, clock())


def test_one_bad_attribute_refuses_them_all(world: World, kim: User) -> None:
    with pytest.raises(InvalidParameter):
        world.services.users.update_attributes(world.pool.id, "kim", {"name": "Kim", "nonsense": "x"})

    assert world.services.users.describe(world.pool.id, "kim") == kim


def test_changed_address_is_unverified_and_opens_no_sign_in(with_aliases: World) -> None:
    with_aliases.user("kim", email="kim@example.com", **VERIFIED)
    after = with_aliases.services.users.update_attributes(with_aliases.pool.id, "kim", {"email": "eve@example.com"})

    assert after.attributes["email_verified"] == "false"
    for name in ("kim@example.com", "eve@example.com"):
        with pytest.raises(UserNotFound):
            with_aliases.services.users.describe(with_aliases.pool.id, name)


def test_deleted_attributes_take_alias_and_flag_along(with_aliases: World, clock: MovableClock) -> None:
    users, pool_id = with_aliases.services.users, with_aliases.pool.id
    with_aliases.user("kim", email="kim@example.com", name="Kim", **VERIFIED)
    clock.advance(1)
    after = users.delete_attributes(pool_id, "kim@example.com", ["email", "nickname"])

    assert users.describe(pool_id, "kim") == after
    assert (after.attributes, after.updated_at) == ({"name": "Kim"}, clock())
    with pytest.raises(UserNotFound):
        users.describe(pool_id, "kim@example.com")


def test_one_wrong_name_deletes_nothing(world: World, kim: User) -> None:
    with pytest.raises(InvalidParameter):
        world.services.users.delete_attributes(world.pool.id, "kim", ["email", "nonsense"])

    assert world.services.users.describe(world.pool.id, "kim") == kim


def test_overtaken_update_is_told(world: World, kim: User, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = StoredUsers.replace
    monkeypatch.setattr(StoredUsers, "replace", lambda self, user, version, names: replace(self, user, 0, names))

    with pytest.raises(ConcurrentModification):
        world.services.users.update_attributes(world.pool.id, "kim", {"name": "Kim"})
    assert world.services.users.describe(world.pool.id, "kim") == kim


# --- the ends of sessions -------------------------------------------------------------------------


@pytest.mark.attack("R18")
@pytest.mark.parametrize("end", ["disable", "sign_out", "delete"])
def test_whatever_was_issued_dies_with_the_standing_of_its_user(
    world: World, client: Registration, kim: User, clock: MovableClock, end: str
) -> None:
    code = world.code(client, kim)
    tokens = world.tokens(client, kim)
    clock.advance(1)
    getattr(world.services.users, end)(world.pool.id, "kim")

    with pytest.raises(InvalidToken):
        world.userinfo(tokens)
    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)
    with pytest.raises(InvalidGrant):
        world.redeem(client, code)


@pytest.mark.attack("R18")
def test_enabling_revives_nothing(world: World, client: Registration, kim: User, clock: MovableClock) -> None:
    code, tokens = world.code(client, kim), world.tokens(client, kim)
    cookie, _ = world.services.sessions.begin(kim, replacing=None)
    clock.advance(1)
    world.services.users.disable(world.pool.id, "kim")
    world.services.users.enable(world.pool.id, "kim")

    with pytest.raises(InvalidToken):
        world.userinfo(tokens)
    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)
    with pytest.raises(InvalidGrant):
        world.redeem(client, code)
    assert world.services.sessions.find(world.pool, cookie) is None
    clock.advance(1)
    assert world.userinfo(world.tokens(client, world.sign_in(client)))["username"] == "kim"


def test_global_sign_out_leaves_other_users_alone(world: World, client: Registration, kim: User) -> None:
    ada = world.user("ada")
    tokens = world.tokens(client, ada)
    world.services.users.sign_out(world.pool.id, "kim")

    assert world.userinfo(tokens)["username"] == "ada"
    assert world.refresh(client, tokens).access_token


@pytest.mark.attack("R6")
def test_user_made_again_under_the_same_name_does_not_inherit(world: World, client: Registration, kim: User) -> None:
    tokens = world.tokens(client, kim)
    world.services.users.delete(world.pool.id, "kim")
    again = world.user("kim")

    assert again.sub != kim.sub
    with pytest.raises(InvalidGrant):
        world.refresh(client, tokens)
    with pytest.raises(InvalidToken):
        world.userinfo(tokens)


def test_set_password_ends_browser_sessions_and_locks(world: World, client: Registration, kim: User) -> None:
    """A token session stays: AdminSetUserPassword does not revoke tokens (api.md part 5)."""
    tokens = world.tokens(client, kim)
    cookie, _ = world.services.sessions.begin(kim, replacing=None)
    for _ in range(5):
        with pytest.raises(NotAuthorized):
            world.sign_in(client, "kim", "wrong")
    world.services.users.set_password(world.pool.id, "kim", NEW_PASSWORD, permanent=True)

    assert world.sign_in(client, "kim", NEW_PASSWORD).sub == kim.sub
    assert world.services.sessions.find(world.pool, cookie) is None
    assert world.refresh(client, tokens).access_token


def test_password_against_the_policy_changes_nothing(world: World, client: Registration, kim: User) -> None:
    with pytest.raises(InvalidPassword):
        world.services.users.set_password(world.pool.id, "kim", "weak", permanent=True)

    assert world.sign_in(client).sub == kim.sub


@pytest.mark.parametrize("operation", ["enable", "disable", "sign_out", "delete", "confirm"])
def test_unknown_user_is_not_found(world: World, operation: str) -> None:
    with pytest.raises(UserNotFound):
        getattr(world.services.users, operation)(world.pool.id, "nobody")


def test_nobody_hashes_a_password_for_an_unknown_user(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PasswordHasher, "hash", lambda *_: pytest.fail("hashed"))
    with pytest.raises(UserNotFound):
        world.services.users.set_password(world.pool.id, "nobody", NEW_PASSWORD, permanent=True)


def test_registration_is_confirmed_once(
    world: World, client: Registration, kim: User, clock: MovableClock, engine: sa.Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE authz_users SET status = 'UNCONFIRMED'"))
    with pytest.raises(UserNotConfirmed):
        world.sign_in(client)
    clock.advance(1)
    world.services.users.confirm(world.pool.id, "kim")

    assert world.sign_in(client) == replace(kim, updated_at=clock())
    with pytest.raises(NotAuthorized, match=r"^User cannot be confirmed\. Current status is CONFIRMED$"):
        world.services.users.confirm(world.pool.id, "kim")


@pytest.mark.attack("R11")
def test_no_password_is_stored_or_shown(world: World, kim: User, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        stored = repr(connection.execute(sa.text("SELECT * FROM authz_users")).all())
    assert PASSWORD not in stored
    assert "$argon2id$" in stored
    assert "kim@example.com" not in repr(kim)
