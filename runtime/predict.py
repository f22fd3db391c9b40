"""A trained network as something to ask: loaded from its run, in evaluation mode, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from graph.messages import RunError, msg
from graph.model import NodeId, Port, Project
from runtime import devices
from runtime.analysis import TensorSpec
from runtime.compiler import Compiled, compile_project
from runtime.data import Prepared, input_from_file, prepare
from runtime.events import Tested
from runtime.own_random import OwnRandom
from runtime.runs import Run, load_run
from runtime.training.answers import ask, find_question
from runtime.training.checkpoints import read_weights
from runtime.training.failures import explaining
from runtime.training.fit import Fit

MAX_BATCH = 256  # samples of a file that are answered at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network and what is needed to feed it: the statistics of its data (see `runtime.data.Prepared`), the classes.

    `run` is the folder that the weights come from, None for a network that was not trained; `folder` is what
    relative paths of its data nodes start from. `kept` holds what was made of it to answer questions, and goes when it goes.
    """

    project: Project
    compiled: Compiled
    model: nn.Module
    statistics: Mapping[NodeId, Mapping[str, Any]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    run: Path | None = None
    folder: Path | None = None
    kept: dict[str, Any] = field(init=False, default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says of one sample: a class index with its probability, or a number (its first output)."""

    prediction: float
    confidence: float | None = None


def load_trained(path: Path) -> Trained:
    """The network of a run with its best weights, else its last.

    Raises:
        RunError: it is no folder of a run, the run left no weights, or they do not fit its drawing.
        ProjectError: the drawing of the run has errors.
    """
    run = load_run(path)
    compiled = compile_project(run.project)
    data = run.facts.get("data", {})
    return Trained(
        project=run.project,
        compiled=compiled,
        model=load_model(run, compiled),
        statistics=data.get("statistics", {}),
        classes=tuple(data.get("classes", ())),
        run=path,
        folder=run.folder,
    )


def untrained(project: Project, prepared: Prepared | None = None) -> Trained:
    """The network of a project as it is before training, with what was measured on its data, if that is given.

    Raises:
        ProjectError: the drawing has errors.
    """
    compiled = compile_project(project)
    with OwnRandom(project.plan.seed):
        model = compiled.build().eval()
    if prepared is None:
        return Trained(project=project, compiled=compiled, model=model)
    return Trained(
        project=project, compiled=compiled, model=model, statistics=prepared.statistics, classes=prepared.classes
    )


def load_model(run: Run, compiled: Compiled) -> nn.Module:
    """The model of a run with its best weights, else its last, in evaluation mode.

    Raises:
        RunError: there are no weights, or they do not fit.
    """
    if run.weights is None:
        raise RunError(msg("The run '{path}' left no weights: it ended before its first epoch did.", path=run.path))
    with torch.device("meta"):  # no memory to fill, and no random numbers taken from a run under way
        model = compiled.build()
    try:
        model.load_state_dict(read_weights(run.weights), assign=True)
    except RuntimeError as error:
        raise RunError(
            msg("The weights '{file}' do not fit the drawing of their run. Train again.", file=run.weights)
        ) from error
    return model.eval()


def predict_batch(trained: Trained, inputs: Mapping[Port, Tensor]) -> tuple[Tensor, ...]:
    """The outputs of the network for a batch, in the order of `trained.compiled.outputs`.

    Args:
        inputs: a tensor for each port of `trained.compiled.inputs`, samples first.

    Raises:
        RunError: an input is missing, or a layer cannot compute this batch.
    """
    nodes = trained.project.graph.nodes
    for port in trained.compiled.inputs:
        if port not in inputs:
            raise RunError(msg("The network also needs '{name}'.", name=nodes[port.node].name), node=port.node)
    batch = [inputs[port] for port in trained.compiled.inputs]
    with torch.no_grad(), explaining(trained.compiled, batch_size=len(batch[0])):
        outputs = trained.model(*batch)
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def predict_file(trained: Trained, path: Path) -> list[Prediction]:
    """What the network says of each sample in a file: one picture, the rows of a table, or an array.

    Raises:
        DataError: the file is missing or wrong.
        RunError: the network takes more than one input, or answers for every place of a sample.
    """
    inputs = inputs_of(trained, path)
    batches = zip(*(tensor.split(MAX_BATCH) for tensor in inputs.values()), strict=True)
    return [
        prediction
        for batch in batches
        for prediction in _read(trained, predict_batch(trained, dict(zip(inputs, batch, strict=True))))
    ]


def inputs_of(trained: Trained, path: Path) -> dict[Port, Tensor]:
    """The samples in a file as the network takes them (see `predict_batch`).

    Raises:
        DataError: the file is missing or wrong.
        RunError: the network takes more than one input.
    """
    if len(trained.compiled.inputs) != 1:
        raise RunError(msg("This network takes several inputs; a file can give only one."))
    (port,) = trained.compiled.inputs
    return input_from_file(trained.project.graph.nodes[port.node], path, trained.statistics)


def test_again(trained: Trained, prepared: Prepared | None = None) -> Tested:
    """Measure the network on the test samples of its run; `prepared` is its data where that is there already.

    Raises:
        DataError: the data is missing or has changed.
        RunError: the plan sets no samples aside for the test.
    """
    prepared = prepared or prepare(trained.project, trained.folder)
    if not prepared.test.count:
        raise RunError(msg("No samples were set aside for the test. Give the test part a share of the split."))
    fit = Fit(trained.compiled, prepared.parts, devices.choose("cpu"), epochs=1)
    fit.model.load_state_dict(trained.model.state_dict())
    record = fit.begin(training=False)
    for batch in fit.batches(fit.test, training=False):
        record.add(len(batch[0]), fit.evaluate(batch))
        record.flush()
    answers = ask(fit.compiled, fit.model, fit.test, batch_size=fit.batch_size)
    return Tested(record.figures(), prepared.classes, answers.confusion, answers.samples)


def _read(trained: Trained, outputs: tuple[Tensor, ...]) -> list[Prediction]:
    question = find_question(trained.compiled)
    values = outputs[question.output if question else 0]
    if question is not None and question.chance is not None and values[0].numel() == 1:
        chances = question.chance(values).reshape(-1).tolist()
        return [Prediction(float(chance > 0.5), max(chance, 1 - chance)) for chance in chances]
    if question is not None and question.probabilities is not None and values.dim() > 2:
        text = msg("This network answers for every place of a sample ({given}), which a line cannot show. Export it as a Python project "
                   "and ask that.", given=TensorSpec(("B", *values.shape[1:]), ""))  # fmt: skip
        raise RunError(text)
    if question is None or question.probabilities is None or values.dim() != 2:
        return [Prediction(value) for value in values.reshape(len(values), -1)[:, 0].tolist()]
    confidences, guesses = question.probabilities(values).max(1)
    return [Prediction(*row) for row in zip(guesses.tolist(), confidences.tolist(), strict=True)]
