"""Which parts of a sample count for what a network says of it: saliency, integrated gradients, occlusion, Grad-CAM.

All ask for one number s: the score of a class before the softmax, or a number that the network gives. Where the network takes
tokens, their embeddings stand for them. x is the sample, x' an empty one: 0 everywhere, which is the mean for standardized features,
black for images, and no word for embeddings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from graph.messages import RunError, msg
from graph.model import Port
from runtime.explanations import GRAD_CAM, INTEGRATED, OCCLUSION, SALIENCY, Entry, Explanation
from runtime.insight import Insight, Place, Seen
from runtime.training.answers import asked_output

STEPS, BATCH_OF_STEPS = 64, 16  # on the way of integrated gradients, and computed at a time
COVERED = 6  # a covered square is 1/6 of the side of an image, and moves by half of it
BATCH = 64  # samples with something covered that are computed at a time
_EMBEDDINGS = ("torch.nn.Embedding",)

Samples = Mapping[Port, Tensor]  # one sample: every tensor has a first dimension of 1


def explain(
    insight: Insight, samples: Samples, entry: Entry, answer: int, method: str, *, layer: str = "", place: int = 0
) -> Explanation:
    """Which parts of one input of a sample count for an answer.

    Args:
        samples: what goes into the network, a batch of 1.
        answer: the class, or the number of the output, that is asked about.
        layer: the name of the node whose feature maps Grad-CAM looks at.
        place: of an output that answers many places, the one that is asked about.

    Raises:
        RunError: the network cannot be asked in this way; the message says why.
    """
    asked = _Asked(insight, samples, entry, answer, place)
    gap = None
    if method == GRAD_CAM:
        scores = asked.grad_cam(layer)
    elif method == OCCLUSION:
        scores = asked.occlusion()
    elif method == INTEGRATED:
        scores, gap = asked.integrated()
    else:
        assert method == SALIENCY, method
        scores = asked.saliency()
    sample = samples[asked.port][0].cpu().numpy()
    return Explanation(method, entry, answer, scores.float().cpu().numpy(), sample, layer, gap)


def layers_with_maps(insight: Insight, seen: Seen) -> tuple[str, ...]:
    """The nodes of the drawing whose output has channels and a place (B × C × H × W or B × C × T), the last one first."""
    graph = insight.trained.project.graph
    outputs = set(insight.trained.compiled.outputs)
    found = [
        graph.nodes[place.port.node].name
        for place, calls in seen.calls.items()
        if not place.path and place.port.node in graph.nodes and place.port not in outputs
        and place.port not in insight.trained.compiled.inputs
        and calls[-1].dim() in (3, 4) and calls[-1].is_floating_point() and min(calls[-1].shape[2:]) > 1
    ]  # fmt: skip
    return tuple(dict.fromkeys(reversed(found)))


class _Asked:
    """One number that a network says of a sample, as a function of what goes in."""

    def __init__(self, insight: Insight, samples: Samples, entry: Entry, answer: int, place: int) -> None:
        self._insight, self._samples, self._answer, self._place = insight, samples, answer, place
        self.port = insight.trained.compiled.inputs[entry.number]
        self._output = asked_output(insight.trained.compiled)
        self._is_image, self._has_channels = samples[self.port].dim() == 4, samples[self.port].dim() >= 4
        self._at = Place(self.port)
        if not samples[self.port].is_floating_point():
            self._at = Place(_embedding_of(insight, self.port))
        self._x = self._value_at(self._look(only=(self._at,)), self._at)

    def saliency(self) -> Tensor:
        """|∂s / ∂x|, the largest of the channels; of a token the norm over its features."""
        (gradient,) = self._gradients(self._x)
        return self._norm(gradient[0]) if self._is_embedded else self._largest(gradient[0])

    def integrated(self) -> tuple[Tensor, float]:
        """(x - x') · mean over α of ∂s / ∂x at x' + α (x - x'), by the midpoint rule; and how far the sum is from s(x) - s(x')."""
        alphas = (torch.arange(STEPS, dtype=self._x.dtype) + 0.5) / STEPS
        total = torch.zeros_like(self._x[0])
        for some in alphas.split(BATCH_OF_STEPS):
            (gradient,) = self._gradients(some.view(-1, *[1] * (self._x.dim() - 1)) * self._x)
            total += gradient.sum(0) / STEPS
        parts = self._x[0] * total
        with torch.no_grad():
            difference = self._score(self._x) - self._score(torch.zeros_like(self._x))
        return self._added(parts), abs(float(parts.sum() - difference))

    def occlusion(self) -> Tensor:
        """s(x) - s(x with a part of it empty), for squares of an image, tokens, features, or steps of time."""
        masks = _windows(self._x.shape[1:], is_image=self._is_image, is_embedded=self._is_embedded)
        with torch.no_grad():
            whole = self._score(self._x)
            falls = [whole - self._score(self._x * ~chunk).reshape(-1) for chunk in masks.split(BATCH)]
        fall, seen = torch.cat(falls), masks.float()
        weights = fall.view(-1, *[1] * (masks.dim() - 1))
        mean = (weights * seen).sum(0) / seen.sum(0).clamp(min=1)
        mean = mean.expand(self._x.shape[1:])
        return mean[..., 0] if self._is_embedded else mean[0] if self._has_channels else mean

    def grad_cam(self, layer: str) -> Tensor:
        """ReLU(Σ_k mean(∂s / ∂A_k) A_k) over the maps A_k of a layer, as large as the sample."""
        node = self._insight.trained.project.graph.node_named(layer)
        if node is None:
            raise RunError(
                msg("There is no layer '{name}' in the network that was trained. Choose another.", name=layer)
            )
        with torch.enable_grad():
            seen = self._look(live=True)
            found = next((c[-1] for p, c in seen.calls.items() if not p.path and p.port.node == node.id), None)
            if found is None or found.dim() not in (3, 4) or not found.requires_grad:
                raise RunError(
                    msg("The layer '{name}' has no feature maps. Choose a convolution or what follows one.", name=layer)
                )
            (gradient,) = torch.autograd.grad(self._pick(seen).sum(), found, allow_unused=True)
        if gradient is None:
            raise RunError(msg("The answer does not depend on the layer '{name}'. Choose another.", name=layer))
        found = found.detach()
        if found.dim() == 3 and found.shape[1] == self._length != found.shape[2]:  # B × T × F
            gradient, found = gradient.transpose(1, 2), found.transpose(1, 2)
        weights = gradient.mean(dim=tuple(range(2, gradient.dim())), keepdim=True)
        maps = (weights * found).sum(1, keepdim=True).relu()
        size = tuple(self._x.shape[2:]) if self._is_image else (self._length,)
        if len(size) != maps.dim() - 2:
            raise RunError(
                msg(
                    "The maps of '{name}' lie across other dimensions than the sample. Choose another layer.",
                    name=layer,
                )
            )
        mode = "bilinear" if maps.dim() == 4 else "linear"
        return torch.nn.functional.interpolate(maps, size=size, mode=mode, align_corners=False)[0, 0]

    # ---- details

    @property
    def _is_embedded(self) -> bool:
        return self._at.port != self.port

    @property
    def _length(self) -> int:
        """The steps of time of a sample that is no image: its tokens, or the longest of its dimensions."""
        return self._x.shape[1] if self._is_embedded else max(self._x.shape[1:])

    def _look(self, x: Tensor | None = None, *, live: bool = False, only: Collection[Place] | None = None) -> Seen:
        size = 1 if x is None else len(x)
        samples = {port: value.expand(size, *value.shape[1:]) for port, value in self._samples.items()}
        if x is not None and not self._is_embedded:
            samples[self.port] = x
        replaced = {self._at: x} if x is not None and self._is_embedded else None
        return self._insight.look(samples, replaced=replaced, live=live, losses=False, only=only)

    def _score(self, x: Tensor) -> Tensor:
        return self._pick(self._look(x, live=x.requires_grad, only=()))

    def _gradients(self, x: Tensor) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            x = x.detach().clone().requires_grad_()
            found = torch.autograd.grad(self._score(x).sum(), x, allow_unused=True)
        return tuple(torch.zeros_like(x) if gradient is None else gradient for gradient in found)

    def _pick(self, seen: Seen) -> Tensor:
        """The number that is asked about, for each sample."""
        output = seen.outputs[self._output]
        flat = output.flatten(2)[..., self._place] if output.dim() > 2 else output.reshape(len(output), -1)
        return flat[:, min(self._answer, flat.shape[1] - 1)]

    def _value_at(self, seen: Seen, place: Place) -> Tensor:
        value = seen.value(place)
        if value is None:
            raise RunError(msg("The network does not look at this input."))
        return value.detach()

    def _norm(self, gradient: Tensor) -> Tensor:
        return gradient.square().sum(-1).sqrt()

    def _largest(self, gradient: Tensor) -> Tensor:
        return gradient.abs().amax(0) if self._has_channels else gradient.abs()

    def _added(self, parts: Tensor) -> Tensor:
        return parts.sum(-1) if self._is_embedded else parts.sum(0) if self._has_channels else parts


def _windows(shape: torch.Size, *, is_image: bool, is_embedded: bool) -> Tensor:
    """What is covered, one mask a row: squares of C × H × W as 1 × H × W, tokens of T × F as T × 1, else numbers of any shape one by
    one, or a few neighbours where there are many."""
    if is_image:
        rows, columns = (_stretches(size, max(1, size // COVERED)) for size in shape[1:])
        return (rows[:, None, :, None] & columns[None, :, None, :]).flatten(0, 1).unsqueeze(1)
    if is_embedded:
        return torch.eye(shape[0], dtype=torch.bool).unsqueeze(2)
    count = shape.numel()
    return _stretches(count, max(1, count // BATCH)).view(-1, *shape)


def _stretches(size: int, length: int) -> Tensor:
    """Stretches of so many places, each half of it behind the one before, as rows of yes and no."""
    starts = sorted({*range(0, max(1, size - length), max(1, length // 2)), size - length})
    places = torch.arange(size)
    return torch.stack([(places >= start) & (places < start + length) for start in starts])


def _embedding_of(insight: Insight, port: Port) -> Port:
    """What the embedding of tokens gives: of a network that reads numbers of tokens, the gradient goes no further than that."""
    graph = insight.trained.project.graph
    for link in graph.outgoing(port.node):
        if link.source == port and graph.nodes[link.target.node].type in _EMBEDDINGS:
            return Port(link.target.node, "output")
    name = graph.nodes[port.node].name
    raise RunError(
        msg("'{name}' gives whole numbers that go into no embedding layer, so there is no gradient to follow. Wire it "
            "to an embedding, or ask about another input.", name=name)
    )  # fmt: skip
