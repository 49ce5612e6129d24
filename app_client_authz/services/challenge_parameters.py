"""Challenges as InitiateAuth and RespondToAuthChallenge tell them: name, ChallengeParameters, Session (api.md 4.7)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.domain import attributes
from app_client_authz.domain.challenge import (
    MFA_SETUP,
    NEW_PASSWORD_REQUIRED,
    SELECT_MFA_TYPE,
    SOFTWARE_TOKEN_MFA,
)
from app_client_authz.domain.registration import Registration
from app_client_authz.services.authentication import NewPasswordRequired
from app_client_authz.services.next_steps import ChallengeRequired

_LISTS = {SELECT_MFA_TYPE: "MFAS_CAN_CHOOSE", MFA_SETUP: "MFAS_CAN_SETUP"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the caller has to answer before there are tokens; ``available`` could have been chosen instead."""

    name: str
    parameters: Mapping[str, str]
    session: str | None = field(default=None, repr=False)
    """None where the parameters say all: PASSWORD_VERIFIER (api.md 4.6)."""

    available: tuple[str, ...] = ()


def challenge_of(step: ChallengeRequired) -> Challenge:
    """The challenge of a factor, or of a choice between some."""
    name, user_id = step.challenge, {"USER_ID_FOR_SRP": step.user_id}
    if name in _LISTS:
        offered = json.dumps(step.offered, separators=(",", ":"))
        return Challenge(name, {_LISTS[name]: offered, **user_id}, step.session)
    if name == SOFTWARE_TOKEN_MFA:
        return Challenge(name, {"FRIENDLY_DEVICE_NAME": step.friendly_name or "", **user_id}, step.session)
    if step.delivery is None:
        return Challenge(name, {}, step.session, step.offered)
    sent = {
        "CODE_DELIVERY_DELIVERY_MEDIUM": str(step.delivery.medium),
        "CODE_DELIVERY_DESTINATION": step.delivery.destination,
    }
    return Challenge(name, {**sent, **user_id}, step.session, step.offered)


def new_password_challenge(registration: Registration, pending: NewPasswordRequired) -> Challenge:
    """NEW_PASSWORD_REQUIRED, with the attributes that the client may read and those that are missing."""
    user, pool = pending.user, registration.pool
    readable = attributes.readable_names(registration.client.read_attributes, pool) - {"sub"}
    shown = {name: value for name, value in user.attributes.items() if name in readable}
    wanted = [f"userAttributes.{name}" for name in attributes.missing(pool, user.attributes)]
    parameters = {
        "USER_ID_FOR_SRP": user.username,
        "requiredAttributes": json.dumps(wanted, separators=(",", ":")),
        "userAttributes": json.dumps(shown, separators=(",", ":"), ensure_ascii=False),
    }
    return Challenge(NEW_PASSWORD_REQUIRED, parameters, pending.session)
