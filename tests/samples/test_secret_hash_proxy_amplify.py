"""Amplify, configured as for a public client, behind the proxy: SRP, refresh and sign-out of a client with a secret."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.samples.launching import module, modules_of
from tests.support.live import LiveServer
from tests.support.node import Steps, running, skip_without_node
from tests.support.site import PASSWORD, PREFIX, USERNAME, Site, claims, make_site

FLOWS = ("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")

skip_without_node()


@pytest.fixture
def kim(sqlite_url_migrated: str, live_server: Callable[..., LiveServer]) -> Iterator[Steps]:
    site: Site = make_site(sqlite_url_migrated, time.time)
    client = site.client(generate_secret=True, explicit_auth_flows=FLOWS)
    with modules_of("secret_hash_proxy"), running("amplify.mjs") as steps:
        upstream = live_server(site.app).url + PREFIX + "/"
        proxy = live_server(module("proxy").create_app(upstream, client.client_id, client.secret)).url
        steps("configure", poolId=site.pool.id, clientId=client.client_id, endpoint=f"{proxy}/")
        yield steps


def test_user_signs_in_refreshes_and_signs_out(kim: Steps) -> None:
    assert kim("signIn", username=USERNAME, password=PASSWORD)["isSignedIn"] is True
    first = kim("tokens")

    assert kim("attributes")["email"] == "kim@example.com"
    second = kim("refresh")
    assert claims(second["access"])["origin_jti"] == claims(first["access"])["origin_jti"]
    assert second["access"] != first["access"]

    kim("signOut", everywhere=True)
    assert kim("tokens") is None


def test_wrong_password_is_told_as_ever(kim: Steps) -> None:
    told = kim.refused("signIn", username=USERNAME, password="wrong")

    assert told == ("NotAuthorizedException", "Incorrect username or password.")
