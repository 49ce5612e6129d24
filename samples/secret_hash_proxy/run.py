"""The authorization server and the proxy on this machine: ``make serve SAMPLE=secret_hash_proxy``."""

import argparse
import json
import shlex
from contextlib import suppress
from threading import Thread

import authorization_server
import proxy
from werkzeug.serving import make_server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--port", type=int, default=5000, help="of the authorization server; the proxy has the next one"
    )
    port: int = parser.parse_args().port

    authz_app, made = authorization_server.create_app(f"http://localhost:{port}")
    proxy_app = proxy.create_app(made.url, made.client_id, made.client_secret)

    # In one process, to start with one command. They share nothing but what was handed over above.
    apps = (authz_app, proxy_app)
    *others, last = [make_server("127.0.0.1", port + n, app, threaded=True) for n, app in enumerate(apps)]
    for each in others:
        Thread(target=each.serve_forever, daemon=True).start()
    with suppress(KeyboardInterrupt):
        print(announcement(made, f"http://localhost:{port + 1}/"), flush=True)
        last.serve_forever()


def announcement(made: authorization_server.Registered, proxy_url: str) -> str:
    """What to call, in another terminal."""
    email = {"Name": "email", "Value": "kim@example.com"}
    password = {"USERNAME": "kim", "PASSWORD": "Sample-1"}
    sign_up = body(made, Username="kim", Password="Sample-1", UserAttributes=[email])
    confirm = body(made, Username="kim", ConfirmationCode="123456")
    sign_in = body(made, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=password)
    return f"""
  The authorization server and the proxy are there until Ctrl+C. All is in memory, and gone at the end.
  An app knows the proxy and the client ID {made.client_id}. It signs a user up:

    ask() {{ curl -s -H "Content-Type: {proxy.CONTENT_TYPE}" -H "X-Amz-Target: {proxy.TARGET}$2" -d "$3" "$1"; echo; }}
    ask {proxy_url} SignUp {sign_up}

  The code appears here. With it in place of 123456 the user is confirmed, and signs in:

    ask {proxy_url} ConfirmSignUp {confirm}
    ask {proxy_url} InitiateAuth {sign_in}

  Past the proxy the same is refused, for want of the secret:

    ask {made.url} InitiateAuth {sign_in}
"""


def body(made: authorization_server.Registered, **members: object) -> str:
    """A request of the app, quoted for a shell."""
    return shlex.quote(json.dumps({"ClientId": made.client_id, **members}))


if __name__ == "__main__":
    main()
