"""Sealing: a value opens in its own row, under a key of the site, unchanged, or not at all."""

import base64
import itertools
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey

from app_client_authz.crypto.sealing import (
    MAX_CLEAR_BYTES,
    MAX_ROW_CHARACTERS,
    Sealer,
    SealError,
    SealingKey,
    keys_from,
)
from app_client_authz.domain.errors import AuthzError, ConfigurationError

OLD, NEW, OTHER = "old " * 10, "new " * 10, "other " * 10
ROW = "authz_app_clients/secrets/client/client--1"


def sealer(*secrets: str) -> Sealer:
    return Sealer(keys_from(secrets, ()))


def header_of(sealed: str) -> dict[str, str]:
    segment = sealed.partition(".")[0]
    members: dict[str, str] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return members


def with_header(sealed: str, **members: str) -> str:
    text = json.dumps(header_of(sealed) | members, separators=(",", ":")).encode()
    return ".".join([base64.urlsafe_b64encode(text).rstrip(b"=").decode(), *sealed.split(".")[1:]])


@given(st.binary(max_size=300))
def test_what_was_sealed_opens_in_its_row(clear: bytes) -> None:
    site = sealer(NEW)
    assert site.open(site.seal(clear, row=ROW), row=ROW) == clear


def test_text_is_sealed_as_utf_8() -> None:
    site = sealer(NEW)
    assert site.open(site.seal("Schlüssel", row=ROW), row=ROW) == "Schlüssel".encode()


def test_a_sealed_value_is_a_jwe_with_key_and_row_in_its_protected_header() -> None:
    (key,) = keys_from([NEW], ())
    sealed = Sealer([key]).seal("s", row=ROW)
    assert header_of(sealed) == {"alg": "dir", "enc": "A256GCM", "kid": key.kid, "row": ROW}
    assert [len(segment) > 0 for segment in sealed.split(".")] == [True, False, True, True, True]


def test_the_same_value_is_never_sealed_twice_the_same_way() -> None:
    site = sealer(NEW)
    assert len({site.seal("s", row=ROW) for _ in range(100)}) == 100


def test_a_sealed_value_moved_to_another_row_does_not_open() -> None:
    site = sealer(NEW)
    sealed = site.seal("s", row=ROW)
    with pytest.raises(SealError):
        site.open(sealed, row="authz_app_clients/secrets/client/client--2")


def test_a_sealed_value_whose_header_was_rewritten_to_another_row_does_not_open() -> None:
    site = sealer(NEW)
    moved = with_header(site.seal("s", row=ROW), row="other/row")
    with pytest.raises(SealError):
        site.open(moved, row="other/row")


def test_a_value_sealed_under_our_key_without_a_row_does_not_open() -> None:
    (key,) = keys_from([NEW], ())
    header = {"alg": "dir", "enc": "A256GCM", "kid": key.kid}
    rowless = jwe.encrypt_compact(header, b"s", key.cipher)
    with pytest.raises(SealError):
        Sealer([key]).open(rowless, row="")


def test_no_changed_character_of_a_sealed_value_goes_unnoticed() -> None:
    site = sealer(NEW)
    sealed = site.seal("a secret", row=ROW)
    for position, character in enumerate(sealed):
        changed = sealed[:position] + ("A" if character != "A" else "B") + sealed[position + 1 :]
        with pytest.raises(SealError):
            site.open(changed, row=ROW)


def test_an_encrypted_key_slipped_into_the_empty_segment_is_refused() -> None:
    site = sealer(NEW)
    head, _, rest = site.seal("s", row=ROW).partition("..")
    with pytest.raises(SealError):
        site.open(f"{head}.AAAA.{rest}", row=ROW)


@pytest.mark.parametrize("members", [{"zip": "DEF"}, {"enc": "A128GCM"}, {"alg": "A256KW"}, {"cty": "x"}])
def test_other_algorithms_and_members_are_refused(members: dict[str, str]) -> None:
    (key,) = keys_from([NEW], ())
    registry = jwe.JWERegistry(algorithms=["dir", "A256KW", "A128GCM", "A256GCM", "DEF"], strict_check_header=False)
    header = {"alg": "dir", "enc": "A256GCM", "kid": key.kid, "row": ROW} | members
    cipher = OctKey.import_key(key.cipher.raw_value[:16]) if members.get("enc") else key.cipher
    foreign = jwe.encrypt_compact(header, b"s", cipher, registry=registry)
    with pytest.raises(SealError):
        Sealer([key]).open(foreign, row=ROW)


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "....",
        "a.b.c.d.e",
        "ü....",
        "\ud800....",
        base64.urlsafe_b64encode(b'"alg enc"').decode().rstrip("=") + "....",
        base64.urlsafe_b64encode(b'["alg","enc","kid"]').decode().rstrip("=") + "....",
        base64.urlsafe_b64encode(b'{"alg":1,"enc":[],"kid":{},"row":null}').decode().rstrip("=") + "....",
        base64.urlsafe_b64encode(b'{"alg":"dir","enc":"A256GCM","kid":7,"row":"r"}').decode().rstrip("=") + "....",
        base64.urlsafe_b64encode(b"[" * 600).decode() + "....",
        "x" * 200_000,
    ],
)
def test_what_is_no_sealed_value_is_a_seal_error(text: str) -> None:
    site = sealer(NEW)
    with pytest.raises(SealError):
        site.open(text, row="r")


@pytest.mark.parametrize("text", ["", "x", "W10....", "e30....", "IngiLi4u....", "ü.."])
def test_asking_whether_nonsense_needs_resealing_is_a_seal_error(text: str) -> None:
    with pytest.raises(SealError):
        sealer(NEW).needs_reseal(text)


@pytest.mark.parametrize("clear", [b"x" * (MAX_CLEAR_BYTES + 1)])
def test_a_value_that_would_not_open_again_is_not_sealed(clear: bytes) -> None:
    with pytest.raises(SealError):
        sealer(NEW).seal(clear, row=ROW)


@pytest.mark.parametrize("row", ["", "r" * (MAX_ROW_CHARACTERS + 1), "ü" * 150])
def test_a_row_whose_identity_is_empty_or_too_long_is_refused(row: str) -> None:
    with pytest.raises(SealError):
        sealer(NEW).seal("s", row=row)


@pytest.mark.parametrize("row", ["r" * MAX_ROW_CHARACTERS, "ü" * 100, 'a"\\/b'])
def test_the_longest_value_opens_in_the_row_with_the_longest_identity(row: str) -> None:
    site = sealer(NEW)
    clear = b"x" * MAX_CLEAR_BYTES
    assert site.open(site.seal(clear, row=row), row=row) == clear


@pytest.mark.attack("R11")
def test_a_seal_error_quotes_neither_the_value_nor_the_sealed_text() -> None:
    site, elsewhere = sealer(NEW), sealer(OTHER)
    sealed = site.seal("hunter2", row=ROW)
    for attempt in (
        lambda: site.open(sealed[:-4] + "AAAA", row=ROW),
        lambda: site.open(sealed, row="r"),
        lambda: elsewhere.open(sealed, row=ROW),
        lambda: site.needs_reseal("hunter2"),
    ):
        with pytest.raises(SealError) as refused:
            attempt()
        shown = f"{refused.value} {refused.value.detail} {refused.value!r}"
        assert "hunter2" not in shown
        assert not any(segment in shown for segment in sealed.split(".") if segment)
        assert isinstance(refused.value, AuthzError)


@pytest.mark.attack("R11")
def test_neither_sealer_nor_key_prints_a_secret() -> None:
    (key,) = keys_from([NEW], ())
    for shown in (repr(key), str(key), repr(Sealer([key])), f"{[key]}"):
        assert key.kid in shown
        assert "new" not in shown
        assert repr(key.root) not in shown
        assert "Oct" not in shown


# --- rotation ---------------------------------------------------------------------------------


def test_after_rotation_the_old_key_opens_and_the_new_key_seals() -> None:
    before, after = sealer(OLD), sealer(NEW, OLD)
    sealed = before.seal("s", row=ROW)
    assert after.open(sealed, row=ROW) == b"s"
    assert after.needs_reseal(sealed)
    anew = after.seal(after.open(sealed, row=ROW), row=ROW)
    assert not after.needs_reseal(anew)
    assert sealer(NEW).open(anew, row=ROW) == b"s"


def test_once_the_old_key_is_gone_its_values_do_not_open_and_the_error_names_the_key() -> None:
    (old,) = keys_from([OLD], ())
    sealed = Sealer([old]).seal("s", row=ROW)
    with pytest.raises(SealError) as refused:
        sealer(NEW).open(sealed, row=ROW)
    assert old.kid in refused.value.detail


def test_during_a_rolling_restart_both_orders_of_two_keys_open_each_others_values() -> None:
    one, two = sealer(OLD, NEW), sealer(NEW, OLD)
    assert two.open(one.seal("s", row=ROW), row=ROW) == b"s"
    assert one.open(two.seal("s", row=ROW), row=ROW) == b"s"


def test_derived_keys_stay_verifiable_after_rotation() -> None:
    before, after = sealer(OLD), sealer(NEW, OLD)
    assert after.derived_keys("csrf")[0] == after.derived_key("csrf")
    assert before.derived_key("csrf") in after.derived_keys("csrf")
    assert after.derived_key("csrf") != before.derived_key("csrf")
    assert len(after.derived_keys("csrf")) == 2


def test_keys_derived_for_two_purposes_and_the_sealing_key_are_all_different() -> None:
    (key,) = keys_from([NEW], ())
    site = Sealer([key])
    derived = [site.derived_key("csrf"), site.derived_key("attempts"), site.derived_key("seal"), key.cipher.raw_value]
    assert all(len(each) == 32 for each in derived)
    assert all(one != other for one, other in itertools.combinations(derived, 2))


def test_what_earlier_releases_sealed_and_derived_stays_valid() -> None:
    # Recorded once: another derivation of keys or names would lock every site out of its secrets.
    site = sealer("x" * 32)
    sealed = (
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiMjA0YzMyNmE5YTM3NWY1ZCIsInJvdyI6InIvMSJ9.."
        "2kftn198OdKL9y3v.GqknDpJX.m_86nZod8g-JliTm5bTGtw"
    )
    assert site.open(sealed, row="r/1") == b"golden"
    assert not site.needs_reseal(sealed)
    assert site.derived_key("csrf").hex() == "0aafd544d31968cf5e58d27294afb3637004f2fbd7e3b0e2fcad54f4baed7a9b"


def test_explicit_sealing_keys_take_the_place_of_the_secret_key() -> None:
    explicit, derived = keys_from([NEW], [OLD]), keys_from([], [OLD, b"older"])
    assert [key.kid for key in explicit] == [SealingKey.of(NEW).kid]
    assert [key.kid for key in derived] == [SealingKey.of(OLD).kid, SealingKey.of("older").kid]


def test_a_site_moves_from_its_secret_key_to_sealing_keys_by_listing_it_last() -> None:
    before = Sealer(keys_from([], [OLD]))
    after = Sealer(keys_from([NEW, OLD], ["a new secret key"]))
    assert after.open(before.seal("s", row=ROW), row=ROW) == b"s"


def test_without_any_key_there_is_no_sealer() -> None:
    with pytest.raises(ConfigurationError, match="AUTHZ_SEALING_KEYS"):
        Sealer(keys_from([], []))


@pytest.mark.attack("R24")
def test_threads_sharing_a_sealer_open_what_the_others_sealed() -> None:
    site, failures = sealer(NEW, OLD), []

    def work(name: str) -> None:
        for number in range(50):
            clear = f"{name} {number}".encode()
            if site.open(site.seal(clear, row=ROW), row=ROW) != clear:
                failures.append(clear)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
