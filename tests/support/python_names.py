"""Writes docs/reference/python.md from the docstrings of the public names (make reference)."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise

import app_client_authz
from app_client_authz import exceptions
from tests.support.documents import linked
from tests.support.imports import PACKAGE, ROOT, modules

TARGET = ROOT / "docs" / "reference" / "python.md"

_HEAD = """\
# Python names

What `app_client_authz` offers to a host, from its docstrings. Errors have [a page of their own](errors.md). How the
names go together is told by [guarding views](../how-to/guarding-views.md), [triggers](../how-to/triggers.md),
[host database](../how-to/host-database.md) and [the in-process client](../how-to/in-process-client.md).
"""
_EXCEPTIONS = """\
## app_client_authz.exceptions

What calls of the [in-process client](../how-to/in-process-client.md#errors) raise, by the names of
`botocore.exceptions`.
"""
_EVENTS = """\
### Events

`event` is one of these. Beside it come the IDs concerned, such as `pool_id`, `client_id` and `sub`, and as `source` the
IP address that the request came from, where there is one; never a secret.
"""
_FIXTURES = """\
## Fixtures for pytest

With the package installed pytest finds them by itself: see [testing](../how-to/testing.md).
"""

_EVENT = re.compile(r"[a-z]+(_[a-z]+)*")


def written() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_names(), _EXCEPTIONS, *_exceptions(), _FIXTURES, *_fixtures()])


def _names() -> Iterator[str]:
    for name in app_client_authz.__all__:
        found = vars(app_client_authz)[name]
        if inspect.isclass(found):
            yield _section(2, f"{name}{_parameters(found)}", found.__doc__)
            for method, function in vars(found).items():
                plain = inspect.unwrap(getattr(function, "__func__", function))
                if inspect.isfunction(plain) and not method.startswith("_"):
                    yield _section(3, f"{name}.{method}{_parameters(plain)}", plain.__doc__)
        elif inspect.isfunction(found):
            yield _section(2, f"{name}{_parameters(found)}", found.__doc__)
        else:
            yield _section(2, name, _said_behind(name))
        if name == "security_event":
            yield _EVENTS
            yield "\n".join(f"- `{event}`" for event in sorted(_events())) + "\n"


def _exceptions() -> Iterator[str]:
    for name in exceptions.__all__:
        yield _section(3, name, vars(exceptions)[name].__doc__)


def _fixtures() -> Iterator[str]:
    source = ast.parse((ROOT / PACKAGE / "pytest_plugin" / "__init__.py").read_text())
    for node in source.body:
        if isinstance(node, ast.FunctionDef) and "pytest.fixture" in map(ast.unparse, node.decorator_list):
            yield _section(3, node.name, ast.get_docstring(node))


def _events() -> set[str]:
    """What ``audit.record`` is called with: by name, or by a function that takes the name as its ``event``."""
    return {event for module in modules() for event in _events_of(module.tree)}


def _events_of(tree: ast.Module) -> Iterator[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    passing_on = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "event" in [argument.arg for argument in node.args.args]
    }
    for call in calls:
        name = ast.unparse(call.func)
        if name == "audit.record" or name.removeprefix("self.") in passing_on:
            texts = (
                node.value for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Constant)
            )
            yield from (text for text in texts if isinstance(text, str) and _EVENT.fullmatch(text))


def _parameters(found: object) -> str:
    """``(app=None, db=None)``: what may be left out shows what it is then, unless that is a matter of the class."""
    parameters = inspect.signature(found).parameters.values()  # type: ignore[arg-type]
    shown = [
        each.replace(
            annotation=each.empty,
            default=each.default if isinstance(each.default, str | int | tuple | None) else each.empty,
        )
        for each in parameters
        if each.name != "self"
    ]
    return str(inspect.Signature(shown)) if _in_order(shown) else f"({', '.join(each.name for each in shown)})"


def _in_order(parameters: list[inspect.Parameter]) -> bool:
    try:
        inspect.Signature(parameters)
    except ValueError:
        return False
    return True


def _said_behind(name: str) -> str:
    """The text that stands behind the assignment of a public name, in the module that it comes from."""
    source = ast.parse((ROOT / PACKAGE / "__init__.py").read_text())
    (module,) = (
        node.module
        for node in source.body
        if isinstance(node, ast.ImportFrom) and node.module and name in [alias.name for alias in node.names]
    )
    body = ast.parse(inspect.getsource(import_module(module))).body
    for node, behind in pairwise(body):
        named = isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets)
        if named and isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant):
            return str(behind.value.value)
    raise AssertionError(f"{module}.{name} is not explained")


def _section(depth: int, heading: str, text: str | None) -> str:
    assert text, f"{heading} has no docstring"
    name, parenthesis, parameters = heading.partition("(")
    usage = [f"`{name}{parenthesis}{parameters}`", ""] if parenthesis else []
    return "\n".join([f"{'#' * depth} {name}", "", *usage, _markdown(text), ""])


def _markdown(text: str) -> str:
    """A docstring without its examples, which the pages have, and with what it raises as a list."""
    lines = [line for line in inspect.cleandoc(text).splitlines() if not line.startswith((">>> ", "... "))]
    prose, _, raised = "\n".join(lines).partition("Raises:\n")
    if raised:
        entries = re.sub(r"\n {8,}", " ", raised.rstrip())
        prose += "Raises:\n\n" + re.sub(r"^ {4}(\w+(?:, \w+)*):", r"- \1:", entries, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", linked(prose).replace("``", "`").replace("<", "&lt;")).strip()


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
