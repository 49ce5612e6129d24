"""An embeddable authorization server with the semantics of Amazon Cognito app clients.

>>> from flask import Flask
>>> from app_client_authz import AppClientAuthz
>>> authz = AppClientAuthz()
"""

from app_client_authz.domain.errors import AuthzError, ConfigurationError
from app_client_authz.extension import AppClientAuthz
from app_client_authz.proxies import current_authz
from app_client_authz.services.audit import security_event

__all__ = ["AppClientAuthz", "AuthzError", "ConfigurationError", "current_authz", "security_event"]
