"""The strip in the tool bar that runs the training: one button that trains, pauses and resumes, progress, device."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QProgressBar, QPushButton, QWidget

from graph.figure_titles import title_of
from graph.messages import Message, msg, tr
from gui.device_button import DeviceButton
from gui.figures import clock, figure, grouped
from gui.icons import icon
from gui.panels.parts import ElidedLabel, Still, label, row, small_button
from gui.run_controller import ELSEWHERE, RunController, RunState
from gui.run_menu import GOING_ON, RunMenu
from gui.theme import GRID, theme
from runtime.events import (
    EpochEnded,
    Event,
    Failed,
    Finished,
    Noted,
    Overfitted,
    RangeTested,
    RunStarted,
    StepsEnded,
    Stopped,
)

IMAGES = "layerloom.data.Images"
BUTTON_WIDTH, DEVICE_WIDTH = 112, 112  # pixels at 100 %, as the next two
MIN_BAR_WIDTH, BAR_WIDTH = 24, 168
STEPS = 1000  # of the progress bar

# What the one button shows in each state.
FACES: dict[RunState, tuple[str, Message]] = {
    RunState.IDLE: ("play", msg("Train")),
    RunState.STARTING: ("pause", msg("Pause")),
    RunState.RUNNING: ("pause", msg("Pause")),
    RunState.PAUSED: ("play", msg("Resume")),
    RunState.STOPPING: ("stop", msg("Stopping…")),
    RunState.WATCHING: ("stop", msg("Stop watching")),
    RunState.STOPPED: ("play", msg("Train")),
    RunState.FINISHED: ("play", msg("Train")),
    RunState.FAILED: ("play", msg("Train")),
}
CONTINUE = ("play", msg("Continue"))


class Progress:
    """How far a run is, from its events alone: no clock is read, so a pause does not count."""

    def __init__(self, start: RunStarted) -> None:
        self.epoch, self.epochs = start.first_epoch, start.epochs
        self.samples_per_second = 0.0
        self._steps = start.epochs * start.steps_per_epoch
        self._samples_per_step = start.samples.get("train", 0) / max(1, start.steps_per_epoch)
        self._step = (start.first_epoch - 1) * start.steps_per_epoch
        self._seconds_per_step: float | None = None  # of the last epoch, with its validation

    def take(self, event: StepsEnded | EpochEnded) -> None:
        """Note what happened."""
        self.epoch, self._step, self.samples_per_second = event.epoch, event.step, event.samples_per_second
        if isinstance(event, EpochEnded) and self._steps > event.step:
            self._seconds_per_step = event.seconds_left / (self._steps - event.step)

    @property
    def share(self) -> float:
        """What is done, from 0 to 1."""
        return min(1.0, self._step / max(1, self._steps))

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None before anything is known."""
        each = self._seconds_per_step
        if each is None and self.samples_per_second > 0:
            each = self._samples_per_step / self.samples_per_second
        return None if each is None else each * (self._steps - self._step)


class RunBar(QWidget):
    """Shows the run of a controller and passes on what the person wants of it."""

    def __init__(self, controller: RunController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._editor = controller, controller.editor
        self._progress: Progress | None = None
        self._result: tuple[str, str] | None = None  # of a run that only looks, and its tone
        self._noted = ""  # the last thing to know about it, until it goes on
        self._build()
        for signal, slot in (
            (controller.state_changed, self._on_state_changed),
            (controller.stale_changed, self._show_button),
            (controller.events, self._on_events),
            (controller.ended, self._on_ended),
        ):
            signal.connect(slot)
        self._on_state_changed(controller.state)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    @Slot()
    def _use_scale(self) -> None:
        self.button.setMinimumWidth(theme.px(BUTTON_WIDTH))
        self.bar.setMinimumWidth(theme.px(MIN_BAR_WIDTH))
        self.bar.setMaximumWidth(theme.px(BAR_WIDTH))
        self.device.setMinimumWidth(theme.px(DEVICE_WIDTH))

    def _build(self) -> None:
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.clicked.connect(self._controller.toggle)
        self.stop_button = _icon_button("stop", tr("Stop"), self._controller.stop)
        self.restart_button = _icon_button("restart", tr("Start again from the beginning"), self._controller.restart)
        self.more_button = RunMenu(self._controller)
        self.replace_button = small_button(tr("Go on with it"))
        self.replace_button.setToolTip(
            tr("Lets the run go on with the drawing as it is now. Weights stay with their nodes.")
        )
        self.replace_button.clicked.connect(self._controller.use_new_drawing)
        self.epoch_label = label("", tone="heading")
        self.bar = QProgressBar(textVisible=False, maximum=STEPS)
        self.bar.setAccessibleName(tr("Progress of the training"))
        self.status = ElidedLabel(tone="muted")
        self.stale = ElidedLabel(tone="warning")
        self.device = DeviceButton(self._editor)
        progress = QWidget()
        inner = row(progress, spacing=3 * GRID)
        for widget, share in (
            (self.epoch_label, 0),
            (self.bar, 3),
            (self.status, 6),
            (self.stale, 6),
            (self.replace_button, 0),
        ):
            inner.addWidget(widget, share)
        line = row(self)
        line.addStretch(1)
        for widget in (self.button, self.stop_button, self.restart_button, self.more_button):
            line.addWidget(widget)
        line.addSpacing(2 * GRID)
        line.addWidget(
            Still(progress), 5
        )  # a window may be narrower than what it says, and it says something else all the time
        line.addWidget(self.device)

    def show_past(self, events: Iterable[Event]) -> None:
        """Show a run that began before this strip was made."""
        events = list(events)
        self._on_events(events)
        if events and isinstance(events[-1], Finished | Stopped | Failed):
            self._on_ended(events[-1])

    # ---- what happens

    @Slot(object)
    def _on_state_changed(self, state: RunState) -> None:
        self._show_button()
        self.stop_button.setEnabled(state.is_active)
        self.stop_button.setToolTip(tr("Stop") if state.is_active else tr("Nothing to stop: no run is under way"))
        elsewhere = state is RunState.WATCHING
        self.restart_button.setEnabled(not elsewhere)
        self.restart_button.setToolTip(str(ELSEWHERE) if elsewhere else tr("Start again from the beginning"))
        if state in (RunState.IDLE, RunState.STARTING, RunState.WATCHING):
            self._progress = self._result = None
            self._noted = ""
            self._say(self._beginning(state))
        self._show_progress()

    def _beginning(self, state: RunState) -> str:
        """What is said before anything is known of a run."""
        if state is RunState.WATCHING:
            return tr("Watching {place}: nothing came yet", place=self._controller.watched)
        return tr("Starting…") if state is RunState.STARTING else ""

    @Slot(object)
    def _on_events(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, RunStarted):
                self._progress = Progress(event)
            elif self._progress and isinstance(event, StepsEnded | EpochEnded):
                self._progress.take(event)
                self._noted = ""
            elif isinstance(event, Noted):
                self._noted = str(event.message)
            elif isinstance(event, Overfitted | RangeTested):
                self._result = _result(event)
        self._show_progress()

    @Slot(object)
    def _on_ended(self, event: Finished | Stopped | Failed) -> None:
        if self._controller.watched and not isinstance(event, Finished):
            self._say_end_of_watching(event)
        elif isinstance(event, Failed):
            started = self._progress is not None
            reason = event.message
            text = tr("Failed: {reason}", reason=reason) if started else tr("Cannot start: {reason}", reason=reason)
            self._say(text, "error")
            self.status.setToolTip(str(event.message))
        elif self._result:
            self._say(*self._result)
            self.status.setToolTip(self._result[0])
        elif isinstance(event, Stopped):
            self._say(tr("Stopped in epoch {epoch}", epoch=event.epoch))
        else:
            ordered = sorted(event.test.items(), key=lambda entry: entry[0] == "loss")  # what people ask for first
            figures = ", ".join(f"{title_of(key)} {figure(value)}" for key, value in ordered)
            tested = [tr("Test: {figures}", figures=figures)] if figures else []
            early = [tr("early, in epoch {epoch}", epoch=event.epoch)] if event.early else []
            self._say(" · ".join([tr("Finished in {time}", time=clock(event.seconds)), *early, *tested]))

    def _say_end_of_watching(self, event: Stopped | Failed) -> None:
        """It was stopped or failed there, or is looked at no longer."""
        if isinstance(event, Failed):
            self._say(str(event.message), "error")
            self.status.setToolTip(str(event.message))
        elif self._controller.state is RunState.STOPPING:
            self._say(tr("Watched no longer. The run goes on elsewhere."))
        else:
            self._say(tr("The run was stopped elsewhere, in epoch {epoch}", epoch=event.epoch))

    # ---- what it shows

    @Slot()
    def _show_button(self) -> None:
        state = self._controller.state
        icon_name, text = CONTINUE if self._controller.can_continue else FACES[state]
        self.button.setIcon(icon(icon_name, "on_accent"))
        self.button.setText(str(text))
        is_stale = self._controller.is_stale and state is not RunState.IDLE
        self.stale.setText(tr("The drawing has changed since") if is_stale else "")
        self.stale.setToolTip(tr("This run goes on with the drawing as it was when it started.") if is_stale else "")
        self.stale.setVisible(is_stale)
        self.replace_button.setVisible(is_stale and state in GOING_ON)

    def _show_progress(self) -> None:
        progress = self._progress
        is_under_way = progress is not None and self._controller.state is not RunState.FINISHED
        self.epoch_label.setVisible(is_under_way)
        self.bar.setVisible(is_under_way)
        if progress is None:
            return
        self.epoch_label.setText(tr("epoch {epoch} / {epochs}", epoch=progress.epoch, epochs=progress.epochs))
        self.bar.setValue(round(STEPS * progress.share))
        if self._controller.state is RunState.PAUSED:
            self._say(tr("Paused"))
        elif self._controller.state is RunState.RUNNING:
            self._say(" · ".join(self._pace(progress)))
        elif self._controller.state is RunState.WATCHING and self._noted:  # such as that nothing came for long
            self._say(self._noted, "warning")
            self.status.setToolTip(self._noted)
        elif self._controller.state is RunState.WATCHING:
            self._say(" · ".join([tr("Watching {place}", place=self._controller.watched), *self._pace(progress)]))

    def _pace(self, progress: Progress) -> list[str]:
        left = progress.seconds_left
        parts = [] if left is None else [tr("{time} left", time=clock(left))]
        if progress.samples_per_second:
            speed, images = grouped(progress.samples_per_second), self._has_images()
            parts.append(tr("{speed} img/s", speed=speed) if images else tr("{speed} samples/s", speed=speed))
        return parts

    def _has_images(self) -> bool:
        trained = self._controller.trained
        return trained is not None and any(node.type == IMAGES for node in trained.graph.nodes.values())

    def _say(self, text: str, tone: str = "muted") -> None:
        self.status.setText(text)
        if self.status.toolTip():
            self.status.setToolTip("")
        if self.status.property("tone") != tone:
            self.status.setProperty("tone", tone)
            self.status.style().polish(self.status)


def _result(event: Overfitted | RangeTested) -> tuple[str, str]:
    """What a run that only looks found, and the tone to say it in."""
    if isinstance(event, Overfitted):
        return str(event.message), "good" if event.passed else "warning"
    if event.proposed is None:
        return tr("No learning rate stands out: the loss did not fall. Check the drawing and its data."), "warning"
    return tr("A learning rate to try: {rate}", rate=f"{event.proposed:.2g}"), "good"


def _icon_button(icon_name: str, text: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(icon(icon_name), "")
    button.setProperty("kind", "icon")
    button.setToolTip(text)
    button.setAccessibleName(text)
    button.clicked.connect(slot)
    return button
