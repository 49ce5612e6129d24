"""What calls of the in-process client raise, by the names of ``botocore.exceptions``.

>>> from app_client_authz.exceptions import ClientError
"""

from app_client_authz.api.local_errors import (
    BotoCoreError,
    ClientError,
    OperationNotPageableError,
    PaginationError,
    ParamValidationError,
    UnknownServiceError,
)

__all__ = [
    "BotoCoreError",
    "ClientError",
    "OperationNotPageableError",
    "PaginationError",
    "ParamValidationError",
    "UnknownServiceError",
]
