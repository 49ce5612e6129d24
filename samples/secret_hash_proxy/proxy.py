"""A proxy that proves an app client's secret on behalf of apps that must not hold it.

Apps on phones and in browsers cannot keep a secret. They send operations of the JSON API here, without one; the proxy
adds what proves the secret and forwards them: to one upstream, for one app client, and none but those listed below.
"""

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

import requests
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

TARGET = "AWSCognitoIdentityProviderService."
CONTENT_TYPE = "application/x-amz-json-1.1"

# How an operation proves the secret: by a hash beside the username or among the parameters, or by the secret itself.
BY_MEMBER = {"SignUp", "ConfirmSignUp", "ResendConfirmationCode", "ForgotPassword", "ConfirmForgotPassword"}
BY_PARAMETER = {"InitiateAuth": "AuthParameters", "RespondToAuthChallenge": "ChallengeResponses"}
BY_SECRET = {"GetTokensFromRefreshToken", "RevokeToken"}
# An access token is proof enough for these. Add those that your app calls.
BY_TOKEN = {"GetUser", "UpdateUserAttributes", "ChangePassword", "GlobalSignOut"}

ANSWER_HEADERS = ("Content-Type", "x-amzn-ErrorType", "x-amzn-ErrorMessage", "x-amzn-RequestId", "Retry-After")
CORS = {  # for apps in browsers; no cookie counts here, so any page may ask
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "cache-control, content-type, x-amz-target, x-amz-user-agent",
    "Access-Control-Expose-Headers": "x-amzn-ErrorType, x-amzn-ErrorMessage, x-amzn-RequestId",
}
MAX_BYTES = 64 * 1024
SECONDS = (3, 10)  # to connect, and between two pieces of the answer


class Refused(Exception):
    """What the proxy answers itself, in the words of the JSON API."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def create_app(upstream: str, client_id: str, client_secret: str) -> Flask:
    """The proxy to the JSON API at ``upstream``, for that app client."""
    app = Flask("secret_hash_proxy")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES

    def secret_hash(username: object) -> str:
        if not (isinstance(username, str) and username and username.isprintable()):
            raise Refused("InvalidParameterException", "Missing required parameter USERNAME")
        mac = hmac.digest(client_secret.encode(), (username + client_id).encode(), hashlib.sha256)
        return base64.b64encode(mac).decode()

    def prove(operation: str, body: dict[str, Any]) -> None:
        """Put in what the secret proves, whatever the app sent in its place."""
        if operation in BY_TOKEN:
            return
        if body.get("ClientId") != client_id:
            raise Refused("ResourceNotFoundException", "This proxy is for another app client.")
        if operation in BY_SECRET:
            body["ClientSecret"] = client_secret
            return
        if operation in BY_MEMBER:
            body["SecretHash"] = secret_hash(body.get("Username"))
        else:
            parameters = body.get(BY_PARAMETER[operation])
            named = parameters if isinstance(parameters, dict) else {}
            body[BY_PARAMETER[operation]] = {**named, "SECRET_HASH": secret_hash(named.get("USERNAME"))}
        # Counts for clients with EnablePropagateAdditionalUserContextData: else the record names the proxy.
        context = body.get("UserContextData")
        body["UserContextData"] = {**(context if isinstance(context, dict) else {}), "IpAddress": request.remote_addr}

    @app.post("/")
    def forward() -> Response:
        operation = request.headers.get("X-Amz-Target", "").removeprefix(TARGET)
        if operation not in {*BY_MEMBER, *BY_PARAMETER, *BY_SECRET, *BY_TOKEN}:
            raise Refused("AccessDeniedException", "This proxy does not forward that operation.")
        try:
            body = json.loads(request.get_data())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Refused("SerializationException", "The body is no JSON object.")
        prove(operation, body)
        # Nothing else of the request goes on: no cookie, no signature, no header of the app's choice.
        headers = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": TARGET + operation}
        answer = requests.post(upstream, json.dumps(body), headers=headers, timeout=SECONDS, allow_redirects=False)
        passed = {name: answer.headers[name] for name in ANSWER_HEADERS if name in answer.headers}
        return Response(answer.content, answer.status_code, passed)

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        text = json.dumps({"__type": error.code, "message": error.message})
        headers = {"x-amzn-ErrorType": f"{error.code}:", "x-amzn-RequestId": str(uuid.uuid4())}
        return Response(text, error.status, headers, content_type=CONTENT_TYPE)

    @app.errorhandler(HTTPException)
    def unreadable(error: HTTPException) -> Response:
        code = "RequestEntityTooLargeException" if error.code == 413 else "UnknownOperationException"
        return refused(Refused(code, error.name, error.code or 400))

    @app.errorhandler(requests.RequestException)
    def unreachable(error: requests.RequestException) -> Response:
        app.logger.error("the JSON API does not answer: %s", type(error).__name__)
        return refused(Refused("InternalErrorException", "Try again later.", 503))

    @app.after_request
    def add_cors(response: Response) -> Response:
        response.headers.update(CORS)
        response.headers["Cache-Control"] = "no-store"
        return response

    return app
