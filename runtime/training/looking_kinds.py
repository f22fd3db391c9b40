"""Which pictures a drawing has, found by the drawing alone, and how each is taken.

* The boundary between classes, where the network sees two numbers and says a class.
* The function, where it sees one number and says one.
* What it makes of noise: points or images as the data has them.
* Images that it makes of images: those of autoencoders, and of networks from image to image.

All of it is called inside `runtime.training.looking.without_a_trace`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod

import numpy as np
import torch
from torch import Tensor

from graph.model import Link, Node, Port
from runtime.compiler import compile_project
from runtime.data import Part
from runtime.events import Boundary, FunctionDrawn, ImagesAgain, ImagesMade, Picture, PointsMade
from runtime.training.answers import Question, find_question
from runtime.training.fit import Fit
from runtime.training.looking_ports import (
    Form,
    compared_with,
    form_of,
    is_answer,
    is_image,
    is_like,
    made_of_noise,
    points_and_images,
    real_beside,
    sources_of,
)

View = Callable[[], Picture]
Range = tuple[float, float]
Box = tuple[float, float, float, float]

READ, POINTS = 5000, 500  # samples that are looked at for their range, and that are drawn
GRID = 48  # places of a boundary in each direction
LINE = 200  # places of a function
IMAGES, PAIRS = 24, 8
MAX_SIDE = 96  # pixels of an image that is shown
MARGIN = 0.1  # of the range of the data, around it
MAX_VIEWS = 4

_OUTPUT = "layerloom.Output"


def views_of(fit: Fit, classes: tuple[str, ...] = ()) -> list[View]:
    """The pictures of what a fit trains; each call takes one. `classes` are the names of the classes of the data."""
    return [*_planes(fit, classes), *_made(fit), *_again(fit)][:MAX_VIEWS]


class Asked:
    """A pass through the model in training that ends at a port: the text of the same drawing with its Output there."""

    def __init__(self, fit: Fit, port: Port) -> None:
        self._fit, project = fit, fit.compiled.project
        graph = project.graph.remove(node.id for node in project.graph.nodes.values() if node.type == _OUTPUT)
        node = Node(graph.free_id(), _OUTPUT, graph.free_name("output"))
        graph = graph.add(node).connect(Link(port, Port(node.id, "input")))
        self._compiled = compile_project(project.with_graph(graph))
        self.inputs = self._compiled.inputs

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor:
        """What leaves the port for a batch, which is in the order of `self.inputs`."""
        return self._compiled.model_class.forward(self._fit.model, *self._fit.precision.arrange(tuple(inputs)))


# ---- planes and lines


def _planes(fit: Fit, classes: tuple[str, ...]) -> Iterator[View]:
    compiled, question = fit.compiled, find_question(fit.compiled)
    if len(compiled.inputs) != 1 or question is None:
        return
    output = compiled.outputs[question.output]
    given, said = form_of(compiled, compiled.inputs[0]), form_of(compiled, output)
    if said is None:
        return
    is_number = prod(said) == 1
    says_class = question.chance is not None if is_number else question.probabilities is not None and len(said) == 1
    if given == (2,) and says_class:
        yield _Boundary(fit, question, classes)
    elif given == (1,) and is_number:
        yield _Function(fit, question)


class _Plane:
    """What both have: the question that the network answers, and samples of the training part."""

    def __init__(self, fit: Fit, question: Question) -> None:
        self._fit, self._question = fit, question
        self._name = fit.compiled.project.graph.nodes[fit.compiled.outputs[question.output].node].name
        self._inputs, targets = fit.train.head(READ, ports=[*fit.compiled.inputs, question.target])
        chosen = _some(len(self._inputs))
        self._points = _numbers(self._inputs[chosen])
        self._targets = _numbers(targets.reshape(len(targets), -1)[chosen, 0])

    def _answers(self, places: Tensor) -> Tensor:
        """Scores or numbers at places, or where one answers yes or no its probability."""
        outputs, question = self._fit.model(places), self._question
        answers = (outputs if isinstance(outputs, Tensor) else outputs[question.output]).float()
        return answers if question.chance is None else question.chance(answers).reshape(-1)


class _Boundary(_Plane):
    """The classes over a plane."""

    def __init__(self, fit: Fit, question: Question, classes: tuple[str, ...]) -> None:
        super().__init__(fit, question)
        self._classes, self._box = classes, _box(self._inputs)
        left, right, bottom, top = self._box
        y, x = torch.meshgrid(torch.linspace(bottom, top, GRID), torch.linspace(left, right, GRID), indexing="ij")
        self._places = torch.stack([x.flatten(), y.flatten()], 1).to(self._inputs)

    def __call__(self) -> Boundary:
        answers = self._answers(self._places)
        if self._question.chance is not None:
            guess, confidence = (answers > 0.5).long(), torch.maximum(answers, 1 - answers)
        else:
            assert self._question.probabilities is not None
            confidence, guess = self._question.probabilities(answers).max(1)
        guess, confidence = (part.reshape(GRID, GRID).cpu().numpy() for part in (guess.short(), confidence))
        targets = self._targets.astype(np.int64)
        return Boundary(self._name, self._box, guess, confidence, self._points, targets, self._classes)


class _Function(_Plane):
    """A number over a line."""

    def __init__(self, fit: Fit, question: Question) -> None:
        super().__init__(fit, question)
        self._places = torch.linspace(*_range(self._inputs), LINE).unsqueeze(1).to(self._inputs)
        self._points = np.stack([self._points[:, 0], self._targets], 1)

    def __call__(self) -> FunctionDrawn:
        y = self._answers(self._places).reshape(-1)
        return FunctionDrawn(self._name, _numbers(self._places[:, 0]), _numbers(y), self._points)


# ---- what is made of noise


def _made(fit: Fit) -> Iterator[View]:
    for data, form in points_and_images(fit.compiled).items():
        for port in made_of_noise(fit.compiled, data, form) if data in fit.train.ports else ():
            yield _ImagesMade(fit, port, data, form) if is_image(form) else _PointsMade(fit, port, data)


class _PointsMade:
    """Points out of noise, and real ones."""

    def __init__(self, fit: Fit, port: Port, data: Port) -> None:
        self._name = fit.compiled.project.graph.nodes[port.node].name
        self._asked = Asked(fit, port)
        self._batch = fit.train.head(POINTS, ports=self._asked.inputs)
        (real,) = fit.train.head(READ, ports=[data])
        self._real, self._box = _numbers(real[_some(len(real))]), _box(real)

    def __call__(self) -> PointsMade:
        return PointsMade(self._name, self._box, _numbers(self._asked(self._batch)), self._real)


class _ImagesMade:
    """Images out of noise."""

    def __init__(self, fit: Fit, port: Port, data: Port, form: Form) -> None:
        compiled = fit.compiled
        self._name, self._form = compiled.project.graph.nodes[port.node].name, _shown_form(fit, port, form)
        self._range = _range_at(fit, fit.train, real_beside(compiled, port) or compared_with(compiled, port) or data)
        self._asked = Asked(fit, port)
        self._batch = fit.train.head(IMAGES, ports=self._asked.inputs)

    def __call__(self) -> ImagesMade:
        return ImagesMade(self._name, _bytes(self._asked(self._batch), self._form, self._range))


# ---- images of images


def _again(fit: Fit) -> Iterator[View]:
    compiled, sources, question = fit.compiled, sources_of(fit.compiled), find_question(fit.compiled)
    images = [(port, form) for port, form in points_and_images(compiled).items() if is_image(form)]
    for number, output in enumerate(compiled.outputs):
        asked = question if question is not None and question.output == number else None
        if is_answer(compiled, output) or (asked is not None and asked.probabilities is not None):
            continue  # a right answer; or scores of classes, for each pixel
        seen = [(port, form) for port, form in images if port in sources[output.node] and port in compiled.inputs]
        like = [(port, form) for port, form in seen if is_like(form_of(compiled, output), form)]
        if like:
            yield _ImagesAgain(fit, output, *like[0], chance=asked.chance if asked else None)


class _ImagesAgain:
    """Images of the validation part, and what is made of them."""

    def __init__(
        self, fit: Fit, port: Port, data: Port, form: Form, *, chance: Callable[[Tensor], Tensor] | None
    ) -> None:
        compiled, part = fit.compiled, fit.validation if fit.validation.count else fit.train
        self._name, self._form = compiled.project.graph.nodes[port.node].name, _shown_form(fit, port, form)
        self._chance = chance
        self._range = (0.0, 1.0) if chance else _range_at(fit, part, compared_with(compiled, port) or data)
        self._asked = Asked(fit, port)
        self._batch = part.head(PAIRS, ports=self._asked.inputs)
        (images,) = part.head(PAIRS, ports=[data])
        self._given = _bytes(images, form, _bounds(images))

    def __call__(self) -> ImagesAgain:
        images = self._asked(self._batch)
        images = images if self._chance is None else self._chance(images.float())
        return ImagesAgain(self._name, self._given, _bytes(images, self._form, self._range))


def _shown_form(fit: Fit, port: Port, data: Form) -> Form:
    """The shape of the images at a port: its own, or where they are flat that of the data."""
    form = form_of(fit.compiled, port)
    return form if form is not None and is_image(form) else data


# ---- numbers


def _some(count: int) -> Tensor:
    """The rows of some samples, the same each time."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))[:POINTS]


def _numbers(values: Tensor) -> np.ndarray:
    return values.float().cpu().numpy()


def _range(values: Tensor) -> Range:
    """From a little below the least number to a little above the greatest."""
    values = values.float()
    low, high = torch.stack(values[torch.isfinite(values)].aminmax()).tolist()
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def _box(points: Tensor) -> Box:
    return (*_range(points[:, 0]), *_range(points[:, 1]))


def _range_at(fit: Fit, part: Part, port: Port) -> Range:
    """Black and white at a port that real images pass."""
    if port in part.ports:
        return _bounds(*part.head(IMAGES, ports=[port]))
    asked = Asked(fit, port)
    return _bounds(asked(part.head(IMAGES, ports=asked.inputs)))


def _bounds(values: Tensor) -> Range:
    """Black and white: 0 and 1 where all numbers are between them, else the least and the greatest."""
    low, high = torch.stack(values.float().aminmax()).tolist()
    return (0.0, 1.0) if (low >= 0 and high <= 1) or not low < high else (low, high)


def _bytes(values: Tensor, form: Form, bounds: Range) -> np.ndarray:
    """Images as bytes of n × height × width (× 3), none larger than `MAX_SIDE`."""
    images, (low, high) = values.float().reshape(-1, *form), bounds
    side = max(form[1:])
    if side > MAX_SIDE:
        size = [max(1, round(pixels * MAX_SIDE / side)) for pixels in form[1:]]
        images = torch.nn.functional.interpolate(images, size, mode="area")
    pixels = ((images - low) / (high - low)).nan_to_num(0.0).clamp(0, 1).mul(255).round().to(torch.uint8)
    pixels = pixels.permute(0, 2, 3, 1).cpu().numpy()
    return np.ascontiguousarray(pixels[..., 0] if form[0] == 1 else pixels)
