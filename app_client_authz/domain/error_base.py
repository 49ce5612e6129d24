"""The root of the tree in ``domain.errors``, and what belongs to no protocol; import it from there."""

from typing import ClassVar


class AuthzError(Exception):
    """The base of all errors of this package; ``code`` is stable across releases."""

    code: ClassVar[str] = "error"

    default_message: ClassVar[str] = ""
    """What Cognito says wherever this happens; empty where that depends."""

    def __init__(self, message: str = "", *, detail: str = "") -> None:
        message = message or self.default_message
        super().__init__(message or self.code)
        self.message = message
        self.detail = detail


class ConfigurationError(AuthzError):
    """A setting is unknown or wrong; the message names key, value and what is accepted."""

    code = "configuration"


class Unavailable(AuthzError):
    """The database cannot answer now; nothing was changed by a request that ends so."""

    code = "unavailable"
