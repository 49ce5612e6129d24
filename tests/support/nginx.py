"""nginx in front of a server of a test, if it is installed."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REQUIRED = "TESTS_REQUIRE_NGINX"
MISSING = "no nginx here: apt-get install nginx-light"
START_SECONDS = 20
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location {path} {{
            proxy_pass {upstream}/;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Prefix {prefix};
        }}
    }}
}}
"""


def binary() -> str:
    """The path of nginx; skips the test without one, or fails it where one is required."""
    if found := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        return found
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(MISSING, pytrace=False)
    pytest.skip(MISSING)


@contextmanager
def nginx(folder: Path, port: int, *, path: str, upstream: str) -> Iterator[None]:
    """Serves what is below ``path`` from ``upstream``, which does not see the path."""
    program, configuration = binary(), folder / "nginx.conf"
    prefix = path.rstrip("/")
    configuration.write_text(
        CONFIGURATION.format(folder=folder, port=port, path=path, upstream=upstream, prefix=prefix)
    )
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(configuration)], stderr=subprocess.PIPE)
    try:
        _wait(process, port, folder)
        yield
    finally:
        process.terminate()
        process.communicate()


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    log = folder / "error.log"
    raise AssertionError(f"nginx does not answer:\n{log.read_text() if log.exists() else ''}")
