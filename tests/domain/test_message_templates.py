"""What messages say: the pool's templates or the defaults, filled in safely."""

import pytest

from app_client_authz.domain import message_templates
from app_client_authz.domain.message_templates import Template, fill_email, fill_sms
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.pool_settings import InviteMessageTemplate, VerificationMessageTemplate


def pool(**members: object) -> UserPool:
    return UserPool.create(PoolSpec(name="demo", **members), pool_id="us-east-1_Demo00001", now=0.0)  # type: ignore[arg-type]


def text_of(template: str) -> str:
    return fill_email(Template("Hello", template, ""), code="123456", username="kim").body


def test_a_pool_without_templates_invites_in_the_words_of_cognito() -> None:
    template = message_templates.invitation(pool())

    assert fill_sms(template, code="Abc-1", username="kim").body == (
        "Your username is kim and temporary password is Abc-1."
    )
    assert fill_email(template, code="Abc-1", username="kim").subject == "Your temporary password"


def test_a_pool_without_templates_verifies_in_the_words_of_cognito() -> None:
    template = message_templates.verification(pool())

    assert fill_sms(template, code="123456", username="kim").body == "Your verification code is 123456."
    assert fill_email(template, code="123456", username="kim").subject == "Your verification code"


def test_the_templates_of_the_pool_win_one_by_one() -> None:
    own = InviteMessageTemplate(email_message="Hi {username}: {####}", sms_message=None, email_subject="Welcome")

    template = message_templates.invitation(pool(invitation=own))

    assert template == Template(
        "Welcome", "Hi {username}: {####}", "Your username is {username} and temporary password is {####}."
    )


def test_the_verification_template_of_the_pool_wins_too() -> None:
    own = VerificationMessageTemplate(sms_message="Code {####}")

    template = message_templates.verification(pool(verification=own))

    assert (template.subject, template.sms) == ("Your verification code", "Code {####}")


@pytest.mark.parametrize(
    "subject", ["Hello\r\nBcc: eve@example.com", "Hello\n Bcc: eve@example.com", "Hello Bcc: \veve"]
)
def test_a_subject_is_one_line_whatever_the_pool_says(subject: str) -> None:
    template = message_templates.verification(pool(verification=VerificationMessageTemplate(email_subject=subject)))

    assert template.subject.isprintable()
    assert template.subject.startswith("Hello Bcc:")


def test_a_subject_of_blanks_is_none() -> None:
    own = VerificationMessageTemplate(email_subject=" \n ")

    assert message_templates.verification(pool(verification=own)).subject == "Your verification code"


def test_html_is_filled_with_escaped_values_and_text_with_plain_ones() -> None:
    template = Template("Hello", "<p>Name: <b>{username}</b></p><p>Password: {####}</p>", "")

    filled = fill_email(template, code="a<b&1", username="<script>")

    assert filled.html == "<p>Name: <b>&lt;script&gt;</b></p><p>Password: a&lt;b&amp;1</p>"
    assert filled.body == "Name: <script>\n\nPassword: a<b&1"


def test_a_username_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    template = Template("Hello", "{username} {####}", "{username} {####}")

    assert fill_sms(template, code="123456", username="{####}").body == "{####} 123456"
    assert fill_email(template, code="123456", username="{####}").html == "{####} 123456"


def test_every_place_of_a_placeholder_is_filled() -> None:
    assert fill_sms(Template("", "", "{####} again {####}"), code="1", username="").body == "1 again 1"


@pytest.mark.parametrize(
    "template, text",
    [
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<html><head><title>x</title><style>p {color: red}</style></head><body>seen</body></html>", "seen"),
        ("<STYLE>p > a {}</STYLE>seen", "seen"),
        ("Fish &amp; chips &#8364;5", "Fish & chips €5"),
        ("<ul><li>one</li><li>two</li></ul>", "one\n\ntwo"),
        ("1 < 2 and 2 > 1", "1 < 2 and 2 > 1"),
        ("<![if x[<!-- never closed", "<![if x[<!-- never closed"),
        ("line\n\n\n\n\nline", "line\n\nline"),
        ("a   b\tc", "a b c"),
    ],
)
def test_text_is_what_a_reader_of_the_html_would_see(template: str, text: str) -> None:
    assert text_of(template) == text


@pytest.mark.parametrize("piece", ["<", "<style>", "<!--", "&", "{####", "</"])
def test_a_long_template_takes_no_time_whatever_it_holds(piece: str) -> None:
    # Quadratic work would take minutes here; the suite would not end.
    assert len(text_of(piece * (200_000 // len(piece)))) <= 200_000
