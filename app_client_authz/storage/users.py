"""The default user directory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, select, update

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.credentials import Credentials
from app_client_authz.domain.errors import ConcurrentModification
from app_client_authz.domain.user import USERNAME, Group, User, UserStatus, alias_refusal, name_refusal
from app_client_authz.domain.user_mfa import NO_MFA, UserMfa
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.looks import Looks
from app_client_authz.storage.srp_verifiers import kept
from app_client_authz.storage.tables import group_members, groups, user_names, users

USER_COLUMNS = (
    users.c.sub,
    users.c.pool_id,
    users.c.username,
    users.c.status,
    users.c.enabled,
    users.c.temporary_password_until,
    users.c.attributes,
    users.c.mfa,
    users.c.signed_out_at,
    users.c.created_at.label("user_created_at"),
    users.c.updated_at.label("user_updated_at"),
)
GROUP_COLUMNS = (
    groups.c.name.label("group_name"),
    groups.c.description,
    groups.c.role_arn,
    groups.c.precedence,
)


def with_groups(statement: Select[Any]) -> Select[Any]:
    """The statement with a row per group of its user: user and groups in one round trip."""
    return statement.outerjoin(group_members, group_members.c.sub == users.c.sub).outerjoin(
        groups, (groups.c.pool_id == group_members.c.pool_id) & (groups.c.name == group_members.c.group_name)
    )


STORED_COLUMNS = (
    *USER_COLUMNS,
    *GROUP_COLUMNS,
    users.c.password_hash,
    users.c.sealed_srp.is_not(None).label("has_verifier"),
    users.c.version,
    users.c.directory_key,
)
_BY_SUB = with_groups(
    select(*STORED_COLUMNS)
    .select_from(users)
    .where(users.c.sub == bindparam("sub"), users.c.pool_id == bindparam("pool_id"))
)
_BY_NAME = with_groups(
    select(*STORED_COLUMNS)
    .select_from(user_names)
    .join(users, users.c.sub == user_names.c.sub)
    .where(user_names.c.pool_id == bindparam("pool_id"), user_names.c.name_key == bindparam("name_key"))
)
_BY_SUB_HELD = _BY_SUB.with_for_update(of=users)
_BY_NAME_HELD = _BY_NAME.with_for_update(of=users)
_STANDING = select(users.c.status, users.c.enabled, users.c.signed_out_at, users.c.updated_at).where(
    users.c.sub == bindparam("sub")
)
_LOCK = _STANDING.with_for_update(read=True)
_HOLD = _STANDING.with_for_update()
_ANY_HASH = (
    select(users.c.password_hash).where(users.c.pool_id == bindparam("pool_id")).order_by(users.c.username_key).limit(1)
)
_NEIGHBOUR = select(
    func.coalesce(
        _ANY_HASH.where(users.c.username_key > bindparam("name_key")).scalar_subquery(), _ANY_HASH.scalar_subquery()
    )
)
_TAKEN = select(user_names.c.sub, user_names.c.name_key).where(
    user_names.c.pool_id == bindparam("pool_id"), user_names.c.name_key.in_(bindparam("keys", expanding=True))
)


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user with what only the server sees of it.

    ``directory_key`` is what the host's directory knows the user by, None for a user of our own.
    """

    user: User
    password_hash: str | None
    version: int
    directory_key: str | None = None
    has_verifier: bool = False

    @property
    def has_password(self) -> bool:
        """Whether there is one to sign in with; that of a directory's user is there, and is not."""
        return self.password_hash is not None or self.directory_key is not None

    def __repr__(self) -> str:
        return f"StoredUser({self.user.username!r}, password_hash=***)"


def read_user(rows: Sequence[Row[Any]]) -> User | None:
    """The user of rows that begin with ``USER_COLUMNS`` and carry ``GROUP_COLUMNS``; None if there is none."""
    if not rows or rows[0].sub is None:
        return None
    members = [
        Group(row.pool_id, row.group_name, row.description, row.role_arn, row.precedence)
        for row in rows
        if row.group_name is not None
    ]
    members.sort(key=lambda group: (group.precedence is None, group.precedence or 0, group.name))
    return user_of(rows[0][: len(USER_COLUMNS)], tuple(members))


def user_of(values: Sequence[Any], members: tuple[Group, ...] = ()) -> User:
    """The user of values in the order of ``USER_COLUMNS``."""
    # Unpacked: asking a row for each by name is most of what reading a user costs.
    (
        sub,
        pool_id,
        username,
        status,
        enabled,
        temporary_password_until,
        attributes,
        mfa,
        signed_out_at,
        created_at,
        updated_at,
    ) = values
    return User(
        pool_id=pool_id,
        sub=sub,
        username=username,
        status=UserStatus(status),
        enabled=enabled,
        attributes=json.loads(attributes),
        created_at=created_at,
        updated_at=updated_at,
        signed_out_at=signed_out_at,
        temporary_password_until=temporary_password_until,
        groups=members,
        mfa=NO_MFA if mfa is None else _read_mfa(mfa),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a user may get anything now. Instants are epoch seconds."""

    status: str
    enabled: bool
    signed_out_at: float | None
    updated_at: float


class Users:
    """Keyed by pool, and by sub or name within it. ``looks``: users of a directory are looked at there first."""

    def __init__(self, connection: Connection, sealer: Sealer, looks: Looks | None = None) -> None:
        self._connection = connection
        self._sealer = sealer
        self._looks = looks

    def find(self, pool_id: str, sub: str, *, hold: bool = False) -> StoredUser | None:
        """``hold``: nobody else changes, deletes or locks the user until the transaction ends."""
        if self._looks is not None:
            self._looks.by_sub(pool_id, sub)
        statement = _BY_SUB_HELD if hold else _BY_SUB
        return stored_of(self._connection.execute(statement, {"pool_id": pool_id, "sub": sub}).all())

    def find_by_name(
        self, pool_id: str, name_key: str, *, typed: str | None = None, hold: bool = False
    ) -> StoredUser | None:
        """By normalised username or alias; ``typed`` is what it was before, for a directory."""
        named = None if self._looks is None else self._looks.by_name(pool_id, name_key if typed is None else typed)
        if named is not None:
            # Whom the look found, whoever took the name meanwhile.
            by_sub, given = _BY_SUB_HELD if hold else _BY_SUB, {"pool_id": pool_id, "sub": named.sub or ""}
            return stored_of(self._connection.execute(by_sub, given).all())
        statement = _BY_NAME_HELD if hold else _BY_NAME
        return stored_of(self._connection.execute(statement, {"pool_id": pool_id, "name_key": name_key}).all())

    def neighbour_hash(self, pool_id: str, name_key: str) -> str | None:
        """The password hash of whoever comes next in the order of names, around its end: always the same user's."""
        return self._connection.execute(_NEIGHBOUR, {"pool_id": pool_id, "name_key": name_key}).scalar()

    def hold(self, sub: str) -> Standing | None:
        """As ``lock``, and nobody else can hold or lock the user meanwhile."""
        row = self._connection.execute(_HOLD, {"sub": sub}).one_or_none()
        return None if row is None else Standing(*row)

    def lock(self, sub: str) -> Standing | None:
        """How the user stands, held still until the transaction ends; None if there is no such user.

        Whoever disables, deletes or signs out a user changes this row, and so comes before or after the
        tokens that are being issued, never in between (ATM-3).
        """
        row = self._connection.execute(_LOCK, {"sub": sub}).one_or_none()
        return None if row is None else Standing(*row)

    def add(self, user: User, username_key: str, aliases: Mapping[str, str], credentials: Credentials | None) -> None:
        """``aliases``: kind → normalised alias.

        Raises:
            UsernameExists, AliasExists: another user of the pool has the name; see ``name_refusal``.
        """
        names = {USERNAME: username_key, **aliases}
        self.refuse_taken(user, names)
        added = insert_once(
            self._connection,
            users,
            **new_row(user, username_key),
            password_hash=None if credentials is None else credentials.password_hash,
            sealed_srp=kept(self._sealer, user.sub, credentials, pool_id=user.pool_id),
        )
        if not added or self._lost_name(user, names) is not None:
            self._overtaken(user, names)

    def refuse_taken(self, user: User, names: Mapping[str, str]) -> None:
        """Says which of the names, kind → key, is taken; the unique constraint has the last word.

        Raises:
            UsernameExists, AliasExists: see ``name_refusal``.
        """
        kinds = {key: kind for kind, key in names.items()}
        for row in self._holders(user, names):
            raise name_refusal(user, kinds[row.name_key])

    def replace(self, user: User, expected_version: int, aliases: Mapping[str, str]) -> bool:
        """False if somebody else changed the user since it was read: nothing is lost (ATM-4).

        Raises:
            AliasExists: another user of the pool has the alias.
        """
        hit = (
            update(users)
            .where(users.c.sub == user.sub, users.c.version == expected_version)
            .values(
                status=user.status,
                enabled=user.enabled,
                temporary_password_until=user.temporary_password_until,
                attributes=dumped(user.attributes),
                mfa=_dump_mfa(user.mfa),
                signed_out_at=user.signed_out_at,
                version=expected_version + 1,
                updated_at=user.updated_at,
            )
        )
        if self._connection.execute(hit).rowcount != 1:
            return False
        kinds = {key: kind for kind, key in aliases.items()}
        for row in self._holders(user, aliases):
            raise alias_refusal(user, kinds[row.name_key])
        self._connection.execute(delete(user_names).where(user_names.c.sub == user.sub, user_names.c.kind != USERNAME))
        lost = self._lost_name(user, aliases)
        if lost is not None:
            raise alias_refusal(user, lost)
        return True

    def set_password(
        self, sub: str, credentials: Credentials, *, status: str, temporary_until: float | None, now: float
    ) -> bool:
        hit = (
            update(users)
            .where(users.c.sub == sub)
            .values(
                password_hash=credentials.password_hash,
                sealed_srp=kept(self._sealer, sub, credentials),
                status=status,
                temporary_password_until=temporary_until,
                version=users.c.version + 1,
                updated_at=now,
            )
        )
        return self._connection.execute(hit).rowcount == 1

    def advance(self, sub: str, expected_version: int | None = None) -> bool:
        """Another version of the row, for a change that is made elsewhere; False if it is not the expected one (ATM-4).

        Without ``expected_version`` whichever there is.
        """
        hit = update(users).where(users.c.sub == sub).values(version=users.c.version + 1)
        if expected_version is not None:
            hit = hit.where(users.c.version == expected_version)
        return self._connection.execute(hit).rowcount == 1

    def rehash(self, sub: str, old_hash: str, credentials: Credentials) -> None:
        """The same password under new parameters or with a verifier beside it, unless it was changed meanwhile."""
        values: dict[str, Any] = {"password_hash": credentials.password_hash}
        if credentials.srp is not None:
            values["sealed_srp"] = kept(self._sealer, sub, credentials)
        self._connection.execute(
            update(users).where(users.c.sub == sub, users.c.password_hash == old_hash).values(values)
        )

    def delete(self, pool_id: str, sub: str) -> bool:
        hit = delete(users).where(users.c.sub == sub, users.c.pool_id == pool_id)
        return self._connection.execute(hit).rowcount == 1

    def count(self, pool_id: str) -> int:
        return int(self._connection.execute(select(func.count()).where(users.c.pool_id == pool_id)).scalar_one())

    def _holders(self, user: User, names: Mapping[str, str]) -> list[Any]:
        """Who else has one of the names."""
        rows = self._connection.execute(_TAKEN, {"pool_id": user.pool_id, "keys": list(names.values())})
        return [row for row in rows if row.sub != user.sub]

    def _overtaken(self, user: User, names: Mapping[str, str]) -> NoReturn:
        """Somebody took a name since we looked: a second look sees who."""
        self.refuse_taken(user, names)
        raise ConcurrentModification("Another request took the name.")

    def _lost_name(self, user: User, names: Mapping[str, str]) -> str | None:
        """Adds the names; the kind of the first that somebody has, behind which none was added."""
        for kind, key in names.items():
            if not insert_once(
                self._connection, user_names, pool_id=user.pool_id, name_key=key, kind=kind, sub=user.sub
            ):
                return kind
        return None


def stored_of(rows: Sequence[Row[Any]]) -> StoredUser | None:
    """``read_user`` of rows that also have what only the server sees."""
    user = read_user(rows)
    if user is None:
        return None
    row = rows[0]
    return StoredUser(user, row.password_hash, row.version, row.directory_key, row.has_verifier)


def new_row(user: User, username_key: str) -> dict[str, object]:
    """What the row of a new user holds, wherever the password is."""
    return {
        "sub": user.sub,
        "pool_id": user.pool_id,
        "username": user.username,
        "username_key": username_key,
        "status": user.status,
        "enabled": user.enabled,
        "temporary_password_until": user.temporary_password_until,
        "attributes": dumped(user.attributes),
        "mfa": _dump_mfa(user.mfa),
        "signed_out_at": user.signed_out_at,
        "version": 1,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def dumped(attributes: Mapping[str, str]) -> str:
    """Attributes as their column holds them."""
    return json.dumps(dict(attributes), separators=(",", ":"), ensure_ascii=False)


def _dump_mfa(mfa: UserMfa) -> str | None:
    return None if mfa == NO_MFA else json.dumps(asdict(mfa), separators=(",", ":"))


def _read_mfa(text: str) -> UserMfa:
    plain = json.loads(text)
    return UserMfa(**{**plain, "enabled": tuple(plain["enabled"])})
