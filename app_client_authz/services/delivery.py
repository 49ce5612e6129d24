"""Sending: from a template and a user to a message on its way."""

import logging
from collections.abc import Sequence

from app_client_authz.domain import message_templates
from app_client_authz.domain.delivery import address_of, invitation_media, known_as
from app_client_authz.domain.errors import CodeDeliveryFailure, TriggerFailed
from app_client_authz.domain.message import Medium, Message, MessageKind, MessageSender
from app_client_authz.domain.message_templates import Template
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.trigger import NOBODY, Caller
from app_client_authz.domain.user import User
from app_client_authz.services import audit
from app_client_authz.services.triggers import Triggers

log = logging.getLogger("app_client_authz.messages")

RESEND_CODE = "CustomMessage_ResendCode"
VERIFY_ATTRIBUTE = "CustomMessage_VerifyUserAttribute"
_SOURCES = {
    MessageKind.INVITATION: "CustomMessage_AdminCreateUser",
    MessageKind.CONFIRM_SIGN_UP: "CustomMessage_SignUp",
    MessageKind.RESET_PASSWORD: "CustomMessage_ForgotPassword",
    MessageKind.VERIFY_ATTRIBUTE: "CustomMessage_UpdateUserAttribute",
    MessageKind.AUTHENTICATION: "CustomMessage_Authentication",
}
"""Under which source a CustomMessage trigger is told of a message, unless whoever sends it says another."""


class Delivery:
    """Call it once the unit of work is left: a sender may take its time, and nothing waits for it (ATM-7)."""

    def __init__(self, sender: MessageSender, triggers: Triggers) -> None:
        self._sender = sender
        self._triggers = triggers

    def invite(
        self,
        pool: UserPool,
        user: User,
        temporary_password: str,
        mediums: Sequence[str] | None,
        caller: Caller = NOBODY,
    ) -> None:
        """Tell a new user name and temporary password, by each of the media that the user has an address for.

        ``mediums`` are members of DesiredDeliveryMediums, None where nobody said any: see ``invitation_media``. The
        user exists already, whatever becomes of the message (AdminCreateUser).

        Raises:
            CodeDeliveryFailure: the sender could not send one of the messages.
            TriggerFailed: a CustomMessage trigger did not word it; nothing was sent.
        """
        found = {medium: address_of(user, medium) for medium in invitation_media(user.attributes, mediums)}
        addresses = {medium: address for medium, address in found.items() if address is not None}
        if not addresses:
            return
        template = self._worded(MessageKind.INVITATION, message_templates.invitation(pool), user, caller)
        failure = None
        for medium, address in addresses.items():
            try:
                self._send(MessageKind.INVITATION, template, pool, user, medium, address, temporary_password)
            except CodeDeliveryFailure as error:
                failure = error  # the other one may still arrive
        if failure is not None:
            raise failure

    def send_code(
        self,
        kind: MessageKind,
        pool: UserPool,
        user: User,
        medium: Medium,
        address: str,
        code: str,
        caller: Caller = NOBODY,
        *,
        source: str | None = None,
    ) -> None:
        """Tell a user a code. ``source`` is what a CustomMessage trigger is told, if not that of the kind.

        Raises:
            CodeDeliveryFailure: the sender could not send it.
            TriggerFailed: a CustomMessage trigger did not word it.
        """
        is_for_sign_in = kind is MessageKind.AUTHENTICATION
        template = (message_templates.authentication if is_for_sign_in else message_templates.verification)(pool)
        self._send(kind, self._worded(kind, template, user, caller, source), pool, user, medium, address, code)

    def _worded(
        self, kind: MessageKind, template: Template, user: User, caller: Caller, source: str | None = None
    ) -> Template:
        invites = kind is MessageKind.INVITATION
        try:
            return self._triggers.custom_message(source or _SOURCES[kind], user, template, caller, invites=invites)
        except TriggerFailed:
            audit.record("message_not_sent", pool_id=user.pool_id, sub=user.sub, kind=kind)
            raise

    def _send(
        self, kind: MessageKind, template: Template, pool: UserPool, user: User, medium: Medium, address: str, code: str
    ) -> None:
        fill = message_templates.fill_email if medium is Medium.EMAIL else message_templates.fill_sms
        username = known_as(pool, user)
        filled = fill(template, code=code, username=username)
        ids = {"pool_id": user.pool_id, "sub": user.sub, "kind": kind, "medium": medium}
        try:
            self._sender.send(
                Message(
                    kind=kind,
                    medium=medium,
                    pool_id=user.pool_id,
                    sub=user.sub,
                    destination=address,
                    username=username,
                    subject=filled.subject,
                    body=filled.body,
                    html=filled.html,
                    code=code,
                )
            )
        except Exception as error:  # noqa: BLE001 - a sender is the host's, and fails as it likes
            # Neither its text nor its cause: both may hold the message (OPS-1).
            log.error("A %s by %s could not be sent: %s.", kind, medium, type(error).__name__)
            audit.record("message_not_sent", **ids)
            raise CodeDeliveryFailure("Unable to deliver code to user") from None
        audit.record("message_sent", **ids)
