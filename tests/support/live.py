"""A Flask app behind a real socket."""

import threading
from types import TracebackType
from typing import Self

from flask import Flask
from werkzeug.serving import make_server


class LiveServer:
    """Serves an app from threads of this process for as long as the ``with`` block lasts.

    ``host`` is the name that ``url`` is built with. Cookies know hosts and no ports, so an identity provider on
    ``127.0.0.1`` and an app on ``localhost`` keep theirs apart, as two real sites would.
    """

    def __init__(self, app: Flask, *, host: str = "127.0.0.1") -> None:
        self.app = app
        # Bound in the constructor, so that an app can be told its own address before it serves.
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
