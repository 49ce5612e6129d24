"""Users whom an administrator creates and invites (AdminCreateUser)."""

from collections.abc import Mapping, Sequence

from app_client_authz.domain.delivery import check_invitable
from app_client_authz.domain.errors import UnsupportedUserState
from app_client_authz.domain.trigger import NOBODY, Caller
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services.delivery import Delivery
from app_client_authz.services.new_users import NewUsers
from app_client_authz.services.passwords import generated
from app_client_authz.services.pools import Pools
from app_client_authz.services.users import Users


class Invitations:
    """What is told to nobody but the new user is a temporary password; none is ever returned."""

    def __init__(self, pools: Pools, new_users: NewUsers, users: Users, delivery: Delivery) -> None:
        self._pools = pools
        self._new_users = new_users
        self._users = users
        self._delivery = delivery

    def create(
        self,
        pool_id: str,
        name: str,
        given: Mapping[str, str],
        *,
        password: str | None = None,
        takes_aliases: bool = False,
        mediums: Sequence[str] | None = (),
        caller: Caller = NOBODY,
    ) -> User:
        """A new user with a temporary password, told it by each of ``mediums``; see ``NewUsers.add``.

        ``mediums`` is None where nobody says how: by whatever reaches the user. Without ``password`` one is
        generated. A user of a passwordless pool may get none, and no message.

        Raises:
            ResourceNotFound, InvalidParameter, InvalidPassword, UsernameExists, AliasExists: there is no such user.
            InvalidParameter: no address for one of the ``mediums``, and there is none.
            TriggerFailed: a PreSignUp trigger refused, and there is none.
            CodeDeliveryFailure, TriggerFailed of CustomMessage: there is, who does not know of it.
        """
        made = self._new_users.add(
            pool_id,
            name,
            given,
            password=password,
            generates=True,
            takes_aliases=takes_aliases,
            mediums=mediums,
            caller=caller,
        )
        if made.password is not None:
            self._delivery.invite(made.pool, made.user, made.password, mediums, caller)
        return made.user

    def resend(
        self,
        pool_id: str,
        name: str,
        *,
        password: str | None = None,
        mediums: Sequence[str] | None,
        caller: Caller = NOBODY,
    ) -> User:
        """The user with a new temporary password, valid as long as a first one, told by each of ``mediums``.

        Raises:
            ResourceNotFound, UserNotFound, InvalidParameter, InvalidPassword: nothing changed. InvalidParameter is
                raised for a medium without an address, too: nobody would know the new password.
            UnsupportedUserState: the user has a password of their own already.
            CodeDeliveryFailure, TriggerFailed: the new password counts, and is unknown to the user.
        """

        def check(user: User) -> None:
            if user.status != UserStatus.FORCE_CHANGE_PASSWORD:
                raise UnsupportedUserState(f"Resend not possible. {name} status is not FORCE_CHANGE_PASSWORD")
            check_invitable(user.attributes, mediums)

        pool = self._pools.describe(pool_id)
        temporary = generated(pool.password_policy) if password is None else password
        user = self._users.set_password(pool_id, name, temporary, permanent=False, condition=check)
        self._delivery.invite(pool, user, temporary, mediums, caller)
        return user
