"""Callback and sign-out URLs (api.md 2.9, RED-1, RED-2, RED-8)."""

import time
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app_client_authz.domain import redirects
from app_client_authz.domain.errors import InvalidParameter

PATTERN = r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"


def refusal(url: str) -> str:
    with pytest.raises(InvalidParameter) as error:
        redirects.check(url)
    return error.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/callback",
        "https://app.example",
        "https://app.example/",
        "https://APP.example:8443/a/b;c?x=1&y=%20z",
        "https://app.example?next=/a/../b",
        "https://192.0.2.1/cb",
        "https://[2001:db8::1]:8443/cb",
        "https://xn--mnchen-3ya.example/cb",
        "https://app.example/münchen",
        "https://app.example/a/./b/...",
        "https://app.example/100%25",
        "http://localhost",
        "http://localhost:3000/callback",
        "http://127.0.0.1:49152/",
        "http://[::1]:5000/cb",
        "HTTP://localhost/cb",
        "myapp://example",
        "myapp://callback/path?x=y",
        "com.example.app:/oauth2redirect/provider",
        "exp+my-app://expo-development-client/",
        "https://app.example/" + "a" * 1004,
    ],
)
def test_these_urls_can_be_registered(url: str) -> None:
    redirects.check(url)
    assert redirects.is_acceptable(url)


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url", ["https://app.example/cb#x", "https://app.example/cb#", "http://evil.example/#", "a:/b#c"]
)
def test_a_fragment_is_refused_even_an_empty_one(url: str) -> None:
    assert refusal(url) == f"{url} cannot use fragment"


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/cb",
        "HTTP://app.example/cb",
        "http://localhost.evil.example/cb",
        "http://localhost./cb",
        "http://LOCALHOST/cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://0.0.0.0/cb",
        "http://[::]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://[::ffff:127.0.0.1]/cb",
    ],
)
def test_http_is_for_the_three_loopback_names_alone(url: str) -> None:
    assert refusal(url) == f"{url} cannot use the HTTP protocol."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "data:text/html,x",
        "DATA://x/y",
        "vbscript:x",
        "VbScript://x/",
        "file:///etc/passwd",
        "File://host/x",
        "blob:https://app.example/x",
        "about:blank",
        "ABOUT://blank",
    ],
)
def test_schemes_that_a_browser_takes_for_itself_are_refused_in_any_case(url: str) -> None:
    scheme = url.partition(":")[0].lower()
    assert refusal(url) == f"{url} cannot use the {scheme} scheme."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url",
    [
        "https://user@app.example/cb",
        "https://user:pass@app.example/cb",
        "https://@app.example/cb",
        "http://localhost@evil.example/cb",
        "http://localhost:80@evil.example/",
        "http://a@b@localhost/",
        "myapp://user@host/cb",
    ],
)
def test_userinfo_is_refused_on_every_scheme(url: str) -> None:
    assert refusal(url) == f"{url} cannot use a user name or password."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url",
    [
        "https://app.example\\@evil.example/",
        "https:\\\\app.example/cb",
        "https://app.example/a\\..\\b",
        "https://app.example/a%5cb",
        "https://app.example/a%255Cb",
        "https://app.example/a\N{FULLWIDTH REVERSE SOLIDUS}b",
    ],
)
def test_a_backslash_is_refused_in_any_spelling(url: str) -> None:
    assert refusal(url) == f"{url} cannot use a backslash."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/../cb",
        "/cb/..",
        "/cb/..;/admin",
        "/cb/..;x=1/admin",
        "/cb/%2e%2e/admin",
        "/cb/%2E./admin",
        "/cb/.%2e/admin",
        "/cb/..%2fadmin",
        "/cb/%2e%2e%2fadmin",
        "/cb/%252e%252e/admin",
        "/cb/%252e%252e%252fadmin",
        "/cb/%25252e%25252e/admin",
        "/cb/%25%32%65%25%32%65/admin",
        "/cb/..%3b/admin",
        "/cb/..%3fx/admin",
        "/cb/..%23x/admin",
        "/cb/..%20/admin",
        "/cb/\N{FULLWIDTH FULL STOP}\N{FULLWIDTH FULL STOP}/admin",
        "/cb/\N{TWO DOT LEADER}/admin",
        "/cb/%EF%BC%8E%EF%BC%8E/admin",
        "/cb/..\N{FULLWIDTH SOLIDUS}admin",
        "/cb/\N{FULLWIDTH PERCENT SIGN}2e\N{FULLWIDTH PERCENT SIGN}2e/admin",
    ],
)
def test_a_way_up_is_refused_in_any_spelling(path: str) -> None:
    for base in ("https://app.example", "http://localhost:3000", "myapp://host", "com.example.app:"):
        assert refusal(base + path) == f"{base + path} cannot use dot segments."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "character", ["\t", "\n", "\r", "\x00", "\x7f", " ", "\xa0", "\u2028", "\u200b", "\u202e", "\x85"]
)
def test_control_and_white_characters_are_refused(character: str) -> None:
    for url in (
        f"https://app.example/{character}cb",
        f"java{character}script://x/y",
        f"{character}https://app.example",
    ):
        message = refusal(url)
        assert message.endswith(f" at 'redirectUri' failed to satisfy constraint: {PATTERN}")
        assert message.isprintable()


@pytest.mark.attack("R2")
@pytest.mark.parametrize("escape", ["%00", "%0a", "%0d%0aSet-Cookie:x", "%7F", "%250a", "%C2%85"])
def test_escaped_control_characters_are_refused(escape: str) -> None:
    for url in (f"https://app.example/{escape}", f"https://app.example/?x={escape}"):
        assert refusal(url) == f"{url} cannot use control characters."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https:///cb",
        "https://?x=1",
        "https://:443/cb",
        "https://::1/cb",
        "http:///localhost",
        "https:app.example/cb",
        "https:/app.example/cb",
        "myapp://",
        "myapp:///cb",
        "myapp:callback",
        "urn:ietf:wg:oauth:2.0:oob",
        "mailto:someone",
    ],
)
def test_a_url_without_a_host_is_refused(url: str) -> None:
    assert refusal(url) == f"{url} has no host."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url",
    ["/callback", "//evil.example/cb", "callback", "://x", "1app://host", "app.example/cb", "äpp://host", "?x", "."],
)
def test_a_relative_url_is_refused(url: str) -> None:
    assert refusal(url) == f"{url} is not an absolute URL."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "url",
    [
        "http://[not-an-ip]/cb",
        "https://[::1/cb",
        "https://[::1]x/cb",
        "https://[fe80::1%25eth0]/cb",
        "https://[1:2:3]/cb",
        "https://app.example:/cb",
        "https://app.example:65536/cb",
        "https://app.example:80x/cb",
        "https://app..example/cb",
        "https://./cb",
        "https://*.example/cb",
        "https://app%2eexample/cb",
        "https://münchen.example/cb",
        "https://app.example\N{FULLWIDTH SOLIDUS}evil/cb",
        "https://app.example\N{IDEOGRAPHIC FULL STOP}evil/cb",
        "https://app.example;script-src/cb",
        "https://app.example'/cb",
    ],
)
def test_a_malformed_host_or_port_is_refused(url: str) -> None:
    assert refusal(url) == f"{url} has a malformed host or port."


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "tail",
    ["/%", "/%zz", "/%2", '/"', "/<script>", "/{x}", "/a|b", "/a^b", "/`", "/[x]", "?x[]=1", "/%c0%ae%c0%ae/", "/%ff"],
)
def test_what_rfc_3986_does_not_know_is_refused(tail: str) -> None:
    url = f"https://app.example{tail}"
    assert refusal(url) == f"{url} is not a valid URL."


def test_an_empty_url_violates_length_and_pattern() -> None:
    assert refusal("") == (
        "2 validation errors detected: "
        "Value '' at 'redirectUri' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        f"Value '' at 'redirectUri' failed to satisfy constraint: {PATTERN}"
    )


def test_1024_characters_are_the_most() -> None:
    url = "https://app.example/" + "a" * 1005
    assert refusal(url).endswith("failed to satisfy constraint: Member must have length less than or equal to 1024")


@pytest.mark.parametrize("value", [None, 7, b"https://app.example", ["https://app.example"]])
def test_what_is_not_a_string_is_refused(value: object) -> None:
    assert not redirects.is_acceptable(value)  # type: ignore[arg-type]


@pytest.mark.attack("R22")
@pytest.mark.parametrize(
    "long",
    [
        "https://app.example/" + "%25" * 340,
        "https://app.example/" + "%252525" * 143,
        "https://app.example/" + "../" * 334,
        "https://app.example/" + ";" * 1004,
        "https://" + "a." * 500,
        "https://" + "[" * 1000,
        "https://" + ":" * 1000,
        "https://" + "1" * 1000,
        "a" * 100_000,
        "https://app.example/" + "%" * 100_000,
        "https://app.example/" + "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 1000,
    ],
    ids=lambda url: f"{url[:28]}… {len(url)}",
)
def test_no_url_takes_long_to_judge(long: str) -> None:
    started = time.process_time()
    for _ in range(5):
        redirects.is_acceptable(long)
    assert time.process_time() - started < 1.0


# --- equality at use ------------------------------------------------------------------------------


@pytest.mark.attack("R2")
@pytest.mark.compliance("RFC 6749", "3.1.2.3", "a registered redirection URI is matched by simple string comparison")
@pytest.mark.parametrize(
    "other",
    [
        "https://app.example/callback/",
        "https://app.example/callback?",
        "https://app.example/callback?x=1",
        "https://app.example:443/callback",
        "https://APP.example/callback",
        "HTTPS://app.example/callback",
        "https://app.example/Callback",
        "https://app.example/%63allback",
        "https://app.example/./callback",
        "https://app.example/callback ",
        "https://app.example/callbac",
        "https://app.example/callback/../evil",
        "https://user@app.example/callback",
        "",
    ],
)
def test_only_the_very_string_matches(other: str) -> None:
    registered = ("https://app.example/callback", "http://127.0.0.1:5000/cb")
    assert redirects.matches("https://app.example/callback", registered)
    assert not redirects.matches(other, registered)


@pytest.mark.attack("R2")
def test_a_loopback_callback_has_no_variable_port() -> None:
    assert not redirects.matches("http://127.0.0.1:5001/cb", ("http://127.0.0.1:5000/cb",))


def test_nothing_matches_a_client_without_urls() -> None:
    assert not redirects.matches("https://app.example/callback", ())


# --- the Content-Security-Policy ------------------------------------------------------------------


@pytest.mark.parametrize(
    "url, source",
    [
        ("https://App.example/cb?x=1", "https://app.example"),
        ("https://app.example:8443/cb", "https://app.example:8443"),
        ("https://app.example?x", "https://app.example"),
        ("HTTP://localhost:3000/cb", "http://localhost:3000"),
        ("http://[::1]:3000/cb", "http:"),
        ("MyApp://host/cb", "myapp:"),
        ("com.example.app:/cb", "com.example.app:"),
    ],
)
def test_a_form_may_lead_to_the_origin_or_scheme_of_the_callback(url: str, source: str) -> None:
    assert redirects.form_action_source(url) == source


def test_a_url_that_was_never_registrable_has_no_source() -> None:
    for url in ("https://a.example; script-src *", "javascript:x", "nothing"):
        with pytest.raises(InvalidParameter):
            redirects.form_action_source(url)


# --- properties -----------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("https", "http", "HTTP", "javascript", "myapp", "com.app", ":", "//", "/", "\\", "@", "#", "?", "&", ";"),
        *("localhost", "127.0.0.1", "[::1]", "app.example", ".", "..", "%2e", "%2f", "%252e", "%5c", "%0a", "%00"),
        *("%", "%25", ":80", ":", " ", "\t", "\x00", "ä", "\uff0e", "\ud800", "a", "1", "+", "[", "]", "'", '"'),
    ]
)
URLISH = st.lists(PIECES, max_size=12).map("".join)
NEARLY_GOOD = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["https", "http", "HTTPS", "myapp"]),
    st.sampled_from(["app.example", "localhost", "127.0.0.1:80", "[::1]", "a@b", "x:99999", ""]),
    st.lists(PIECES, max_size=6).map(lambda pieces: "".join(["/", *pieces])),
)


@pytest.mark.attack("R2")
@given(st.text(max_size=60) | URLISH | NEARLY_GOOD)
@example("http://localhost\\@evil.example")
@example("https://app.example/%25%32%65.")
def test_what_is_accepted_satisfies_the_grammar(url: str) -> None:
    if not redirects.is_acceptable(url):
        assert refusal(url).encode()  # every message can be sent
        return
    parts = urlsplit(url)
    scheme = parts.scheme
    assert 1 <= len(url) <= 1024
    assert url.isprintable()
    assert not any(character.isspace() or character in '\\#"<>^`{|}' for character in url)
    assert scheme
    assert scheme not in {"javascript", "data", "vbscript", "file", "blob", "about"}
    assert parts.username is None
    assert parts.password is None
    assert "@" not in parts.netloc
    assert parts.hostname or (parts.path.startswith("/") and scheme not in {"http", "https"})
    assert parts.netloc.isascii()
    assert parts.port is None or 0 <= parts.port <= 65_535
    if scheme == "http":
        assert parts.hostname in {"localhost", "127.0.0.1", "::1"}
    for decoded in (parts.path, unquote(parts.path), unquote(unquote(parts.path))):
        assert ".." not in decoded.replace(";", "/").split("/")
    assert redirects.form_action_source(url).lower().startswith(f"{scheme}:")


@given(st.text() | URLISH)
def test_judging_a_url_raises_nothing_else(url: str) -> None:
    assert redirects.is_acceptable(url) in {True, False}


@given(URLISH, st.lists(URLISH))
def test_matching_is_membership(url: str, registered: list[str]) -> None:
    assert redirects.matches(url, tuple(registered)) == any(url == known for known in registered)
