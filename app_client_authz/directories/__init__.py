"""Ready directories over a host's own user table (docs/how-to/host-users.md)."""

from app_client_authz.directories.hashes import PasswordHashes
from app_client_authz.directories.model import ModelDirectory
from app_client_authz.directories.writable import WritableModelDirectory

__all__ = ["ModelDirectory", "PasswordHashes", "WritableModelDirectory"]
