"""An app client together with its pool."""

from dataclasses import dataclass

from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.pool import UserPool


@dataclass(frozen=True, slots=True)
class Registration:
    """Both as of one instant: what a request needs to know before it begins."""

    client: AppClient
    pool: UserPool
