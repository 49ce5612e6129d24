"""Paginators of the in-process client, as botocore has them; each side reads the other's resume tokens."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from app_client_authz.api.local_errors import PaginationError

Json = dict[str, Any]
Method = Callable[..., Json]

_CUT: Final = "boto_truncate_amount"
"""How many items of a page came out before ``MaxItems`` cut it; botocore's name, which its tokens carry."""


@dataclass(frozen=True, slots=True)
class Key:
    """A member that pages are made of; stands in for botocore's compiled expressions."""

    expression: str

    def search(self, page: Json) -> Any:
        """The member's value in a page; None if it has none."""
        return page.get(self.expression)


@dataclass(frozen=True, slots=True)
class _Pages:
    """How one operation pages: one of the model's ``paginators``."""

    input_token: str
    output_token: str
    limit_key: str
    result_key: str


class Paginator:
    """The pages of one operation."""

    def __init__(self, method: Method, config: Json) -> None:
        self._method = method
        self._pages = _Pages(**config)

    @property
    def result_keys(self) -> list[Key]:
        """The members that hold the items; all operations of this service have one."""
        return [Key(self._pages.result_key)]

    def paginate(self, *, PaginationConfig: Json | None = None, **parameters: Any) -> "PageIterator":  # noqa: N803
        """The pages of the list that ``parameters`` ask for; nothing is called before they are iterated.

        ``PaginationConfig`` may have ``MaxItems`` (of all pages together), ``PageSize`` (of one call) and
        ``StartingToken``: the ``NextToken`` of ``build_full_result``, or one of the service.
        """
        config = PaginationConfig or {}
        if config.get("PageSize") is not None:
            parameters[self._pages.limit_key] = int(config["PageSize"])
        most = config.get("MaxItems")
        return PageIterator(
            self._method, self._pages, parameters, None if most is None else int(most), config.get("StartingToken")
        )


class PageIterator:
    """Pages, fetched as they are iterated over; each iteration starts anew."""

    def __init__(
        self, method: Method, pages: _Pages, parameters: Json, most: int | None, starting_token: str | None
    ) -> None:
        self._method = method
        self._pages = pages
        self._parameters = parameters
        self._most = most
        self._starting_token = starting_token
        self._resume_token: str | None = None

    @property
    def result_keys(self) -> list[Key]:
        """As the paginator's."""
        return [Key(self._pages.result_key)]

    @property
    def resume_token(self) -> str | None:
        """The ``StartingToken`` that goes on where ``MaxItems`` ended the last iteration; None if nothing is left."""
        return self._resume_token

    def __iter__(self) -> Iterator[Json]:
        """Raises:
        PaginationError: the service went in a circle.
        """
        key = self._pages.result_key
        token, skipped = self._start()
        left = self._most
        self._resume_token = None
        while True:
            page = self._fetch(token)
            items = page.get(key) or []
            if skipped:
                page[key] = items = items[skipped:]
            if left is not None and len(items) > left:
                page[key] = items[:left]
                self._resume_token = self._encoded(token, skipped + left)
                yield page
                return
            yield page
            following = page.get(self._pages.output_token) or None
            if following is None:
                return
            left = None if left is None else left - len(items)
            if left == 0:
                self._resume_token = self._encoded(following)
                return
            if following == token:
                raise PaginationError(message=f"The same next token was received twice: {following}")
            token, skipped = following, 0

    def build_full_result(self) -> Json:
        """All items in one answer, without ``ResponseMetadata``; with ``NextToken`` if ``MaxItems`` left some over."""
        key = self._pages.result_key
        items = [item for page in self for item in page.get(key) or ()]
        return {key: items} | ({} if self._resume_token is None else {"NextToken": self._resume_token})

    def search(self, expression: str) -> Iterator[Any]:
        """What a JMESPath expression finds in each page, one by one.

        Raises:
            RuntimeError: jmespath, which comes with boto3 and not with us, is not installed.
        """
        try:
            import jmespath  # type: ignore[import-untyped, import-not-found, unused-ignore]
        except ImportError:
            raise RuntimeError("PageIterator.search() needs the package jmespath: pip install jmespath") from None
        return self._found(jmespath.compile(expression))

    def _found(self, compiled: Any) -> Iterator[Any]:
        for page in self:
            found = compiled.search(page)
            if isinstance(found, list):
                yield from found
            else:
                yield found

    def _fetch(self, token: str | None) -> Json:
        given = self._parameters if token is None else {**self._parameters, self._pages.input_token: token}
        return self._method(**given)

    def _start(self) -> tuple[str | None, int]:
        """The service's token to begin with, and how many items of its page came out already."""
        given = self._starting_token
        if given is None:
            return None, 0
        name = self._pages.input_token
        try:
            read = json.loads(base64.b64decode(given))
        except (TypeError, ValueError):
            return given, 0
        if not isinstance(read, dict) or not {name} <= set(read) <= {name, _CUT}:
            return given, 0
        cut = read.get(_CUT, 0)
        return (read[name], cut) if isinstance(cut, int) and cut >= 0 else (given, 0)

    def _encoded(self, token: str | None, cut: int = 0) -> str:
        position = {self._pages.input_token: token} | ({_CUT: cut} if cut else {})
        return base64.b64encode(json.dumps(position).encode()).decode("ascii")
