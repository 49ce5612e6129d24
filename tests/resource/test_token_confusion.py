"""Tokens that were made for something else, or by somebody else, open no guarded view (R9, R18, R20, R23)."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from app_client_authz.domain.pool import UserPool
from tests.resource.forgery import b64, hs256, public_members, public_pem, rs256, segment
from tests.resource.host import NOT_VALID, Host, make_host
from tests.resource.machines import machine_token, orders_pool
from tests.support.clock import MovableClock
from tests.support.site import BASE

pytestmark = pytest.mark.attack("R9")
MALLORYS = generate_private_key(65537, 2048)


class Bench:
    """A good token taken apart, and the key that signed it: each attack changes one thing."""

    def __init__(self, host: Host, text: str, use: str = "access") -> None:
        self.host = host
        self.text = text
        self.header, self.claims = segment(text, 0), segment(text, 1)
        found = host.site.services.keys.ring(host.site.pool.id).signing[use].key.private_key  # type: ignore[index]
        assert isinstance(found, RSAPrivateKey)
        self.key = found

    def signed(self, key: RSAPrivateKey | None = None, header: object = None, **claims: object) -> str:
        changed = {name: value for name, value in (self.claims | claims).items() if value is not ...}
        return rs256(self.header if header is None else header, changed, key or self.key)

    def headed(self, **members: object) -> str:
        """A good signature under a header with these members too."""
        return self.signed(header=self.header | members)


@pytest.fixture(scope="module")
def bench(standing_host: Host) -> Bench:
    return Bench(standing_host, standing_host.user_token("openid orders/read"))


def test_the_bench_forges_well(bench: Bench) -> None:
    """Else every attack below would fail for a reason of its own."""
    assert bench.host.get("/token", bench.signed()).status_code == 200
    assert bench.host.get("/token", bench.headed(typ="JWT")).status_code == 200


FORGERIES: dict[str, Callable[[Bench], str]] = {
    "alg none": lambda b: f"{b64({**b.header, 'alg': 'none'})}.{b.text.split('.')[1]}.",
    "alg None": lambda b: f"{b64({**b.header, 'alg': 'None'})}.{b.text.split('.')[1]}.x",
    "signature cut off": lambda b: b.text.rpartition(".")[0] + ".",
    "signature shortened": lambda b: b.text[:-4],
    "HS256 with our public key": lambda b: hs256({**b.header, "alg": "HS256"}, b.claims, public_pem(b.key)),
    "RS512 in the header": lambda b: b.headed(alg="RS512"),
    "PS256 in the header": lambda b: b.headed(alg="PS256"),
    "another's key under our kid": lambda b: b.signed(MALLORYS),
    "key in the header": lambda b: b.signed(MALLORYS, {**b.header, "jwk": public_members(MALLORYS)}),
    "key in the header beside ours": lambda b: b.headed(jwk=public_members(b.key)),
    "place of a key in the header": lambda b: b.headed(jku="https://mallory.example/jwks.json"),
    "certificate in the header": lambda b: b.headed(x5u="https://mallory.example/cert"),
    "certificates in the header": lambda b: b.headed(x5c=["MIIB"]),
    "critical extension": lambda b: b.headed(crit=["exp"]),
    "unencoded payload": lambda b: b.headed(b64=False, crit=["b64"]),
    "compressed payload": lambda b: b.headed(zip="DEF"),
    "no kid": lambda b: b.signed(header={"alg": "RS256"}),
    "unknown kid": lambda b: b.headed(kid="A" * 43 + "="),
    "kid as a path": lambda b: b.headed(kid="../../../../dev/null"),
    "kid as a number": lambda b: b.headed(kid=7),
    "kid as SQL": lambda b: b.headed(kid="' OR 1=1 --"),
    "list as header": lambda b: b.signed(header=["RS256"]),
    "other issuer": lambda b: b.signed(iss="https://mallory.example/us-east-1_AbC123xyz"),
    "issuer of nobody": lambda b: b.signed(iss=...),
    "issuer as a list": lambda b: b.signed(iss=[b.claims["iss"]]),
    "issuer with a slash more": lambda b: b.signed(iss=b.claims["iss"] + "/"),
    "issuer in capitals": lambda b: b.signed(iss=b.claims["iss"].upper()),
    "pool that is not there": lambda b: b.signed(iss=f"{BASE}/us-east-1_Nobody000"),
    "pool with NUL": lambda b: b.signed(iss=f"{BASE}/us-east-1_No\x00body"),
    "issuer under the host of the request only": lambda b: b.signed(
        iss=b.claims["iss"].replace("http://localhost", "http://localhost.mallory.example")
    ),
    "use of an ID token": lambda b: b.signed(token_use="id"),
    "use of nothing": lambda b: b.signed(token_use=...),
    "use as a list": lambda b: b.signed(token_use=["access"]),
    "no client": lambda b: b.signed(client_id=...),
    "client in aud only": lambda b: b.signed(client_id=..., aud=b.claims["client_id"]),
    "client that is not there": lambda b: b.signed(client_id="1nobody"),
    "client as a list": lambda b: b.signed(client_id=[b.claims["client_id"]]),
    "no expiry": lambda b: b.signed(exp=...),
    "expiry as a text": lambda b: b.signed(exp=str(b.claims["exp"])),
    "expiry as true": lambda b: b.signed(exp=True),
    "expiry at infinity": lambda b: b.signed(exp=float("inf")),
    "no iat": lambda b: b.signed(iat=...),
    "iat tomorrow": lambda b: b.signed(iat=b.claims["iat"] + 86400),
    "no sub": lambda b: b.signed(sub=...),
    "sub as a list": lambda b: b.signed(sub=[b.claims["sub"]]),
    "sub of nobody": lambda b: b.signed(sub="b3c1f9d0-0000-7000-8000-000000000001"),
    "scope as a list": lambda b: b.signed(scope=["orders/read"]),
    "groups as a text": lambda b: b.signed(**{"cognito:groups": "admins"}),
    "groups as numbers": lambda b: b.signed(**{"cognito:groups": [1]}),
    "session of nobody": lambda b: b.signed(origin_jti="b3c1f9d0-0000-4000-8000-000000000001"),
    "session as a list": lambda b: b.signed(origin_jti=[b.claims["origin_jti"]]),
    "session as no UUID": lambda b: b.signed(origin_jti="x"),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_forged_token_opens_nothing(bench: Bench, forgery: Callable[[Bench], str]) -> None:
    for path in ("/token", "/read/7", "/outer/", "/id"):
        answer = bench.host.get(path, forgery(bench))
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, NOT_VALID), path


def test_id_token_is_no_access_token_and_the_other_way_round(standing_host: Host) -> None:
    access, identity = standing_host.user_token(), standing_host.user_token(kind="id")

    assert standing_host.get("/token", identity).headers["WWW-Authenticate"] == NOT_VALID
    assert standing_host.get("/id", access).headers["WWW-Authenticate"] == NOT_VALID
    assert standing_host.get("/token", access).status_code == standing_host.get("/id", identity).status_code == 200


def test_refresh_token_code_secret_and_cookie_are_no_tokens(standing_host: Host) -> None:
    site = standing_host.site
    tokens = site.tokens(site.web)

    for text in (tokens["refresh_token"], site.code(site.web), str(site.web.secret), site.cookie()):
        assert standing_host.get("/token", text).status_code == 401


# --- another pool -------------------------------------------------------------------------------


def twin_of(host: Host) -> tuple[UserPool, str]:
    """A second pool that its owner made look like the first, and a token of its machine."""
    pool = orders_pool(host.app, "demo")
    return pool, machine_token(host.app, pool)


@pytest.mark.attack("R23")
def test_token_of_another_pool_of_the_site_opens_nothing(sqlite_url_migrated: str, clock: MovableClock) -> None:
    first = make_host(sqlite_url_migrated, clock)
    pool, foreign = twin_of(first)
    pinned = first.again(AUTHZ_GUARD_POOLS=[first.site.pool.id])
    both = first.again(AUTHZ_GUARD_POOLS=[first.site.pool.id, pool.id])
    own = first.machine_token()

    assert [pinned.get("/read/7", text).status_code for text in (own, foreign)] == [200, 401]
    assert [both.get("/read/7", text).status_code for text in (own, foreign)] == [200, 200]


@pytest.mark.attack("R23")
def test_site_with_two_pools_has_to_name_those_that_count(
    sqlite_url_migrated: str, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    host = make_host(sqlite_url_migrated, clock)
    own = host.machine_token()
    _, foreign = twin_of(host)

    assert [host.get("/read/7", text).status_code for text in (own, foreign)] == [401, 401]
    assert "set AUTHZ_GUARD_POOLS" in caplog.text


@pytest.mark.attack("R23")
def test_key_of_another_pool_signs_nothing_for_this_one(sqlite_url_migrated: str, clock: MovableClock) -> None:
    host = make_host(sqlite_url_migrated, clock)
    pool, foreign = twin_of(host)
    both = host.again(AUTHZ_GUARD_POOLS=[host.site.pool.id, pool.id])
    key: Any = host.site.services.keys.ring(pool.id).signing["access"].key.private_key
    own = segment(host.machine_token(), 1)

    assert both.get("/token", foreign).status_code == 200
    assert both.get("/token", rs256(segment(foreign, 0), own, key)).status_code == 401
    # Nor does a pool vouch for the clients of another.
    stolen = {**segment(foreign, 1), "client_id": own["client_id"], "sub": own["sub"]}
    assert both.get("/token", rs256(segment(foreign, 0), stolen, key)).status_code == 401


def test_token_of_a_client_that_is_not_listed_opens_nothing(sqlite_url_migrated: str, clock: MovableClock) -> None:
    host = make_host(sqlite_url_migrated, clock)
    machine = host.site.machine.client_id
    limited = host.again(AUTHZ_GUARD_POOLS={host.site.pool.id: {"client_ids": [machine]}})

    assert limited.get("/token", host.machine_token()).status_code == 200
    assert limited.get("/token", host.user_token()).headers["WWW-Authenticate"] == NOT_VALID


@pytest.mark.attack("R23")
def test_forged_host_header_shapes_no_issuer(standing_host: Host) -> None:
    text = standing_host.machine_token()

    for name in ("mallory.example", "127.0.0.1", "localhost:8080"):
        assert standing_host.get("/token", text, Host=name).status_code == 401
    assert standing_host.get("/token", text, **{"X-Forwarded-Host": "mallory.example"}).status_code == 200
