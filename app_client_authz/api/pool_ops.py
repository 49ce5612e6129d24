"""To be written."""

from app_client_authz.api.operation import Run

OPERATIONS: dict[str, Run] = {}
