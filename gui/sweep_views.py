"""The panel of sweeps in the frame of a document: made when it is first looked at, it leads to where a place is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph.messages import tr
from graph.search import NodePlace, Place
from gui.later import Later
from gui.sweep_controller import SweepController
from gui.workspace import Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.frame import Frame


def sweep_tab(frame: Frame, workspace: Workspace) -> Later:
    """The tab with the sweeps of the document of a workspace."""

    def make() -> QWidget:
        from gui.panels.sweep import SweepPanel

        panel = SweepPanel(workspace)
        panel.told.connect(frame.notice.show_message)
        panel.open_requested.connect(lambda path: frame.opening_requested.emit(path, "copy"))
        panel.place_requested.connect(lambda place: go_to(frame, workspace, place))
        return panel

    return Later(make)


def sweep_title(sweeps: SweepController) -> str:
    """The title of the tab: how many trials of the sweep that is shown are done, of how many there are to be."""
    if sweeps.sweep is None:
        return tr("Sweep")
    return tr("Sweep {done}/{all}", done=len(sweeps.sweep.ended), all=sweeps.planned)


def go_to(frame: Frame, workspace: Workspace, place: Place) -> None:
    """Go to the field in which the value at a place of the project is edited."""
    editor = workspace.editor
    if not isinstance(place, NodePlace):
        from gui.panels.training import TrainingPanel

        frame.show_tab(frame.training)
        panel = frame.training.panel()
        assert isinstance(panel, TrainingPanel)
        panel.reveal(place)
    elif place.scope is None or place.scope in editor.project.blocks:
        editor.look_into(place.scope)
        editor.select([place.node])
        if place.node in editor.graph.nodes:
            frame.canvas.center_on(place.node)
        frame.show_tab(frame.inspector)
        frame.inspector.reveal(place.name)
