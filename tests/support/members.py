"""A host's user table, as small as a test wants it: a directory in memory that says what it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app_client_authz import DirectoryUser
from app_client_authz.domain.errors import UsernameExists

PASSWORD = "Correct-h0rse-battery"


@dataclass
class Member:
    """A row of the host's table."""

    key: str
    username: str
    password: str | None = PASSWORD
    attributes: dict[str, str] = field(default_factory=dict)
    enabled: bool = True
    status: str = "CONFIRMED"
    groups: tuple[str, ...] | None = None


class Members:
    """A directory that can only be read; users are found by username and by e-mail address, as they are written."""

    def __init__(self, *members: Member) -> None:
        self.rows = {member.key: member for member in members}
        self.asked: list[str] = []
        self.fails: Exception | None = None

    def find(self, name: str) -> DirectoryUser | None:
        self._ask("find")
        for member in self.rows.values():
            if name.lower() in {member.username.lower(), member.attributes.get("email", "").lower()}:
                return self._user(member)
        return None

    def get(self, key: str) -> DirectoryUser | None:
        self._ask("get")
        member = self.rows.get(key)
        return None if member is None else self._user(member)

    def verify_password(self, key: str, password: str) -> bool:
        self._ask("verify_password")
        return self.rows[key].password == password

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.fails is not None:
            raise self.fails

    @staticmethod
    def _user(member: Member) -> DirectoryUser:
        given: dict[str, Any] = {
            name: getattr(member, name) for name in ("key", "username", "attributes", "enabled", "status", "groups")
        }
        return DirectoryUser(**given)


class WritableMembers(Members):
    """One that can do everything."""

    def set_password(self, key: str, password: str) -> None:
        self._ask("set_password")
        self.rows[key].password = password
        self.rows[key].status = "CONFIRMED"

    def update_attributes(self, key: str, attributes: Mapping[str, str]) -> None:
        self._ask("update_attributes")
        after = {**self.rows[key].attributes, **attributes}
        self.rows[key].attributes = {name: value for name, value in after.items() if value}

    def create(self, username: str, password: str | None, attributes: Mapping[str, str]) -> DirectoryUser:
        self._ask("create")
        if any(member.username == username for member in self.rows.values()):
            raise UsernameExists("User already exists")
        member = Member(str(len(self.rows) + 1), username, password, dict(attributes))
        self.rows[member.key] = member
        return self._user(member)

    def delete(self, key: str) -> None:
        self._ask("delete")
        del self.rows[key]

    def set_enabled(self, key: str, enabled: bool) -> None:
        self._ask("set_enabled")
        self.rows[key].enabled = enabled
