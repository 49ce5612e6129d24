"""What triggers of the host say, on the pages and at the callback URL."""

from typing import Any

from app_client_authz import AppClientAuthz
from app_client_authz.domain.trigger import Event
from tests.hosted_ui.site import (
    CALLBACK,
    CHOSEN,
    ENABLED,
    HOSTILE,
    MEMBERS,
    PASSWORD,
    TEMPORARY,
    Site,
    Visitor,
    alert,
    location,
)
from tests.hosted_ui.test_new_password import choose
from tests.hosted_ui.test_sign_up import sign_up


def refusing(site: Site, name: str, text: str = "Closed for the night") -> None:
    @AppClientAuthz().trigger(name, app=site.app)
    def refuse(event: Event) -> Event:
        raise PermissionError(text)


def witness(site: Site, *names: str) -> list[Event]:
    seen: list[Event] = []

    def keep(event: Event) -> Event:
        seen.append(event)
        return event

    for name in names:
        AppClientAuthz().trigger(name, app=site.app)(keep)
    return seen


def test_a_sign_in_tells_its_triggers_which_client_it_is_for(site: Site, visitor: Visitor) -> None:
    seen = witness(site, "PreAuthentication", "PostAuthentication", "PreTokenGeneration")
    assert location(visitor.sign_in())[0] == CALLBACK
    visitor.sign_in(response_type="token", state=None)

    assert [event["triggerSource"] for event in seen] == [
        *("PreAuthentication_Authentication", "PostAuthentication_Authentication"),
        *("PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_HostedAuth"),
    ]
    assert {event["callerContext"]["clientId"] for event in seen} == {ENABLED}


def test_who_is_refused_before_the_password_sees_why(site: Site, visitor: Visitor) -> None:
    refusing(site, "PreAuthentication", HOSTILE)
    answer = visitor.sign_in()

    assert answer.status_code == 400
    assert "PreAuthentication failed with error" in answer.text
    assert HOSTILE not in answer.text
    assert "/auth/login?" in answer.text
    assert visitor.session is None


def test_who_is_refused_after_it_is_not_signed_in(site: Site, visitor: Visitor) -> None:
    refusing(site, "PostAuthentication")
    answer = visitor.sign_in()

    assert answer.status_code == 400
    assert "PostAuthentication failed with error Closed for the night." in answer.text
    assert visitor.session is None


def test_a_new_password_counts_whatever_comes_after(site: Site, visitor: Visitor) -> None:
    visitor.sign_in("newcomer", TEMPORARY)
    refusing(site, "PostAuthentication")

    assert choose(visitor).status_code == 400
    site.services.triggers.own._registered.clear()
    assert location(visitor.sign_in("newcomer", CHOSEN))[0] == CALLBACK


def test_a_user_of_another_directory_signs_in(site: Site, visitor: Visitor) -> None:
    @AppClientAuthz().trigger("UserMigration", app=site.app)
    def migrate(event: Event) -> Event:
        known: dict[str, Any] = {"given_name": "Lee"}
        event["response"]["userAttributes"] = known if event["request"]["password"] == "old" else None
        return event

    assert visitor.sign_in("lee", "wrong").headers["Location"].startswith("/auth/login?")
    assert location(visitor.sign_in("lee", "old"))[0] == CALLBACK
    assert location(visitor.sign_in("alice", PASSWORD))[0] == CALLBACK


def test_who_is_refused_at_sign_up_sees_why_on_the_form(site: Site, visitor: Visitor) -> None:
    refusing(site, "PreSignUp", HOSTILE)
    page = sign_up(visitor)

    assert page.status_code == 400
    assert alert(page) == f"PreSignUp failed with error {HOSTILE}."
    assert HOSTILE not in page.text


def test_who_is_confirmed_at_sign_up_is_signed_in(site: Site, visitor: Visitor) -> None:
    seen = witness(site, "PostConfirmation", "PreAuthentication", "PostAuthentication")

    @AppClientAuthz().trigger("PreSignUp", app=site.app)
    def confirm(event: Event) -> Event:
        event["response"]["autoConfirmUser"] = True
        return event

    assert location(sign_up(visitor))[0] == CALLBACK
    assert [event["triggerSource"] for event in seen] == [
        "PostConfirmation_ConfirmSignUp",
        "PreAuthentication_Authentication",
        "PostAuthentication_Authentication",
    ]
    assert {event["callerContext"]["clientId"] for event in seen} == {MEMBERS}
