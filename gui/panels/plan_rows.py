"""The settings of a training plan that are one value each: what they are called, what fits, and what an edit says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from graph.catalog import Kind, Param
from graph.catalog.common import flag, real, whole
from graph.messages import Message, msg, tr
from graph.model import Value
from graph.plan import AVERAGES, CLIPS, EMA, NO_AVERAGE, NO_CLIP, PRECISIONS, SWA, UNITS, WHOLE, Objective, Plan
from gui.panels.fields import ChoiceField, make_field
from gui.panels.form import FieldRow
from gui.panels.parts import column
from gui.theme import GRID

MAX_SEED = 2**31 - 1
MAX_COUNT = 1_000_000


@dataclass(frozen=True)
class PlanRow:
    """One setting. `words` are texts that stand for values of it; `when` names another and the values that it matters for."""

    param: Param
    name: str
    text: Message  # of the undo step
    labels: Mapping[str, str] | None = None
    words: Mapping[str, Value] = field(default_factory=dict)
    when: tuple[str, tuple[object, ...]] | None = None

    def shown(self, value: Value) -> Value:
        """The value as its field shows it."""
        return next((word for word, meant in self.words.items() if meant == value), value)


class RowGroup(QWidget):
    """Settings of one record (a plan or an objective) below each other. `edited(PlanRow, value)`; `finished()` ends a touch."""

    edited = Signal(object, object)
    finished = Signal()

    def __init__(self, rows: Sequence[PlanRow]) -> None:
        super().__init__()
        self._rows = tuple(rows)
        self.rows: dict[str, FieldRow] = {}
        layout = column(self, spacing=GRID + 1)
        for described in self._rows:
            self.rows[described.param.name] = self._make(described)
            layout.addWidget(self.rows[described.param.name])

    def show_record(self, record: Plan | Objective) -> None:
        """Show the settings of this record; those that do not matter for it are hidden."""
        for described in self._rows:
            name = described.param.name
            value = getattr(record, name)
            shown = self.rows[name]
            shown.show_value(described.shown(value), is_set=value != described.param.default)
            other, values = described.when or ("", ())
            shown.setVisible(not other or getattr(record, other) in values)

    def summary(self, record: Plan | Objective) -> str:
        """What was set, for where the settings themselves are folded away."""
        told = []
        for described in self._rows:
            value = getattr(record, described.param.name)
            other, values = described.when or ("", ())
            if value != described.param.default and (not other or getattr(record, other) in values):
                told.append(_told(described, value))
        return " · ".join(told)

    def _make(self, described: PlanRow) -> FieldRow:
        param = described.param
        made_field = ChoiceField(param, described.labels) if param.kind is Kind.CHOICE else make_field(param)
        made = FieldRow(param, made_field, name=described.name)
        made.words = described.words
        made.edited.connect(lambda value: self.edited.emit(described, described.words.get(value, value)))
        made.finished.connect(self.finished)
        made.reset_requested.connect(lambda: self.edited.emit(described, param.default))
        return made


def _told(described: PlanRow, value: Value) -> str:
    if value is True:
        return described.name
    if described.param.kind is Kind.CHOICE:
        return (described.labels or {}).get(str(value), str(value))
    return f"{described.name} {value:g}" if isinstance(value, (int, float)) else f"{described.name} {value}"


def _choice(name: str, choices: tuple[str, ...], default: str, text: str) -> Param:
    return Param(name=name, kind=Kind.CHOICE, choices=choices, default=default, help=text)


def run_rows() -> tuple[PlanRow, ...]:
    """How long training goes."""
    plan, everything = Plan(), tr("all")
    batch = Param(
        name="batch_size", kind=Kind.INT, default=plan.batch_size, choices=(everything,), minimum=1, maximum=MAX_COUNT,
        help=tr("Number of samples in each step. All of them in one step is batch gradient descent, one sample is pure SGD."),
    )  # fmt: skip
    return (
        PlanRow(
            whole("epochs", plan.epochs, tr("How often training goes through all training samples."), minimum=1,
                  maximum=MAX_COUNT),
            tr("Epochs"), msg("Set the epochs"),
        ),
        PlanRow(batch, tr("Batch size"), msg("Set the batch size"), words={everything: WHOLE}),
        PlanRow(
            whole("seed", plan.seed, tr("Start of the random numbers: the same seed gives the same run."), minimum=0,
                  maximum=MAX_SEED),
            tr("Seed"), msg("Set the seed"),
        ),
    )  # fmt: skip


def speed_rows() -> tuple[PlanRow, ...]:
    """How a step is computed."""
    plan = Plan()
    return (
        PlanRow(
            _choice("precision", PRECISIONS, plan.precision,
                    tr("The numbers that layers compute with. bfloat16 and float16 are faster on GPUs; the weights stay float32, "
                       "and float16 scales the loss so that small gradients survive.")),
            tr("Precision"), msg("Set the precision"),
        ),
        PlanRow(
            flag("compile", plan.compile, tr("Lets torch.compile make the steps faster. It takes a while to begin, and pays on GPUs and "
                                             "for long runs; where it fails, training goes on without.")),
            tr("Compile"), msg("Set torch.compile"),
        ),
        PlanRow(
            flag("channels_last", plan.channels_last, tr("Stores images with their channels last, which is faster for convolutions on "
                                                         "GPUs with bfloat16 or float16.")),
            tr("Channels last"), msg("Set channels last"),
        ),
        PlanRow(
            flag("deterministic", plan.deterministic, tr("Uses only operations that give the same bits each time, also on a GPU. "
                                                         "It can be slower.")),
            tr("Deterministic"), msg("Set deterministic operations"),
        ),
    )  # fmt: skip


def averaging_rows() -> tuple[PlanRow, ...]:
    """Which weights are kept."""
    plan = Plan()
    labels = {NO_AVERAGE: tr("None"), EMA: tr("Moving (EMA)"), SWA: tr("Stochastic (SWA)")}
    return (
        PlanRow(
            _choice("averaging", AVERAGES, plan.averaging,
                    tr("Evaluates and keeps averaged weights instead of the last ones: a moving average of all steps, or the mean of "
                       "the ends of epochs.")),
            tr("Weight averaging"), msg("Set the averaging of weights"), labels,
        ),
        PlanRow(
            real("averaging_decay", plan.averaging_decay, tr("The share of the average that stays at each step."), minimum=0,
                 maximum=1),
            tr("Decay"), msg("Set the decay of the average"), when=("averaging", (EMA,)),
        ),
        PlanRow(
            whole("averaging_start", plan.averaging_start, tr("The first epoch whose end goes into the mean."), minimum=1,
                  maximum=MAX_COUNT),
            tr("From epoch"), msg("Set the start of averaging"), when=("averaging", (SWA,)),
        ),
    )  # fmt: skip


def stopping_rows() -> tuple[PlanRow, ...]:
    """When training ends early."""
    plan = Plan()
    return (
        PlanRow(
            whole("patience", plan.patience, tr("Ends the run after so many epochs in which the watched figure did not get better; "
                                                "0 never does."), minimum=0, maximum=MAX_COUNT),
            tr("Patience"), msg("Set the patience"),
        ),
        PlanRow(
            real("min_delta", plan.min_delta, tr("A change of the watched figure up to this size does not count as better."),
                 minimum=0),
            tr("Least change"), msg("Set the least change"),
        ),
    )  # fmt: skip


def schedule_rows() -> tuple[PlanRow, ...]:
    """How the learning rate of an objective goes, beside the schedule itself."""
    objective = Objective()
    return (
        PlanRow(
            _choice("schedule_by", UNITS, objective.schedule_by, tr("Whether the schedule advances at each epoch or at each step.")),
            tr("Advance each"), msg("Set when the schedule advances"), dict(zip(UNITS, (tr("epoch"), tr("step")), strict=True)),
        ),
        PlanRow(
            whole("warmup", objective.warmup, tr("The number of steps over which the learning rate first grows to its value."),
                  minimum=0, maximum=MAX_COUNT),
            tr("Warm-up steps"), msg("Set the warm-up"),
        ),
    )  # fmt: skip


def gradient_rows() -> tuple[PlanRow, ...]:
    """What happens to the gradients of an objective before a step."""
    objective = Objective()
    clips: dict[str, str] = dict(zip(CLIPS, (tr("None"), tr("By norm"), tr("By value")), strict=True))
    clipped = tuple(clip for clip in CLIPS if clip != NO_CLIP)
    return (
        PlanRow(
            _choice("clip", CLIPS, objective.clip, tr("Limits gradients, so that one batch cannot throw the weights far: the norm of all "
                                                      "together, or each number.")),
            tr("Clip gradients"), msg("Set the clipping of gradients"), clips,
        ),
        PlanRow(
            real("clip_at", objective.clip_at, tr("The largest norm or value."), minimum=1e-12),
            tr("At most"), msg("Set the limit of gradients"), when=("clip", clipped),
        ),
        PlanRow(
            whole("accumulate", objective.accumulate, tr("Averages the gradients of so many batches for one step, as a larger batch "
                                                         "would."), minimum=1, maximum=MAX_COUNT),
            tr("Accumulate"), msg("Set the accumulation of gradients"),
        ),
        PlanRow(
            whole("every", objective.every, tr("Steps at every so many batches only: a critic steps at each, its generator at every "
                                               "fifth."), minimum=1, maximum=MAX_COUNT),
            tr("Step every"), msg("Set how often the objective steps"),
        ),
    )  # fmt: skip


def penalty_rows() -> tuple[PlanRow, ...]:
    """What pulls the weights of an objective towards 0."""
    objective = Objective()
    return (
        PlanRow(
            real("l1", objective.l1, tr("Adds this times the sum of all |w| to the loss; many weights become 0."), minimum=0),
            tr("L1 penalty"), msg("Set the L1 penalty"),
        ),
        PlanRow(
            real("l2", objective.l2, tr("Adds this times half the sum of all w² to the loss; weights stay small."), minimum=0),
            tr("L2 penalty"), msg("Set the L2 penalty"),
        ),
        PlanRow(
            flag("decay_all", objective.decay_all, tr("Weight decay and penalties reach biases and normalization too. Off is what most "
                                                      "recipes for large networks do.")),
            tr("Decay all"), msg("Set what weight decay reaches"),
        ),
    )  # fmt: skip
