"""An embeddable authorization server with the semantics of Amazon Cognito app clients.

>>> from flask import Flask
>>> from app_client_authz import AppClientAuthz
>>> authz = AppClientAuthz()
"""

from app_client_authz.domain.directory import DirectoryUser, UserDirectory
from app_client_authz.domain.errors import AuthzError, ConfigurationError
from app_client_authz.domain.host_session import HostSession
from app_client_authz.extension import AppClientAuthz
from app_client_authz.proxies import current_authz
from app_client_authz.resource.current import current_token
from app_client_authz.resource.guards import require_group, require_scope, require_token
from app_client_authz.resource.token_guard import TokenGuard
from app_client_authz.services.audit import security_event
from app_client_authz.storage.migrate import include_name

__all__ = [
    "AppClientAuthz",
    "AuthzError",
    "ConfigurationError",
    "DirectoryUser",
    "HostSession",
    "TokenGuard",
    "UserDirectory",
    "current_authz",
    "current_token",
    "include_name",
    "require_group",
    "require_scope",
    "require_token",
    "security_event",
]
