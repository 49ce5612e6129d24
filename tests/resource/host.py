"""A host as its owner writes it: views behind guards, beside the server that issues the tokens."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from flask import Blueprint, Flask
from flask.views import MethodView, View
from werkzeug.test import TestResponse

from app_client_authz import AppClientAuthz, current_token, require_group, require_scope, require_token
from app_client_authz.domain.user import Group
from tests.support.back_channel import exchange, token
from tests.support.clock import MovableClock
from tests.support.site import SMALL_HASHES, Registered, Site, copied_site, make_site

MISSING = 'Bearer realm="api"'
EXPIRED = f'{MISSING}, error="invalid_token", error_description="The token has expired."'
NOT_VALID = f'{MISSING}, error="invalid_token", error_description="The token is not valid here."'
NOT_SUFFICIENT = f'{MISSING}, error="insufficient_scope", error_description="The token does not open this."'


@dataclass
class Host:
    """``site`` issues tokens; its app has the views of ``add_views`` as well."""

    site: Site

    @property
    def app(self) -> Flask:
        return self.site.app

    def get(self, path: str, text: str | None = None, *, method: str = "GET", **headers: str) -> TestResponse:
        sent = headers if text is None else {"Authorization": f"Bearer {text}", **headers}
        return self.app.test_client().open(path, method=method, headers=sent)

    def user_token(self, scope: str = "openid email", client: Registered | None = None, kind: str = "access") -> str:
        """kim's token for that scope."""
        return str(self.site.tokens(client or self.site.web, scope=scope)[f"{kind}_token"])

    def machine_token(self, scope: str = "orders/read") -> str:
        answer = token(self.site, self.site.machine, grant_type="client_credentials", scope=scope)
        assert answer.status_code == 200, answer.text
        return str(answer.json["access_token"])

    def implicit_token(self) -> str:
        """A token without a token session."""
        asked = self.site.authorize_url(
            self.site.implicit, response_type="token", without=("code_challenge", "code_challenge_method")
        )
        answer = self.site.browse(signed_in=True).get(asked)
        return answer.headers["Location"].partition("access_token=")[2].partition("&")[0]

    def redeemed(self, code: str) -> dict[str, Any]:
        return dict(exchange(self.site, self.site.web, code).json)

    def again(self, **settings: object) -> "Host":
        """Another process of the same site, with other settings."""
        app = Flask("again")
        app.testing = True
        url = self.app.config["SQLALCHEMY_DATABASE_URI"]
        app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI=url, **SMALL_HASHES)
        app.config.update(settings)
        AppClientAuthz(app, clock=self.site.clock)
        add_views(app)
        return Host(replace(self.site, app=app, services=AppClientAuthz.services(app)))

    def join(self, group: str) -> None:
        """kim becomes a member of a new group."""
        site = self.site
        site.services.groups.create(Group(site.pool.id, group, None, None, None))
        site.services.groups.add_member(site.pool.id, group, site.user.username)


def make_host(url: str, clock: MovableClock, **settings: object) -> Host:
    site = (copied_site if url.startswith("sqlite") else make_site)(url, clock, **settings)
    add_views(site.app)
    return Host(site)


def add_views(app: Flask) -> None:
    """Views behind guards of every kind; each answers with what it knows of the token."""

    @app.get("/open")
    def open_to_all() -> str:
        return "open"

    @app.get("/token")
    @require_token()
    def any_token() -> dict[str, object]:
        """Any access token will do."""
        return told()

    @app.get("/id")
    @require_token(use="id")
    def id_token() -> dict[str, object]:
        return told()

    @app.route("/read/<int:order>", methods=["GET", "POST"])
    @require_scope("orders/read")
    def read(order: int) -> dict[str, object]:
        return {**told(), "order": order}

    @app.get("/either")
    @require_scope("orders/read", "orders/write")
    def either() -> dict[str, object]:
        return told()

    @app.get("/both")
    @require_scope(all_of=["orders/read", "orders/write"])
    def both() -> dict[str, object]:
        return told()

    @app.get("/stacked")
    @require_scope("orders/read")
    @require_scope("orders/write")
    def stacked() -> dict[str, object]:
        return told()

    @app.get("/staff")
    @require_group("staff", "admins")
    def staff() -> dict[str, object]:
        return told()

    @app.get("/staff-id")
    @require_group("staff", use="id")
    def staff_id() -> dict[str, object]:
        return told()

    @app.get("/user")
    @require_token()
    def user() -> dict[str, object]:
        found = current_token.user
        return {"user": None if found is None else found.attributes["email"]}

    class Listed(View):
        decorators: ClassVar = [require_scope("orders/read")]

        def dispatch_request(self) -> dict[str, object]:
            return told()

    @require_scope("orders/read")
    class Marked(MethodView):
        def get(self) -> dict[str, object]:
            return told()

        @require_scope("orders/write")
        def post(self) -> dict[str, object]:
            return told()

    app.add_url_rule("/listed", view_func=Listed.as_view("listed"))
    app.add_url_rule("/marked", view_func=Marked.as_view("marked"))
    app.register_blueprint(_blueprint())


def _blueprint() -> Blueprint:
    outer, inner = Blueprint("outer", __name__, url_prefix="/outer"), Blueprint("inner", __name__, url_prefix="/inner")
    require_scope("orders/read").protect(outer)
    for blueprint in (outer, inner):
        blueprint.add_url_rule("/", view_func=told, endpoint="told", methods=["GET", "POST"])
    outer.register_blueprint(inner)
    return outer


def told() -> dict[str, object]:
    """What the guard told of the token."""
    return {
        "sub": current_token.sub,
        "username": current_token.username,
        "client_id": current_token.client_id,
        "pool_id": current_token.pool_id,
        "scopes": sorted(current_token.scopes),
        "groups": list(current_token.groups),
        "use": current_token.use,
        "machine": current_token.is_of_a_machine,
        "jti": current_token.claims["jti"],
    }
