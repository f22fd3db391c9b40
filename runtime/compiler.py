"""From generated source to modules that run: compiling is executing the text that the code panel shows."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from graph.code import read
from graph.messages import ProjectError, msg
from graph.model import Node, Port, Project
from graph.plan import Objective
from runtime import custom
from runtime.analyser import analyse
from runtime.analysis import Analysis
from runtime.codegen import Source, generate
from runtime.guard import check_source


@dataclass(frozen=True, slots=True)
class Program:
    """What one objective computes.

    `module_class(model)` is an `nn.Module` whose `forward(*inputs)` takes the data ports in the order of `inputs` and gives
    the losses by name (scalar tensors) and for each metric the tensors that it looks at. `losses` gives the weights.
    """

    objective: Objective
    module_class: type[nn.Module]
    inputs: tuple[Port, ...]
    losses: Mapping[str, float]
    metrics: Mapping[str, Node]

    def build(self, model: nn.Module) -> nn.Module:
        """The program over the parameters of `model`."""
        return self.module_class(model)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A project as modules. `inputs` are the ports that the network's `forward` takes, `outputs` those that it returns."""

    project: Project
    analysis: Analysis
    source: Source
    model_class: type[nn.Module]
    programs: tuple[Program, ...]

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The data ports that `forward` takes, in order."""
        return self.source.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The ports whose values `forward` returns: one tensor, or a tuple of several."""
        return self.source.outputs

    def build(self, seed: int | None = None) -> nn.Module:
        """The network with fresh parameters; a seed makes them the same each time."""
        if seed is not None:
            torch.manual_seed(seed)
        return self.model_class()


def compile_project(project: Project) -> Compiled:
    """Check, write and execute a project.

    Raises:
        ProjectError: the drawing has errors, or there is no network in it; the message names them.
    """
    project = project.running
    analysis = analyse(project)
    if analysis.errors:
        first = analysis.errors[0]
        more = len(analysis.errors) - 1
        text = msg("{problem} ({more} more problems.)", problem=first.message, more=more) if more else first.message
        raise ProjectError(text, node=first.node)
    source = generate(project, analysis)
    if not source.outputs:
        raise ProjectError(msg("There is no network in this drawing yet. Add a layer and wire the data to it."))
    texts = [project.definitions.codes[code].text for code in source.codes]
    for text in texts:
        custom.load(text)  # refuses what is not allowed
    space = execute(source.text, own_text=source.own_text, own=frozenset(read(text).name for text in texts))
    programs = tuple(Program(p.objective, space[p.class_name], p.inputs, p.losses, p.metrics) for p in source.programs)
    return Compiled(project, analysis, source, space[source.class_name], programs)


def function(expression: str, arguments: Sequence[str], compiled: Compiled) -> Callable[..., Any]:
    """An expression of one node, as a function of the tensors of these names: `function(owner, *tensors)`.

    `owner` is what the expression calls `self`. Beside it are the functions that the source of `compiled` defines.
    """
    codes = compiled.project.definitions.codes
    check_source(expression, own=frozenset(read(codes[code].text).name for code in compiled.source.codes))
    space = compiled.model_class.forward.__globals__ | {"torch": torch, "nn": nn}
    return eval(f"lambda {', '.join(['self', *arguments])}: {expression}", space)


def execute(text: str, *, own_text: str | None = None, own: Set[str] = frozenset()) -> dict[str, type[nn.Module]]:
    """The classes of generated source. Its lines are known to tracebacks.

    Args:
        own_text: the text without what the person wrote and allowed to run, where there is such.
        own: the names of the classes and functions in there that are nodes.

    Raises:
        AssertionError: the text holds anything that the generator does not write.
        ProjectError: what the person wrote does not run here.
    """
    check_source(text if own_text is None else own_text, own=own)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    filename = f"<layerloom {digest}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"__name__": f"layerloom_{digest}"}
    try:
        exec(compile(text, filename, "exec", dont_inherit=True), space)
    except BaseException as error:
        if not own:
            raise
        raise ProjectError(
            msg("The code of your own nodes ran alone, but not as a part of the generated code: {error}. Let it mean the same "
                "each time that it runs.", error=custom.shown(error))
        ) from error  # fmt: skip
    return space
