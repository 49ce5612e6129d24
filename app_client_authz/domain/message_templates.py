"""The words of messages: the pool's templates, or Cognito's defaults (api.md 3.3).

A template of an e-mail is HTML, as in Cognito. ``{####}`` stands for the code or the temporary password,
``{username}`` for the name by which the user signs in.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.pool_settings import EmailMfaConfiguration, InviteMessageTemplate

CODE = "{####}"
USERNAME = "{username}"

_PLACEHOLDER = re.compile(r"\{####\}|\{username\}")
_TAG = re.compile(r"(<[/!A-Za-z][^<>]*>)")
_TAG_NAME = re.compile(r"</?[A-Za-z][A-Za-z0-9]*", re.ASCII)
_BLANK_LINES = re.compile(r"\n{3,}")
_LINES = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol"})
_UNSEEN = frozenset({"head", "script", "style", "title"})


@dataclass(frozen=True, slots=True)
class Template:
    """Subject (one line) and body of an e-mail, and the text of an SMS."""

    subject: str
    email: str
    sms: str

    def worded(self, subject: str | None, email: str | None, sms: str | None) -> "Template":
        """The template with other words, as far as some are given."""
        return Template(_one_line(subject) or self.subject, email or self.email, sms or self.sms)


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a template; ``html`` is None for a text message."""

    subject: str
    body: str = field(repr=False)
    html: str | None = field(repr=False)


_INVITATION = "Your username is {username} and temporary password is {####}."
_VERIFICATION = "Your verification code is {####}."
_AUTHENTICATION = "Your authentication code is {####}."


def invitation(pool: UserPool) -> Template:
    """The pool's InviteMessageTemplate, completed by the defaults."""
    own = pool.spec.invitation or InviteMessageTemplate()
    return Template(
        _one_line(own.email_subject) or "Your temporary password",
        own.email_message or _INVITATION,
        own.sms_message or _INVITATION,
    )


def verification(pool: UserPool) -> Template:
    """The pool's VerificationMessageTemplate, completed by the defaults: for every code but a second factor."""
    own = pool.spec.verification
    return Template(
        _one_line(own.email_subject) or "Your verification code",
        own.email_message or _VERIFICATION,
        own.sms_message or _VERIFICATION,
    )


def authentication(pool: UserPool) -> Template:
    """SmsAuthenticationMessage and EmailMfaConfiguration of the pool, completed by the defaults: for sign-in codes."""
    own = pool.spec.factors.email or EmailMfaConfiguration()
    return Template(
        _one_line(own.subject) or "Your authentication code",
        own.message or _AUTHENTICATION,
        pool.spec.sms_authentication_message or _AUTHENTICATION,
    )


def fill_email(template: Template, *, code: str, username: str) -> Filled:
    """The e-mail, as HTML with every value escaped, and as text for programs that show no HTML."""
    values = {CODE: code, USERNAME: username}
    escaped = {placeholder: html.escape(value) for placeholder, value in values.items()}
    text = _filled(_text_of(template.email), values)
    return Filled(template.subject, text, _filled(template.email, escaped))


def fill_sms(template: Template, *, code: str, username: str) -> Filled:
    """The text message."""
    return Filled(template.subject, _filled(template.sms, {CODE: code, USERNAME: username}), None)


def _filled(template: str, values: Mapping[str, str]) -> str:
    # In one pass: a name that looks like a placeholder stays what it is.
    return _PLACEHOLDER.sub(lambda found: values[found[0]], template)


def _one_line(subject: str | None) -> str:
    """A header is one line, whatever the template holds (ATT-8)."""
    return " ".join("".join(each if each.isprintable() else " " for each in subject or "").split())


def _text_of(template: str) -> str:
    """The template without its tags, for programs that show no HTML; in one pass, whatever it holds (INP-7)."""
    shown, unseen = [], ""
    for position, part in enumerate(_TAG.split(template)):
        if position % 2 == 0:
            shown.append("" if unseen else html.unescape(part))
            continue
        found = _TAG_NAME.match(part)
        name = found[0].lower() if found else ""
        if unseen:
            unseen = "" if name == f"</{unseen}" else unseen
        elif name.removeprefix("<") in _UNSEEN:
            unseen = name.removeprefix("<")
        elif name.removeprefix("<").removeprefix("/") in _LINES:
            shown.append("\n")
    lines = (" ".join(line.split()) for line in "".join(shown).splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
