"""Serving one app from one process: by gunicorn where it is installed, else by Werkzeug's server.

Werkzeug's server is for development, as this command is. It runs without debugger and reloader; gunicorn is taken
first because it bounds what a request may send and how long it may take.
"""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from flask import Flask

THREADS = 8

Ready = Callable[[int], None]
"""Called with the port, once connections are accepted."""


def serve(app: Flask, host: str, port: int, ready: Ready) -> None:
    """Serve until the process is told to end.

    Raises:
        OSError: nobody can listen there.
    """
    try:
        from gunicorn.app.base import BaseApplication
    except ImportError:
        _werkzeug(app, host, port, ready)
    else:
        _gunicorn(BaseApplication, app, host, port, ready)


def _gunicorn(base: Any, app: Flask, host: str, port: int, ready: Ready) -> None:
    class Standalone(base):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            address = f"[{host}]" if ":" in host else host
            options = {
                "bind": f"{address}:{port}",
                # One: a database in memory is in one process, and a database of its own would be in each.
                "workers": 1,
                "threads": THREADS,
                "preload_app": True,
                "loglevel": "warning",
                "when_ready": lambda server: ready(server.LISTENERS[0].sock.getsockname()[1]),
            }
            for name, value in options.items():
                self.cfg.set(name, value)
            if "control_socket_disable" in self.cfg.settings:
                self.cfg.set("control_socket_disable", True)

        def load(self) -> Flask:
            return app

    Standalone().run()


def _werkzeug(app: Flask, host: str, port: int, ready: Ready) -> None:
    from werkzeug.serving import make_server

    server = make_server(host, port, app, threaded=True)
    signal.signal(signal.SIGTERM, _end)
    try:
        ready(server.server_port)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
