"""What a network says to what was entered, brought into a form that people read."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
import torch
from torch import Tensor

from graph.model import Port
from runtime.insight import Place, insight_of
from runtime.own_random import OwnRandom
from runtime.predict import Trained, predict_batch
from runtime.training.answers import Question, find_question
from runtime.trying import (
    BARS,
    CHANCES,
    CLASS_MAP,
    DOTS,
    NUMBERS,
    PICTURE,
    READING,
    TAGS,
    CodeEntry,
    Entered,
    Field,
    Form,
    Numbers,
    Pictures,
    PlaneEntry,
    Points,
    Result,
    Row,
    Shares,
    Tagged,
    TextEntry,
    Way,
    missing,
)
from runtime.trying_inputs import encoded
from runtime.trying_pixels import pictures_of
from runtime.trying_reading import reading_of

MOST_SHOWN = 1024  # numbers of a row
MOST_FRAMES = 32


def answer(trained: Trained, way: Way, form: Form, entered: Entered, *, seed: int = 0) -> Result:
    """What the network says.

    Raises:
        RunError: a layer cannot compute this, or something is missing.
        DataError: what was entered does not fit.
    """
    inputs: dict[Port, Tensor] = {}
    replaced: dict[Place, Tensor] = {}
    for entry in way.entries:
        value = entered.get(entry.key)
        if isinstance(entry, CodeEntry):
            if value is None:
                raise missing(entry.name)
            replaced[Place(entry.port)] = torch.from_numpy(np.array(value, dtype=np.float32).reshape(-1, entry.width))
        else:
            inputs |= encoded(trained, entry, value)
    count = max((len(rows) for rows in replaced.values()), default=1)
    values = _value(trained, form.port, _filled(trained, inputs, count), replaced, seed)
    return _read(trained, way, form, values, entered)


def field_of(trained: Trained, way: Way, form: Form, side: int) -> Field:
    """What the network says at side × side places of the plane, for classes."""
    (entry,) = way.entries
    assert isinstance(entry, PlaneEntry) and form.kind == BARS
    x, y = (np.linspace(low, high, side, dtype=np.float32) for low, high in zip(entry.low, entry.high, strict=True))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    scores = _value(trained, form.port, {entry.port: torch.from_numpy(grid)}, {}, 0)
    shares, classes = _probabilities(trained, scores).max(1)
    return Field(classes.reshape(side, side).numpy(), shares.reshape(side, side).numpy())


def _filled(trained: Trained, inputs: Mapping[Port, Tensor], count: int) -> dict[Port, Tensor]:
    """Every input of the network, `count` times: zeros for those that the answer does not depend on."""
    found = {}
    for port in trained.compiled.inputs:
        if port in inputs:
            found[port] = inputs[port].expand(count, *inputs[port].shape[1:])
            continue
        spec = trained.compiled.analysis.spec(port)
        assert spec is not None
        shape = (count, *(size for size in spec.shape[1:] if isinstance(size, int)))
        found[port] = torch.zeros(shape, dtype=getattr(torch, spec.dtype))
    return found


def _value(
    trained: Trained, port: Port, inputs: Mapping[Port, Tensor], replaced: Mapping[Place, Tensor], seed: int
) -> Tensor:
    """What leaves a port of the network."""
    outputs = trained.compiled.outputs
    if not replaced and port in outputs:
        with OwnRandom(seed):
            return predict_batch(trained, inputs)[outputs.index(port)]
    place = Place(port)
    seen = insight_of(trained).look(inputs, replaced=replaced, seed=seed, only=(place,)).value(place)
    assert seen is not None, port
    return seen


# ---- reading


def _read(trained: Trained, way: Way, form: Form, answered: Tensor, entered: Entered) -> Result:
    values = answered.detach().float()
    if form.kind == BARS:
        return _ranked(form.names, _probabilities(trained, values)[0])
    if form.kind == CHANCES:
        return _chances(trained, form, values[0])
    if form.kind == READING:
        return reading_of(way, form, values, entered)
    if form.kind == TAGS:
        return _tagged(trained, way, form, values, entered)
    if form.kind == CLASS_MAP:
        return Pictures(tuple(_probabilities(trained, values).argmax(1).numpy()), names=form.names)
    if form.kind == PICTURE:
        return _pictures(trained, form, values)
    if form.kind == DOTS:
        return Points(values.reshape(len(values), -1).numpy())
    if form.kind == NUMBERS:
        return Numbers(form.names, tuple(answered[0].reshape(-1).tolist()))
    return Row(values[0].reshape(-1)[:MOST_SHOWN].numpy(), tuple(values.shape[1:]))


def _question(trained: Trained) -> Question:
    question = find_question(trained.compiled)
    assert question is not None
    return question


def _probabilities(trained: Trained, scores: Tensor) -> Tensor:
    probabilities = _question(trained).probabilities
    assert probabilities is not None
    return probabilities(scores.float())


def _ranked(names: tuple[str, ...], shares: Tensor, *, is_one: bool = True) -> Shares:
    best, order = shares.sort(descending=True, stable=True)
    return Shares(tuple(names[i] for i in order.tolist()), tuple(best.tolist()), is_one)


def _chances(trained: Trained, form: Form, scores: Tensor) -> Shares:
    chance = _question(trained).chance
    assert chance is not None
    shares = chance(scores).reshape(-1)
    if len(form.names) == 2 and len(shares) == 1:  # one score says yes or no
        return _ranked(form.names, torch.cat([shares, 1 - shares]))
    return _ranked(form.names, shares, is_one=False)


def _tagged(trained: Trained, way: Way, form: Form, scores: Tensor, entered: Entered) -> Tagged:
    entry = next(entry for entry in way.entries if isinstance(entry, TextEntry))
    said = str(entered[entry.key]).split()
    shares, tags = _probabilities(trained, scores)[0].max(0)  # classes × places
    count = min(len(said), entry.length, len(tags))
    names = tuple(form.names[tag] for tag in tags[:count].tolist())
    return Tagged(tuple(said[:count]), names, tuple(shares[:count].tolist()), len(said) - count)


def _pictures(trained: Trained, form: Form, values: Tensor) -> Pictures:
    question = find_question(trained.compiled)
    is_asked = question is not None and trained.compiled.outputs[question.output] == form.port
    if is_asked and question is not None and question.chance is not None:
        values = question.chance(values)
    return pictures_of(values.reshape(len(values), *_picture_shape(trained, values)).numpy())


def _picture_shape(trained: Trained, values: Tensor) -> tuple[int, ...]:
    """The shape of one sample as a picture: its own, or that of the data which has as many numbers."""
    own = tuple(values.shape[1:])
    if len(own) == 3 and own[0] in (1, 3):
        return own
    for port in trained.compiled.inputs:
        spec = trained.compiled.analysis.spec(port)
        shape = tuple(size for size in spec.shape[1:] if isinstance(size, int)) if spec is not None else ()
        if len(shape) == 3 and prod(shape) == prod(own):
            return shape
    return own
