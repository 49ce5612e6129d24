"""The reports service: guarded as the orders service is, and itself a client of it."""

from collections import Counter

import requests
from authlib.integrations.base_client import OAuthError
from flask import Flask
from machine_token import MachineToken

from app_client_authz import TokenGuard, require_scope

SECONDS = 5


def create_app(issuer: str, orders_url: str, token: MachineToken) -> Flask:
    app = Flask("reports")
    app.config["AUTHZ_GUARD_POOLS"] = {issuer: {"client_ids": None}}
    TokenGuard(app)

    @app.get("/reports/customers")
    @require_scope("reports/read")
    def customers() -> dict[str, int] | tuple[dict[str, str], int]:
        # The caller's token ends here: it is for reports. Orders are read in this service's own name.
        try:
            answer = requests.get(orders_url, headers={"Authorization": f"Bearer {token.text()}"}, timeout=SECONDS)
            answer.raise_for_status()
            orders = answer.json()
        except (requests.RequestException, OAuthError):
            app.logger.exception("orders cannot be read")
            return {"error": "orders cannot be read now"}, 502
        totals: Counter[str] = Counter()
        for order in orders:
            totals[order["customer"]] += order["cents"]
        return dict(totals)

    return app
