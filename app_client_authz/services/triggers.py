"""Triggers: one method for each, called outside of transactions and free of cost where nobody is registered."""

from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import TypeVar

from app_client_authz.domain import token_trigger, user_triggers
from app_client_authz.domain.challenge import CUSTOM_CHALLENGE
from app_client_authz.domain.message_templates import Template
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.token_trigger import TokenChanges, TokenSource
from app_client_authz.domain.trigger import Answer, Caller, Event, Trigger, flag
from app_client_authz.domain.user import User
from app_client_authz.domain.user_triggers import Challenged, Challenges, CustomChallenge, Migrated, NextChallenge
from app_client_authz.services.trigger_registry import Registered, TriggerRegistry, answer

T = TypeVar("T")


class Triggers:
    """The triggers of one app: those of its extension object first, then its own.

    Every method raises what ``trigger_registry.answer`` raises, and InvalidLambdaResponse for an answer that makes
    no sense. Both end the request; who calls says what stands by then.
    """

    def __init__(self, shared: TriggerRegistry | None = None) -> None:
        self.own = TriggerRegistry()
        self._shared = shared or TriggerRegistry()

    def are_there(self, trigger: Trigger, pool_id: str) -> bool:
        """Whether anybody is registered."""
        return bool(self._of(trigger, pool_id))

    # --- users ------------------------------------------------------------------------------------

    def pre_sign_up(self, source: str, user: User, caller: Caller) -> User:
        """The user to create: as given, or confirmed and verified by the trigger. It comes from a SignUp only.

        In a user whom an administrator creates, the answer's flags change nothing, as in Cognito.
        """
        wanted = self._ask(
            Trigger.PRE_SIGN_UP,
            user.pool_id,
            lambda: user_triggers.sign_up_event(source, user, caller),
            lambda said: user_triggers.signed_up(said, user),
        )
        return user if wanted is None or source != user_triggers.SIGN_UP else wanted

    def post_confirmation(self, source: str, user: User, caller: Caller) -> None:
        """Tell of a user who was just confirmed, or has a new password by a code: that stands already."""
        self._ask(
            Trigger.POST_CONFIRMATION,
            user.pool_id,
            lambda: user_triggers.confirmation_event(source, user, caller),
            _nothing,
        )

    def custom_message(
        self, source: str, user: User, template: Template, caller: Caller, *, invites: bool = False
    ) -> Template:
        """The words of a message: those of ``template``, or the trigger's."""
        worded = self._ask(
            Trigger.CUSTOM_MESSAGE,
            user.pool_id,
            lambda: user_triggers.message_event(source, user, caller, invites=invites),
            lambda said: user_triggers.worded(said, template, invites=invites),
        )
        return worded or template

    def pre_authentication(self, registration: Registration, name: str, user: User | None, caller: Caller) -> None:
        """Ask before a credential is looked at; ``user`` is None where nobody has the name."""
        pool_id, hides = registration.pool.id, registration.client.prevents_user_existence_errors
        username = name if user is None else user.username
        self._ask(
            Trigger.PRE_AUTHENTICATION,
            pool_id,
            lambda: user_triggers.before_sign_in_event(pool_id, username, user, caller, hides=hides),
            _nothing,
        )

    def post_authentication(self, user: User, caller: Caller, *, new_device: bool = False) -> None:
        """Tell of a user who proved to be one, before there are tokens."""
        self._ask(
            Trigger.POST_AUTHENTICATION,
            user.pool_id,
            lambda: user_triggers.after_sign_in_event(user, caller, new_device=new_device),
            _nothing,
        )

    def migrate(
        self, source: str, pool_id: str, username: str, password: str | None, caller: Caller
    ) -> Migrated | None:
        """Whom the host knows under a name that nobody has here; None if nobody, or nobody is registered."""
        return self._ask(
            Trigger.USER_MIGRATION,
            pool_id,
            lambda: user_triggers.migration_event(source, pool_id, username, password, caller),
            user_triggers.migrated,
        )

    # --- custom challenges ------------------------------------------------------------------------

    def define_challenge(self, who: Challenged, session: Challenges, caller: Caller) -> NextChallenge | None:
        """What comes after these challenges; None if nobody is registered."""
        request = {"session": [dict(each) for each in session]}
        response = ("challengeName", "issueTokens", "failAuthentication")
        trigger = Trigger.DEFINE_AUTH_CHALLENGE
        return self._ask(
            trigger,
            who.pool_id,
            lambda: who.event(trigger, caller, request, response),
            user_triggers.next_challenge,
        )

    def create_challenge(self, who: Challenged, session: Challenges, caller: Caller) -> CustomChallenge | None:
        """The next custom challenge; None if nobody is registered."""
        request = {"challengeName": CUSTOM_CHALLENGE, "session": [dict(each) for each in session]}
        response = ("publicChallengeParameters", "privateChallengeParameters", "challengeMetadata")
        trigger = Trigger.CREATE_AUTH_CHALLENGE
        return self._ask(
            trigger,
            who.pool_id,
            lambda: who.event(trigger, caller, request, response),
            user_triggers.custom_challenge,
        )

    def verify_challenge(
        self, who: Challenged, challenge: CustomChallenge, challenge_answer: str, caller: Caller
    ) -> bool | None:
        """Whether the answer is right; None if nobody is registered."""
        request = {"privateChallengeParameters": dict(challenge.private), "challengeAnswer": challenge_answer}
        trigger = Trigger.VERIFY_AUTH_CHALLENGE_RESPONSE
        return self._ask(
            trigger,
            who.pool_id,
            lambda: who.event(trigger, caller, request, ("answerCorrect",)),
            lambda said: flag(said, "answerCorrect"),
        )

    # --- tokens -----------------------------------------------------------------------------------

    def user_tokens(
        self, source: TokenSource, pool: UserPool, user: User, granted: tuple[str, ...], caller: Caller
    ) -> tuple[TokenChanges, ...]:
        """What to change of a user's tokens, one after the other: one entry for each version that is asked."""
        trigger = Trigger.PRE_TOKEN_GENERATION
        return tuple(
            answer(
                trigger,
                same,
                token_trigger.user_event(source, version, pool, user, granted, caller),
                partial(token_trigger.changes, version=version),
            )
            for version, same in groupby(self._of(trigger, pool.id), lambda each: _version(each, pool))
        )

    def machine_token(self, pool: UserPool, granted: tuple[str, ...], caller: Caller) -> tuple[TokenChanges, ...]:
        """What to change of a token of client_credentials; only version 3 is asked for it."""
        trigger, version = Trigger.PRE_TOKEN_GENERATION, "V3_0"
        asked = [each for each in self._of(trigger, pool.id) if _version(each, pool) == version]
        if not asked:
            return ()
        event = token_trigger.machine_event(pool, granted, caller)
        changes = answer(trigger, asked, event, partial(token_trigger.changes, version=version))
        return (changes.for_machine(),)

    # --- helpers ----------------------------------------------------------------------------------

    def _of(self, trigger: Trigger, pool_id: str) -> tuple[Registered, ...]:
        return self._shared.of(trigger, pool_id) + self.own.of(trigger, pool_id)

    def _ask(self, trigger: Trigger, pool_id: str, event: Callable[[], Event], read: Callable[[Answer], T]) -> T | None:
        """What ``read`` makes of the answer; None if nobody is registered."""
        registered = self._of(trigger, pool_id)
        return answer(trigger, registered, event(), read) if registered else None


def _nothing(_answer: Answer) -> None:
    """Some answers decide nothing."""


def _version(registered: Registered, pool: UserPool) -> str:
    """The pool's LambdaConfig counts before what was said at registration."""
    return token_trigger.version_of(pool) or registered.version
