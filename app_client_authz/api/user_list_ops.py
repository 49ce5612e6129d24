"""ListUsers (api.md part 5)."""

from app_client_authz.api import user_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.paging import page
from app_client_authz.api.wire import present
from app_client_authz.domain.user import User

DEFAULT_PAGE = 60


def list_users(call: Call) -> Json:
    """Of ``Limit``, 0 stands for the default; of ``AttributesToGet``, an empty list for none."""
    names, filter_text = call.input.get("AttributesToGet"), call.input.get("Filter", "")

    def fetch(after: str, limit: int) -> list[tuple[str, User]]:
        return call.services.user_lists.page(
            call.input["UserPoolId"], filter_text, attribute_names=names or (), after=after, limit=limit
        )

    size = call.input.get("Limit") or DEFAULT_PAGE
    found, more = page(call, fetch, _mark, filter_text, size=size, token="PaginationToken")
    users = [user_wire.described(user, user_wire.picked(user, names)) for _, user in found]
    return present({"Users": users, "PaginationToken": more})


def _mark(entry: tuple[str, User]) -> str:
    return entry[0]


OPERATIONS: dict[str, Run] = {"ListUsers": list_users}
