"""Triggers: callables of the host that decide with us, in the shapes of Cognito's Lambda triggers.

The events are those of the developer guide, "Customizing user pool workflows with Lambda triggers".
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app_client_authz.domain import strict_json
from app_client_authz.domain.errors import InvalidLambdaResponse
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User

Event = dict[str, Any]
"""What a callable is given and returns: JSON with Cognito's own names, for code that was written for Lambda."""

Metadata = Mapping[str, str] | None
"""ClientMetadata, for triggers alone; None where none was sent."""

Answer = Mapping[str, object]
"""The ``response`` of a returned event."""

NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
_SDK = "aws-sdk-unknown-unknown"
_STATUS = "cognito:user_status"


class Trigger(StrEnum):
    """The name under which a callable is registered, and which errors begin with (api.md 4.29)."""

    PRE_SIGN_UP = "PreSignUp"
    POST_CONFIRMATION = "PostConfirmation"
    PRE_AUTHENTICATION = "PreAuthentication"
    POST_AUTHENTICATION = "PostAuthentication"
    PRE_TOKEN_GENERATION = "PreTokenGeneration"
    CUSTOM_MESSAGE = "CustomMessage"
    DEFINE_AUTH_CHALLENGE = "DefineAuthChallenge"
    CREATE_AUTH_CHALLENGE = "CreateAuthChallenge"
    VERIFY_AUTH_CHALLENGE_RESPONSE = "VerifyAuthChallengeResponse"
    USER_MIGRATION = "UserMigration"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who made a request, and what came along for the triggers alone.

    ``client_id`` is None where an administrator asks without naming a client. ``metadata`` is ClientMetadata,
    ``validation`` is ValidationData.
    """

    client_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    validation: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, registration: Registration, metadata: Metadata = None) -> "Caller":
        """A client, and the ClientMetadata that came along."""
        return cls(registration.client.client_id, metadata or {})


NOBODY = Caller()
"""Nobody in particular: no client, nothing that came along."""


def event(
    source: str,
    pool_id: str,
    username: str,
    caller: Caller,
    request: Mapping[str, object],
    response: Mapping[str, object],
    *,
    version: str = "1",
) -> Event:
    """The event of a trigger: what is common to all, and what ``request`` and ``response`` hold of this one."""
    told = dict(request)
    if caller.metadata:
        told["clientMetadata"] = dict(caller.metadata)
    return {
        "version": version,
        "triggerSource": source,
        "region": pool_id.rpartition("_")[0],
        "userPoolId": pool_id,
        "userName": username,
        "callerContext": {"awsSdkVersion": _SDK, "clientId": caller.client_id or NO_CLIENT},
        "request": told,
        "response": dict(response),
    }


def attributes_of(user: User) -> dict[str, str]:
    """``userAttributes`` of a user who exists: all of them, whatever a client may read."""
    return {"sub": user.sub, _STATUS: str(user.status), **user.attributes}


def validation_data(caller: Caller) -> dict[str, str] | None:
    """``validationData``: null where none was sent."""
    return dict(caller.validation) or None


# --- answers --------------------------------------------------------------------------------------


def answer_of(returned: object) -> dict[str, object]:
    """The ``response`` of what a callable returned, as JSON: what no Lambda function could return is no answer.

    Raises:
        InvalidLambdaResponse: no event, or one that JSON cannot carry.
    """
    response = returned.get("response") if isinstance(returned, Mapping) else None
    if not isinstance(response, Mapping):
        raise InvalidLambdaResponse(detail="the callable returned no event with a response")
    try:
        plain = strict_json.parse(json.dumps(dict(response)).encode("ascii"))
    except (TypeError, ValueError, RecursionError):
        raise InvalidLambdaResponse(detail="the response cannot be written as JSON") from None
    assert isinstance(plain, dict)  # noqa: S101 - it was one
    return plain


def flag(answer: Answer, name: str) -> bool:
    """A member that is true or false; absent and null are false.

    Raises:
        InvalidLambdaResponse: it is something else.
    """
    value = answer.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise InvalidLambdaResponse(detail=f"{name} is neither true nor false")


def text(answer: Answer, name: str) -> str | None:
    """A member that is a text; None if it is absent, null or empty.

    Raises:
        InvalidLambdaResponse: it is something else.
    """
    value = answer.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise InvalidLambdaResponse(detail=f"{name} is no text")


def texts(answer: Answer, name: str) -> tuple[str, ...]:
    """A member that is a list of texts; absent and null are none.

    Raises:
        InvalidLambdaResponse: it is something else.
    """
    value = answer.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidLambdaResponse(detail=f"{name} is no list of texts")
    return tuple(value)


def members(answer: Answer, name: str) -> dict[str, object] | None:
    """A member that has members of its own; None if it is absent or null.

    Raises:
        InvalidLambdaResponse: it is something else.
    """
    value = answer.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise InvalidLambdaResponse(detail=f"{name} is no object")


def pairs(answer: Answer, name: str) -> dict[str, str]:
    """A member that is an object of texts; absent and null are empty.

    Raises:
        InvalidLambdaResponse: it is something else.
    """
    found = members(answer, name) or {}
    return {key: _text(name, value) for key, value in found.items()}


def one_of(answer: Answer, name: str, accepted: Iterable[str]) -> str | None:
    """A member that is one of these texts; None if it is absent or null.

    Raises:
        InvalidLambdaResponse: it is something else.
    """
    value = text(answer, name)
    if value is None or value in accepted:
        return value
    raise InvalidLambdaResponse(detail=f"{name} is none of {', '.join(accepted)}")


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise InvalidLambdaResponse(detail=f"{name} holds something that is no text")
