"""The exceptions of the in-process client, by botocore's names; hosts import them from ``app_client_authz.exceptions``.

    Exception
    ├── BotoCoreError                 no operation saw the call
    │   ├── UnknownServiceError
    │   ├── ParamValidationError
    │   ├── OperationNotPageableError
    │   └── PaginationError
    └── ClientError                   an operation refused
        └── NotAuthorizedException …  one per exception of the model: ``client.exceptions.NotAuthorizedException``

None is an ``AuthzError``: whoever catches those deals with services. The one behind a ``ClientError`` is its cause.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from app_client_authz.api.errors import CONTENT_TYPE, code_and_message, log, status_of
from app_client_authz.api.shapes import model
from app_client_authz.domain.errors import AuthzError, Unavailable

Json = dict[str, Any]


class BotoCoreError(Exception):
    """What goes wrong before an operation is reached; ``kwargs`` fill the class's text."""

    fmt: ClassVar[str] = "An unspecified error occurred"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self.fmt.format(**kwargs))
        self.kwargs = kwargs

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.kwargs)


class UnknownServiceError(BotoCoreError):
    """``client("s3")`` and the like: there is one service here."""

    fmt = "Unknown service: '{service_name}'. Valid service names are: {known_service_names}"


class ParamValidationError(BotoCoreError):
    """A parameter that the operation does not have, or a value that no request could carry."""

    fmt = "Parameter validation failed:\n{report}"


class OperationNotPageableError(BotoCoreError):
    """The operation has no paginator; ``client.can_paginate`` tells beforehand."""

    fmt = "Operation cannot be paginated: {operation_name}"


class PaginationError(BotoCoreError):
    """The pages make no sense: a list that says twice to go on at the same place."""

    fmt = "Error during pagination: {message}"


class ClientError(Exception):
    """An operation refused. ``response`` is boto3's: ``Error`` with ``Code`` and ``Message``, ``ResponseMetadata``."""

    MSG_TEMPLATE: ClassVar[str] = (
        "An error occurred ({error_code}) when calling the {operation_name} operation: {error_message}"
    )

    def __init__(self, error_response: Json, operation_name: str) -> None:
        error = error_response.get("Error", {})
        super().__init__(
            self.MSG_TEMPLATE.format(
                error_code=error.get("Code", "Unknown"),
                error_message=error.get("Message", "Unknown"),
                operation_name=operation_name,
            )
        )
        self.response = error_response
        self.operation_name = operation_name

    def __reduce__(self) -> tuple[Any, ...]:
        return _raised_again, (self.response, self.operation_name)


class ModeledExceptions:
    """A class for every exception of the service model, as attributes; the same ones for all clients."""

    def __init__(self, names: Iterable[str]) -> None:
        self.ClientError = ClientError
        self._by_code = {name: type(name, (ClientError,), {"__module__": __name__}) for name in names}

    def from_code(self, error_code: str | None) -> type[ClientError]:
        """The class of an error code; ``ClientError`` for codes that the model does not have."""
        return self._by_code.get(error_code or "", ClientError)

    def __getattr__(self, name: str) -> type[ClientError]:
        classes: dict[str, type[ClientError]] = self.__dict__.get("_by_code", {})
        if name in classes:
            return classes[name]
        raise AttributeError(f"{self} object has no attribute {name}. Valid exceptions are: {', '.join(classes)}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._by_code})


EXCEPTIONS: Final = ModeledExceptions(model().exceptions)
"""Made on import and not at the first question: two threads that ask at once must not get two classes."""


def metadata(request_id: str, status: int, **headers: str) -> Json:
    """``ResponseMetadata`` of an answer that was never a response."""
    named = {f"x-amzn-{name}": value for name, value in headers.items()}
    return {
        "RequestId": request_id,
        "HTTPStatusCode": status,
        "HTTPHeaders": {"content-type": CONTENT_TYPE, "x-amzn-requestid": request_id, **named},
        "RetryAttempts": 0,
    }


def client_error(error: Exception, operation: str, request_id: str) -> ClientError:
    """What the caller of an operation gets for any error below it, in the same words as over HTTP.

    But for what only the host can mend, such as a transaction of its own: over HTTP nobody is told of that.
    """
    if isinstance(error, AuthzError):
        code, message = code_and_message(error)
        status = status_of(error, code)
        if isinstance(error, Unavailable):
            message = error.message
    else:
        log.error("%s failed", operation, exc_info=error)
        code, message, status = "InternalErrorException", "", 500
    response: Json = {
        "Error": {"Message": message, "Code": code},
        "ResponseMetadata": metadata(request_id, status, errortype=f"{code}:"),
    }
    modeled = EXCEPTIONS.from_code(code)
    if message and modeled is not ClientError:
        response["message"] = message  # the one member that the model gives its exceptions and we set
    return modeled(response, operation)


def _again(kind: type[BotoCoreError], kwargs: Json) -> BotoCoreError:
    return kind(**kwargs)


def _raised_again(response: Json, operation: str) -> ClientError:
    # The classes of the model are no attributes of this module, which is where pickle looks.
    return EXCEPTIONS.from_code(response.get("Error", {}).get("Code"))(response, operation)
