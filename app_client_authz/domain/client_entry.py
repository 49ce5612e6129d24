"""An app client as lists show it (ListUserPoolClients)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """One line of a list. ``number`` is its place among the clients of its pool: they are numbered as they are made."""

    client_id: str
    pool_id: str
    name: str
    number: int
