"""Authorization codes: find, consume once."""

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from app_client_authz.domain.authorization_code import AuthorizationCode
from app_client_authz.domain.user import User
from app_client_authz.domain.uuids import octets_of, text_of
from app_client_authz.storage.looks import Looks
from app_client_authz.storage.tables import codes, users
from app_client_authz.storage.users import GROUP_COLUMNS, USER_COLUMNS, read_user, with_groups

_ADD = insert(codes)
_FIND = with_groups(
    select(
        *USER_COLUMNS,
        codes.c.client_id,
        codes.c.sub.label("code_sub"),
        codes.c.redirect_uri,
        codes.c.scopes,
        codes.c.nonce,
        codes.c.code_challenge,
        codes.c.resource,
        codes.c.auth_time,
        codes.c.created_at,
        codes.c.expires_at,
        codes.c.consumed_at,
        codes.c.token_session_id,
        codes.c.sso_session_id,
        *GROUP_COLUMNS,
    )
    .select_from(codes)
    .outerjoin(users, users.c.sub == codes.c.sub)
    .where(codes.c.digest == bindparam("digest"))
)
_CONSUME = (
    update(codes)
    .where(codes.c.digest == bindparam("b_digest"), codes.c.consumed_at.is_(None))
    .values(consumed_at=bindparam("b_now"), token_session_id=bindparam("b_session"))
)


class Codes:
    """Keyed by the digest of the code (hexadecimal)."""

    def __init__(self, connection: Connection, looks: Looks | None = None) -> None:
        self._connection = connection
        self._looks = looks

    def add(self, digest: str, code: AuthorizationCode) -> None:
        self._connection.execute(
            _ADD,
            {
                "digest": bytes.fromhex(digest),
                "client_id": code.client_id,
                "sub": code.sub,
                "redirect_uri": code.redirect_uri,
                "scopes": " ".join(code.scopes),
                "nonce": code.nonce,
                "code_challenge": code.code_challenge,
                "resource": code.resource,
                "auth_time": code.auth_time,
                "created_at": code.created_at,
                "expires_at": code.expires_at,
                "consumed_at": None,
                "token_session_id": None,
                "sso_session_id": None if code.sso_session_id is None else octets_of(code.sso_session_id),
            },
        )

    def find(self, digest: str) -> tuple[AuthorizationCode, User | None] | None:
        """The code, consumed ones too, and its user with groups."""
        rows = self._connection.execute(_FIND, {"digest": bytes.fromhex(digest)}).all()
        if not rows:
            return None
        row = rows[0]
        code = AuthorizationCode(
            client_id=row.client_id,
            sub=row.code_sub,
            redirect_uri=row.redirect_uri,
            scopes=tuple(row.scopes.split()),
            nonce=row.nonce,
            code_challenge=row.code_challenge,
            resource=row.resource,
            auth_time=row.auth_time,
            created_at=row.created_at,
            expires_at=row.expires_at,
            consumed_at=row.consumed_at,
            token_session_id=None if row.token_session_id is None else text_of(row.token_session_id),
            sso_session_id=None if row.sso_session_id is None else text_of(row.sso_session_id),
        )
        user = read_user(rows)
        if self._looks is not None and user is not None:
            self._looks.by_sub(user.pool_id, user.sub)
        return code, user

    def consume(self, digest: str, token_session_id: str, now: float) -> bool:
        """True for exactly one caller, ever (R5, ATM-1)."""
        values = {"b_digest": bytes.fromhex(digest), "b_now": now, "b_session": octets_of(token_session_id)}
        return self._connection.execute(_CONSUME, values).rowcount == 1

    def drop_of_sso(self, sub: str, sso_session_id: str, now: float) -> None:
        """The codes under way that an SSO session gave are no codes any more."""
        given = codes.c.sso_session_id == octets_of(sso_session_id)
        self._connection.execute(delete(codes).where(*_under_way(sub, now), given))

    def drop_of_user(self, sub: str, now: float) -> None:
        """The same of all codes under way of the user. What consumed ones gave, their token sessions know."""
        self._connection.execute(delete(codes).where(*_under_way(sub, now)))


def _under_way(sub: str, now: float) -> tuple[ColumnElement[bool], ...]:
    # By the instant, which has an index: the codes of the last minutes are few.
    return codes.c.expires_at > now, codes.c.consumed_at.is_(None), codes.c.sub == sub
