"""Lists of users: filters, pages, and what they cost."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app_client_authz.domain.errors import InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.user import User
from app_client_authz.services.registry import Services
from app_client_authz.storage.tables import users
from tests.services.world import World, world_over
from tests.support.clock import MovableClock
from tests.support.cost import cost_on, sqlite_plan, sqlite_steps

Find = Callable[..., list[str]]


def finder(world: World) -> Find:
    def find(filter_text: str, **options: int) -> list[str]:
        found = world.services.user_lists.page(world.pool.id, filter_text, **options)
        return [user.username for _, user in found]

    return find


@pytest.fixture
def people(world: World) -> World:
    """A pool with look-alikes of every kind, and another pool with the same."""
    other = world.services.pools.create(PoolSpec(name="other"))
    for pool_id in (world.pool.id, other.id):
        for name, given in {
            "kim": {"email": "kim@example.com", "name": "Kim O'Hara", "given_name": "Kim", "family_name": "O'Hara"},
            "Kimberly": {"email": "kim@example.com", "phone_number": "+15550100", "name": 'Kim "K" \\ _x'},
            "kima": {"email": "Kim@example.com", "preferred_username": "boss", "name": "100%"},
            "ada": {"email": "ada@example.com", "given_name": "Kim%", "nickname": "kim@example.com"},
            "김": {"name": "김", "family_name": "kim@example.com"},
        }.items():
            world.services.users.create(pool_id, name, given)
    return world


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ["ada", "kim", "kima", "Kimberly", "김"]),
        ('username = "KIM"', ["kim"]),
        ('username ^= "Kim"', ["kim", "kima", "Kimberly"]),
        ('username ^= "kimb"', ["Kimberly"]),
        ('username ^= ""', ["ada", "kim", "kima", "Kimberly", "김"]),
        ('username ^= "김"', ["김"]),
        ('username ^= "%"', []),
        ('username = "ki_"', []),
        ('email = "kim@example.com"', ["kim", "Kimberly"]),
        ('email = "Kim@example.com"', ["kima"]),
        ('email ^= "kim@"', ["kim", "Kimberly"]),
        ('email ^= "%@"', []),
        ('email = ""', []),
        ('email ^= ""', ["ada", "kim", "kima", "Kimberly"]),
        ('phone_number = "+15550100"', ["Kimberly"]),
        ('phone_number ^= "+1555"', ["Kimberly"]),
        ('name = "Kim O\'Hara"', ["kim"]),
        ('name ^= "Kim \\"K\\" \\\\ _"', ["Kimberly"]),
        ('name ^= "100%"', ["kima"]),
        ('name ^= "1_0"', []),
        ('name = "김"', ["김"]),
        ('given_name ^= "Kim"', ["ada", "kim"]),
        ('given_name ^= "Kim%"', ["ada"]),
        ('family_name = "O\'Hara"', ["kim"]),
        ('preferred_username = "boss"', ["kima"]),
        ('preferred_username ^= "Boss"', []),
        ('cognito:user_status = "force_change_password"', ["ada", "kim", "kima", "Kimberly", "김"]),
        ('cognito:user_status ^= "CONF"', []),
        ('status = "Enabled"', ["ada", "kim", "kima", "Kimberly", "김"]),
        ('status = "Disabled"', []),
        ('status = "Sleeping"', []),
    ],
)
def test_filter_finds_users_of_the_pool_and_no_others(people: World, text: str, expected: list[str]) -> None:
    assert finder(people)(text) == expected


def test_user_is_found_by_sub_or_its_beginning(people: World) -> None:
    find, kim = finder(people), people.services.users.describe(people.pool.id, "kim")
    assert find(f'sub = "{kim.sub}"') == find(f'sub ^= "{kim.sub[:13]}"') == ["kim"]
    assert find(f'sub = "{kim.sub[:13]}"') == find('sub ^= "________-"') == []


def test_status_and_enabled_are_found_as_they_are_now(people: World) -> None:
    people.user("zoe")
    people.services.users.disable(people.pool.id, "kim")
    find = finder(people)

    assert (find('status = "Disabled"'), find('cognito:user_status = "CONFIRMED"')) == (["kim"], ["zoe"])
    assert len(find('status = "Enabled"')) == 5


def test_value_is_found_exactly_however_it_is_stored(people: World) -> None:
    """Quotes, backslashes and letters beyond ASCII are escapes in JSON, and in the filter too."""
    given = {"name": 'a\\u0041 "b" \t é \U0001f600'}
    people.services.users.create(people.pool.id, "zoe", given)
    quoted = given["name"].replace("\\", "\\\\").replace('"', '\\"')

    assert finder(people)(f'name = "{quoted}"') == finder(people)(f'name ^= "{quoted}"') == ["zoe"]


@pytest.mark.parametrize("text", ["", 'username ^= "u"', 'name ^= "N"', 'status = "Enabled"'])
def test_pages_join_without_a_gap_or_an_overlap(world: World, text: str) -> None:
    names = [f"u{number}" for number in range(7)]
    for name in reversed(names):
        world.services.users.create(world.pool.id, name, {"name": f"N{name}"})
    page = world.services.user_lists.page
    seen, after = [], ""
    while found := page(world.pool.id, text, after=after, limit=3):
        seen += [user.username for _, user in found]
        after = found[-1][0]

    assert seen == names


@pytest.fixture
def by_email(engine: sa.Engine, clock: MovableClock) -> World:
    world = world_over(engine, clock, spec=PoolSpec(name="addresses", username_attributes=("email",)))
    for name, given in {
        "Kim@example.com": {"name": "1"},
        "kimberly@example.com": {"name": "2", "email_verified": "true"},
        "ada@example.com": {"name": "3", "phone_number": "+15550100"},
    }.items():
        world.services.users.create(world.pool.id, name, given)
    return world


def test_pages_by_address_join_too(by_email: World) -> None:
    page = by_email.services.user_lists.page
    first = page(by_email.pool.id, 'email ^= "kim"', limit=1)
    rest = page(by_email.pool.id, 'email ^= "kim"', after=first[0][0], limit=5)
    assert [user.attributes["name"] for _, user in (*first, *rest)] == ["1", "2"]


def test_address_as_username_is_found_as_at_the_sign_in(by_email: World) -> None:
    def find(text: str) -> set[str]:
        found: list[tuple[str, User]] = by_email.services.user_lists.page(by_email.pool.id, text)
        return {user.attributes["name"] for _, user in found}

    assert find('email = "KIM@example.com"') == {"1"}
    assert find('email ^= "Kim"') == {"1", "2"}
    assert find('email ^= "%"') == set()
    assert find('phone_number = "+15550100"') == {"3"}
    assert find('username = "kim@example.com"') == set()


def test_what_cannot_be_asked_is_refused(world: World) -> None:
    page = world.services.user_lists.page
    with pytest.raises(InvalidParameter, match="Error while parsing filter"):
        page(world.pool.id, "email")
    with pytest.raises(InvalidParameter, match=r"^One or more requested attributes do not exist\.$"):
        page(world.pool.id, attribute_names=["email", "custom:nowhere"])
    with pytest.raises(ResourceNotFound):
        page("us-east-1_Unknown", "email")


# --- what a page costs ----------------------------------------------------------------------------

BY_INDEX = ["", 'username = "u500"', 'username ^= "u500"', 'sub = "{sub}"', 'email = "{email}"', 'email ^= "{email}"']


@pytest.mark.parametrize("text", BY_INDEX)
def test_page_costs_the_same_in_a_pool_of_a_thousand(sqlite_engine: sa.Engine, clock: MovableClock, text: str) -> None:
    world = world_over(sqlite_engine, clock, spec=PoolSpec(name="addresses", username_attributes=("email",)))
    kim = world.services.users.create(world.pool.id, "kim@example.com", {})
    asked = text.format(sub=kim.sub, email="kim@example.com")

    def look() -> None:
        world.services.user_lists.page(world.pool.id, asked, limit=2)

    look()
    few = sqlite_steps(sqlite_engine, look)
    crowd(world.services, kim)
    assert sqlite_steps(sqlite_engine, look) < 2 * few + 200
    with cost_on(sqlite_engine) as cost:
        look()
    assert cost.figures == (2, 0, 0), str(cost)
    assert all(step.startswith("SEARCH") for step in sqlite_plan(sqlite_engine, cost) if "SUBQUERY" not in step)


def crowd(services: Services, like: User) -> None:
    with services.engine.begin() as connection:
        row = dict(connection.execute(sa.select(users).where(users.c.sub == like.sub)).one()._mapping)
        connection.execute(
            sa.insert(users),
            [
                # No hexadecimal digit: never the user's own.
                row | {"sub": f"{like.sub[:-5]}x{number:04}", "username": f"u{number}", "username_key": f"u{number}"}
                for number in range(1000)
            ],
        )
