"""What a page asks of who registers: what the pool requires, and an address for the code (api.md 4.13)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app_client_authz.domain.attributes import writable_names
from app_client_authz.domain.delivery import ATTRIBUTES, confirmation_channel
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.user import check_username, with_sign_in_attribute

NO_ADDRESS = "Enter an address that a code can be sent to."


@dataclass(frozen=True, slots=True)
class SignUpQuestions:
    """Names of attributes, in the order of the schema, beside the name and the password.

    ``needs_address``: the pool confirms by code, and one of the addresses that it verifies has to be given.
    """

    names: tuple[str, ...]
    optional: frozenset[str]
    needs_address: bool

    @classmethod
    def of(cls, pool: UserPool, write_attributes: Collection[str] | None) -> "SignUpQuestions":
        """The questions of a client with these WriteAttributes; it is not asked for what it may not write."""
        required, kinds = pool.required_attributes, pool.username_attributes
        can_be_given = {*writable_names(write_attributes, pool), *kinds}
        verified = [
            name
            for name in ATTRIBUTES.values()
            if name in (pool.spec.auto_verified_attributes or ()) and name in can_be_given
        ]
        given_anyway = any(name in required or kinds == (name,) for name in verified)
        extra = [] if given_anyway else verified
        # Where names are of one kind, the name is the attribute; where they are of two, it is one of them.
        names = tuple(name for name in (*required, *extra) if kinds != (name,))
        optional = {*kinds, *(extra if len(extra) > 1 else ())}
        return cls(names, frozenset(optional.intersection(names)), bool(verified))

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in self.optional)

    def check_reachable(self, pool: UserPool, name: str, given: Mapping[str, str]) -> None:
        """Ends the answer of somebody who could never confirm the account.

        Raises:
            InvalidParameter: no address that the pool verifies; or the name is none of this pool, or contradicts
                an attribute.
        """
        check_username(pool, name)
        if self.needs_address and confirmation_channel(pool, with_sign_in_attribute(pool, name, given)) is None:
            raise InvalidParameter(NO_ADDRESS)
