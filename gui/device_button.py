"""The chip at the end of the tool bar: where the network trains, and a menu to choose another place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from graph.messages import msg, tr
from gui.editor import Editor

AUTO = "auto"


class DeviceButton(QPushButton):
    """Names the device that the plan asks for, and the one that an automatic choice amounts to once it is known."""

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._devices: dict[str, str] = {}
        self.setProperty("kind", "menu")
        self.setMenu(QMenu(self))
        editor.changed.connect(self._show)
        self.set_devices(())

    def set_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer the devices of this computer, by id and name, the fastest first, and the automatic choice."""
        self._devices = dict(devices)
        self.menu().clear()
        for wish, name in {AUTO: tr("Automatic"), **self._devices}.items():
            action = self.menu().addAction(name, partial(self._choose, wish))
            action.setData(wish)
            action.setCheckable(True)
        self._show()

    @Slot()
    def _show(self) -> None:
        wish = self._editor.project.plan.device
        meant = self._meant(wish)
        for action in self.menu().actions():
            action.setChecked(action.data() in (wish, meant) and (action.data() == AUTO) == (wish == AUTO))
        name = self._devices.get(meant, "")
        self.setText(device_text(meant, name) if name else tr("Automatic device") if wish == AUTO else wish.upper())
        where = tr("Chosen automatically: {device}", device=name) if wish == AUTO and name else name
        self.setToolTip(where or tr("Where the network trains"))
        self.setAccessibleName(tr("Device: {device}", device=self.text()))

    def _meant(self, wish: str) -> str:
        """The id of the device that a wish amounts to: "cuda" is the first of its kind; empty if there is none."""
        return next((found for found in self._devices if wish in (AUTO, found, found.partition(":")[0])), "")

    def _choose(self, wish: str) -> None:
        self._editor.set_plan(replace(self._editor.project.plan, device=wish), msg("Choose the device"))


def device_text(device: str, name: str) -> str:
    """A device as on its chip: `CPU`, `CUDA:0 H200`."""
    short = name.removeprefix("NVIDIA").replace("GeForce", "").strip()
    return device.upper() if device == "cpu" else f"{device.upper()} {short}"
