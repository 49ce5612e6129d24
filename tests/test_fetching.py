"""The guarded fetcher: https beyond this machine, no redirect, bounded in time and size (R20)."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, Response, redirect

from app_client_authz import fetching
from app_client_authz.domain.errors import Unavailable
from app_client_authz.fetching import MAX_BYTES, fetch
from tests.support.live import LiveServer

pytestmark = pytest.mark.attack("R20")

DOCUMENT = b'{"keys":[]}'


@pytest.fixture
def publisher(live_server: Callable[..., LiveServer]) -> tuple[str, list[str]]:
    """A server of documents, and the paths that it was asked for."""
    app, asked = Flask("publisher"), []

    @app.before_request
    def note() -> None:
        from flask import request

        asked.append(request.path)

    @app.get("/document")
    def document() -> Response:
        return Response(DOCUMENT)

    @app.get("/large")
    def large() -> Response:
        return Response(b"x" * (MAX_BYTES + 1))

    @app.get("/endless")
    def endless() -> Response:
        def parts() -> Iterator[bytes]:
            while True:
                yield b"x" * 4096

        return Response(parts())

    @app.get("/moved")
    def moved() -> object:
        return redirect("/document")

    @app.get("/empty")
    def empty() -> tuple[str, int]:
        return "", 204

    return live_server(app).url, asked


def refusal(place: str) -> str:
    with pytest.raises(Unavailable) as refused:
        fetch(place)
    return refused.value.detail


def test_document_is_fetched_from_this_machine(publisher: tuple[str, list[str]]) -> None:
    assert fetch(publisher[0] + "/document") == DOCUMENT


def test_document_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_bytes(DOCUMENT)

    assert fetch(str(tmp_path / "jwks.json")) == DOCUMENT


def test_redirect_is_not_followed(publisher: tuple[str, list[str]]) -> None:
    url, asked = publisher

    assert refusal(url + "/moved") == "status 302"
    assert asked == ["/moved"]


@pytest.mark.parametrize("path, reason", [("/missing", "status 404"), ("/empty", "status 204")])
def test_any_other_answer_is_none(publisher: tuple[str, list[str]], path: str, reason: str) -> None:
    assert refusal(publisher[0] + path) == reason


@pytest.mark.parametrize("path", ["/large", "/endless"])
def test_document_without_end_is_cut_off(publisher: tuple[str, list[str]], path: str) -> None:
    assert "more than 65536 bytes" in refusal(publisher[0] + path)


def test_large_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (MAX_BYTES + 1))

    assert "more than 65536 bytes" in refusal(str(tmp_path / "large"))


@pytest.mark.parametrize("place", ["missing.json", ".", "/dev/null/x"])
def test_file_that_cannot_be_read_is_told(place: str) -> None:
    assert place in refusal(place)


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example/jwks.json",
        "http://169.254.169.254/latest",
        "http://localhost.mallory.example/x",
        "http://127.0.0.1@mallory.example/x",
        "ftp://localhost/x",
        "file:///etc/passwd",
        "data://x",
        "https://",
        "https://[::1",
        "https://localhost:x/",
        "https://localhost/\r\nX: y",
        "https://localhost/ä",
        "https://localhost/x#y",
    ],
)
def test_place_that_is_neither_https_nor_here_is_never_asked(url: str) -> None:
    assert refusal(url) == "not https"


def test_proxy_of_the_environment_is_not_asked_for_what_is_here(
    publisher: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert fetch(publisher[0] + "/document") == DOCUMENT


def test_certificate_has_to_be_right(publisher: tuple[str, list[str]]) -> None:
    assert "Error" in refusal(publisher[0].replace("http:", "https:") + "/document")


@contextmanager
def server_that(talks: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that takes one connection and does whatever it wants with it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                talks(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


def test_silent_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "STEP_SECONDS", 0.2)
    done = threading.Event()
    with server_that(lambda _: done.wait(10)) as url:
        try:
            assert "timed out" in refusal(url)
        finally:
            done.set()


def test_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TOTAL_SECONDS", 0.1)
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while not done.wait(0.02):
            try:
                connection.sendall(b"x")
            except OSError:
                return

    with server_that(drip) as url:
        try:
            assert "more than 0.1 seconds" in refusal(url)
        finally:
            done.set()


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"])
def test_broken_answer_is_none(answer: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    with server_that(talk) as url:
        assert refusal(url)
