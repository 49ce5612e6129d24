"""What each module of the package imports, read from its source."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PACKAGE = "app_client_authz"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Import:
    """One arrow: a module, the dotted name it imports, and how."""

    module: str
    target: str
    line: int
    lazy: bool

    @property
    def top_level(self) -> str:
        return self.target.partition(".")[0]

    @property
    def foreign(self) -> bool:
        """Whether it comes from another distribution."""
        return self.top_level != PACKAGE and self.top_level not in sys.stdlib_module_names

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    tree: ast.Module
    lines: int

    @property
    def room(self) -> str:
        return room_of(self.name)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self, self.tree, lazy=False))


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package."""
    found = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        source = path.read_text(encoding="utf-8")
        found.append(Module(name, path, ast.parse(source), len(source.splitlines())))
    return tuple(found)


def room_of(name: str) -> str:
    """``app_client_authz.storage.codes`` stands in the room ``storage``; the package itself in ``""``."""
    return name.split(".")[1] if "." in name else ""


def _imports(module: Module, node: ast.AST, *, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(module.name, alias.name, child.lineno, lazy)
        elif isinstance(child, ast.ImportFrom):
            base = _absolute(module, child)
            for alias in child.names:
                # "from package import room" names a module, "from room import value" does not.
                full = f"{base}.{alias.name}"
                yield Import(module.name, full if _is_module(full) else base, child.lineno, lazy)
        else:
            yield from _imports(module, child, lazy=lazy or _deferred(child))


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name.split(".")
    if module.path.name != "__init__.py":
        package.pop()
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


@cache
def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return name.startswith(f"{PACKAGE}.") and (path.with_suffix(".py").is_file() or path.is_dir())


def _deferred(node: ast.AST) -> bool:
    """Whether what stands inside does not run on import: functions, and blocks for type checkers."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
