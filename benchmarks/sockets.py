"""A client that costs little itself: kept connections, requests made ahead, one thread each."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

ANSWER_SECONDS = 30


@dataclass(slots=True)
class Load:
    """What came of a load. ``seconds`` are the latencies of all requests, ``wall`` is how long it took."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    """Answers other than 200."""
    wall: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.wall

    def percentile_ms(self, percent: int) -> float:
        return 1000 * sorted(self.seconds)[min(len(self.seconds) * percent // 100, len(self.seconds) - 1)]


class Connection:
    """One kept connection to this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> int:
        """The status of the answer, once its body has arrived.

        Raises:
            ConnectionError: the server hung up.
        """
        self._socket.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        length = int(received[:end].lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        while len(received) < end + 4 + length:
            received += self._more()
        return int(received[9:12])

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        octets = self._socket.recv(65536)
        if not octets:
            raise ConnectionError("the server hung up")
        return octets


def load(port: int, requests: Sequence[bytes], connections: int, *, at_most_seconds: float) -> Load:
    """Send the requests over that many connections, until they are done or time is over.

    Raises:
        OSError: nobody listens, or the server hung up.
    """
    left, lock = iter(requests), threading.Lock()
    opened = [Connection(port) for _ in range(connections)]
    done = Load()
    begun = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        until = begun + at_most_seconds
        parts = list(pool.map(lambda connection: _work(connection, _shared(left, lock), until), opened))
    done.wall = time.perf_counter() - begun
    for connection, (seconds, refused) in zip(opened, parts, strict=True):
        connection.close()
        done.seconds += seconds
        done.refused += refused
    return done


def _work(connection: Connection, requests: Iterator[bytes], until: float) -> tuple[list[float], int]:
    seconds, refused = [], 0
    for request in requests:
        begun = time.perf_counter()
        refused += connection.ask(request) != 200
        ended = time.perf_counter()
        seconds.append(ended - begun)
        if ended > until:
            break
    return seconds, refused


def _shared(left: Iterator[bytes], lock: threading.Lock) -> Iterator[bytes]:
    while True:
        with lock:
            request = next(left, None)
        if request is None:
            return
        yield request
