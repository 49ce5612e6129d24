"""What only a fresh process can tell: ``python -m benchmarks.child <task> <folder>`` prints one JSON object.

Nothing is imported before a task asks for it, because imports are part of the figures.
"""

import itertools
import json
import sqlite3
import sys
import time
from importlib import import_module
from pathlib import Path

COUNT = 5_000
BATCH = 250


def start(folder: Path) -> dict[str, float]:
    """Seconds of CPU from the start of the interpreter to the first token, and MiB then."""
    from benchmarks.kinds import call, client_credentials
    from benchmarks.memory import proportional_mib
    from benchmarks.site import make_app, read_contents

    call(make_app(folder), client_credentials(read_contents(folder).machine).environ())
    return {"cpu": time.process_time(), "mib": proportional_mib("self")}


def extension(_folder: Path) -> dict[str, float]:
    """Seconds of CPU to import the extension."""
    return _imported("app_client_authz")


def libraries(_folder: Path) -> dict[str, float]:
    """The same for the libraries that any server of the kind is made of."""
    return _imported("flask", "sqlalchemy", "authlib.oauth2.rfc6749", "joserfc.jwk", "joserfc.jws", "argon2")


def _imported(*modules: str) -> dict[str, float]:
    before = time.process_time()
    for module in modules:
        import_module(module)
    return {"cpu": time.process_time() - before}


def tokens(folder: Path) -> dict[str, float]:
    """MiB of memory over 5,000 code exchanges, which sign 10,000 tokens; bytes on disk for each thing stored."""
    from app_client_authz.crypto import digests
    from app_client_authz.storage.unit import Unit
    from benchmarks.kinds import call, client_credentials, exchanges
    from benchmarks.memory import proportional_mib
    from benchmarks.site import add_codes, add_token_sessions, make_app, read_contents, services_of, units_of

    app = make_app(folder)
    contents, services = read_contents(folder), services_of(app)
    units, web, now = units_of(services), contents.web, services.clock()

    def exchange(count: int) -> None:
        for _ in range(0, count, BATCH):
            for request in exchanges(web, add_codes(units, web.client_id, [contents.sub] * BATCH, now)):
                call(app, request.environ())

    def rotate(unit: Unit) -> None:
        for token in sessions:
            presented = unit.token_sessions.present(digests.digest(token))
            assert presented is not None
            unit.token_sessions.add_token(presented[0].session.id, digests.digest(digests.random_token()))

    call(app, client_credentials(contents.machine).environ())
    exchange(BATCH)
    mib, sizes = proportional_mib("self"), [_octets(folder)]
    exchange(COUNT)
    mib_after = proportional_mib("self")
    sizes.append(_octets(folder))
    sessions = add_token_sessions(units, web.client_id, [contents.sub] * COUNT, now)
    sizes.append(_octets(folder))
    units.write(rotate)
    sizes.append(_octets(folder))
    exchanged, session, token = ((after - before) / COUNT for before, after in itertools.pairwise(sizes))
    return {"mib": mib_after - mib, "exchange": exchanged, "session": session, "token": token}


def crowd(folder: Path) -> dict[str, float]:
    """MiB of peak memory over that of one sign-in, while 64 users sign in at once; how many were let in."""
    from concurrent.futures import ThreadPoolExecutor

    from benchmarks.kinds import WrongAnswer, call
    from benchmarks.memory import forget_peak, peak_mib
    from benchmarks.sign_ins import CROWD, password_request
    from benchmarks.site import make_app, read_contents

    app, client_id = make_app(folder), read_contents(folder).app.client_id

    def sign_in(number: int) -> int:
        try:
            call(app, password_request(client_id, f"user{number}").environ())
        except WrongAnswer:
            return 0
        return 1

    with ThreadPoolExecutor(CROWD) as threads:
        list(threads.map(sign_in, [0] * 4))
        forget_peak()
        sign_in(0)
        alone = peak_mib()
        let_in = sum(threads.map(sign_in, range(CROWD)))
    return {"mib": peak_mib() - alone, "let_in": let_in}


def _octets(folder: Path) -> int:
    """Size of the database file once everything is in it."""
    from benchmarks.site import DATABASE

    connection = sqlite3.connect(folder / DATABASE)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    return (folder / DATABASE).stat().st_size


TASKS = {task.__name__: task for task in (start, extension, libraries, tokens, crowd)}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](Path(sys.argv[2]))))
