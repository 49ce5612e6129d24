"""flask authz keys."""

from app_client_authz.services.keys import RETIREMENT_SECONDS
from tests.cli.conftest import POOL, STRONG, Shell, app_on
from tests.support.clock import MovableClock


def states(shell: Shell) -> list[tuple[str, str]]:
    return sorted((key["Purpose"], key["State"]) for key in shell.json("keys", "list", POOL))


def test_a_new_pool_signs_with_one_key_per_purpose(shell: Shell) -> None:
    assert states(shell) == [("access", "current"), ("id", "current")]
    printed = shell.ok("keys", "list", POOL)
    assert printed.splitlines()[0].split() == ["PURPOSE", "STATE", "PUBLISHED", "UNTIL", "KID"]
    assert "PRIVATE" not in printed


def test_staged_keys_are_published_and_sign_after_rotation(shell: Shell, clock: MovableClock) -> None:
    staged = {key["Kid"] for key in shell.json("keys", "stage", POOL)}
    assert states(shell) == [("access", "current"), ("access", "next"), ("id", "current"), ("id", "next")]
    shell.ok("keys", "rotate", POOL)
    current = {key["Kid"] for key in shell.json("keys", "list", POOL) if key["State"] == "current"}
    assert current == staged
    retired = shell.services.keys.of_pool(POOL)
    assert {key.published_until for key in retired if key.state == "retired"} == {clock.now + RETIREMENT_SECONDS}


def test_rotation_without_staged_keys_is_refused_unless_it_is_to_be_now(shell: Shell) -> None:
    before = {key["Kid"] for key in shell.json("keys", "list", POOL)}
    assert "stage them first" in shell.refused("keys", "rotate", POOL)
    result = shell.run("keys", "rotate", POOL, "--now")
    assert "flask authz keys withdraw" in result.stderr
    current = {key["Kid"] for key in shell.json("keys", "list", POOL) if key["State"] == "current"}
    assert not current & before


def test_only_a_key_that_signs_no_more_is_withdrawn(shell: Shell) -> None:
    kid = shell.json("keys", "list", POOL)[0]["Kid"]
    assert "still signs" in shell.refused("keys", "withdraw", POOL, kid)
    shell.ok("keys", "rotate", POOL, "--now")
    assert kid in shell.ok("keys", "withdraw", POOL, kid)
    assert kid not in shell.ok("keys", "list", POOL)
    assert "does not exist" in shell.refused("keys", "withdraw", POOL, kid)


def test_reseal_makes_the_older_sealing_key_superfluous(
    shell: Shell, sqlite_url_migrated: str, clock: MovableClock
) -> None:
    shell.client("--generate-secret", "--id", "mine")
    newer = STRONG[::-1]
    both = Shell(app_on(sqlite_url_migrated, clock, AUTHZ_SEALING_KEYS=[newer, STRONG]))
    assert "Resealed 3 secrets" in both.ok("keys", "reseal")
    assert "Resealed 0 secrets" in both.ok("keys", "reseal")
    after = Shell(app_on(sqlite_url_migrated, clock, AUTHZ_SEALING_KEYS=[newer]))
    assert "ClientSecret" in after.json("client", "describe", "mine", "--show-secret")
