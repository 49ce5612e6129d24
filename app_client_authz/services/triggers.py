"""Triggers: one method for each, called outside of transactions and free of cost where nobody is registered."""

from collections.abc import Callable
from itertools import groupby

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
        said = self._ask(Trigger.PRE_SIGN_UP, user.pool_id, lambda: user_triggers.sign_up_event(source, user, caller))
        if said is None:
            return user
        wanted = user_triggers.signed_up(said, user)
        return wanted if source == user_triggers.SIGN_UP else user

    def post_confirmation(self, source: str, user: User, caller: Caller) -> None:
        """Tell of a user who was just confirmed, or has a new password by a code: that stands already."""
        self._ask(
            Trigger.POST_CONFIRMATION,
            user.pool_id,
            lambda: user_triggers.confirmation_event(source, user, caller),
        )

    def custom_message(
        self, source: str, user: User, template: Template, caller: Caller, *, invites: bool = False
    ) -> Template:
        """The words of a message: those of ``template``, or the trigger's."""
        said = self._ask(
            Trigger.CUSTOM_MESSAGE,
            user.pool_id,
            lambda: user_triggers.message_event(source, user, caller, invites=invites),
        )
        return template if said is None else user_triggers.worded(said, template, invites=invites)

    def pre_authentication(self, registration: Registration, name: str, user: User | None, caller: Caller) -> None:
        """Ask before a credential is looked at; ``user`` is None where nobody has the name."""
        pool_id, hides = registration.pool.id, registration.client.prevents_user_existence_errors
        username = name if user is None else user.username
        self._ask(
            Trigger.PRE_AUTHENTICATION,
            pool_id,
            lambda: user_triggers.before_sign_in_event(pool_id, username, user, caller, hides=hides),
        )

    def post_authentication(self, user: User, caller: Caller, *, new_device: bool = False) -> None:
        """Tell of a user who proved to be one, before there are tokens."""
        self._ask(
            Trigger.POST_AUTHENTICATION,
            user.pool_id,
            lambda: user_triggers.after_sign_in_event(user, caller, new_device=new_device),
        )

    def migrate(
        self, source: str, pool_id: str, username: str, password: str | None, caller: Caller
    ) -> Migrated | None:
        """Whom the host knows under a name that nobody has here; None if nobody, or nobody is registered."""
        said = self._ask(
            Trigger.USER_MIGRATION,
            pool_id,
            lambda: user_triggers.migration_event(source, pool_id, username, password, caller),
        )
        return None if said is None else user_triggers.migrated(said)

    # --- custom challenges ------------------------------------------------------------------------

    def define_challenge(self, who: Challenged, session: Challenges, caller: Caller) -> NextChallenge | None:
        """What comes after these challenges; None if nobody is registered."""
        said = self._challenge(
            Trigger.DEFINE_AUTH_CHALLENGE,
            who,
            caller,
            {"session": [dict(each) for each in session]},
            ("challengeName", "issueTokens", "failAuthentication"),
        )
        return None if said is None else user_triggers.next_challenge(said)

    def create_challenge(self, who: Challenged, session: Challenges, caller: Caller) -> CustomChallenge | None:
        """The next custom challenge; None if nobody is registered."""
        said = self._challenge(
            Trigger.CREATE_AUTH_CHALLENGE,
            who,
            caller,
            {"challengeName": CUSTOM_CHALLENGE, "session": [dict(each) for each in session]},
            ("publicChallengeParameters", "privateChallengeParameters", "challengeMetadata"),
        )
        return None if said is None else user_triggers.custom_challenge(said)

    def verify_challenge(
        self, who: Challenged, challenge: CustomChallenge, challenge_answer: str, caller: Caller
    ) -> bool | None:
        """Whether the answer is right; None if nobody is registered."""
        said = self._challenge(
            Trigger.VERIFY_AUTH_CHALLENGE_RESPONSE,
            who,
            caller,
            {"privateChallengeParameters": dict(challenge.private), "challengeAnswer": challenge_answer},
            ("answerCorrect",),
        )
        return None if said is None else flag(said, "answerCorrect")

    # --- tokens -----------------------------------------------------------------------------------

    def user_tokens(
        self, source: TokenSource, pool: UserPool, user: User, granted: tuple[str, ...], caller: Caller
    ) -> tuple[TokenChanges, ...]:
        """What to change of a user's tokens, one after the other: one entry for each version that is asked."""
        changes = []
        for version, same in groupby(
            self._of(Trigger.PRE_TOKEN_GENERATION, pool.id), lambda each: _version(each, pool)
        ):
            event = token_trigger.user_event(source, version, pool, user, granted, caller)
            said = answer(Trigger.PRE_TOKEN_GENERATION, same, event)
            changes.append(token_trigger.changes(said, version))
        return tuple(changes)

    def machine_token(self, pool: UserPool, granted: tuple[str, ...], caller: Caller) -> tuple[TokenChanges, ...]:
        """What to change of a token of client_credentials; only version 3 is asked for it."""
        asked = [each for each in self._of(Trigger.PRE_TOKEN_GENERATION, pool.id) if _version(each, pool) == "V3_0"]
        if not asked:
            return ()
        said = answer(Trigger.PRE_TOKEN_GENERATION, asked, token_trigger.machine_event(pool, granted, caller))
        return (token_trigger.changes(said, "V3_0").for_machine(),)

    # --- helpers ----------------------------------------------------------------------------------

    def _of(self, trigger: Trigger, pool_id: str) -> tuple[Registered, ...]:
        return self._shared.of(trigger, pool_id) + self.own.of(trigger, pool_id)

    def _ask(self, trigger: Trigger, pool_id: str, event: Callable[[], Event]) -> Answer | None:
        registered = self._of(trigger, pool_id)
        return answer(trigger, registered, event()) if registered else None

    def _challenge(
        self, trigger: Trigger, who: Challenged, caller: Caller, request: dict[str, object], response: tuple[str, ...]
    ) -> Answer | None:
        return self._ask(trigger, who.pool_id, lambda: who.event(trigger, caller, request, response))


def _version(registered: Registered, pool: UserPool) -> str:
    """The pool's LambdaConfig counts before what was said at registration."""
    return token_trigger.version_of(pool) or registered.version
