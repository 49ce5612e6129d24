"""``POST BASE/``: frame, open the door, run the operation, answer."""

import json
import uuid
from typing import ClassVar

from flask import Response, request
from werkzeug.exceptions import HTTPException

from app_client_authz.api import access, dispatch, errors, framing
from app_client_authz.api.operations import PUBLIC
from app_client_authz.api.wire import Json, encoded
from app_client_authz.domain.errors import AuthzError
from app_client_authz.services import origin
from app_client_authz.services.registry import Services
from app_client_authz.web import headers
from app_client_authz.web.base_url import base_url
from app_client_authz.web.endpoint import ALL_METHODS, Endpoint, this_request
from app_client_authz.web.paths import ExactBlueprint

_EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"
_PREFLIGHT_SECONDS = "172800"
_REQUEST_ID = "app_client_authz.request_id"


class Api(Endpoint):
    """One path for all operations; ``X-Amz-Target`` names which."""

    accepts: ClassVar[tuple[str, ...]] = ("POST", "OPTIONS")

    def __init__(self, services: Services) -> None:
        self._services = services

    def dispatch_request(self, **path: object) -> Response:
        # What is refused before an operation runs is told of, too.
        with origin.coming_from(this_request().remote_addr):
            return super().dispatch_request(**path)

    def options(self) -> Response:
        return _preflight()

    def post(self) -> Response:
        asked = this_request()
        strange = framing.strange(asked)
        if strange is not None:
            return strange
        operation = framing.operation(asked)
        if not dispatch.is_known(operation):
            raise errors.UnknownOperation
        body = framing.body(asked)
        key = None if operation in PUBLIC else access.signed_by(self._services, asked, body)
        output = dispatch.run(
            self._services,
            operation,
            framing.parsed(body),
            base=base_url(self._services.settings, asked),
            access_key=key,
            request_id=_request_id(),
        )
        text = b"" if output is None else _json(output)
        return Response(text, content_type=errors.CONTENT_TYPE)


def api_blueprint(services: Services) -> ExactBlueprint:
    """A blueprint of its own for each app."""
    blueprint = ExactBlueprint("authz_api", __name__)
    view = Api.as_view("api", services)
    if services.settings.url_prefix:
        # SDKs post to the endpoint URL as it stands, with or without the slash.
        blueprint.add_url_rule("", view_func=view, methods=ALL_METHODS)
        blueprint.add_url_rule("/", view_func=view, methods=ALL_METHODS)
    else:
        # The start page is the host's.
        blueprint.add_url_rule("/", view_func=view, methods=("POST", "OPTIONS"))

        @blueprint.before_app_request
        def answer_preflight() -> Response | None:
            # Where the host's start page was there first, routing takes our OPTIONS for its own.
            asked = request.headers.get("Access-Control-Request-Headers", "").lower()
            for_us = request.method == "OPTIONS" and request.path == "/" and "x-amz-target" in asked
            return add_headers(_preflight()) if for_us and request.blueprint != blueprint.name else None

    @blueprint.after_request
    def add_headers(response: Response) -> Response:
        response.headers["x-amzn-RequestId"] = _request_id()
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        return headers.common(response, services.settings)

    @blueprint.errorhandler(AuthzError)
    def refused(error: AuthzError) -> Response:
        return errors.refusal(error)

    @blueprint.errorhandler(HTTPException)
    def unreadable(error: HTTPException) -> Response:
        return errors.http_error(error)

    @blueprint.errorhandler(500)
    def failed(_error: Exception) -> Response:
        return errors.server_error()

    return blueprint


def _json(output: Json) -> str:
    return json.dumps(output, default=encoded, separators=(",", ":"), ensure_ascii=False)


def _preflight() -> Response:
    response = headers.preflight(request.headers.get("Access-Control-Request-Headers", ""))
    response.headers["Access-Control-Allow-Methods"] = "POST"
    response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
    return response


def _request_id() -> str:
    """The ID of this request, made at the first question: a hook of the host may answer before any of ours runs."""
    made: str | None = request.environ.get(_REQUEST_ID)
    if made is None:
        made = request.environ[_REQUEST_ID] = str(uuid.uuid4())
    return made
