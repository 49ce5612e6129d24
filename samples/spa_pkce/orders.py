"""The API that the page calls."""

from flask import Blueprint, Response

from app_client_authz import current_token, require_scope

ORDERS = {"kim": [{"id": 1, "item": "Tea"}, {"id": 3, "item": "Honey"}], "noor": [{"id": 2, "item": "Bread"}]}


def orders_api(page_url: str) -> Blueprint:
    """An API that scripts of one other origin may call."""
    api = Blueprint("orders", __name__)

    @api.get("/orders")
    @require_scope("orders/read")
    def orders() -> dict[str, object]:
        return {"of": current_token.username, "orders": ORDERS.get(current_token.username or "", [])}

    @api.after_request
    def allow_page(response: Response) -> Response:
        # On refusals too, so that the page can read them. The endpoints of the authorization server have theirs.
        response.headers["Access-Control-Allow-Origin"] = page_url
        response.headers["Access-Control-Allow-Headers"] = "Authorization"
        response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
        return response

    return api
