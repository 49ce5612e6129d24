"""Settings out of environment variables, which know texts only."""

import dataclasses
import json
from collections.abc import Mapping

from app_client_authz.config import Settings
from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.errors import ConfigurationError

PREFIX = "AUTHZ_"
FLASKS = ("SECRET_KEY", "SQLALCHEMY_DATABASE_URI")
_TEXTS = (str, str | None, Dialect, frozenset[str], tuple[str, str] | None)
# Numbers, flags, lists and mappings are written in JSON; everything else is the text that it is.
_STRUCTURED = frozenset(
    PREFIX + field.name.upper() for field in dataclasses.fields(Settings) if field.type not in _TEXTS
)


def settings(environ: Mapping[str, str]) -> dict[str, object]:
    """The part of a Flask config that the environment sets; unknown keys too, which ``Settings`` refuses.

    Raises:
        ConfigurationError: a value that has to be JSON is none.
    """
    found: dict[str, object] = {name: environ[name] for name in FLASKS if environ.get(name)}
    for name, text in environ.items():
        if name.startswith(PREFIX):
            found[name] = _json(name, text) if name in _STRUCTURED else text
    return found


def _json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        # It may hold a secret, and is not shown.
        raise ConfigurationError(
            f'the environment variable {name} has to hold JSON, such as 300, ["oauth"] or {{"ID": "secret"}}'
        ) from None
