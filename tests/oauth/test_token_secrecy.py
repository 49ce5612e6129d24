"""No secret, token, code or password in a log line, a repr or an error (R11, CLI-8)."""

import logging
from typing import Any

import pytest

from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.services.audit import security_event
from app_client_authz.services.machine_tokens import MachineTokens
from app_client_authz.services.tokens import Tokens
from tests.support.back_channel import REVOKE, TOKEN, USERINFO, exchange, refresh, revoke, token, userinfo
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, VERIFIER, Site, make_site

pytestmark = pytest.mark.attack("R11")


def every_request(site: Site, clock: MovableClock) -> set[str]:
    """Sends one request of each kind, right and wrong; returns all that must never be seen."""
    client = site.client(generate_secret=True, refresh_token_rotation=RefreshTokenRotation("ENABLED", 0))
    secrets = {PASSWORD, VERIFIER, *(str(each.secret) for each in (site.web, site.machine, client))}
    cookie = site.cookie()
    site.browse(cookie=cookie).get(site.authorize_url(client))
    code = site.code(client)
    tokens = exchange(site, client, code).json
    clock.advance(1)
    successor = refresh(site, client, tokens["refresh_token"]).json
    machine = token(site, site.machine, grant_type="client_credentials").json
    userinfo(site, tokens["access_token"])
    userinfo(site, tokens["access_token"] + "x")
    userinfo(site, tokens["id_token"])
    clock.advance(1)
    refresh(site, client, tokens["refresh_token"])
    for asked in (code, "not-a-code-but-secret"):
        exchange(site, client, asked, code_verifier="w" * 50)
        exchange(site, client, asked, redirect_uri="https://elsewhere.example/")
        exchange(site, client, asked)
    refresh(site, site.web, successor["refresh_token"])
    refresh(site, client, tokens["access_token"])
    token(site, site.machine, grant_type="password", username="kim", password=PASSWORD)
    token(site, site.web, grant_type="client_credentials", scope="openid")
    site.browse().post(TOKEN, data={"grant_type": "client_credentials"}, auth=(client.client_id, "wrong-and-secret"))
    for header in ("Bearer wrong-and-secret", "Basic wrong-and-secret", "wrong-and-secret"):
        site.browse().post(TOKEN, data={"grant_type": "client_credentials"}, headers={"Authorization": header})
        site.browse().get(USERINFO, headers={"Authorization": header})
    site.browse().post(TOKEN, data="\xff%ff&client_secret=wrong-and-secret", content_type="application/json")
    site.browse().post(REVOKE, data={"token": tokens["refresh_token"], "client_secret": "wrong-and-secret"})
    revoke(site, client, tokens["access_token"])
    revoke(site, site.web, successor["refresh_token"])
    revoke(site, client, successor["refresh_token"])
    site.services.app_clients.add_secret(site.pool.id, client.client_id, "another+secret+of+this+client")
    jwts = {
        each[kind] for each in (tokens, successor, machine) for kind in ("access_token", "id_token") if kind in each
    }
    signatures = {jwt.rpartition(".")[2] for jwt in jwts}
    return (
        secrets
        | signatures
        | {
            *("w" * 50, "wrong-and-secret", "not-a-code-but-secret", "another+secret+of+this+client"),
            *(cookie, code, tokens["refresh_token"], successor["refresh_token"]),
        }
    )


@pytest.mark.parametrize("dialect", ["cognito", "oidc"])
def test_no_secret_reaches_a_log_even_at_debug(
    sqlite_url_migrated: str, clock: MovableClock, caplog: pytest.LogCaptureFixture, dialect: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="authlib")
    caplog.set_level(logging.DEBUG, logger="app_client_authz")
    site = make_site(sqlite_url_migrated, clock, AUTHZ_DIALECT=dialect)
    secrets = every_request(site, clock)
    formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")
    lines = "\n".join(f"{formatter.format(record)} {record.args!r}" for record in caplog.records)
    assert "app_client_authz.security" in lines
    assert "app_client_authz.oauth DEBUG" in lines
    assert [secret for secret in secrets if secret in lines] == []


def test_authlibs_logger_is_held_at_info() -> None:
    assert logging.getLogger("authlib").level == logging.INFO
    assert not logging.getLogger("authlib.oauth2.rfc6749.grants").isEnabledFor(logging.DEBUG)


def test_no_secret_is_told_with_a_security_event(site: Site, clock: MovableClock) -> None:
    told: list[str] = []

    def listen(sender: object, **event: Any) -> None:
        told.append(repr((sender, event)))

    with security_event.connected_to(listen):
        secrets = every_request(site, clock)
    text = "\n".join(told)
    assert "tokens_issued" in text
    assert "refresh_token_reused" in text
    assert "code_replayed" in text
    assert [secret for secret in secrets if secret in text] == []


def test_no_value_shows_a_secret_when_it_is_printed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    secrets: list[str] = []
    watched_methods: tuple[tuple[type, str], ...] = (
        (Tokens, "redeem_code"),
        (Tokens, "refresh"),
        (MachineTokens, "client_credentials"),
    )
    for service, name in watched_methods:
        method = getattr(service, name)

        def watched(self: object, *given: Any, _method: Any = method, **more: Any) -> Any:
            result = _method(self, *given, **more)
            # The registration and the code found are values; the presented token itself is a plain text.
            printed.extend(repr(each) for each in (result, *given) if not isinstance(each, str | None))
            secrets.extend(filter(None, (result.access_token, result.id_token, result.refresh_token)))
            return result

        monkeypatch.setattr(service, name, watched)
    code = site.code(site.web)
    tokens = exchange(site, site.web, code).json
    refresh(site, site.web, tokens["refresh_token"])
    token(site, site.machine, grant_type="client_credentials")
    described = site.services.app_clients.describe(site.pool.id, site.web.client_id)
    printed += [repr(site.services), repr(described), repr(site.services.keys.ring(site.pool.id))]
    text = "\n".join(printed)
    assert "TokenSet(" in text
    assert "RedeemableCode(" in text
    assert [each for each in (*secrets, code, str(site.web.secret), str(site.machine.secret)) if each in text] == []
    assert "PRIVATE" not in text


@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_no_refusal_repeats_what_was_sent(request: pytest.FixtureRequest, dialect: str) -> None:
    site: Site = request.getfixturevalue(dialect)
    marker = "zz-marker-zz"
    answers = [
        token(site, site.web, grant_type=marker),
        token(site, site.machine, grant_type="client_credentials", scope=marker),
        exchange(site, site.web, marker),
        exchange(site, site.web, site.code(site.web), redirect_uri=f"https://{marker}.example/"),
        refresh(site, site.web, marker),
        site.browse().post(TOKEN, data={"grant_type": "client_credentials"}, auth=(marker, marker)),
        site.browse().post(REVOKE, data={"token": marker}, auth=(marker, marker)),
        userinfo(site, marker),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert marker not in answer.text + str(answer.headers)
