"""No input yields a 5xx: every endpoint of both faces, every way to be unreadable, on both databases (R19, INP).

A *door* is one endpoint with one method and a request that it would answer.
"""

import base64
import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from flask import request as flask_request

from tests.support.clock import MovableClock
from tests.support.databases import PostgresServer, SqliteTemplate
from tests.support.doors import DOORS, FORM, Door, Pairs, check, joined, send
from tests.support.site import CALLBACK, PREFIX, SIGNED_OUT, Site, location, make_site

MEGABYTE = 1024 * 1024
pytestmark = pytest.mark.attack("R19")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if request.param == "sqlite":
        template: SqliteTemplate = request.getfixturevalue("sqlite_template")
        directory: Path = tmp_path_factory.mktemp("bad-input")
        yield make_site(template.copy_to(directory / "authz.sqlite").render_as_string(), MovableClock())
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        made = make_site(url.render_as_string(hide_password=False), MovableClock())
        yield made
        made.services.engine.dispose()


# --- parameters ----------------------------------------------------------------------------------------


def _put(name: str, value: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: (*(pair for pair in pairs if pair[0] != name), (name, value))


UNREADABLE_VALUES = {
    "NUL": "a%00b",
    "a raw NUL": "a\x00b",
    "a lone surrogate": "%ED%A0%80",
    "invalid UTF-8": "%FF%FE",
    "raw invalid UTF-8": "\xff\xfe",
    "overlong UTF-8": "%C0%AE",
    "truncated UTF-8": "%E2%82",
    "nine thousand characters": "a" * 9000,
    "one megabyte": "a" * MEGABYTE,
    "one megabyte of NUL": "%00" * (MEGABYTE // 3),
}
READING = [door for door in DOORS if door.kind in {"authorize", "back", "page"}]


@pytest.mark.parametrize("kind", UNREADABLE_VALUES)
@pytest.mark.parametrize("door", READING, ids=lambda door: door.name)
def test_a_value_that_cannot_be_read_is_refused(site: Site, door: Door, kind: str) -> None:
    before = site.row_counts()
    for name in (*door.names, "unknown"):
        answer = send(site, door, door.request(site).with_pairs(_put(name, UNREADABLE_VALUES[kind])))
        check(door, answer, refused=True)
        if "megabyte" in kind:
            break  # the others would only take long
    assert site.row_counts() == before


@pytest.mark.parametrize("door", READING, ids=lambda door: door.name)
def test_a_name_that_cannot_be_read_is_refused(site: Site, door: Door) -> None:
    before = site.row_counts()
    for value in UNREADABLE_VALUES.values():
        answer = send(site, door, door.request(site).with_pairs(lambda pairs, name=value: (*pairs, (name, "x"))))
        check(door, answer, refused=True)
    assert site.row_counts() == before


@pytest.mark.parametrize("door", READING, ids=lambda door: door.name)
def test_a_parameter_given_twice_is_refused(site: Site, door: Door) -> None:
    before = site.row_counts()
    for name in door.names:
        for second in ("x", ""):
            twice = door.request(site).with_pairs(lambda pairs, n=name, s=second: (*_put(n, "x")(pairs), (n, s)))
            check(door, send(site, door, twice), refused=True)
    assert site.row_counts() == before


@pytest.mark.parametrize("count", [201, 1_001, 100_000])
@pytest.mark.parametrize("door", READING, ids=lambda door: door.name)
def test_too_many_parameters_are_refused(site: Site, door: Door, count: int) -> None:
    before = site.row_counts()
    flood = tuple((f"p{number}", "") for number in range(count))
    check(door, send(site, door, door.request(site).with_pairs(lambda pairs: pairs + flood)), refused=True)
    assert site.row_counts() == before


ARRAYS = ("{}[]", "{}[0]", "{}[a]", "{}[a][b]", "{}.a", "[{}]", "{}%5Ba%5D")


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_arrays_and_objects_are_only_strange_names(site: Site, door: Door) -> None:
    before = site.row_counts()
    for name in door.names:
        for array in ARRAYS:
            renamed = door.request(site).with_pairs(
                lambda pairs, n=name, a=array: tuple((a.format(n) if key == n else key, value) for key, value in pairs)
            )
            beside = door.request(site).with_pairs(lambda pairs, n=name, a=array: (*pairs, (a.format(n), "x")))
            for sent in (renamed, beside):
                check(door, send(site, door, sent), refused=False)
    assert site.row_counts() == before


ODD_VALUES = {
    "quotes": quote_plus("\"'`\\"),
    "SQL": quote_plus("' OR 1=1; --"),
    "a script": quote_plus("<script>alert(1)</script>"),
    "a template": quote_plus("{{7*7}}${7*7}%s%(x)s"),
    "line ends": "a%0D%0ASet-Cookie:%20x=y",
    "control characters": "%01%02%1F%7F%C2%85",
    "an emoji": quote_plus("👩‍👩‍👧"),
    "noncharacters": quote_plus("\uffff\ufffe\U0010ffff"),
    "right to left": quote_plus("\u202ekim\u202c"),
    "a broken escape": "%",
    "another broken escape": "%zz%1",
    "plus and semicolon": "a+b;c=d",
    "eight thousand characters": "a" * 8192,
    "four thousand wide characters": quote_plus("é") * 4000,
    "a number": "9" * 400,
    "JSON": quote_plus('{"a":[1,{"b":null}]}'),
    "only blanks": "+++",
    "a path": quote_plus("../../etc/passwd"),
    "a URL": quote_plus("https://evil.example/"),
}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_odd_values_are_only_values(site: Site, door: Door) -> None:
    before = site.row_counts()
    for name in door.names:
        for odd in ODD_VALUES.values():
            answer = send(site, door, door.request(site).with_pairs(_put(name, odd)))
            check(door, answer, refused=False)
            assert not [cookie for cookie in answer.headers.getlist("Set-Cookie") if "x=y" in cookie]
            assert "<script>alert(1)" not in answer.text
            assert "evil.example" not in answer.headers.get("Location", "").partition("?")[0]
    # A sign-in that fails counts as an attempt.
    assert site.row_counts() | {"authz_attempts": 0} == before | {"authz_attempts": 0}


@pytest.mark.parametrize("kind", ODD_VALUES)
def test_odd_names_and_passwords_are_only_wrong(site: Site, kind: str) -> None:
    # A sign-in that fails counts as an attempt, and writes nothing else.
    before = site.row_counts()
    door = next(door for door in DOORS if door.name == "login by POST")
    for body in (
        (("username", ODD_VALUES[kind]), ("password", "Wrong-password1")),
        (("username", f"stranger-{len(kind)}"), ("password", ODD_VALUES[kind])),
    ):
        answer = send(site, door, replace(door.request(site), body=body))
        check(door, answer, refused=False)
        assert not answer.headers.get("Location", "").startswith(CALLBACK)
    after = site.row_counts()
    assert after | {"authz_attempts": 0} == before | {"authz_attempts": 0}


@pytest.mark.parametrize("kind", ODD_VALUES)
def test_odd_values_are_kept_and_given_back_as_they_came(site: Site, kind: str) -> None:
    query = site.authorize_url(site.implicit, response_type="code").partition("?")[2]
    odd = ODD_VALUES[kind]
    answer = site.browse(signed_in=True).get(
        f"{PREFIX}/oauth2/authorize", query_string=f"{query.replace('state=xyz', f'state={odd}')}&nonce={odd}"
    )
    assert answer.headers["Location"].startswith(f"{CALLBACK}?code=")
    body = {
        "grant_type": "authorization_code",
        "code": dict(location(answer))["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 50,
        "client_id": site.implicit.client_id,
    }
    token = site.browse().post(f"{PREFIX}/oauth2/token", data=body).json["id_token"]
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert payload["nonce"] == dict(location(answer))["state"]


# --- bodies ----------------------------------------------------------------------------------------------

MULTIPART = b'--b\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--b--\r\n'
TYPES = {
    "JSON": ("application/json", None),
    "JSON that nests deep": ("application/json", b"[" * 100_000),
    "JSON that is none": ("application/json", b"{"),
    "text": ("text/plain", None),
    "XML": ("application/xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
    "multipart": ("multipart/form-data; boundary=b", MULTIPART),
    "multipart without boundary": ("multipart/form-data", MULTIPART),
    "multipart without end": ("multipart/form-data; boundary=b", MULTIPART[:40]),
    "multipart of a thousand parts": ("multipart/form-data; boundary=b", MULTIPART[:-5] * 1000),
    "a form of another name": ("application/x-www-form-urlencoded-2", None),
    "no type": (None, None),
    "an empty type": ("", None),
    "a broken type": (';;=,"', None),
    "a type beyond ASCII": ("application/é", None),
}
WITH_BODY = [door for door in READING if "by POST" in door.name or door.kind == "back"]


@pytest.mark.parametrize("door", WITH_BODY, ids=lambda door: door.name)
def test_a_body_of_another_type_is_refused(site: Site, door: Door) -> None:
    sent = door.request(site)
    before = site.row_counts()
    for kind, (content_type, data) in TYPES.items():
        options: dict[str, Any] = {"content_type": content_type}
        if kind == "JSON":
            options["data"] = json.dumps(dict(sent.body or ()))
        elif data is not None:
            options["data"] = data
        check(door, send(site, door, replace(sent, options=options)), refused=True)
    assert site.row_counts() == before


BOMB = gzip.compress(b"\x00" * (10 * MEGABYTE))


@pytest.mark.parametrize("door", WITH_BODY, ids=lambda door: door.name)
def test_a_compressed_body_is_refused(site: Site, door: Door) -> None:
    sent = door.request(site)
    before = site.row_counts()
    for coding in ("gzip", "deflate", "br", "identity, gzip", "x"):
        for data in (gzip.compress(joined(sent.body or ()).encode()), BOMB):
            spoilt = replace(sent, headers={"Content-Encoding": coding}, options={"data": data})
            check(door, send(site, door, spoilt), refused=True)
    assert site.row_counts() == before


@pytest.mark.parametrize("door", WITH_BODY, ids=lambda door: door.name)
def test_a_body_of_more_than_a_megabyte_is_refused_unread(site: Site, door: Door) -> None:
    before = site.row_counts()
    answer = send(site, door, replace(door.request(site), options={"data": b"a=" + b"x" * (2 * MEGABYTE)}))
    check(door, answer, refused=True)
    assert answer.status_code == 413
    chunked = replace(
        door.request(site),
        options={
            "data": None,
            "environ_overrides": {
                "wsgi.input": io.BytesIO(b"a=" + b"x" * (2 * MEGABYTE)),
                "wsgi.input_terminated": True,
                "CONTENT_LENGTH": "",
                "HTTP_TRANSFER_ENCODING": "chunked",
            },
        },
    )
    answer = send(site, door, chunked)
    check(door, answer, refused=True)
    assert answer.status_code == 413
    assert site.row_counts() == before


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_content_length_that_is_wrong_is_no_failure(site: Site, door: Door) -> None:
    before = site.row_counts()
    for length in ("-1", "abc", "", "99999999999999999999", "١", "1e3", "0x10"):
        sent = replace(door.request(site), options={"environ_overrides": {"CONTENT_LENGTH": length}})
        check(door, send(site, door, sent), refused=False)
    assert site.row_counts() == before


@pytest.mark.parametrize("door", [door for door in DOORS if door not in WITH_BODY], ids=lambda door: door.name)
def test_a_body_where_none_is_read_changes_nothing(site: Site, door: Door) -> None:
    before = site.row_counts()
    for content_type, data in (*TYPES.values(), (FORM, b"client_id=%FF&client_id=2"), (FORM, b"a" * (2 * MEGABYTE))):
        sent = replace(door.request(site), options={"content_type": content_type, "data": data})
        check(door, send(site, door, sent), refused=False)
    assert site.row_counts() == before


# --- headers ---------------------------------------------------------------------------------------------


def _basic(text: bytes) -> str:
    return f"Basic {base64.b64encode(text).decode()}"


def _bearer(header: bytes, payload: bytes) -> str:
    parts = (header, payload, b"signature")
    return "Bearer " + ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


NOT_LIVE = 'disabled, or deleted, or the user has globally signed out."'
BAD_REQUEST = 'error_description="Bad OAuth2 request at UserInfo Endpoint"'
ISSUER = f"http://localhost{PREFIX}/"
HEADERS = {
    "Basic alone": "Basic",
    "Basic and a blank": "Basic ",
    "bad base64": "Basic !!!!",
    "base64 of a wrong length": "Basic YWJj!",
    "URL-safe base64": "Basic _-_-",
    "no colon": _basic(b"abc"),
    "no client": _basic(b":secret"),
    "no secret": _basic(b"client:"),
    "nothing but a colon": _basic(b":"),
    "not UTF-8": _basic(b"\xff\xfe:\xff"),
    "a surrogate": _basic(b"\xed\xa0\x80:x"),
    "NUL": _basic(b"cli\x00ent:x"),
    "NUL in the secret": _basic(b"client:\x00"),
    "a percent escape of NUL": _basic(b"client%00:%00"),
    "a percent escape of no UTF-8": _basic(b"client%FF:%FF"),
    "many colons": _basic(b"a:b:c:d"),
    "ten thousand characters": _basic(b"a" * 10_000 + b":" + b"b" * 10_000),
    "two headers": f"{_basic(b'a:b')}, {_basic(b'a:b')}",
    "beyond ASCII": "Basic é",
    "another scheme": 'Digest username="x"',
    "a scheme alone": "é",
    "nothing": "",
    "only blanks": "   ",
    "a tab": "Basic\tYTpi",
    "Bearer alone": "Bearer",
    "Bearer and blanks": "Bearer    ",
    "two tokens": "Bearer a b",
    "two Bearer headers": "Bearer a, Bearer b",
    "a token beyond ASCII": "Bearer é.é.é",
    "a token of dots": "Bearer ..",
    "a token of many dots": "Bearer " + "." * 5000,
    "a token of a megabyte": "Bearer " + "a" * MEGABYTE,
    "a token that is no JSON": _bearer(b'x', b'y'),
    "a token that nests deep": _bearer(b'{}', b'[' * 10_000),
    "a token whose issuer nests deep": _bearer(b'{}', b'{"iss":' + b'[' * 9_000 + b']' * 9_000 + b'}'),
    "a header that nests deep": _bearer(b'[' * 10_000, b'{}'),
    "a token that is a list": _bearer(b'[]', b'[]'),
    "a token that is a number": _bearer(b'1', b'1'),
    "a huge number": _bearer(b'{}', b'{"iss":' + b'9' * 9_000 + b'}'),
    "an issuer that is no text": _bearer(b'{}', b'{"iss":{}}'),
    **{
        f"an issuer with {name}": _bearer(b'{}', json.dumps({'iss': ISSUER + pool}).encode())
        for name, pool in {
            "NUL": "x\x00",
            "a surrogate": "\ud800",
            "nothing behind": "",
            "a quote": "'",
            "eight thousand characters": "x" * 8000,
            "another path": "../../x",
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_broken_authorization_header_is_no_failure(site: Site, door: Door) -> None:
    before = site.row_counts()
    for value in HEADERS.values():
        answer = send(site, door, replace(door.request(site), headers={"Authorization": value}))
        check(door, answer, refused=door.kind == "back")
        if door.kind == "back":
            expected = 401 if door.name == "revoke" else 400
            assert (answer.status_code, answer.json) == (expected, {"error": "invalid_client"})
        if door.kind == "bearer":
            assert answer.status_code in {400, 401}
            assert "WWW-Authenticate" in answer.headers
            assert answer.headers["WWW-Authenticate"].endswith((NOT_LIVE, BAD_REQUEST))
    assert site.row_counts() == before


def test_a_broken_token_is_revoked_without_a_word(site: Site) -> None:
    before = site.row_counts()
    for value in HEADERS.values():
        token = value.partition(" ")[2].replace("\x00", "").strip()[:8000] or "x"
        answer = site.browse().post(f"{PREFIX}/oauth2/revoke", data={"token": token}, auth=site.web.auth)
        assert (answer.status_code, answer.data) == (200, b"")
    assert site.row_counts() == before


OTHER_HEADERS = [
    {"Cookie": "=;;;="},
    {"Cookie": "XSRF-TOKEN=é; authz-session=\xff"},
    {"Cookie": "a=" + "b" * 100_000},
    {"Cookie": "; ".join(f"c{number}=x" for number in range(2000))},
    {"If-None-Match": '"' * 1000},
    {"If-None-Match": 'W/"' + "a" * 10_000},
    {"If-Modified-Since": "yesterday"},
    {"Range": "bytes=9999999999-0,x"},
    {"Accept": ";q=x,*/*;q=nan"},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Origin": "\xff"},
    {"Sec-Fetch-Site": "?"},
    {"Referer": "http://[x"},
    {"Expect": "x"},
    {"Content-Encoding": ""},
    {"X-HTTP-Method-Override": "DELETE"},
]
HOSTS = ("[", "[::1", "localhost:", "localhost:x", "a b", "\xff", "-", "localhost:999999", ":80", "")


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_other_broken_headers_are_no_failure(site: Site, door: Door) -> None:
    before = site.row_counts()
    for headers in OTHER_HEADERS:
        check(door, send(site, door, replace(door.request(site), headers=headers)), refused=False)
    for host in HOSTS:
        spoilt = replace(door.request(site), options={"environ_overrides": {"HTTP_HOST": host}})
        assert send(site, door, spoilt).status_code < 500
    assert site.row_counts() == before


# --- methods and paths -------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_other_methods_are_405_and_do_nothing(site: Site, door: Door) -> None:
    browser = site.browse(signed_in=True)
    before = site.row_counts()
    sent = door.request(site)
    for method in ("TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "BREW", "PROPFIND", "X" * 300):
        headers = {"Authorization": "Basic eDp5", "X-Secret": "not to be echoed"}
        answer = browser.open(PREFIX + sent.path, method=method, query_string=joined(sent.query), headers=headers)
        assert answer.status_code == 405
        assert "Allow" in answer.headers
        assert "Location" not in answer.headers
        assert "not to be echoed" not in answer.text
    assert site.row_counts() == before


OTHER_PATHS = [
    "/oauth2/userinfo",
    "/OAuth2/token",
    "/oauth2/token/",
    "/oauth2//token",
    "//oauth2/token",
    "//evil.example",
    "/\\evil.example",
    "/%2fevil.example",
    "/%00",
    "/oauth2/%74oken%00",
    "/.well-known/jwks.json",
    "/é",
    "/%ED%A0%80",
    "/..%2f..%2f",
    "/" + "a" * 9000,
]


@pytest.mark.parametrize("path", OTHER_PATHS)
def test_other_paths_are_404_and_lead_nowhere(site: Site, path: str) -> None:
    for method in ("GET", "POST"):
        answer = site.browse(signed_in=True).open(PREFIX + path, method=method)
        assert answer.status_code == 404
        assert "Location" not in answer.headers


@pytest.mark.parametrize("document", ["jwks.json", "openid-configuration"])
def test_a_pool_that_could_not_exist_is_looked_for_in_no_database(site: Site, document: str) -> None:
    for pool_id in ("%00", "us-east-1_a%00", "%ED%A0%80", "é", "'", "us-east-1_" + "a" * 3000, "us-east-1_nobody"):
        answer = site.browse().get(f"{PREFIX}/{pool_id}/.well-known/{document}")
        assert (answer.status_code, answer.json) == (404, {"message": "User pool does not exist."})


# --- a host that reads the form before us -------------------------------------------------------------------------


@pytest.mark.parametrize("door", WITH_BODY, ids=lambda door: door.name)
def test_a_form_that_the_host_has_read_already_is_held_to_the_same_rules(
    sqlite_template: SqliteTemplate, tmp_path: Path, door: Door
) -> None:
    site = make_site(sqlite_template.copy_to(tmp_path / "authz.sqlite").render_as_string(), MovableClock())
    before = site.row_counts()

    @site.app.before_request
    def guard() -> None:
        assert flask_request.form is not None

    for value in ("a%00b", "a" * 9000):
        answer = send(site, door, door.request(site).with_pairs(_put(door.names[0], value)))
        check(door, answer, refused=True)
    twice = door.request(site).with_pairs(lambda pairs: (*_put(door.names[0], "x")(pairs), (door.names[0], "x")))
    check(door, send(site, door, twice), refused=True)
    flood = tuple((f"p{number}", "") for number in range(201))
    check(door, send(site, door, door.request(site).with_pairs(lambda pairs: pairs + flood)), refused=True)
    check(door, send(site, door, door.request(site).with_pairs(_put(door.names[0], "%FF"))), refused=False)
    assert site.row_counts() == before


def test_every_door_would_answer_an_unspoilt_request(site: Site) -> None:
    expected = {
        **dict.fromkeys(("authorize", "authorize alias"), (302, "/auth/login?")),
        "authorize by POST": (303, "/auth/oauth2/authorize?"),
        "token for a machine": (200, ""),
        **dict.fromkeys(("token for a code", "token by refresh"), (400, "")),
        "revoke": (200, ""),
        **dict.fromkeys(("userInfo", "userInfo by POST"), (400, "")),
        **dict.fromkeys(("login", "discovery", "jwks"), (200, "")),
        **dict.fromkeys(("login by POST", "changePassword", "changePassword by POST"), (302, "/auth/login?")),
        "logout": (302, SIGNED_OUT),
        "error": (400, ""),
    }
    for door in DOORS:
        answer = send(site, door, door.request(site))
        status, where = expected[door.name]
        assert answer.status_code == status, (door.name, answer.text)
        assert answer.headers.get("Location", "").startswith(where), door.name
