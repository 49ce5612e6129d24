"""Access keys: who may call the signed operations of the JSON API, and how far (SIG-8)."""

from dataclasses import dataclass

_LOOKING = ("Describe", "List", "Get", "AdminGet", "AdminList")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key without its secret. Instants are epoch seconds.

    ``read_only`` keys call operations that change nothing; keys with ``pool_ids`` call operations on those
    pools only. A key from the settings has no limits.
    """

    id: str
    description: str = ""
    read_only: bool = False
    pool_ids: frozenset[str] | None = None
    created_at: float = 0.0

    def may_call(self, operation: str) -> bool:
        """Whether the operation is within the key's rights on some pool."""
        return not self.read_only or operation.startswith(_LOOKING)

    def may_touch(self, pool_id: str | None) -> bool:
        """Whether the pool is; ``None`` stands for an operation that belongs to no one pool."""
        return self.pool_ids is None or pool_id in self.pool_ids
