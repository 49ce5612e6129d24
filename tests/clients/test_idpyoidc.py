"""idpyoidc against a live server: a relying party that finds everything by discovery and checks ID tokens itself."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from idpyoidc.client.oauth2.stand_alone_client import StandAloneClient

from tests.clients.conftest import Live
from tests.support.site import CALLBACK, Registered

PKCE = {
    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
}


def relying_party(live: Live, client: Registered, method: str = "client_secret_basic") -> StandAloneClient:
    """A party that knows of the server its issuer and its own registration, and nothing else."""
    scopes = list(client.client.scopes)
    party = StandAloneClient(
        config={
            "issuer": live.metadata["issuer"],
            "client_id": client.client_id,
            "client_secret": client.secret,
            "client_type": "oidc",
            "redirect_uris": [CALLBACK],
            "response_types_supported": ["code"],
            "scopes_supported": scopes,
            "scope": scopes,
            "token_endpoint_auth_methods_supported": [method],
            "client_authn_methods": [method],
            "add_ons": {"pkce": PKCE},
        }
    )
    party.do_provider_info()
    party.do_client_registration()
    return party


def returned(live: Live, url: str, *, by_form: bool = False, **changed: str) -> dict[str, str]:
    """What comes back to the callback for the party's request, sent as it is or with parameters changed."""
    where, _, query = url.partition("?")
    answer = live.sign_in(f"{where}?{urlencode(dict(parse_qsl(query)) | changed)}", by_form=by_form)
    return dict(parse_qsl(urlsplit(answer).query))


@pytest.fixture
def reader(live: Live) -> Registered:
    """A client that reads no email_verified: see the last test."""
    return live.site.client(generate_secret=True, allowed_oauth_scopes=("openid",), read_attributes=("name", "email"))


@pytest.mark.compliance("OIDC Core", "3.1", "authentication using the code flow")
@pytest.mark.compliance("OIDC Core", "3.1.3.7", "the ID token passes a relying party's checks")
@pytest.mark.compliance("OIDC Discovery", "4", "the issuer alone leads to everything else")
@pytest.mark.compliance("RFC 7636", "4", "proof key for code exchange")
@pytest.mark.parametrize("by_form", [False, True], ids=["single sign-on", "login page"])
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_discovery_code_with_pkce_userinfo_and_refresh(
    live: Live, reader: Registered, method: str, by_form: bool
) -> None:
    party, sub = relying_party(live, reader, method), live.site.user.sub
    assert party.context.provider_info["token_endpoint"] == live.metadata["token_endpoint"]
    url = party.init_authorization()
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["code_challenge_method"] == "S256"

    done = party.finalize(returned(live, url, by_form=by_form))
    said = done["id_token"]
    assert (said["iss"], said["aud"], said["sub"]) == (live.metadata["issuer"], [reader.client_id], sub)
    assert (said["nonce"], said["token_use"]) == (asked["nonce"], "id")
    assert done["userinfo"]["sub"] == sub

    refreshed = party.refresh_access_token(done["state"])
    assert refreshed["access_token"] != done["token"]
    again = refreshed["__verified_id_token"]
    assert (again["iss"], again["sub"], again["auth_time"]) == (said["iss"], sub, said["auth_time"])
    assert party.get_user_info(done["state"], refreshed["access_token"])["sub"] == sub


def test_the_party_does_look_at_the_nonce(live: Live, reader: Registered) -> None:
    party = relying_party(live, reader)
    answer = returned(live, party.init_authorization(), nonce="of-somebody-else")
    with pytest.raises(ValueError, match="nonce"):
        party.finalize(answer)


def test_such_a_party_takes_email_verified_from_userinfo_in_the_oidc_dialect_only(live: Live) -> None:
    party = relying_party(live, live.site.client(generate_secret=True, allowed_oauth_scopes=("openid", "email")))
    answer = returned(live, party.init_authorization())
    if live.server.app.config["AUTHZ_DIALECT"] == "oidc":
        assert party.finalize(answer)["userinfo"]["email_verified"] is True
    else:
        # Cognito writes the value of this boolean as a string there, and so do we.
        with pytest.raises(ValueError, match="Incorrect message type"):
            party.finalize(answer)
