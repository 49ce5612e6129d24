"""Who may import whom: each floor knows only the floors below it (docs/explanation/architecture.md)."""

import ast
import re
from collections.abc import Iterator

from tests.support.documents import taken
from tests.support.imports import PACKAGE, Import, modules, room_of

FACES = ("oauth", "api", "hosted_ui", "console")
BELOW_FACES = {"services", "web", "domain", "config"}
EVERYTHING = {"domain", "crypto", "storage", "services", "senders", "fetching", "web", "config", *FACES}
WIRING = {"extension", "exceptions", "cli", "proxies", "resource", "seeding", "standalone", "pytest_plugin"}

ROOMS: dict[str, set[str]] = {
    "domain": set(),
    "config": {"domain"},
    "crypto": {"domain"},
    "web": {"domain", "config"},
    "storage": {"domain", "crypto"},
    "services": {"domain", "crypto", "storage", "config"},
    "senders": {"domain", "config"},
    "fetching": {"domain", "config"},
    "directories": {"domain", "crypto"},
    **dict.fromkeys(FACES, BELOW_FACES),
    **dict.fromkeys(WIRING, EVERYTHING | WIRING),
    "": EVERYTHING | WIRING,
}

PAGES = {"flask", "werkzeug", "jinja2", "markupsafe"}
ANY = {"flask", "werkzeug", "click", "flask_sqlalchemy", "sqlalchemy", "blinker", "pytest", "gunicorn", "yaml"}
LIBRARIES: dict[str, set[str]] = {
    "domain": set(),
    "config": set(),
    "crypto": {"joserfc", "cryptography", "argon2"},
    "web": PAGES,
    "storage": {"sqlalchemy", "alembic"},
    "services": {"blinker"},
    "senders": set(),
    "fetching": set(),
    "directories": {"sqlalchemy", "argon2", "bcrypt", "werkzeug", "flask", "flask_security"},
    "oauth": {"authlib", *PAGES},
    "api": {"jmespath", *PAGES},  # if the host has it
    "hosted_ui": {"segno", *PAGES},
    "console": PAGES,
    **dict.fromkeys(WIRING, ANY),
    "": ANY,
}

LINES_AT_MOST = 400
LONGER = {f"{PACKAGE}.storage.tables"}
# The domain is told the time and is handed what is random.
IMPURE = {"time", "random", "secrets", "os", "socket", "threading"}
UNTOLD = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4"}


def imports() -> list[Import]:
    return [arrow for module in modules() for arrow in module.imports]


def test_every_room_has_its_place_in_the_plan() -> None:
    assert {module.room for module in modules()} <= set(ROOMS)


def test_architecture_draws_the_floors_in_their_order() -> None:
    """Each may import what stands to its left, and the lower line stands beside them all."""
    upper, lower = taken("docs/explanation/architecture.md", "domain ←").splitlines()
    drawn = [floor.strip() for floor in upper.split("←")]
    beside = set(re.findall(r"[a-z]+", lower))
    floors = {**{room: {room} for room in ROOMS}, "faces": set(FACES), "wiring": WIRING | {""}}

    assert beside.union(*(floors[floor] for floor in drawn)) == set(ROOMS)
    for number, floor in enumerate(drawn):
        below = beside.union(*(floors[each] for each in drawn[: number + 1]))
        assert all(ROOMS[room] <= below for room in floors[floor])


def test_no_arrow_leaves_the_plan() -> None:
    wrong = [
        str(arrow)
        for arrow in imports()
        if arrow.top_level == PACKAGE
        and (room := room_of(arrow.target)) != room_of(arrow.module)
        and room not in ROOMS[room_of(arrow.module)]
    ]

    assert not wrong


def test_each_room_uses_its_own_libraries_only() -> None:
    wrong = [
        str(arrow) for arrow in imports() if arrow.foreign and arrow.top_level not in LIBRARIES[room_of(arrow.module)]
    ]

    assert not wrong


def test_alembic_is_imported_by_those_who_migrate_only() -> None:
    arrows = [arrow for arrow in imports() if arrow.top_level == "alembic"]

    assert arrows
    assert {arrow.module for arrow in arrows} == {f"{PACKAGE}.storage.migrate"}
    assert all(arrow.lazy for arrow in arrows)


def test_no_two_modules_wait_for_each_other() -> None:
    names = {module.name for module in modules()}
    graph = {
        module.name: {arrow.target for arrow in module.imports if not arrow.lazy and arrow.target in names}
        for module in modules()
    }

    assert not list(_circles(graph))


def test_domain_has_neither_clock_nor_chance() -> None:
    domain = [module for module in modules() if module.room == "domain"]
    wrong = [str(arrow) for module in domain for arrow in module.imports if arrow.top_level in IMPURE]
    wrong += [
        f"{module.name}:{node.lineno} calls {ast.unparse(node.func)}"
        for module in domain
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ".".join(ast.unparse(node.func).split(".")[-2:]) in UNTOLD
    ]

    assert not wrong


def test_files_are_short_enough_to_read() -> None:
    assert {module.name for module in modules() if module.lines > LINES_AT_MOST} == LONGER


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.room != "cli"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert not wrong


def _circles(graph: dict[str, set[str]]) -> Iterator[str]:
    """Import circles, as "a -> b -> a"."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in path:
            yield " -> ".join((*path[path.index(name) :], name))
        elif name not in done:
            for target in sorted(graph[name]):
                yield from visit(target, (*path, name))
            done.add(name)

    for name in sorted(graph):
        yield from visit(name, ())
