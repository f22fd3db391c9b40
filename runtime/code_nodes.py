"""Nodes that run the person's own code: written into the generated source, and worked out like any other."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from graph import code as codes
from graph.catalog.types import NodeType
from graph.messages import EditError, ProjectError, msg
from graph.model import Code, Value
from graph.problems import Problem
from runtime import custom, trust
from runtime.analysis import TensorSpec
from runtime.diagnosis import Situation
from runtime.emitters import emit
from runtime.shapes import Specs, empty, spec_of


def code_problem(s: Situation, code: Code) -> Problem | None:
    """Why code does not run: it was not allowed on this computer, or cannot be a node."""
    if not trust.is_allowed(code.text):
        text = msg("'{node}' runs the code {name}, which was not allowed on this computer yet. Open it, read it, and allow it if you "
                   "trust it; on the command line, use the verb 'allow'.", node=s.node.name, name=code.name)  # fmt: skip
        return s.problem("code-not-allowed", text)
    try:
        codes.read(code.text)
        custom.load(code.text)
    except (EditError, ProjectError) as error:
        text = msg(
            "The code {name} of '{node}' cannot run: {reason}", node=s.node.name, name=code.name, reason=error.message
        )
        return s.problem("bad-code", text)
    return None


def evaluate_code(
    code: Code, node_type: NodeType, values: tuple[tuple[str, Value], ...], inputs: tuple[tuple[str, TensorSpec], ...]
) -> tuple[Specs, int, int]:
    """As `runtime.shapes.evaluate`, for code that is allowed. Multiply-accumulates inside it are not counted."""
    name = codes.read(code.text).name
    names = {port: f"x{i}" for i, (port, _) in enumerate(inputs)}
    emission = emit(node_type, dict(values), names)
    space = {"torch": torch, "nn": torch.nn, name: custom.load(code.text)}
    with torch.device("meta"), torch.no_grad():
        module = eval(emission.init, space) if emission.init else None
        tensors = {names[port]: empty(spec) for port, spec in inputs}
        run = {**space, **tensors, "self": SimpleNamespace(module=module)}
        results = [f"y{i}" for i in range(len(node_type.outputs))]
        exec(emission.assignment("self.module", results), run)
    outputs = {port.name: spec_of(run[result]) for port, result in zip(node_type.outputs, results, strict=True)}
    parameters = module.parameters() if isinstance(module, torch.nn.Module) else ()
    return outputs, sum(p.numel() for p in parameters), 0
