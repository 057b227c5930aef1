"""Which cells of a notebook an answer needs: those that give names which it uses, and theirs."""

from __future__ import annotations

import ast
import symtable
import warnings
from collections.abc import Iterator, Sequence

Cell = tuple[int, str]


def needed(cells: Sequence[Cell], entry: str) -> list[Cell]:
    """Return the cells that ``entry`` needs, in their order.

    What cannot be read as plain Python stays; so does a cell that changes something needed
    without naming it anew, such as ``settings["eps"] = 0.1``.
    """
    read = [_read(source) for _, source in cells]
    modules = {name for names in read if names for name in names[3]}
    chosen = {k for k, names in enumerate(read) if names is None}
    wanted, before = {entry}, -1
    while len(chosen) > before:
        before = len(chosen)
        for k, names in enumerate(read):
            if names is None or k in chosen:
                continue
            gives, uses, changes, _ = names
            if gives & wanted or changes & (wanted - modules):
                chosen.add(k)
                wanted |= uses
    return [cell for k, cell in enumerate(cells) if k in chosen]


def _read(source: str) -> tuple[set[str], set[str], set[str], set[str]] | None:
    """Return the names that a cell gives, uses, changes and imports, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            table = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    gives, uses, imports = set(), set(), set()
    for scope in _scopes(table):
        for symbol in scope.get_symbols():
            if scope is not table and not symbol.is_global():
                continue
            if symbol.is_assigned() or symbol.is_imported():
                gives.add(symbol.get_name())
            if symbol.is_imported():
                imports.add(symbol.get_name())
            if symbol.is_referenced():
                uses.add(symbol.get_name())
    return gives, uses, set(_changed(tree)), imports


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for inner in table.get_children():
        yield from _scopes(inner)


def _changed(tree: ast.Module) -> Iterator[str]:
    """Yield the names whose parts a cell sets, and those of calls for whose result nobody asks."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Name) and function.id in ("print", "display"):
                continue
            parts = [*node.value.args, *[function] * isinstance(function, ast.Attribute)]
            yield from map(_root, parts)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(
            node.ctx, ast.Load
        ):
            yield _root(node)


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
