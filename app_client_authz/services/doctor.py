"""Questions that people ask about an app client, and their answers."""

from collections.abc import Callable

from app_client_authz.domain.registration import Registration
from app_client_authz.services import doctor_facts, doctor_questions
from app_client_authz.services.doctor_case import Answer, Case, Verdict
from app_client_authz.services.registry import Services

__all__ = ["Answer", "Verdict", "examine"]

QUESTIONS: tuple[Callable[[Case], Answer | None], ...] = (
    doctor_questions.can_sign_in,
    doctor_questions.redirect_mismatch,
    doctor_questions.invalid_client,
    doctor_questions.invalid_scope,
    doctor_questions.invalid_grant,
    doctor_questions.id_token,
    doctor_questions.email_claim,
    doctor_questions.refresh_token,
    doctor_facts.rotation,
    doctor_facts.revocation,
    doctor_facts.pkce,
    doctor_facts.sign_out,
    doctor_facts.lifetimes,
    doctor_facts.endpoints,
)


def examine(
    services: Services, registration: Registration, *, redirect_uri: str | None = None, scope: str | None = None
) -> list[Answer]:
    """An answer to each question; to some only if the request's ``redirect_uri`` or ``scope`` is known."""
    pool = registration.pool
    servers = services.resource_servers.of_pool(pool.id)
    live_scopes = frozenset(name for server in servers for name in server.scope_strings)
    case = Case(registration, services.dialects.of(pool), live_scopes, services.settings, redirect_uri, scope)
    return [answer for ask in QUESTIONS if (answer := ask(case)) is not None]
