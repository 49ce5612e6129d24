"""Lists in pages: where one goes on is in the hands of the caller (api.md 1.7)."""

from collections.abc import Callable
from typing import TypeVar

from app_client_authz.api.operation import Call
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.services import page_tokens

T = TypeVar("T")


def page(
    call: Call,
    fetch: Callable[[str, int], list[T]],
    mark: Callable[[T], str],
    *binding: str,
    size: int,
    token: str = "NextToken",
    refusal: str = page_tokens.INVALID,
) -> tuple[list[T], str | None]:
    """The items of one page, and the token of the next; None where there is none.

    ``fetch(after, limit)`` gives items in the order of their ``mark``, the first one behind ``after``. The token
    is good for this operation on this pool with this ``binding``: whatever else says which items are listed.
    ``refusal`` is the message for any other token.

    Raises:
        InvalidParameter: the token in the request is no token of this list.
    """
    bound = (call.operation, call.pool_id or "", *binding)
    try:
        after = call.services.page_tokens.read(call.input.get(token), *bound, refusal=refusal)
    except InvalidParameter:
        if call.pool_id is not None:
            call.services.pools.describe(call.pool_id)  # a pool that is not there is said first (api.md 1.8)
        raise
    # One more than asked for: a full page that is the last one has no token.
    found = fetch(after, size + 1)
    if len(found) <= size:
        return found, None
    items = found[:size]
    return items, call.services.page_tokens.make(mark(items[-1]), *bound)
