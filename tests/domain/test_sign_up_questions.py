"""What a sign-up page asks for, pool by pool."""

import pytest

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool import PoolSpec, SchemaAttribute, UserPool
from app_client_authz.domain.sign_up_questions import NO_ADDRESS, SignUpQuestions

NAME, EMAIL, PHONE = (SchemaAttribute(name, required=True) for name in ("given_name", "email", "phone_number"))
BOTH = ("email", "phone_number")


def pool(
    required: tuple[SchemaAttribute, ...] = (), verified: tuple[str, ...] = (), names: tuple[str, ...] = ()
) -> UserPool:
    spec = PoolSpec(
        name="demo",
        schema=required,
        auto_verified_attributes=verified,
        username_attributes=names,
        sms_configuration={"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"},
    )
    return UserPool.create(spec, pool_id="us-east-1_Demo00001", now=0.0)


@pytest.mark.parametrize(
    "of, asked, optional",
    [
        (pool(), (), ()),
        (pool((NAME,)), ("given_name",), ()),
        (pool((NAME,), ("email",)), ("given_name", "email"), ()),
        (pool((EMAIL,), ("email",)), ("email",), ()),
        (pool((EMAIL,), BOTH), ("email",), ()),
        (pool((), BOTH), ("email", "phone_number"), BOTH),
        (pool((EMAIL,), ("email",), ("email",)), (), ()),
        (pool((EMAIL, PHONE), ("email",), ("email",)), ("phone_number",), ()),
        (pool((), ("phone_number",), ("email",)), ("phone_number",), ()),
        (pool((EMAIL,), ("email",), BOTH), ("email",), ("email",)),
        (pool((), ("email",), BOTH), ("email",), ("email",)),
        (pool((), BOTH, BOTH), ("email", "phone_number"), BOTH),
    ],
)
def test_pool_asks_for_what_it_requires_and_for_an_address_that_it_verifies(
    of: UserPool, asked: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    questions = SignUpQuestions.of(of, None)

    assert questions.names == asked
    assert questions.optional == set(optional)
    assert questions.required == tuple(name for name in asked if name not in optional)


def test_address_that_the_client_may_not_write_is_not_asked_for_and_not_missed() -> None:
    of = pool((NAME,), ("email",))

    questions = SignUpQuestions.of(of, ("given_name",))

    assert questions.names == ("given_name",)
    questions.check_reachable(of, "kim", {})


@pytest.mark.parametrize(
    "of, name, given, refusal",
    [
        (pool((), BOTH), "kim", {}, NO_ADDRESS),
        (pool((), BOTH), "kim", {"email": ""}, NO_ADDRESS),
        (pool((), BOTH), "kim", {"email": "kim@example.org"}, None),
        (pool((), ("email",)), "kim", {"phone_number": "+15550009934"}, NO_ADDRESS),
        (pool((), ("email",), ("email",)), "kim@example.org", {}, None),
        (pool((), ("email",), ("email",)), "kim", {}, "Username should be an email."),
        (pool((), ("email",), BOTH), "+15550009934", {}, NO_ADDRESS),
        (pool((), ("email",), BOTH), "+15550009934", {"email": "kim@example.org"}, None),
        (pool((), ("email",), BOTH), "kim@example.org", {"email": "lee@example.org"}, "User email should be empty"),
        (pool(), "kim", {}, None),
    ],
)
def test_nobody_registers_without_an_address_that_a_code_reaches(
    of: UserPool, name: str, given: dict[str, str], refusal: str | None
) -> None:
    questions = SignUpQuestions.of(of, None)

    if refusal is None:
        questions.check_reachable(of, name, given)
        return
    with pytest.raises(InvalidParameter, match=refusal):
        questions.check_reachable(of, name, given)
