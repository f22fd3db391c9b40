"""One objective whose parameters are divided among processes: its optimizer changes, and remembers, what is held here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from graph.messages import Message, msg
from graph.plan import BY_NORM, FLOAT16
from runtime.compiler import Compiled
from runtime.helpers import differentiates
from runtime.training.divided import is_divided, own
from runtime.training.learner import Learner, Setting
from runtime.training.optimizers import ELEMENTWISE, optimizer_class
from runtime.training.shards import Shards

WHOLE = msg("leave the weights whole in each process. On the command line, leave --shard out and keep --processes; in the window, switch "
            "'Divide the weights among them' off (Train, Processes that train together)")  # fmt: skip


def why_not_divided(compiled: Compiled) -> Message | None:
    """The setting that weights cannot be divided with, and what to do; None where they can."""
    plan = compiled.project.plan
    if plan.precision == FLOAT16:
        return msg("float16 cannot be used where the weights are divided among processes. Choose bfloat16 or float32 under Precision, or "
                   "{remedy}.", remedy=WHOLE)  # fmt: skip
    if plan.channels_last:
        return msg("The memory layout 'channels last' cannot be used where the weights are divided among processes. Switch it off in the "
                   "plan, or {remedy}.", remedy=WHOLE)  # fmt: skip
    if differentiates(compiled.source.text):
        return msg("A block is used for its gradient, which takes its weights whole: they cannot be divided among processes. Take "
                   "another loss, or {remedy}.", remedy=WHOLE)  # fmt: skip
    for program in compiled.programs:
        choice = program.objective.optimizer
        if optimizer_class(choice) not in ELEMENTWISE:
            return msg("The optimizer {type} of '{name}' looks at whole matrices, which no process has where the weights are divided. "
                       "Choose Adam, or {remedy}.",
                       type=choice.type.rpartition(".")[2], name=program.objective.name, remedy=WHOLE)  # fmt: skip
    return None


class ShardedLearner(Learner):
    """An ordinary learner until `divide`. Penalties are added to the gradients by hand, since no process has the weights whole."""

    shards: Shards | None = None
    _penalties = 0  # batches whose penalties wait for a step

    def divide(self, shards: Shards, model: nn.Module, setting: Setting) -> None:
        """Go on with the parts that this process holds."""
        self.shards, self.precision = shards, setting.precision
        self.module.to(setting.sample[0].device)
        self.parameters = [shards.renewed[id(p)] for p in self.parameters]
        self._set_up(model, setting)
        self._zero_grad = self._forget_gradients

    @property
    def in_order(self) -> list[nn.Parameter]:
        """The parameters in the order of the optimizer's rows."""
        decayed, rest = super()._groups()
        return [*decayed, *rest]

    def state_dict(self) -> dict[str, Any]:
        """As `Learner.state_dict`, of what is held here."""
        if self.shards is None:
            return super().state_dict()
        held = [None if p.grad is None else own(p.grad).clone() for p in self.parameters]
        return {
            "optimizer": self.optimizer.state_dict(),
            "rates": self.rates.state_dict(),
            "scaler": None,
            "gathered": self._gathered,
            "gradients": held if self._gathered else None,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As `Learner.load_state_dict`, of what is held here."""
        if self.shards is not None:
            given = zip(self.parameters, state["gradients"] or (), strict=False)
            rows = [g if g is None or not is_divided(p) else self.shards.as_divided(g.clone(), p) for p, g in given]
            state = {**state, "gradients": rows}
            self._forget_gradients()
        super().load_state_dict(state)
        self._penalties = self._gathered

    # ---- details

    def _groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        decayed, rest = super()._groups()
        shards = self.shards
        return (
            (decayed, rest) if shards is None else ([shards.piece(p) for p in decayed], [shards.piece(p) for p in rest])
        )

    def _forget_gradients(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def _with_penalty(self, loss: Tensor) -> Tensor:
        if self.shards is None:
            return super()._with_penalty(loss)
        self._penalties += 1
        return loss

    def _add_gradients_up(self) -> None:
        if self.shards is None:
            super()._add_gradients_up()
            return
        assert self.world is not None
        held = [(p, self.shards.piece(p)) for p in self.parameters]
        self.world.add_gradients_up([p.grad for p, _ in held if p.grad is not None and not is_divided(p)])
        for parameter, piece in held:
            piece.grad = None if parameter.grad is None else own(parameter.grad)
        self._add_penalties(self._penalties / self.objective.accumulate)
        self._penalties = 0

    @torch.no_grad()
    def _add_penalties(self, times: float) -> None:
        """Add the gradients of L1 and L2."""
        l1, l2 = self.objective.l1 * times, self.objective.l2 * times
        assert self.shards is not None
        for piece in map(self.shards.piece, self._penalized if l1 or l2 else ()):
            piece.grad = torch.zeros_like(piece) if piece.grad is None else piece.grad
            piece.grad.add_(piece.sign(), alpha=l1).add_(piece, alpha=l2)

    def _clip(self) -> None:
        if self.shards is None:
            super()._clip()
            return
        assert self.world is not None
        held = [(is_divided(p), self.shards.piece(p)) for p in self.parameters if p.grad is not None]
        parts, others = ([piece for divided, piece in held if divided is wanted] for wanted in (True, False))
        if self.objective.clip == BY_NORM:
            squares = self.world.add_up(_norm(parts).square()) + _norm(others).square()
            nn.utils.clip_grads_with_norm_([*parts, *others], self.objective.clip_at, squares.sqrt())
        else:
            nn.utils.clip_grad_value_([*parts, *others], self.objective.clip_at)


def _norm(parameters: Sequence[nn.Parameter]) -> Tensor:
    """The norm of gradients, all together."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
