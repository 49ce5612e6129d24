"""Serving one app from one process: by gunicorn where it is installed, else by Werkzeug's server.

Werkzeug's server is for development, as this command is. It runs without debugger and reloader; gunicorn is taken
first because it bounds what a request may send and how long it may take.
"""

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

from flask import Flask

THREADS = 8
BACKLOG = 128

Ready = Callable[[int], None]
"""Called with the port, once requests are answered."""


def serve(app: Flask, host: str, port: int, ready: Ready) -> None:
    """Serve until the process is told to end; port 0 takes one that is free.

    Raises:
        OSError: nobody can listen there.
    """
    # Bound here, so that a port that is taken is told of at once and in one way.
    with _listening(host, port) as listener:
        try:
            from gunicorn.app.base import BaseApplication
        except ImportError:
            _werkzeug(app, listener, ready)
        else:
            _gunicorn(BaseApplication, app, listener, ready)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def _gunicorn(base: Any, app: Flask, listener: socket.socket, ready: Ready) -> None:
    port = listener.getsockname()[1]
    descriptor = listener.detach()  # gunicorn's own from now on, to close

    class Standalone(base):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            options = {
                "bind": f"fd://{descriptor}",
                # One: a database in memory is in one process only.
                "workers": 1,
                "threads": THREADS,
                "preload_app": True,
                "loglevel": "warning",
                "when_ready": lambda _server: ready(port),
            }
            # Newer releases open a socket for commands to the server; nobody gives any here.
            if "control_socket_disable" in self.cfg.settings:
                options["control_socket_disable"] = True
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return app

    Standalone().run()


def _werkzeug(app: Flask, listener: socket.socket, ready: Ready) -> None:
    from werkzeug.serving import make_server

    host, port = listener.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, fd=listener.fileno())
    signal.signal(signal.SIGTERM, _end)
    try:
        ready(port)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
