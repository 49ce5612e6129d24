"""``authz.client("cognito-idp")``: the user pools API for callers in the same process, in boto3's shape.

The table of operations, the validator and the errors are those of the HTTP face (``dispatch.run``).
"""

import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, MethodType
from typing import Any, Final

from flask import Flask, current_app, has_request_context, request

from app_client_authz.api import dispatch, framing, local_values
from app_client_authz.api.local_errors import (
    EXCEPTIONS,
    BotoCoreError,
    OperationNotPageableError,
    UnknownServiceError,
    client_error,
    metadata,
)
from app_client_authz.api.local_paging import Paginator
from app_client_authz.api.shapes import model
from app_client_authz.services import origin
from app_client_authz.services.registry import Services
from app_client_authz.web.base_url import UnknownHost, base_url

Json = dict[str, Any]

SERVICE: Final = "cognito-idp"
LOOPBACK: Final = "127.0.0.1"
"""Where calls of this process come from; what a host calls on behalf of a browser comes from the host."""
_WORD: Final = re.compile("(.)([A-Z][a-z]+)")
_PLURAL: Final = re.compile("[A-Z]{2,}s$")
_BOUNDARY: Final = re.compile("([a-z0-9])([A-Z])")


class LocalClient:
    """A client with full rights: it has no access key, so whoever holds it may do everything in every pool.

    Methods are boto3's and take keyword arguments; dates come back aware, in UTC. Safe to share between threads,
    and needs no app context.

    >>> cognito = authz.client("cognito-idp")
    >>> cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="web")["UserPoolClient"]["ClientId"]
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self.exceptions = EXCEPTIONS
        self.meta = ClientMeta(services.settings.region, self._base)
        self.waiter_names: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name not in methods():
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return MethodType(_function(name), self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *methods()})

    def can_paginate(self, operation_name: str) -> bool:
        """Whether ``get_paginator`` knows the method.

        Raises:
            KeyError: there is no such method.
        """
        return methods()[operation_name] in model().paginators

    def get_paginator(self, operation_name: str) -> Paginator:
        """The paginator of a method such as ``list_users``.

        Raises:
            KeyError: there is no such method.
            OperationNotPageableError: it does not page.
        """
        if not self.can_paginate(operation_name):
            raise OperationNotPageableError(operation_name=operation_name)
        return Paginator(getattr(self, operation_name), model().paginators[methods()[operation_name]])

    def get_waiter(self, waiter_name: str) -> Any:
        """Raises:
        ValueError: always; this service has none.
        """
        raise ValueError(f"Waiter does not exist: {waiter_name}")

    def close(self) -> None:
        """Nothing: there is no connection."""

    def _make_api_call(self, operation: str, parameters: Json) -> Json:
        """The answer, with ``ResponseMetadata``.

        Raises:
            ParamValidationError: see ``local_values.sent``.
            ClientError: the operation refused or failed; its cause is the error of this package.
        """
        request_id = str(uuid.uuid4())
        try:
            body = framing.parsed(local_values.sent(operation, parameters))
            with origin.coming_from(LOOPBACK):
                output = dispatch.run(self._services, operation, body, base=self._base(), request_id=request_id)
            answer = local_values.received(operation, output)
        except BotoCoreError:
            raise
        except Exception as error:
            raise client_error(error, operation, request_id) from error
        return {**answer, "ResponseMetadata": metadata(request_id, 200)}

    def _base(self) -> str:
        """What issuers begin with: AUTHZ_PUBLIC_URL, or what the current request to our app came in by."""
        settings = self._services.settings
        if settings.public_url is None and has_request_context() and self._is_of(current_app):
            # A host that is not loopback shapes nothing here either (UI-7); for most operations it is no matter.
            with suppress(UnknownHost):
                return base_url(settings, request)
        return settings.public_url or f"http://localhost{settings.url_prefix}"

    def _is_of(self, app: Flask) -> bool:
        return any(carried is self._services for carried in app.extensions.values())


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """What ``client.meta.service_model`` tells."""

    service_name: str
    operation_names: tuple[str, ...]


class ClientMeta:
    """``client.meta``: about the client, out of the way of the operations."""

    def __init__(self, region_name: str, base: Callable[[], str]) -> None:
        self.region_name = region_name
        self._base = base

    @property
    def endpoint_url(self) -> str:
        """The ``endpoint_url`` that would lead boto3 to the same place."""
        return self._base()

    @property
    def service_model(self) -> ServiceModel:
        return ServiceModel(SERVICE, tuple(model().operations))

    @property
    def method_to_api_mapping(self) -> Mapping[str, str]:
        """Method name to operation: ``create_user_pool`` to ``CreateUserPool``."""
        return methods()


def make(service_name: str, services: Services) -> LocalClient:
    """A client of the app that carries ``services``.

    Raises:
        UnknownServiceError: another service than ``cognito-idp``.
    """
    if service_name != SERVICE:
        raise UnknownServiceError(service_name=service_name, known_service_names=SERVICE)
    return LocalClient(services)


@cache
def methods() -> Mapping[str, str]:
    """The operation of each method; every operation of the model, whether this release has it or not."""
    return MappingProxyType({method_name(operation): operation for operation in model().operations})


def method_name(operation: str) -> str:
    """boto3's name of an operation: ``SetUserMFAPreference`` is ``set_user_mfa_preference``."""
    spelled = _PLURAL.sub(lambda found: f"_{found[0].lower()}", operation)
    return _BOUNDARY.sub(r"\1_\2", _WORD.sub(r"\1_\2", spelled)).lower()


@cache
def _function(name: str) -> Callable[..., Json]:
    """The method of that name, with what it takes as its docstring."""
    operation = methods()[name]

    def call(self: LocalClient, *positional: Any, **parameters: Any) -> Json:
        if positional:
            raise TypeError(f"{name}() only accepts keyword arguments.")
        return self._make_api_call(operation, parameters)

    shape = model().shapes[model().operations[operation]["input"]]
    required = shape.get("required", [])
    optional = [member for member in shape["members"] if member not in required]
    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"Cognito's {operation}.\n\nRequired: {', '.join(required) or 'nothing'}.\n"
        f"Optional: {', '.join(optional) or 'nothing'}."
    )
    return call
