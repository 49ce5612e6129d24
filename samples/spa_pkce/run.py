"""The page and the server on this machine: ``make serve SAMPLE=spa_pkce``."""

import argparse
import shutil
import subprocess
import sys
from contextlib import suppress
from threading import Thread

import page_server
import server
from werkzeug.serving import make_server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000, help="of the page; the server has the next one")
    port: int = parser.parse_args().port
    install_library()
    page_url, server_url = f"http://localhost:{port}", f"http://localhost:{port + 1}"

    server_app, issuer, client_id = server.create_app(server_url, page_url)
    page_app = page_server.create_app(server_url, issuer, client_id)

    # In one process, to start with one command. They share nothing but what was handed over above.
    apps = (page_app, server_app)
    *others, last = [make_server("127.0.0.1", port + n, app, threaded=True) for n, app in enumerate(apps)]
    for each in others:
        Thread(target=each.serve_forever, daemon=True).start()
    with suppress(KeyboardInterrupt):
        print(announcement(page_url, server_url), flush=True)
        last.serve_forever()


def install_library() -> None:
    """Once: npm puts it into node_modules."""
    if page_server.LIBRARY.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("oidc-client-ts is not installed, and there is no npm to install it (Debian: apt-get install npm).")
    install = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund"]
    if subprocess.run(install, cwd=page_server.HERE, check=False).returncode or not page_server.LIBRARY.exists():
        sys.exit(f"npm could not install oidc-client-ts: see above, or try npm install in {page_server.HERE}.")


def announcement(page_url: str, server_url: str) -> str:
    """What to click, and who to be."""
    users = "\n".join(f"    {name:<6}{password}" for name, (_, password) in server.USERS.items())
    return f"""
  Open {page_url} and click "Sign in". Username and password:

{users}

  The page is {page_url}, the authorization server and the API are {server_url}: two origins.
  They are there until Ctrl+C. All is in memory, and gone at the end.
"""


if __name__ == "__main__":
    main()
