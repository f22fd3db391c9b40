"""A fault of ours while a card is painted is an error that is reported, not the end of the application."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtWidgets import QApplication

from drawings import lenet5
from gui.canvas import items
from person import seat


@pytest.mark.qt_no_exception_capture
def test_a_card_that_cannot_be_painted_is_an_error_like_any_other(qtbot, monkeypatch):
    person = seat(qtbot)
    person.open(lenet5().placed)

    def fail(*_: object, **__: object) -> None:
        raise ValueError("of ours")

    errors: list[type[BaseException]] = []
    person.canvas.scene().pictures.clear()
    with monkeypatch.context() as broken:
        broken.setattr(sys, "excepthook", lambda kind, *_: errors.append(kind))
        broken.setattr(items, "paint_card", fail)
        person.canvas.viewport().repaint()
        QApplication.processEvents()
    assert errors and set(errors) == {ValueError}
    person.canvas.viewport().repaint()
    assert person.canvas.isVisible()
