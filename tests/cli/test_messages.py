"""flask authz messages."""

from tests.cli.conftest import POOL, Shell, app_on
from tests.support.clock import MovableClock

MAIL = ("--attribute", "email=ann@example.com", "--attribute", "email_verified=true")
SMTP = {"AUTHZ_MESSAGE_SENDER": "smtp", "AUTHZ_SMTP_HOST": "localhost", "AUTHZ_SMTP_FROM": "login@example.com"}


def ann(shell: Shell) -> str:
    """The sub of a confirmed user with an address."""
    made = shell.json("user", "create", POOL, "ann", "--generate", "--permanent", *MAIL)
    return str({each["Name"]: each["Value"] for each in made["UserAttributes"]}["sub"])


def test_messages_are_shown_newest_first_with_what_a_program_needs(shell: Shell, clock: MovableClock) -> None:
    sub = ann(shell)
    shell.services.recovery.require_reset(POOL, "ann")
    clock.advance(60)
    shell.services.recovery.require_reset(POOL, "ann")

    newest, first = shell.json("messages", "--pool", POOL, "--username", "ann")

    assert set(newest) == {"kind", "code", "destination", "medium", "subject", "body", "sent_at"}
    assert (newest["kind"], newest["medium"], newest["destination"]) == ("reset_password", "EMAIL", "ann@example.com")
    assert newest["body"] == f"Your verification code is {newest['code']}."
    assert (first["sent_at"], newest["sent_at"]) == ("2026-09-21T14:13:20Z", "2026-09-21T14:14:20Z")
    assert shell.json("messages", "--pool", POOL, "--username", sub) == [newest, first]


def test_messages_are_readable_for_people_too(shell: Shell) -> None:
    ann(shell)
    assert shell.ok("messages", "--pool", POOL, "--username", "ann") == "No messages in the last day.\n"
    shell.services.recovery.require_reset(POOL, "ann")
    (kept,) = shell.json("messages", "--pool", POOL, "--username", "ann")

    printed = shell.ok("messages", "--pool", POOL, "--username", "ann")

    assert f"Code     {kept['code']}\n" in printed
    assert "To       ann@example.com\n" in printed


def test_a_user_without_messages_has_an_empty_list(shell: Shell) -> None:
    ann(shell)

    assert shell.json("messages", "--pool", POOL, "--username", "ann") == []


def test_a_user_who_is_not_there_is_said(shell: Shell) -> None:
    assert shell.refused("messages", "--pool", POOL, "--username", "nobody") == "User does not exist."


def test_pool_and_username_are_asked_for(shell: Shell) -> None:
    assert "--pool" in shell.misused("messages", "--username", "ann")
    assert "--username" in shell.misused("messages", "--pool", POOL)


def test_a_site_that_sends_its_messages_shows_none(sqlite_url_migrated: str, clock: MovableClock) -> None:
    shell = Shell(app_on(sqlite_url_migrated, clock, **SMTP))
    shell.ok("pool", "create", "Demo", "--id", POOL)
    ann(shell)

    refusal = shell.refused("messages", "--pool", POOL, "--username", "ann")

    assert refusal == "Messages are sent here, and not kept: only the development sender keeps them."


def test_a_template_writes_nothing_of_its_own_to_the_terminal(shell: Shell) -> None:
    shell.ok("user", "create", POOL, "ann", "--generate", *MAIL)
    user = shell.services.users.describe(POOL, "ann")
    shell.services.delivery.invite(shell.services.pools.describe(POOL), user, "Temp\x1b[31m-1", ["EMAIL"])

    assert "\x1b" not in shell.ok("messages", "--pool", POOL, "--username", "ann")
