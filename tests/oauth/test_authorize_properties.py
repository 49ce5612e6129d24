"""What holds for every redirect URI and every state, not only for those somebody thought of (RED-1, RED-5)."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.support.site import CALLBACK, PREFIX, Site

few = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# What a parameter can carry: no surrogates, which have no UTF-8, and no NUL, which is refused before (INP-4).
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200)
URLS = st.sampled_from(
    [CALLBACK, "http://localhost:8000/cb", "com.example.app:/cb", "https://app.example/%63b?tenant=1"]
)

PIECES = ["", "/", "//", "?", "#", "@", ":", "\\", ".", "..", "%2e", "%00", ";", " ", "\t", "\r\n"]
PARAMETERS = [
    *("client_id", "redirect_uri", "response_type", "scope", "state", "prompt", "max_age", "nonce", "code_challenge"),
    *("code_challenge_method", "resource", "identity_provider", "login_hint"),
]


@st.composite
def near_misses(draw: st.DrawFn) -> str:
    """A registered URL with one thing inserted, taken away, replaced, or written in another case."""
    url = draw(URLS)
    at = draw(st.integers(0, len(url)))
    piece = draw(
        st.sampled_from(["", "/", "//", "?", "#", "@", ":", "\\", ".", "..", "%2e", "%00", ";", " ", "\t", "\r\n"])
        | TEXT
    )
    kind = draw(st.sampled_from(["insert", "replace", "delete", "swapcase", "cut", "double", "quote"]))
    return {
        "insert": url[:at] + piece + url[at:],
        "replace": url[:at] + piece + url[at + 1 :],
        "delete": url[:at] + url[at + 1 :],
        "swapcase": url[:at] + url[at:].swapcase(),
        "cut": url[:at],
        "double": url + url[at:],
        "quote": url[:at] + quote(url[at : at + 1], safe="") + url[at + 1 :],
    }[kind]


@pytest.fixture(scope="module")
def registered(standing: Site) -> tuple[Site, str]:
    """A site, and a client with four callback URLs."""
    urls = (CALLBACK, "http://localhost:8000/cb", "com.example.app:/cb", "https://app.example/%63b?tenant=1")
    return standing, standing.client(callback_urls=urls, allowed_oauth_flows=("code", "implicit")).client_id


@pytest.mark.attack("R2")
@pytest.mark.compliance("RFC 6749", "3.1.2.3", "the redirection URI is compared as a simple string")
@few
@given(redirect_uri=near_misses() | TEXT)
@example(redirect_uri=CALLBACK)
@example(redirect_uri="https://app.example/cb?tenant=1")
def test_only_a_url_equal_to_a_registered_one_is_redirected_to(registered: tuple[Site, str], redirect_uri: str) -> None:
    site, client_id = registered
    assume(redirect_uri)
    client = site.services.app_clients.find(client_id)
    assert client is not None
    query = urlencode({"client_id": client_id, "redirect_uri": redirect_uri, "prompt": "none", "response_type": "code"})
    where = site.browse().get(f"{PREFIX}/oauth2/authorize?{query}").headers["Location"]
    if redirect_uri in client.client.callback_urls:
        assert where.startswith(redirect_uri)
    else:
        assert where == f"/auth/error?error=redirect_mismatch&client_id={client_id}"


@pytest.mark.compliance("RFC 6749", "4.1.2", "state is the exact value received from the client")
@few
@given(state=TEXT, response_type=st.sampled_from(["code", "token"]), callback=URLS, refused=st.booleans())
@example(state="a&error=x", response_type="code", callback=CALLBACK, refused=True)
@example(state="#access_token=x", response_type="token", callback=CALLBACK, refused=False)
@example(state="a\r\nSet-Cookie: x=y", response_type="code", callback=CALLBACK, refused=False)
@example(state='{"return":"/a b+c%20"}', response_type="code", callback=CALLBACK, refused=False)
def test_state_comes_back_exactly_and_adds_nothing(
    registered: tuple[Site, str], state: str, response_type: str, callback: str, refused: bool
) -> None:
    site, client_id = registered
    assume(state)
    params = {"client_id": client_id, "redirect_uri": callback, "response_type": response_type, "state": state}
    params |= {"scope": "no/such"} if refused else {"scope": "openid"}
    answer = site.browse(signed_in=True).get(f"{PREFIX}/oauth2/authorize?{urlencode(params)}")
    where = answer.headers["Location"]
    assert where.startswith(callback)
    assert where.isascii()
    assert where.isprintable()
    assert "Set-Cookie" not in answer.headers
    assert bool(urlsplit(where).fragment) is (response_type == "token")
    carried = parse_qsl(where.rpartition("#" if response_type == "token" else "?")[2], strict_parsing=True)
    own = ["tenant"] if "?tenant=" in callback and response_type == "code" else []
    granted = ["code"] if response_type == "code" else ["id_token", "access_token", "expires_in", "token_type"]
    expected = [*own, *(["error_description"] if refused else granted), "state", *(["error"] if refused else [])]
    assert [name for name, _ in carried] == expected
    assert dict(carried)["state"] == state


@pytest.mark.attack("R1")
@few
@given(params=st.dictionaries(st.sampled_from(PARAMETERS), TEXT))
def test_a_request_of_any_content_never_leads_off_the_site(
    registered: tuple[Site, str], params: dict[str, str]
) -> None:
    site, _ = registered
    answer = site.browse(signed_in=True).get(f"{PREFIX}/oauth2/authorize?{urlencode(params)}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/auth/error?error=")
