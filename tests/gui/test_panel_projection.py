"""The panel of embeddings: what it asks of a network, the map, its names, the mouse and the keys, and what is near a point."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QLabel, QScrollBar, QTabWidget, QVBoxLayout, QWidget

from graph import files
from graph.messages import LayerloomError, RunError, msg
from gui.asker import Asker
from gui.editor import Editor
from gui.panels.map_card import PCA, TSNE
from gui.panels.projection import ProjectionPanel
from gui.run_controller import RunController, RunState
from gui.theme import theme
from panel_tools import show
from runtime import embeddings, examples, projection, projection_apart
from runtime.embeddings import Choice, Cloud, Kind

WORDS = Choice(Kind.TABLE, "embedding", "n2", 4, words=True)
LAYER = Choice(Kind.LAYER, "relu2", "n5", 6, port="output")


class FakeNetwork:
    """Some words in two groups, and samples in two classes."""

    choices = (WORDS, LAYER)
    error: LayerloomError | None = None

    def cloud(self, choice: Choice) -> Cloud:
        if self.error is not None:
            raise self.error
        draw = np.random.default_rng(0)
        first, second = np.eye(choice.numbers)[:2] * 10
        points = np.concatenate(
            [first + draw.normal(size=(6, choice.numbers)), second + draw.normal(size=(6, choice.numbers))]
        )
        if choice.kind is Kind.TABLE:
            names = ("cat dog cow hen pig goat", "red blue green white black brown")
            return Cloud(choice, points.astype(np.float32), tuple(" ".join(names).split()), 12)
        return Cloud(choice, points.astype(np.float32), tuple("123456789abc"), 12, np.repeat([0, 1], 6), ("yes", "no"))


class FakeAsker(QObject):
    """Keeps questions until it is told to answer; of those with one key the newest."""

    subject_changed = Signal()

    def __init__(self, network: FakeNetwork, *, is_trained: bool = True) -> None:
        super().__init__()
        self.network, self.is_trained, self.is_current = network, is_trained, True
        self.asked: list[str] = []
        self.waiting: dict[str, tuple] = {}

    def ask(self, question, then, *, key, failed) -> None:
        self.asked.append(key)
        self.waiting[key] = (question, then, failed)

    def drop(self, key: str) -> None:
        self.waiting.pop(key, None)

    def answer(self) -> None:
        while self.waiting:
            question, then, failed = self.waiting.pop(next(iter(self.waiting)))
            try:
                found = question(self.network)
            except LayerloomError as error:
                failed(error.message)
            else:
                then(found)
        for thread in threading.enumerate():
            if thread.name == "layerloom-map":
                thread.join()
        QApplication.processEvents()


@pytest.fixture
def asker(monkeypatch) -> FakeAsker:
    monkeypatch.setattr(embeddings, "choices", lambda network: network.choices)
    monkeypatch.setattr(embeddings, "cloud", lambda network, choice: network.cloud(choice))
    return FakeAsker(FakeNetwork())


@pytest.fixture
def panel(qtbot, asker) -> ProjectionPanel:
    return show(qtbot, ProjectionPanel(asker), 1366, 300)


@pytest.fixture
def shown(panel, asker) -> ProjectionPanel:
    asker.answer()
    return panel


def texts(panel: ProjectionPanel) -> str:
    return " ".join(words.text() for words in panel.findChildren(QLabel) if words.isVisible())


def near_names(panel: ProjectionPanel) -> list[str]:
    return [panel.near.table.item(row, 0).text() for row in range(panel.near.table.rowCount())]


def caption(panel: ProjectionPanel) -> str | None:
    view = panel.map.view
    return view.points.captions[view.row] if view.row >= 0 else None


def test_without_a_trained_network_it_says_what_to_do(qtbot):
    asker = FakeAsker(FakeNetwork(), is_trained=False)
    panel = show(qtbot, ProjectionPanel(asker), 900, 300)
    assert asker.asked == [] and "Train the network" in texts(panel)


def test_it_asks_when_it_is_shown_and_again_only_for_another_network(qtbot, panel, asker):
    assert asker.asked == ["embeddings.choices"]
    asker.answer()
    assert asker.asked[1:] == ["embeddings.map"]
    panel.hide()
    asker.subject_changed.emit()
    assert len(asker.asked) == 2
    panel.show()
    assert asker.asked[2:] == ["embeddings.choices"]
    asker.answer()
    panel.hide()
    panel.show()
    assert len(asker.asked) == 4


def test_words_are_shown_with_the_share_of_the_variance(shown):
    view = shown.map.view
    assert len(view.points.places) == 12 and view.points.named and view.points.labels is None
    assert "12 points of 4 numbers each; the map keeps " in texts(shown) and "of the variance" in texts(shown)
    assert shown.map.choice.currentText() == "embedding · words"
    assert view.accessibleName() == "Map of 12 points"


def test_a_click_on_a_point_lists_what_is_nearest_with_cosines(qtbot, shown):
    view, at = shown.map.view, list(shown.map.view.points.captions)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.position(at.index("cow")).toPoint())
    chosen = caption(shown)
    assert chosen in at[:6]
    cloud = FakeNetwork().cloud(WORDS)
    unit = cloud.points / np.linalg.norm(cloud.points, axis=1, keepdims=True)
    cosines = unit @ unit[at.index(chosen)]
    order = [row for row in np.argsort(-cosines) if at[row] != chosen]
    assert near_names(shown) == [at[row] for row in order]
    assert shown.near.table.item(0, 1).text() == f"{cosines[order[0]]:.3f}"
    assert set(near_names(shown)[:5]) == set(at[:6]) - {chosen}
    assert shown.near.title.text() == f"Nearest to {chosen}" == f"Nearest to {view.accessibleDescription()}"


def test_a_word_of_the_list_is_gone_to_by_mouse_and_by_key(qtbot, shown):
    shown._choose(0)
    first, table = near_names(shown)[0], shown.near.table
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(table.item(0, 0)).center())
    assert caption(shown) == first
    second = near_names(shown)[1]
    table.setFocus(Qt.FocusReason.TabFocusReason)
    table.setCurrentCell(1, 0)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert caption(shown) == second


def test_the_search_marks_what_it_finds_and_enter_goes_to_the_best(qtbot, shown):
    captions = shown.map.view.points.captions
    qtbot.keyClicks(shown.map.search, "co")
    assert [captions[row] for row in shown.map.view.found_rows] == ["cow"]
    shown.map.search.clear()
    qtbot.keyClicks(shown.map.search, "N")
    assert {captions[row] for row in shown.map.view.found_rows} == {"hen", "green", "brown"}
    shown.map.search.clear()
    qtbot.keyClicks(shown.map.search, "b")
    qtbot.keyClick(shown.map.search, Qt.Key.Key_Return)
    assert caption(shown) == "blue"
    shown.map.search.clear()
    assert shown.map.view.found_rows == ()


def test_samples_have_marks_of_their_classes_and_say_their_class(qtbot, shown, asker):
    shown._choose(0)
    box = shown.map.choice
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    asker.answer()
    view = shown.map.view
    assert box.currentText() == "relu2 · samples" and not view.points.named
    assert view.points.labels.tolist() == [0] * 6 + [1] * 6 and view.text_of(7) == "8 · class no"
    assert view.row == -1 and shown.near.table.isHidden()
    shown._choose(7)
    assert shown.near.title.text() == "Nearest to 8 · class no"


def test_what_is_known_is_not_asked_again(qtbot, shown, asker):
    buttons = shown.map.methods
    qtbot.mouseClick(buttons.button(TSNE), Qt.MouseButton.LeftButton)
    assert "t-SNE looks for a map" in texts(shown)
    asker.answer()
    first = shown.map.view.points.places
    count = len(asker.asked)
    qtbot.mouseClick(buttons.button(PCA), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(buttons.button(TSNE), Qt.MouseButton.LeftButton)
    assert len(asker.asked) == count and np.array_equal(shown.map.view.points.places, first)
    assert "12 points of 4 numbers each" in texts(shown) and "variance" not in texts(shown)


def test_a_late_answer_does_not_take_the_place_of_what_is_on_show(qtbot, shown, asker):
    buttons = shown.map.methods
    before = shown.map.view.points.places
    qtbot.mouseClick(buttons.button(TSNE), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(buttons.button(PCA), Qt.MouseButton.LeftButton)
    asker.answer()
    assert np.array_equal(shown.map.view.points.places, before)


def test_the_chosen_word_stays_chosen_on_another_map(qtbot, shown, asker):
    shown._choose(3)
    qtbot.mouseClick(shown.map.methods.button(TSNE), Qt.MouseButton.LeftButton)
    asker.answer()
    assert caption(shown) == "hen" and near_names(shown)


def test_why_there_is_no_map_is_said(qtbot, panel, asker):
    asker.network.error = RunError(msg("The disk is full."))
    asker.answer()
    assert "The disk is full." in texts(panel) and len(panel.map.view.points.places) == 0
    asker.network.choices = ()
    asker.subject_changed.emit()
    asker.answer()
    assert "has no embedding" in texts(panel) and not panel.map.isVisible()


def test_nothing_scrolls_in_a_low_panel(qtbot, shown):
    for row in (-1, 2):
        shown.resize(1366, 200)
        shown._choose(row) if row >= 0 else shown.near.show_nothing()
        qtbot.wait(20)
        bars = [bar for bar in shown.findChildren(QScrollBar) if bar.isVisible() and bar.parent() is not None]
        assert not [bar for bar in bars if not shown.near.table.isAncestorOf(bar)]


@pytest.fixture
def slow(monkeypatch):
    """t-SNE ends when this is set."""
    go = threading.Event()

    def tsne(points):
        go.wait(10)
        return projection.Projection(np.zeros((len(points), 2)))

    monkeypatch.setattr(projection, "tsne", tsne)
    yield go
    go.set()


def test_who_waits_for_a_map_keeps_nobody_else_waiting(qtbot, shown, asker, slow):
    """t-SNE takes seconds, and nothing of them from those who ask the network; a map that nobody wants any more is not shown."""
    before, count = shown.map.view.points.places, len(asker.asked)
    qtbot.mouseClick(shown.map.methods.button(TSNE), Qt.MouseButton.LeftButton)
    assert len(asker.asked) == count and asker.waiting == {} and "t-SNE looks for a map" in texts(shown)
    qtbot.mouseClick(shown.map.methods.button(PCA), Qt.MouseButton.LeftButton)
    assert "variance" in texts(shown)
    slow.set()
    asker.answer()
    assert np.array_equal(shown.map.view.points.places, before) and "variance" in texts(shown)


@pytest.fixture
def room(qtbot, asker, monkeypatch):
    """Tabs in a window, of which the panel is one, with a search for a map under way that never ends by itself."""
    monkeypatch.setattr(projection_apart, "FEW", 0)
    monkeypatch.setattr(projection_apart, "BOOT", "import time; time.sleep(600)")
    window = QWidget()
    layout = QVBoxLayout(window)
    tabs = QTabWidget()
    layout.addWidget(tabs)
    panel = ProjectionPanel(asker)
    for page in (panel, QWidget()):
        tabs.addTab(page, "")
    show(qtbot, window, 1366, 300)
    asker.answer()
    panel.map.methods.button(TSNE).click()
    qtbot.waitUntil(lambda: panel._search.child is not None)
    yield window, tabs, panel
    panel.clear()


@pytest.mark.parametrize(
    "how", ["another method", "other weights", "no document", "the tabs are hidden", "the window is closed"]
)
def test_a_search_for_a_map_ends_when_it_is_dropped(room, asker, how):
    window, tabs, panel = room
    child = panel._search.child
    assert child.poll() is None
    {
        "another method": panel.map.methods.button(PCA).click,
        "other weights": asker.subject_changed.emit,
        "no document": panel.clear,
        "the tabs are hidden": tabs.hide,
        "the window is closed": window.close,
    }[how]()
    assert child.wait(1) != 0


def test_a_search_goes_on_behind_another_tab_and_begins_anew_where_all_were_hidden(qtbot, room):
    _, tabs, panel = room
    child = panel._search.child
    tabs.setCurrentIndex(1)
    tabs.setCurrentIndex(0)
    assert child.poll() is None and panel._search.child is child
    tabs.hide()
    tabs.show()
    qtbot.waitUntil(lambda: panel._search.child not in (None, child))
    assert "t-SNE looks for a map" in texts(panel) and panel._search.child.poll() is None


def test_clear_forgets_everything(shown, asker, slow):
    shown.map.methods.button(TSNE).click()
    shown.clear()
    slow.set()
    asker.answer()
    assert asker.waiting == {} and "Train the network" in texts(shown) and shown.map.choice.count() == 0
    assert not len(shown.map.view.points.places)


def test_points_are_painted_in_both_themes_and_written_as_a_picture(qtbot, shown, tmp_path):
    colors = set()
    for name in ("dark", "light"):
        theme.use(name)
        image = shown.map.view.grab().toImage()
        at = shown.map.view.position(0).toPoint()
        colors.add(image.pixelColor(at).name())
    theme.use("dark")
    assert len(colors) == 2
    shown.map.save_svg(tmp_path / "map.svg")
    assert "hen" in (tmp_path / "map.svg").read_text("utf-8")


def test_with_a_real_network_the_map_comes_by_itself_after_training(qtbot, tmp_path):
    project = files.load(examples.path("reviews_mean"))
    editor = Editor()
    editor.open(replace(project, plan=replace(project.plan, epochs=1)))
    controller = RunController(editor)
    controller.runs_folder = tmp_path
    asker = Asker(editor, controller)
    panel = show(qtbot, ProjectionPanel(asker), 1366, 300)
    try:
        assert "Train the network" in texts(panel)
        controller.train()
        qtbot.waitUntil(lambda: controller.state is RunState.FINISHED, timeout=60_000)
        qtbot.waitUntil(lambda: "great" in panel.map.view.points.captions, timeout=60_000)
        panel._choose(list(panel.map.view.points.captions).index("great"))
        assert len(near_names(panel)) == 12
    finally:
        controller.shutdown()
        asker.close(wait=True)
        QApplication.processEvents()


def test_points_of_another_drawing_than_the_one_on_the_canvas_say_so(shown, asker):
    assert "has changed" not in texts(shown)
    asker.is_current = False
    asker.subject_changed.emit()
    asker.answer()
    assert "has changed" in texts(shown)
