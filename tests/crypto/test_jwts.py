"""Signing and verifying tokens, as Cognito forms them and as RFC 8725 wants them judged."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from app_client_authz.crypto import jwts
from app_client_authz.domain.errors import ConfigurationError, InvalidToken
from app_client_authz.domain.strict_json import MAX_DEPTH

ISSUER = "http://localhost:5000/auth/us-east-1_AbC123xyz"
NOW = 1_800_000_000.0
CLAIMS: dict[str, object] = {
    "sub": "b3c1f9d0-0000-4000-8000-000000000001",
    "iss": ISSUER,
    "token_use": "access",
    "client_id": "1example23456789",
    "exp": int(NOW) + 3600,
    "iat": int(NOW),
}
GENERATED, ANOTHER = jwts.generate_signing_key(), jwts.generate_signing_key()
KEY = jwts.load_signing_key(GENERATED.kid, GENERATED.private_pem, purpose="access")
KEYS = {KEY.kid: KEY.public}


def b64(value: bytes | object) -> str:
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def unb64(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def signed(header: object, payload: object = CLAIMS, key: jwts.SigningKey = KEY) -> str:
    """Any header over any payload, with a good RS256 signature of ours: what remains wrong is the rest."""
    text = f"{b64(header)}.{b64(payload)}"
    private = key.key.private_key
    assert private is not None
    return f"{text}.{b64(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def claims_with(**changes: object) -> dict[str, object]:
    return {name: value for name, value in (CLAIMS | changes).items() if value is not ...}


def verify(token: str, *, now: float = NOW, leeway_seconds: int = 0) -> dict[str, object]:
    return jwts.verify(
        jwts.read(token), KEYS, issuer=ISSUER, token_use="access", now=now, leeway_seconds=leeway_seconds
    )


def refusal(token: str, **how: float) -> str:
    with pytest.raises(InvalidToken) as refused:
        verify(token, **how)  # type: ignore[arg-type]
    return refused.value.detail


# --- the form ---------------------------------------------------------------------------------


def test_the_header_is_kid_and_alg_and_nothing_else() -> None:
    header = unb64(jwts.sign(CLAIMS, KEY).split(".")[0])
    assert header == f'{{"kid":"{KEY.kid}","alg":"RS256"}}'.encode()


def test_the_payload_is_compact_json_in_the_given_order_with_escaped_slashes() -> None:
    payload = unb64(jwts.sign({"b": "a/b\\/c", "a": ["ü", 1, True], "iss": "https://x/y"}, KEY).split(".")[1])
    assert payload.decode() == '{"b":"a\\/b\\\\\\/c","a":["ü",1,true],"iss":"https:\\/\\/x\\/y"}'
    assert json.loads(payload) == {"b": "a/b\\/c", "a": ["ü", 1, True], "iss": "https://x/y"}


def test_a_claim_that_is_no_json_is_never_signed() -> None:
    with pytest.raises(ValueError):
        jwts.sign({"exp": float("nan")}, KEY)


@pytest.mark.compliance("RFC 7515", "5.1", "another implementation verifies our signature from the published JWK")
def test_another_library_verifies_our_token_from_the_published_keys() -> None:
    entries: list[dict[str, str | list[str]]] = [{**GENERATED.public_jwk}, {**ANOTHER.public_jwk}]
    published = KeySet.import_key_set({"keys": entries})
    assert jwt.decode(jwts.sign(CLAIMS, KEY), published, algorithms=["RS256"]).claims == CLAIMS


@pytest.mark.attack("R10")
def test_a_published_key_has_the_six_members_in_cognitos_order_and_no_private_one() -> None:
    assert list(GENERATED.public_jwk) == ["alg", "e", "kid", "kty", "n", "use"]
    assert GENERATED.public_jwk | {"n": ""} == {
        "alg": "RS256",
        "e": "AQAB",
        "kid": GENERATED.kid,
        "kty": "RSA",
        "n": "",
        "use": "sig",
    }
    assert len(unb64(GENERATED.public_jwk["n"])) == 256
    assert jwts.public_jwk(KEY.kid, KEY.key) == GENERATED.public_jwk
    assert jwts.public_jwk(KEY.kid, jwts.load_public_key(GENERATED.public_jwk)) == GENERATED.public_jwk


def test_the_kid_is_the_base64_sha_256_of_the_thumbprint() -> None:
    members = {name: GENERATED.public_jwk[name] for name in ("e", "kty", "n")}
    thumbprint = b64(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())
    assert GENERATED.kid == base64.b64encode(hashlib.sha256(thumbprint.encode()).digest()).decode()
    assert len(GENERATED.kid) == 44
    assert GENERATED.kid != ANOTHER.kid


@pytest.mark.compliance("OIDC Core", "3.1.3.6", "at_hash is the left half of the token's hash")
def test_at_hash_of_the_specifications_example() -> None:
    # The pair is from OpenID Connect Core, appendix A.3 and A.4.
    assert jwts.at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


@pytest.mark.attack("R11")
def test_no_key_prints_its_private_part() -> None:
    body = GENERATED.private_pem.decode().splitlines()[1]
    for shown in (repr(GENERATED), f"{GENERATED}", repr(KEY), f"{[KEY]}", repr(KEY.key)):
        assert body not in shown
        assert "PRIVATE" not in shown


# --- loading ----------------------------------------------------------------------------------


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no pem",
        GENERATED.private_pem[:300],
        _pem(ec.generate_private_key(ec.SECP256R1())),
        _pem(rsa.generate_private_key(65537, 1024)),
    ],
    ids=["empty", "text", "truncated", "elliptic curve", "1024 bits"],
)
def test_what_is_no_rsa_2048_key_is_not_loaded_and_not_quoted(pem: bytes) -> None:
    with pytest.raises(ConfigurationError) as refused:
        jwts.load_signing_key("the-kid", pem, purpose="id")
    assert "the-kid" in str(refused.value)
    assert not pem or pem.decode() not in str(refused.value)


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kid": "k", "kty": "oct", "k": "AAAA"},
        {"kid": "k", "kty": "RSA", "n": "!", "e": "AQAB"},
        {"kid": "k", "kty": "RSA", "n": "w" * 100, "e": "AQAB"},
        {name: value for name, value in GENERATED.public_jwk.items() if name != "kid"},
    ],
)
@pytest.mark.filterwarnings("ignore:Key size:joserfc.errors.SecurityWarning")
def test_what_is_no_public_rsa_2048_key_is_not_loaded(jwk: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        jwts.load_public_key(jwk)


# --- verifying --------------------------------------------------------------------------------


def test_a_good_token_gives_its_claims() -> None:
    assert verify(jwts.sign(CLAIMS, KEY)) == CLAIMS


def test_a_public_key_from_storage_verifies() -> None:
    keys = {GENERATED.kid: jwts.load_public_key(GENERATED.public_jwk)}
    token = jwts.sign(CLAIMS, KEY)
    assert jwts.verify(jwts.read(token), keys, issuer=ISSUER, token_use="access", now=NOW) == CLAIMS


def test_an_id_token_is_verified_with_its_audience() -> None:
    claims = claims_with(token_use="id", client_id=..., aud="1example23456789")
    token = jwts.sign(claims, KEY)
    assert jwts.verify(jwts.read(token), KEYS, issuer=ISSUER, token_use="id", now=NOW) == claims


@pytest.mark.attack("R9")
@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", "none ", "HS256", "RS384", "PS256", "ES256"])
@pytest.mark.parametrize("signature", ["", "AAAA", None], ids=["unsigned", "nonsense", "our RS256 signature"])
def test_only_rs256_is_accepted_whatever_the_header_says(alg: str, signature: str | None) -> None:
    header = {"kid": KEY.kid, "alg": alg}
    token = signed(header) if signature is None else f"{b64(header)}.{b64(CLAIMS)}.{signature}"
    assert refusal(token) in ("header", "segments")


@pytest.mark.attack("R9")
@pytest.mark.parametrize("alg", [None, 256, True, ["RS256"], {"RS256": 1}, ...])
def test_an_algorithm_that_is_no_text_or_missing_is_refused(alg: object) -> None:
    header = {"kid": KEY.kid, "alg": alg} if alg is not ... else {"kid": KEY.kid}
    assert refusal(signed(header)) in ("header", "form")


@pytest.mark.attack("R9")
@pytest.mark.parametrize("form", ["pem", "der", "n", "jwk"])
def test_a_token_macd_with_our_public_key_is_refused(form: str) -> None:
    secret = {
        "pem": KEY.key.as_pem(private=False),
        "der": KEY.key.as_der(private=False),
        "n": GENERATED.public_jwk["n"].encode(),
        "jwk": json.dumps(GENERATED.public_jwk).encode(),
    }[form]
    text = f"{b64({'kid': KEY.kid, 'alg': 'HS256'})}.{b64(CLAIMS)}"
    mac = hmac.new(secret, text.encode(), "sha256").digest()
    assert refusal(f"{text}.{b64(mac)}") == "header"
    text = f"{b64({'kid': KEY.kid, 'alg': 'RS256'})}.{b64(CLAIMS)}"
    mac = hmac.new(secret, text.encode(), "sha256").digest()
    assert refusal(f"{text}.{b64(mac)}") == "signature"


@pytest.mark.attack("R9")
@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": ANOTHER.public_jwk},
        {"jku": "https://attacker.example/jwks.json"},
        {"x5u": "https://attacker.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"x5t": "AAAA"},
        {"x5t#S256": "AAAA"},
        {"crit": []},
        {"crit": ["kid"]},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"crit": "exp"},
        {"crit": ["exp"], "exp": 1},
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"cty": "JWT"},
        {"nonce": "x"},
        {"typ": 1},
    ],
    ids="+".join,
)
def test_a_header_with_anything_but_alg_kid_and_typ_is_refused_though_well_signed(extra: dict[str, object]) -> None:
    assert refusal(signed({"kid": KEY.kid, "alg": "RS256", **extra})) in ("header", "form")


@pytest.mark.attack("R9")
def test_a_token_signed_by_the_key_in_its_own_header_is_refused() -> None:
    stranger = jwts.load_signing_key(ANOTHER.kid, ANOTHER.private_pem, purpose="access")
    for kid in (KEY.kid, ANOTHER.kid):
        header = {"kid": kid, "alg": "RS256", "jwk": ANOTHER.public_jwk}
        assert refusal(signed(header, key=stranger)) in ("header", "form")


def test_typ_is_tolerated() -> None:
    assert verify(signed({"kid": KEY.kid, "alg": "RS256", "typ": "JWT"})) == CLAIMS


@pytest.mark.attack("R9")
@pytest.mark.parametrize(
    "kid",
    [
        ...,
        None,
        1,
        True,
        [KEY.kid],
        {"kid": KEY.kid},
        "",
        ANOTHER.kid,
        KEY.kid.rstrip("="),
        KEY.kid + "\n",
        KEY.kid.swapcase(),
        "../../dev/null",
        "' OR 1=1 --",
        "k" * 44,
    ],
    ids=[f"kid {n}" for n in range(14)],
)
def test_a_missing_strange_or_unknown_kid_finds_no_key(kid: object) -> None:
    header = {"alg": "RS256"} if kid is ... else {"kid": kid, "alg": "RS256"}
    assert refusal(signed(header)) in ("kid", "form")


@pytest.mark.attack("R9")
def test_a_kid_of_ours_over_the_signature_of_another_key_is_refused() -> None:
    stranger = jwts.load_signing_key(ANOTHER.kid, ANOTHER.private_pem, purpose="access")
    keys = {**KEYS, stranger.kid: stranger.public}
    with pytest.raises(InvalidToken) as refused:
        jwts.verify(
            jwts.read(signed({"kid": KEY.kid, "alg": "RS256"}, key=stranger)),
            keys,
            issuer=ISSUER,
            token_use="access",
            now=NOW,
        )
    assert refused.value.detail == "signature"


def _cut(token: str) -> str:
    return token[:-1]


@pytest.mark.attack("R9")
@pytest.mark.parametrize(
    "change",
    [
        _cut,
        lambda token: token[:-2],
        lambda token: token + "A",
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token + ".",
        lambda token: token + ".AAAA",
        lambda token: token + "." + token,
        lambda token: "." + token,
        lambda token: token.rpartition(".")[0],
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token.replace(".", "..", 1),
        lambda token: token.replace(".", ".\n", 1),
        lambda token: token.partition(".")[2],
        lambda token: "",
        lambda token: "..",
        lambda token: "...",
        lambda token: "....",
        lambda token: token.replace("e", "é"),
        lambda token: "\ud800" + token,
        lambda token: token + "\x00",
        lambda token: token.replace("_", "/").replace("-", "+") + "/",
    ],
)
def test_a_token_cut_extended_or_respelled_is_refused(change: Callable[[str], str]) -> None:
    refusal(change(jwts.sign(CLAIMS, KEY)))


@pytest.mark.attack("R9")
def test_no_changed_character_of_a_token_goes_unnoticed() -> None:
    token = jwts.sign(CLAIMS, KEY)
    for position in range(0, len(token), 7):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        refusal(changed)


@pytest.mark.attack("R9")
@pytest.mark.attack("R22")
@pytest.mark.parametrize(
    "token",
    [
        "a" * 10_000_000,
        "." * 10_000_000,
        f"{b64({'kid': KEY.kid, 'alg': 'RS256'})}.{'A' * 16_384}.AAAA",
        signed({"kid": KEY.kid, "alg": "RS256", "typ": "x" * 600}),
        f"{b64(b'[' * 12_000)}.e30.AAAA",
        f"{b64(b'[' * 380)}.e30.AAAA",
        b64(b'{"alg":' * 50) + ".e30.AAAA",
        f"{b64(b'9' * 380)}.e30.AAAA",
    ],
    ids=["letters", "dots", "payload", "header", "deep header", "short deep header", "objects", "digits"],
)
def test_a_giant_or_deep_token_is_refused_before_its_signature_is_looked_at(token: str) -> None:
    assert refusal(token) in ("size", "segments", "form", "header")


@pytest.mark.attack("R22")
@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 11_000,
        b'{"a":' * 2_200,
        b'{"iss":' + b"[" * 33 + b"]" * 33 + b"}",
        b'"' + b'\\"' * 5_500,
        b'{"exp":' + b"9" * 5_000 + b"}",
    ],
    ids=["arrays", "objects", "33 levels", "quotes", "digits"],
)
def test_deep_or_huge_json_is_refused_even_when_well_signed(payload: bytes) -> None:
    token = signed({"kid": KEY.kid, "alg": "RS256"}, payload)
    assert refusal(token) in ("depth", "json")
    assert jwts.peek(token).get("iss") is None


def test_brackets_inside_a_text_are_no_depth() -> None:
    claims = claims_with(**{"custom:note": '[{"' * 100 + "\\"})
    assert verify(jwts.sign(claims, KEY)) == claims
    nested: object = "x"
    for _ in range(MAX_DEPTH - 1):
        nested = [nested]
    assert verify(jwts.sign(claims_with(n=nested, m=[[]] * 40), KEY))["n"] == nested


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[]", b'"text"', b"1", b"{", b"\xff\xfe", b'{"a":1}{}', b"[" * 40 + b"]" * 40]
)
def test_a_payload_that_is_no_json_object_is_refused(payload: bytes) -> None:
    token = signed({"kid": KEY.kid, "alg": "RS256"}, payload)
    assert refusal(token) in ("json", "segments", "depth")
    assert jwts.peek(token).get("iss") is None


@pytest.mark.attack("R19")
@pytest.mark.parametrize("header", [b"", b"null", b"[]", b'"alg"', b'["alg"]', b"1", b"{", b"\xff", b"{}"])
def test_a_header_that_is_no_json_object_is_refused(header: bytes) -> None:
    assert refusal(signed(header)) in ("header", "form", "segments", "kid")


@pytest.mark.attack("R9")
@pytest.mark.parametrize("claim", ["iss", "token_use", "client_id", "exp", "iat"])
def test_a_token_without_a_required_claim_is_refused(claim: str) -> None:
    refusal(jwts.sign(claims_with(**{claim: ...}), KEY))


@pytest.mark.attack("R9")
@pytest.mark.parametrize("claim", ["exp", "iat"])
@pytest.mark.parametrize(
    "value", [None, True, NOW + 0.5, str(int(NOW) + 10), [int(NOW) + 10], {}, float(int(NOW) + 10)]
)
def test_a_date_that_is_no_integer_is_refused(claim: str, value: object) -> None:
    assert refusal(jwts.sign(claims_with(**{claim: value}), KEY)) == "dates"


@pytest.mark.attack("R9")
@pytest.mark.parametrize("literal", [b"Infinity", b"NaN", b"1e999", b"-1e999"])
def test_a_date_beyond_all_numbers_is_refused(literal: bytes) -> None:
    payload = json.dumps(CLAIMS).encode().replace(str(CLAIMS["exp"]).encode(), literal)
    assert refusal(signed({"kid": KEY.kid, "alg": "RS256"}, payload)) == "dates"


@pytest.mark.attack("R9")
@pytest.mark.attack("R23")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": ISSUER + "/"},
        {"iss": ISSUER.upper()},
        {"iss": [ISSUER]},
        {"iss": None},
        {"token_use": "id"},
        {"token_use": ["access"]},
        {"token_use": True},
        {"client_id": ""},
        {"client_id": 1},
        {"client_id": ["1example23456789"]},
    ],
)
def test_a_claim_of_another_value_or_type_is_refused(changes: dict[str, object]) -> None:
    refusal(jwts.sign(claims_with(**changes), KEY))


@pytest.mark.attack("R9")
def test_an_id_token_is_no_access_token_and_the_other_way_round() -> None:
    id_token = jwts.sign(claims_with(token_use="id", aud="1example23456789"), KEY)
    assert refusal(id_token) == "token_use"
    with pytest.raises(InvalidToken):
        jwts.verify(jwts.read(jwts.sign(CLAIMS, KEY)), KEYS, issuer=ISSUER, token_use="id", now=NOW)


def test_a_token_lives_until_the_second_of_its_expiry() -> None:
    token = jwts.sign(CLAIMS, KEY)
    assert verify(token, now=NOW + 3599.9)
    assert refusal(token, now=NOW + 3600) == "exp"


def test_leeway_moves_the_expiry_by_at_most_a_minute() -> None:
    token = jwts.sign(CLAIMS, KEY)
    assert verify(token, now=NOW + 3629, leeway_seconds=30)
    assert refusal(token, now=NOW + 3630, leeway_seconds=30) == "exp"
    assert refusal(token, now=NOW + 3660, leeway_seconds=3600) == "exp"


def test_a_token_from_a_host_whose_clock_is_a_minute_ahead_passes_and_from_further_does_not() -> None:
    token = jwts.sign(CLAIMS, KEY)
    assert verify(token, now=NOW - 60)
    assert refusal(token, now=NOW - 61) == "iat"


@pytest.mark.attack("R11")
def test_a_refusal_quotes_nothing_of_the_token() -> None:
    token = signed({"kid": KEY.kid, "alg": "hunter2"}, claims_with(sub="hunter2"))
    with pytest.raises(InvalidToken) as refused:
        verify(token)
    shown = f"{refused.value} {refused.value.message} {refused.value.detail}"
    assert "hunter2" not in shown
    assert not any(segment in shown for segment in token.split("."))


# --- peeking ----------------------------------------------------------------------------------


def test_peeking_tells_the_issuer_that_the_token_claims_without_judging_it() -> None:
    assert jwts.peek(jwts.sign(CLAIMS, KEY))["iss"] == ISSUER
    assert jwts.peek(f"x.{b64({'iss': 'https://evil.example'})}.y")["iss"] == "https://evil.example"


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "..",
        "a.b.c.d",
        "a.b.c.d.e",
        "a.!.c",
        "é.é.é",
        "\ud800.e30.x",
        f"x.{b64({})}.y",
    ],
)
def test_peeking_at_nonsense_gives_nothing(token: str) -> None:
    assert jwts.peek(token) == {}


# --- keys and threads -------------------------------------------------------------------------


@pytest.mark.attack("R9")
def test_a_symmetric_key_is_never_asked_even_where_it_stands_among_the_public_keys() -> None:
    # The type forbids it; this proves that a slip there stays harmless.
    oct_key = OctKey.import_key(b"s" * 32)
    text = f"{b64({'kid': KEY.kid, 'alg': 'HS256'})}.{b64(CLAIMS)}"
    token = f"{text}.{b64(hmac.new(b's' * 32, text.encode(), 'sha256').digest())}"
    keys = {KEY.kid: oct_key}
    with pytest.raises(InvalidToken):
        jwts.verify(jwts.read(token), keys, issuer=ISSUER, token_use="access", now=NOW)  # type: ignore[arg-type]


def test_a_signing_keys_public_half_holds_no_private_part() -> None:
    assert isinstance(KEY.public, RSAKey)
    assert not KEY.public.is_private


@pytest.mark.attack("R24")
def test_threads_sharing_one_fresh_key_sign_and_verify_without_a_bad_token() -> None:
    key = jwts.load_signing_key(GENERATED.kid, GENERATED.private_pem, purpose="access")
    public = {key.kid: key.public}
    start, bad = threading.Barrier(2), []

    def work(name: str) -> None:
        start.wait()
        for number in range(40):
            claims = claims_with(jti=f"{name}-{number}")
            token = jwts.read(jwts.sign(claims, key))
            if jwts.verify(token, public, issuer=ISSUER, token_use="access", now=NOW) != claims:
                bad.append(claims)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bad == []
