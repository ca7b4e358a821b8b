"""The changes of a source file: each a small one that the tests should notice.

A fixed set of operators, applied one at a time, in the order of the source, to the syntax tree.
Docstrings, annotations and asserts (which state what our own code promises) are left alone. Faults
that are planted as patches, for the simulation to find, are another thing: ops/sim/mutants.py.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True, slots=True)
class Function:
    """The outermost function around a change: its qualified name, and the lines of its body."""

    name: str
    body: range


@dataclass(frozen=True, slots=True)
class Change:
    """One change: where, what it was and became, and the whole module with it.

    `lines` are those of the statement it is part of, without the statements within that one: who
    executes none of them cannot notice. `function` is None for what runs when the module is
    imported.
    """

    line: int
    was: str
    became: str
    tree: ast.Module
    lines: range
    function: Function | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module can be changed: the number of the node, and of its change."""

    number: int
    choice: int


def places(source: str) -> Iterator[Place]:
    """Yield every change that a module's source allows."""
    for number, node in enumerate(_places(ast.parse(source))):
        yield from (Place(number, choice) for choice in range(len(_changes(node))))


def change(source: str, place: Place) -> Change:
    """Make one change of a module's source."""
    tree = ast.parse(source)
    node = list(_places(tree))[place.number]
    changed = _changes(node)[place.choice]
    way = _way(tree, node)
    was, line = ast.unparse(node), node.lineno
    _Replace(node, changed).visit(tree)
    return Change(
        line,
        was,
        ast.unparse(changed),
        ast.fix_missing_locations(tree),
        _lines([one for one in way if isinstance(one, ast.stmt)][-1]),
        _function(way),
    )


def _way(tree: ast.AST, node: ast.AST) -> list[ast.AST]:
    """Give the nodes from the root to a node, both included; empty when it is not below."""
    if tree is node:
        return [tree]
    for child in ast.iter_child_nodes(tree):
        if way := _way(child, node):
            return [tree, *way]
    return []


def _lines(statement: ast.stmt) -> range:
    """Give a statement's lines: up to its body, where it has one and nothing after that."""
    end = statement.end_lineno or statement.lineno
    if isinstance(statement, ast.If | ast.While | ast.For | ast.With):
        end = max(statement.lineno, statement.body[0].lineno - 1)
    return range(statement.lineno, end + 1)


def _function(way: list[ast.AST]) -> Function | None:
    """Name the outermost function of the way to a node."""
    names = []
    for one in way:
        if isinstance(one, ast.ClassDef):
            names.append(one.name)
        if isinstance(one, ast.FunctionDef):
            body = range(one.body[0].lineno, (one.end_lineno or one.lineno) + 1)
            return Function(".".join([*names, one.name]), body)
    return None


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._old:
            return self._new
        return super().generic_visit(node)


def _places(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Yield the nodes that can be changed, in the order of the source."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Assert) or _is_docstring(node):
            continue
        if isinstance(node, ast.expr | ast.stmt) and _changes(node):
            yield node
        if isinstance(node, ast.AnnAssign):
            yield from _places(ast.Module([ast.Expr(node.value)] if node.value else [], []))
        elif isinstance(node, ast.FunctionDef):
            yield from _places(ast.Module(node.body, []))
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            yield from _places(node)


def _is_docstring(node: ast.AST) -> bool:
    said = node.value if isinstance(node, ast.Expr) else None
    return isinstance(said, ast.Constant) and isinstance(said.value, str)


def _changes(  # noqa: C901, PLR0911 - one case for each operator
    node: ast.AST,
) -> list[ast.expr | ast.stmt]:
    """Give what a node is changed to, one mutant each."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARED:
            return [_with(node, ops=[COMPARED[type(op)]()])]
        case ast.BoolOp(op=op):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            return [_with(node, op=other), *node.values]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
        case ast.BinOp(op=op) if type(op) in COUNTED:
            return [_with(node, op=COUNTED[type(op)]())]
        case ast.IfExp(body=body, orelse=orelse):
            return [_with(node, body=orelse, orelse=body)]
        case ast.Constant(value=bool() as value):
            return [ast.Constant(not value)]
        case ast.Constant(value=int() as value):
            return [ast.Constant(value + 1)]
        case ast.If(test=test):
            decided = isinstance(test, ast.Constant)
            return [] if decided else [_with(node, test=ast.Constant(on)) for on in (True, False)]
        case ast.Return(value=ast.Call(args=[ast.Name(id="step"), *_])):
            return [ast.Return(ast.Name("step", ast.Load()))]
        case ast.Assign(targets=[ast.Name(id="step" | "alarm" | "referral")], value=ast.Call()):
            return [ast.Pass()]
        case _:
            return []


def _with(node: ast.expr | ast.stmt, **fields: object) -> ast.expr | ast.stmt:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
