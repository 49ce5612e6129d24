"""The page: static files and a policy, which any web server can serve as well."""

from pathlib import Path

from flask import Flask, Response, send_file

HERE = Path(__file__).parent
LIBRARY = HERE / "node_modules" / "oidc-client-ts" / "dist" / "browser" / "oidc-client-ts.min.js"


def create_app(server_url: str, issuer: str, client_id: str) -> Flask:
    """The page for an app client of ``issuer``, with the API at ``server_url``."""
    app = Flask("page", root_path=str(HERE), static_folder="page", static_url_path="")
    # Scripts and styles of this origin alone, and connections to it and to the server. Nothing inline, no frame.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {server_url}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    @app.get("/")
    def index() -> Response:
        return app.send_static_file("index.html")

    @app.get("/oidc-client-ts.min.js")
    def library() -> Response:
        return send_file(LIBRARY)

    @app.get("/config.json")
    def config() -> dict[str, str]:
        return {"authority": issuer, "clientId": client_id, "api": server_url}

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app
