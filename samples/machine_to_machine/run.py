"""All three servers on this machine: ``make serve SAMPLE=machine_to_machine``."""

import argparse
from contextlib import suppress
from threading import Thread

import authorization_server
import orders
import reports
from machine_token import MachineToken
from werkzeug.serving import make_server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000, help="of the authorization server; the services follow it")
    port: int = parser.parse_args().port
    authz_url, orders_url, reports_url = (f"http://localhost:{port + n}" for n in range(3))

    authz_app, made = authorization_server.create_app(authz_url)
    orders_app = orders.create_app(made.issuer)
    token = MachineToken(made.token_url, made.reports.client_id, made.reports.secret, "orders/read")
    reports_app = reports.create_app(made.issuer, f"{orders_url}/orders", token)

    # In one process, to start with one command. They share nothing but what was handed over above.
    apps = (authz_app, orders_app, reports_app)
    *others, last = [make_server("127.0.0.1", port + n, app, threaded=True) for n, app in enumerate(apps)]
    for each in others:
        Thread(target=each.serve_forever, daemon=True).start()
    with suppress(KeyboardInterrupt):
        print(announcement(made, orders_url, reports_url), flush=True)
        last.serve_forever()


def announcement(made: authorization_server.Registered, orders_url: str, reports_url: str) -> str:
    """What to call, in another terminal."""
    dashboard = f"{made.dashboard.client_id}:{made.dashboard.secret}"
    return f"""
  The authorization server, orders and reports are there until Ctrl+C. All is in memory, and gone at the end.
  The dashboard may read reports. It gets a token, and with it the report:

    TOKEN=$(curl -s -u {dashboard} -d grant_type=client_credentials {made.token_url} | cut -d '"' -f 4)
    curl -i -H "Authorization: Bearer $TOKEN" {reports_url}/reports/customers

  It may not read the orders themselves, and nobody may without a token:

    curl -i -H "Authorization: Bearer $TOKEN" {orders_url}/orders
    curl -i {orders_url}/orders
"""


if __name__ == "__main__":
    main()
