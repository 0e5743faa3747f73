"""A step's code: compiled once, run for each item with globals of its own."""

import ast
import builtins
import datetime
import importlib
import json
import linecache
import os
import uuid

FILE = "<step>"
PROGRAMS_MAX = 100
NOTHING = object()
PRESET = {"__name__": "__noetl__", "__builtins__": builtins, "os": os, "json": json, "datetime": datetime, "uuid": uuid}


def returns_at_top(tree):
    """True when a `return` stands outside of any function or class."""
    pending = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Return):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
    return False


class Program:
    def __init__(self, source, libs):
        self.libs = libs
        linecache.cache[FILE] = (len(source), None, source.splitlines(True), FILE)
        tree = ast.parse(source, FILE)
        self.wrapped = returns_at_top(tree)
        self.code = compile(wrap(tree) if self.wrapped else tree, FILE, "exec")

    def run(self, inputs, context, names):
        """The value of `return`, of `result`, or of `main(…)`; NOTHING when the code gives none."""
        scope = {**PRESET, **names, "input_data": inputs, "args": inputs, "context": context, **inputs}
        for alias, module in self.libs.items():
            scope[alias] = load(module)
        exec(self.code, scope)
        returned = scope["__step__"]() if self.wrapped else None
        if returned is not None:
            return returned
        # An input may be called `result`; only what the code itself assigned counts.
        assigned = "result" in scope and scope["result"] is not inputs.get("result", NOTHING)
        if assigned and scope["result"] is not None:
            return scope["result"]
        main = scope.get("main")
        if callable(main) and "main" not in inputs:
            return call_main(main, inputs, context)
        return None if assigned or self.wrapped else NOTHING


def wrap(tree):
    """The code as the body of one function; names it binds stay module globals, so that its helpers see them."""
    names = sorted(top_level_names(tree))
    function = ast.parse("def __step__(): pass").body[0]
    function.body = ([ast.Global(names)] if names else []) + tree.body
    return ast.fix_missing_locations(ast.Module([function], []))


def top_level_names(tree):
    """Names bound at the top, not inside functions, classes or comprehensions."""
    names, pending = set(), list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(node.id)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names if alias.name != "*")
        pending.extend(ast.iter_child_nodes(node))
    return names


def load(module):
    """`{alias: module}`, `{alias: {from: module, import: name}}`, or `{name: {module: name.part}}`."""
    if isinstance(module, str):
        return importlib.import_module(module)
    if "module" in module:
        importlib.import_module(module["module"])
        return importlib.import_module(module["module"].split(".")[0])
    return getattr(importlib.import_module(module["from"]), module["import"])


def call_main(main, inputs, context):
    # Here and below, not at the top: few programs have a main, and the two take a quarter of a runner's start.
    import inspect

    parameters = inspect.signature(main).parameters.values()
    given, takes_all = {}, any(p.kind is p.VAR_KEYWORD for p in parameters)
    if takes_all:
        given.update(inputs)
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if parameter.name in inputs:
            given[parameter.name] = inputs[parameter.name]
        elif parameter.name == "context":
            given["context"] = context
        elif parameter.name in ("input_data", "args"):
            given[parameter.name] = inputs
        elif parameter.default is parameter.empty:
            given[parameter.name] = None
    value = main(**given)
    if not inspect.iscoroutine(value):
        return value
    import asyncio

    return asyncio.run(value)


programs = {}


def program(source, libs):
    key = (source, json.dumps(libs, sort_keys=True) if libs else "")
    known = programs.get(key)
    if known is None:
        if len(programs) >= PROGRAMS_MAX:
            programs.clear()
        known = programs[key] = Program(source, libs)
    return known
