"""The unit of work: one short transaction of our own, never the host's."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, StaticPool
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.errors import ConcurrentModification, Unavailable
from app_client_authz.storage.access_keys import AccessKeys
from app_client_authz.storage.app_clients import AppClients
from app_client_authz.storage.attempts import Attempts
from app_client_authz.storage.auth_events import AuthEvents
from app_client_authz.storage.challenge_sessions import ChallengeSessions
from app_client_authz.storage.codes import Codes
from app_client_authz.storage.devices import Devices
from app_client_authz.storage.directory_users import DirectoryUsers
from app_client_authz.storage.domains import Domains
from app_client_authz.storage.groups import Groups
from app_client_authz.storage.hourly_counts import HourlyCounts
from app_client_authz.storage.identity_providers import IdentityProviders
from app_client_authz.storage.keys import SigningKeys
from app_client_authz.storage.looks import Directories, LookFirst, Looks
from app_client_authz.storage.messages import Messages
from app_client_authz.storage.pools import Pools
from app_client_authz.storage.resource_servers import ResourceServers
from app_client_authz.storage.software_tokens import SoftwareTokens
from app_client_authz.storage.srp_verifiers import SrpVerifiers
from app_client_authz.storage.sso_sessions import SsoSessions
from app_client_authz.storage.token_sessions import TokenSessions
from app_client_authz.storage.ui_customizations import UiCustomizations
from app_client_authz.storage.upkeep import Upkeep
from app_client_authz.storage.user_search import UserSearch
from app_client_authz.storage.user_sessions import UserSessions
from app_client_authz.storage.users import Users
from app_client_authz.storage.verification_codes import VerificationCodes

R = TypeVar("R")
T = TypeVar("T")

HELD = (
    "SQLite has one writer at a time, and another transaction is open. If it is this request's own (db.session),"
    " commit or roll back before calling AppClientAuthz."
)

WRITER_WAIT_SECONDS = 5.0
TRIES = 4
# serialization failure, deadlock, lock not available: the transaction did nothing and may run again (ATM-8)
RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03"})


class _OnDemand(Generic[R]):
    """A repository that is made when it is first asked for: a unit of work uses two or three of all there are."""

    def __init__(self, make: Callable[["Unit"], R]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, unit: "Unit", owner: type) -> R:
        made = unit.__dict__[self._name] = self._make(unit)
        return made


class Unit:
    """The repositories over one connection."""

    connection: Connection
    sealer: Sealer
    looks: Looks | None = None

    pools = _OnDemand(lambda unit: Pools(unit.connection))
    app_clients = _OnDemand(lambda unit: AppClients(unit.connection, unit.sealer))
    resource_servers = _OnDemand(lambda unit: ResourceServers(unit.connection))
    identity_providers = _OnDemand(lambda unit: IdentityProviders(unit.connection, unit.sealer))
    domains = _OnDemand(lambda unit: Domains(unit.connection))
    ui_customizations = _OnDemand(lambda unit: UiCustomizations(unit.connection))
    keys = _OnDemand(lambda unit: SigningKeys(unit.connection, unit.sealer))
    access_keys = _OnDemand(lambda unit: AccessKeys(unit.connection, unit.sealer))
    users = _OnDemand(lambda unit: Users(unit.connection, unit.sealer, unit.looks))
    directory_users = _OnDemand(lambda unit: DirectoryUsers(unit.connection, unit.sealer))
    srp_verifiers = _OnDemand(lambda unit: SrpVerifiers(unit.connection, unit.sealer))
    software_tokens = _OnDemand(lambda unit: SoftwareTokens(unit.connection, unit.sealer))
    user_search = _OnDemand(lambda unit: UserSearch(unit.connection))
    groups = _OnDemand(lambda unit: Groups(unit.connection))
    codes = _OnDemand(lambda unit: Codes(unit.connection, unit.looks))
    token_sessions = _OnDemand(lambda unit: TokenSessions(unit.connection, unit.looks))
    sso_sessions = _OnDemand(lambda unit: SsoSessions(unit.connection, unit.looks))
    user_sessions = _OnDemand(lambda unit: UserSessions(unit.connection))
    challenge_sessions = _OnDemand(lambda unit: ChallengeSessions(unit.connection))
    devices = _OnDemand(lambda unit: Devices(unit.connection, unit.sealer))
    attempts = _OnDemand(lambda unit: Attempts(unit.connection))
    auth_events = _OnDemand(lambda unit: AuthEvents(unit.connection))
    messages = _OnDemand(lambda unit: Messages(unit.connection, unit.sealer))
    hourly_counts = _OnDemand(lambda unit: HourlyCounts(unit.connection))
    verification_codes = _OnDemand(lambda unit: VerificationCodes(unit.connection))
    upkeep = _OnDemand(lambda unit: Upkeep(unit.connection, unit.sealer))

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self.connection = connection
        self.sealer = sealer


class Units:
    """Runs work against the database: ``read`` for looking, ``write`` for one committed transaction.

    A ``work`` function may run more than once, and so must not act outside the unit.
    """

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self.engine = engine
        self._sealer = sealer
        self._sqlite = engine.dialect.name == "sqlite"
        # PostgreSQL: reading needs no transaction, which saves the BEGIN and the ROLLBACK. SQLite has none for
        # a bare SELECT anyway.
        self._reader = engine if self._sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        # Whatever the host chose for itself: row locks and conditional updates are made for this level (ATM-8).
        self._writing = engine if self._sqlite else engine.execution_options(isolation_level="READ COMMITTED")
        # SQLite has one writer at a time: waiting in line beats its polling with back-off.
        self._writer = threading.Lock() if self._sqlite else None
        # A database in memory is one connection for all threads: a reader that gives it back would roll back
        # what a writer has in flight.
        self._readers_wait = isinstance(engine.pool, StaticPool)
        self._guard: Callable[[], None] | None = None
        self._directories: Directories | None = None
        # Reentrant: the guard looks at the database through us.
        self._looking = threading.RLock()
        self._in_guard = False

    def look_first(self, guard: Callable[[], None]) -> None:
        """Run ``guard`` before the first work that reaches the database, and again until it passes.

        A start does not wait for a database, and so cannot vouch for it (SEC-3).
        """
        self._guard = guard

    def consult(self, directories: Directories) -> None:
        """Have users of a directory looked at by it, whenever a piece of work comes upon one."""
        self._directories = directories

    def _look(self) -> None:
        if self._guard is None:
            return
        # Nobody waits for a silent database longer than the one that asks it.
        if not self._looking.acquire(timeout=WRITER_WAIT_SECONDS):
            raise Unavailable(detail="the database was not looked at yet")
        try:
            self._run_guard()
        finally:
            self._looking.release()

    def _run_guard(self) -> None:
        guard = self._pending_guard()
        if guard is None:
            return
        self._in_guard = True
        try:
            guard()
            self._guard = None
        finally:
            self._in_guard = False

    def _pending_guard(self) -> Callable[[], None] | None:
        """None once another thread has run it, and inside the guard itself."""
        return None if self._in_guard else self._guard

    def read(self, work: Callable[[Unit], T]) -> T:
        """What ``work`` returns.

        Raises:
            Unavailable: the database does not answer.
        """
        self._look()

        def run(work: Callable[[Unit], T]) -> T:
            return self._run(lambda: self._in_line(self._read, work) if self._readers_wait else self._read(work))

        return self._consulting(run, work) if self._directories else run(work)

    def write(self, work: Callable[[Unit], T]) -> T:
        """What ``work`` returns, once it is committed; nothing is kept when ``work`` raises.

        Raises:
            Unavailable: the database does not answer, or stayed locked for five seconds.
            ConcurrentModification: another request removed what the new rows belong to.
        """
        self._look()

        def run(work: Callable[[Unit], T]) -> T:
            return self._run(lambda: self._in_line(self._commit, work))

        return self._consulting(run, work) if self._directories else run(work)

    def _consulting(self, run: Callable[[Callable[[Unit], T]], T], work: Callable[[Unit], T]) -> T:
        directories = self._directories
        assert directories is not None  # noqa: S101 - asked by who calls
        looks = Looks(directories.has)

        def looking(unit: Unit) -> T:
            unit.looks = looks
            return work(unit)

        while True:  # each time round one more user is known
            try:
                return run(looking)
            except LookFirst as first:
                wanted = first.wanted
            looks.done(wanted, directories.look(wanted))

    def alone(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, which uses the host's side of the database.

        In memory, where there is one connection for all, nobody else works meanwhile: what is given back there ends
        what others have in flight.

        Raises:
            Unavailable: somebody else held the database in memory for five seconds.
        """
        return self._in_line(lambda _work: work(), _nothing) if self._readers_wait else work()

    def _read(self, work: Callable[[Unit], T]) -> T:
        self._leave_transactions_alone()
        with self._reader.connect() as connection:
            return work(Unit(connection, self._sealer))

    def _in_line(self, run: Callable[[Callable[[Unit], T]], T], work: Callable[[Unit], T]) -> T:
        if self._writer is None:
            return run(work)
        if not self._writer.acquire(timeout=WRITER_WAIT_SECONDS):
            raise Unavailable(detail="another writer of this process holds the database")
        try:
            return run(work)
        finally:
            self._writer.release()

    def _leave_transactions_alone(self) -> None:
        """In memory the host and we have one connection: what we end there, we end for the host."""
        pool = self.engine.pool
        if isinstance(pool, StaticPool) and getattr(pool.connection.driver_connection, "in_transaction", False):
            raise Unavailable(HELD, detail="the only connection to the database in memory is in a transaction")

    def _commit(self, work: Callable[[Unit], T]) -> T:
        self._leave_transactions_alone()
        with self._writing.connect() as connection, immediate(connection) if self._sqlite else nullcontext():
            result = work(Unit(connection, self._sealer))
            try:
                connection.commit()
            except DBAPIError as error:
                error.hide_parameters = True  # digests, hashes and names are nothing for a log (R11)
                # Nobody can tell whether it was committed: running the work again would not be safe.
                raise Unavailable(detail=f"commit failed: {type(error.orig).__name__}") from error
            return result

    def _run(self, attempt: Callable[[], T]) -> T:
        for remaining in reversed(range(TRIES)):
            try:
                return attempt()
            except IntegrityError as error:
                # What a repository expects it names itself. The rest is a row that went away meanwhile: the
                # user of a session, the client of a code.
                error.hide_parameters = True
                raise ConcurrentModification("Another request changed what this one needs.") from error
            except (DBAPIError, PoolTimeout) as error:
                if isinstance(error, DBAPIError):
                    error.hide_parameters = True  # digests, hashes and names are nothing for a log (R11)
                if not remaining or not _worth_retrying(error):
                    raise Unavailable(detail=f"database: {type(error).__name__}") from error
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable: the last try returns or raises")


@contextmanager
def immediate(connection: Connection) -> Iterator[None]:
    """Take SQLite's write lock now: a deferred transaction that writes late fails at once (ATM-7).

    On a host's engine foreign keys may be off: they are on for as long as the transaction is ours.
    """
    connection.begin()
    driver: Any = connection.connection.driver_connection
    if driver.in_transaction:  # a listener of the host began a deferred one
        driver.execute("COMMIT")
    enforced = driver.execute("PRAGMA foreign_keys").fetchone()[0]
    if not enforced:
        driver.execute("PRAGMA foreign_keys=ON")
    try:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except driver.OperationalError as error:
            raise Unavailable(HELD, detail=f"SQLite gives no write lock: {error}") from error
        yield
    finally:
        if not enforced:
            connection.rollback()  # after a commit there is nothing left; the pragma counts outside only
            driver.execute("PRAGMA foreign_keys=OFF")


def _nothing(_unit: Unit) -> Any:
    """There is no unit to work on."""


def _worth_retrying(error: Exception) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    return bool(error.connection_invalidated) or getattr(error.orig, "sqlstate", None) in RETRYABLE_SQLSTATES
