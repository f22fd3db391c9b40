"""Pictures of what a network does, while it trains: looked at between two steps, now and then, without a trace in the run.

The network is asked in evaluation mode and with its averaged weights, as in validation. The noise of a drawing is the same
each time, so that what is made of it grows instead of flickering. Weights, statistics, random numbers and modes are
afterwards as before: a run has the same numbers to the bit, looked at or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import ref

import torch

from graph.messages import LayerloomError, Message, msg
from runtime.events import Noted, Picture, Pictured
from runtime.training.failures import explain_computation
from runtime.training.fit import Fit, device_random, set_device_random
from runtime.training.job import Job
from runtime.training.looking_kinds import views_of

INTERVAL = 0.5  # seconds between two looks, at least
MAX_SHARE = 0.02  # of the time that looks may take
SEED = 0  # of the noise


class Looking:
    """Decides when to look, and does it."""

    def __init__(self) -> None:
        self._next = 0.0
        self._step = -1  # of the last look
        self._fit: Callable[[], Fit | None] = lambda: None

    @property
    def is_due(self) -> bool:
        """Whether it is time for another look."""
        return time.monotonic() >= self._next

    def events(self, job: Job) -> Iterator[Pictured | Noted]:
        """What the network does now; nothing where its drawing has no picture, or it did not change since the last look.

        A drawing that cannot be looked at, for want of memory for example, is not looked at again: that is said once.
        """
        fit = job.fit
        if self._fit() is fit and self._step == fit.step:
            return
        pictures, took, reason = fit.together(take_pictures, job.classes)
        now = time.monotonic()
        self._next = now + max(INTERVAL, took / MAX_SHARE) if pictures else float("inf")
        self._fit, self._step = ref(fit), fit.step
        if reason is not None:
            yield Noted(msg("No more pictures of this run: {reason}", reason=reason))
        if pictures or reason is not None:
            yield Pictured(min(fit.epoch, fit.epochs), fit.step, pictures)


def take_pictures(fit: Fit, classes: tuple[str, ...]) -> tuple[tuple[Picture, ...], float, Message | None]:
    """The pictures, the seconds that they took, and why there are none any more."""
    started = time.monotonic()
    try:
        with without_a_trace(fit):
            if fit.views is None:
                fit.views = views_of(fit, classes)
                started = time.monotonic()  # finding them is done once
            pictures = tuple(view() for view in fit.views)
    except Exception as error:  # whatever it is, it must not end the run
        fit.views = []
        return (), 0.0, _sentence(error, fit)
    return pictures, time.monotonic() - started, None


def _sentence(error: Exception, fit: Fit) -> Message:
    """Why there are no pictures."""
    if isinstance(error, LayerloomError):
        return error.message
    found = explain_computation(error, fit.compiled, batch_size=fit.plan.batch_size)
    return found.message if found is not None else msg("{error}.", error=str(error).rstrip(".") or type(error).__name__)


@contextmanager
def without_a_trace(fit: Fit) -> Iterator[None]:
    """Inside, the model is in evaluation mode, with averaged weights if there are any, without gradients, and random
    numbers begin at `SEED`; afterwards everything is as before."""
    random, on_device = torch.get_rng_state(), device_random(fit.device)
    modes = [(module, module.training) for module in fit.model.modules()]
    # Layers of PyTorch change nothing in evaluation mode; what a person wrote may.
    buffers = [(b, b.clone()) for b in fit.model.buffers()] if fit.compiled.source.codes else []
    _seed(fit)
    fit.model.eval()
    try:
        with torch.no_grad(), fit.average.in_place(), fit.precision.computing():
            yield
    finally:
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        for module, mode in modes:
            module.training = mode
        set_device_random(fit.device, on_device)
        torch.set_rng_state(random)


def _seed(fit: Fit) -> None:
    """Let random numbers begin anew. (`torch.manual_seed` would queue up calls for GPUs that are not used.)"""
    torch.default_generator.manual_seed(SEED)
    if fit.device.type in ("cuda", "mps"):
        getattr(torch, fit.device.type).manual_seed(SEED)
