"""What the aws command line prints of a real user pool, as the description of one; and what cannot come along.

Read are the answers of describe-user-pool, get-user-pool-mfa-config, get-user-pool-session-configuration,
describe-user-pool-client, list-resource-servers, describe-identity-provider, list-groups and list-users: each is
known by its members.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from app_client_authz.api import pool_wire, shapes
from app_client_authz.api.wire import Json
from app_client_authz.domain.client_rules import LOCAL_PROVIDER
from app_client_authz.domain.errors import InvalidParameter, OperationError
from app_client_authz.domain.shapes import plain
from app_client_authz.seeding import clients, pools, users
from app_client_authz.seeding.documents import Item, PoolDocument, items, mapping
from app_client_authz.seeding.members import request_members
from app_client_authz.seeding.problems import Problems
from app_client_authz.services.pools import refuse_unenforced

_MFA = frozenset(request_members("SetUserPoolMfaConfig")) - {"UserPoolId"}
_SESSIONS = frozenset({"UserSessionTracking", "TokenSession"})
_MARKS = ("NextToken", "PaginationToken")
_NO_USE = {
    "LambdaConfig": "kept, but no Lambda function is ever called",
    "EmailConfiguration": "kept, but mail goes out as AUTHZ_MESSAGE_SENDER says",
    "SmsConfiguration": "kept, but text messages go out by the host's message sender",
}
_SAYS_NOTHING = {"EmailSendingAccount": "COGNITO_DEFAULT"}
_NEVER_LISTED = "identities"


@dataclass(slots=True)
class Export:
    """One pool of a real service, file by file. ``notes`` tell what does not come along, or has no effect here."""

    problems: Problems
    pool: Item | None = None
    mfa: Item | None = None
    sessions: Item | None = None
    clients: list[Item] = field(default_factory=list)
    resource_servers: list[Item] = field(default_factory=list)
    identity_providers: list[Item] = field(default_factory=list)
    groups: list[Item] = field(default_factory=list)
    users: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, value: object) -> None:
        """One file; what is none of those above is noted as a problem."""
        answer = mapping(value, name, self.problems)
        listed: Mapping[str, list[Item]] = {
            "ResourceServers": self.resource_servers,
            "Groups": self.groups,
            "Users": self.users,
        }
        single: Mapping[str, list[Item]] = {
            "UserPoolClient": self.clients,
            "IdentityProvider": self.identity_providers,
            "ResourceServer": self.resource_servers,
            "Group": self.groups,
        }
        for mark in _MARKS:
            if answer.get(mark):
                self.notes.append(f"{name}: {mark} says that this is not all: leave --max-items and --no-paginate out")
        for member, kept in listed.items():
            if member in answer:
                kept.extend(items(answer[member], f"{name}: {member}", self.problems))
                return
        for member, kept in single.items():
            if member in answer:
                kept.append(self._item(name, member, answer))
                return
        if "UserPool" in answer:
            if self.pool is not None:
                self.problems.add(name, "a second pool: import one at a time")
            self.pool = self._item(name, "UserPool", answer)
        elif "UserSessionTracking" in answer:
            self.sessions = Item(name, {key: answer[key] for key in _SESSIONS & answer.keys()})
        elif _MFA & answer.keys():
            self.mfa = Item(name, {key: answer[key] for key in _MFA & answer.keys()})
        else:
            self._unknown(name, answer)

    def add_members(self, group: str, name: str, value: object) -> None:
        """What list-users-in-group printed: the file does not say of which group."""
        listed = items(mapping(value, name, self.problems).get("Users"), f"{name}: Users", self.problems)
        usernames = [each.members.get("Username") for each in listed]
        for position, each in enumerate(self.groups):
            if each.members.get("GroupName") == group:
                known = each.members.get("Users")
                self.groups[position] = each.of(Users=[*(known if isinstance(known, list) else ()), *usernames])
                return
        self.groups.append(Item(name, {"GroupName": group, "Users": usernames}))

    def document(self, pool_id: str | None, providers_of: Callable[[str], Collection[str]]) -> PoolDocument | None:
        """The pool that the files describe; ``pool_id`` is needed where none of them names it.

        ``providers_of`` tells the identity providers that a pool here has already.
        """
        for each in (self.mfa, self.sessions):
            if each is not None and self.pool is None:
                self.problems.add(each.where, "it goes with what describe-user-pool prints")
        parts = (*self.clients, *self.resource_servers, *self.groups, *self.identity_providers)
        named = {*_texts([self.pool] if self.pool else [], "Id"), *_texts(parts, "UserPoolId")}
        found = sorted(named | ({pool_id} if pool_id else set()))
        if len(found) != 1:
            told = f"they are of several: {', '.join(found)}" if found else "none says so: --pool POOL"
            self.problems.add("the files", f"which pool? {told}")
            return None
        providers = {*_texts(self.identity_providers, "ProviderName"), *providers_of(found[0])}
        return PoolDocument(
            found[0],
            "the files",
            None if self.pool is None else self._pool(self.pool),
            tuple(self._known(each, _SERVER) for each in self.resource_servers),
            tuple(self._known(each, _PROVIDER) for each in self.identity_providers),
            tuple(self._client(each, providers) for each in self.clients),
            tuple(self._known(each, _GROUP) for each in self.groups),
            self._users(),
        )

    # --- pools --------------------------------------------------------------------------------------

    def _pool(self, item: Item) -> Item:
        item = self._known(item, pools.KNOWN | {"CustomDomain"})
        if item.members.get("CustomDomain"):
            self._left(item, "CustomDomain", "give the host name to the proxy in front of this server")
        item = item.without("CustomDomain")
        if item.members.get("UsernameConfiguration") is None:
            # A real pool that was made without it tells Ann from ann, where ours does not.
            item = item.of(UsernameConfiguration={"CaseSensitive": True})
        for name, told in _NO_USE.items():
            if _has_effect(item.members.get(name)):
                self.notes.append(f"{item.place(name)}: {told}")
        tags = item.members.get("UserPoolTags")
        tags = tags if isinstance(tags, dict) else {}
        reserved = sorted(name for name in tags if name.lower().startswith("aws:"))
        for name in reserved:
            self._left(item, f"UserPoolTags.{name}", "it is AWS's own")
        if reserved:
            item = item.of(UserPoolTags={name: value for name, value in tags.items() if name not in reserved})
        item = self._with_factors(item)
        if self.sessions is not None:
            item = item.of(**self.sessions.members)
        for name, off in _ENFORCED.items():
            refusal = _refusal(name, item.members.get(name))
            if refusal:
                self._left(item, name, refusal)
                item = off(item)
        return item

    def _with_factors(self, item: Item) -> Item:
        mode = item.members.get("MfaConfiguration", "OFF")
        if self.mfa is not None:
            return item.of(**self.mfa.members)
        if mode != "OFF":
            self._left(item, "MfaConfiguration", "give what get-user-pool-mfa-config prints, too")
        return item.without("MfaConfiguration")

    # --- clients ------------------------------------------------------------------------------------

    def _client(self, item: Item, known: Iterable[object]) -> Item:
        item = self._known(item, clients.KNOWN)
        providers = item.members.get("SupportedIdentityProviders") or []
        if isinstance(providers, list):
            named = [each for each in providers if isinstance(each, str)]
            absent = [each for each in named if each != LOCAL_PROVIDER and each not in known]
            for each in absent:
                self._left(
                    item, f"SupportedIdentityProviders.{each}", "give what describe-identity-provider prints of it, too"
                )
            if absent:
                item = item.of(SupportedIdentityProviders=[each for each in providers if each not in absent])
        for name in ("ReadAttributes", "WriteAttributes"):
            listed = item.members.get(name)
            if isinstance(listed, list) and _NEVER_LISTED in listed:
                self._left(item, f"{name}.{_NEVER_LISTED}", "it belongs to nobody's list here")
                item = item.of(**{name: [each for each in listed if each != _NEVER_LISTED]})
        if item.members.get("AnalyticsConfiguration"):
            self.notes.append(f"{item.place('AnalyticsConfiguration')}: kept, but nothing is ever sent there")
        return item

    # --- users --------------------------------------------------------------------------------------

    def _users(self) -> tuple[Item, ...]:
        found = tuple(self._user(each) for each in self.users)
        without = [each for each in found if not _PASSWORDS & each.members.keys()]
        own = [each for each in without if each.members.get("UserStatus") in _OWN_PASSWORD]
        invited = [each for each in without if each.members.get("UserStatus") == "FORCE_CHANGE_PASSWORD"]
        self._tell("without a password, which no pool gives away: RESET_REQUIRED until a code sets a new one", own)
        stuck = [each for each in own if not _is_reachable(each)]
        self._tell("without a verified address to send a code to: an administrator sets a password", stuck)
        self._tell("who never used their temporary password: invite them again (AdminCreateUser, RESEND)", invited)
        return found

    def _tell(self, told: str, found: list[Item]) -> None:
        names = [plain(each.members.get("Username")) for each in found]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            self.notes.append(f"users {told}: {', '.join(names[:_NAMED])}{more}")

    def _user(self, item: Item) -> Item:
        factors = {"MFAOptions", "PreferredMfaSetting", "UserMFASettingList"}
        item = self._known(item, users.KNOWN | factors)
        for name in sorted(factors & item.members.keys()):
            if item.members[name]:
                self._left(item, name, "second factors are set up anew")
        item = item.without(*factors)
        for name in ("Attributes", "UserAttributes"):
            listed = item.members.get(name)
            kept = [each for each in listed if not _links(each)] if isinstance(listed, list) else listed
            if kept != listed:
                self._left(item, f"{name}.{_NEVER_LISTED}", "no other provider's account is linked here")
                item = item.of(**{name: kept})
        return item

    # ------------------------------------------------------------------------------------------------

    def _known(self, item: Item, known: Iterable[str]) -> Item:
        """The item without members that this release does not know; each is noted."""
        strange = item.members.keys() - set(known)
        for name in sorted(strange):
            self._left(item, name, "this release does not know it")
        return item.without(*strange)

    def _left(self, item: Item, name: str, why: str) -> None:
        self.notes.append(f"{item.place(name)}: not taken over: {why}")

    def _item(self, name: str, member: str, answer: Json) -> Item:
        return Item(f"{name}: {member}", mapping(answer[member], f"{name}: {member}", self.problems))

    def _unknown(self, name: str, answer: Json) -> None:
        if "UserPoolClients" in answer:
            self.problems.add(name, "a list of clients holds none of their settings: use describe-user-pool-client")
            return
        self.problems.add(name, "it is no answer of describe-user-pool, describe-user-pool-client or their like")


_PASSWORDS = frozenset({"Password", "TemporaryPassword"})
_OWN_PASSWORD = (None, "CONFIRMED", "RESET_REQUIRED")
_NAMED = 5
_SERVER = frozenset({"UserPoolId", "Identifier", "Name", "Scopes", "ManagedBy"})
_PROVIDER = frozenset(shapes.model().shapes["IdentityProviderType"]["members"])
_GROUP = frozenset({*shapes.model().shapes["GroupType"]["members"], "Users"})


def _off(name: str) -> Callable[[Item], Item]:
    return lambda item: item.without(name)


def _without_history(item: Item) -> Item:
    policies = item.members["Policies"]
    return item.of(Policies={**policies, "PasswordPolicy": {**policies["PasswordPolicy"], "PasswordHistorySize": 0}})


_ENFORCED: Mapping[str, Callable[[Item], Item]] = {
    "MfaConfiguration": _off("MfaConfiguration"),
    "UserPoolAddOns": _off("UserPoolAddOns"),
    "KeyConfiguration": _off("KeyConfiguration"),
    "Policies": _without_history,
}
"""What a pool can ask for and this release may not have, and the item that asks for it no more."""


def _texts(found: Iterable[Item], name: str) -> list[str]:
    values = (each.members.get(name) for each in found)
    return [value for value in values if isinstance(value, str)]


def _refusal(name: str, value: object) -> str:
    """Why this release does not have a pool with that member; empty if it does, or the value is none at all."""
    if value is None:
        return ""
    try:
        shapes.member("CreateUserPool", name, value)
    except OperationError:
        return ""  # whoever plans the pool says so, and where
    try:
        refuse_unenforced(pool_wire.to_spec({"PoolName": "", name: value}))
    except InvalidParameter as error:
        return error.message
    return ""


def _links(attribute: object) -> bool:
    return isinstance(attribute, dict) and attribute.get("Name") == _NEVER_LISTED


def _has_effect(value: object) -> bool:
    return isinstance(value, dict) and any(each for name, each in value.items() if _SAYS_NOTHING.get(name) != each)


def _is_reachable(item: Item) -> bool:
    listed = item.members.get("Attributes") or item.members.get("UserAttributes") or []
    members = listed.items() if isinstance(listed, dict) else ()
    pairs = listed if isinstance(listed, list) else [{"Name": name, "Value": value} for name, value in members]
    flags = ("email_verified", "phone_number_verified")
    return any(isinstance(each, dict) and each.get("Name") in flags and each.get("Value") == "true" for each in pairs)
