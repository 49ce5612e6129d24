"""The secret key of a data folder: made once, by a command, and for its owner's eyes only."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from app_client_authz.domain.errors import ConfigurationError

NAME = "secret_key"
_BYTES = 48


def make(folder: Path) -> None:
    """Make the folder and the key, as far as they are not there. Of two who do so at once, both get the same key.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / NAME).exists():
        return
    # Written aside and linked into place: nobody ever reads half a key, and only one is the first.
    aside = folder / f".{NAME}.{secrets.token_hex(8)}"
    descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(_BYTES))
    with suppress(FileExistsError):
        os.link(aside, folder / NAME)
    aside.unlink()


def kept(folder: Path) -> str:
    """The key of the folder.

    Raises:
        ConfigurationError: there is none, or others can read it.
    """
    path = folder / NAME
    try:
        status, key = path.stat(), path.read_text()
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): 'app-client-authz serve --data {folder}' makes it"
        ) from None
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(f"{path} is open to other accounts of this machine: chmod 600 {path}")
    if status.st_uid != os.geteuid():
        raise ConfigurationError(f"{path} belongs to another account of this machine")
    if not key:
        raise ConfigurationError(f"{path} is empty: it held the key that the database was sealed with")
    return key
