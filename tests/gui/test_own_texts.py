"""Somebody's own texts, from an empty canvas to the end: dropped, drawn by typing, mended as offered, trained and asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl

from canvas_hand import Hand
from drawings import Drawing
from graph import files
from graph.model import Port
from gui.canvas.drops import dropped_files
from gui.canvas.view import CanvasView
from gui.editor import Editor
from runtime.analyser import analyse

LINES = "the cat sat on the mat. the dog sat on the log. a bird flew over the hill.\n" * 30
WORDS = ("Ada/PER", "runs/O", "in/O", "Oslo/LOC", "./O")
TAGGED = "# sent_id = 1\n" + "\n\n".join("\n".join(word.replace("/", " ") for word in WORDS) for _ in range(24)) + "\n"
PAIRS = "source\ttarget\n" + "".join(f"I have {i} cats\tIch habe {i} Katzen\n" for i in range(60))
ENDING = ("linear", "transpose", "cross entropy")


@pytest.fixture
def hand(qtbot, project_folder) -> Hand:
    editor = Editor()
    editor.folder = project_folder
    editor.changed.connect(lambda change: editor.set_analysis(analyse(change.new)))
    view = CanvasView(editor)
    qtbot.addWidget(view)
    view.resize(1600, 1000)
    view.show()
    view.setFocus()
    return Hand(view)


def drop(hand: Hand, qtbot, name: str, content: str) -> None:
    """Let a file of this content fall on the canvas, and wait until it is read."""
    path = hand.view.editor.folder / name
    path.write_text(content, "utf-8")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    assert hand.view.take(mime)
    (node,) = hand.view.editor.selection
    qtbot.waitUntil(lambda: hand.view.editor.graph.nodes[node].facts is not None, timeout=10_000)


def draw(hand: Hand, *texts: str) -> None:
    for text in texts:
        hand.view.setFocus()
        hand.key("/")
        hand.type(text)
        hand.type_key(Qt.Key.Key_Return)


def mend(hand: Hand) -> None:
    """Take what is offered until nothing is wrong."""
    editor = hand.view.editor
    while editor.analysis.problems:
        editor.apply_fix(editor.analysis.problems[0].fixes[0])


def trained(hand: Hand, run, *more: str) -> Path:
    path = hand.view.editor.folder / "own.layerloom"
    files.save(hand.view.editor.project, path)
    status, _, err = run("train", path, "--device", "cpu", *more)
    assert status == 0, err
    return path


def test_a_language_model_of_an_own_text(hand, qtbot, run):
    drop(hand, qtbot, "own.txt", LINES)
    draw(hand, "embedding", "gru", *ENDING)
    mend(hand)
    status, out, _ = run("generate", trained(hand, run, "--epochs", "2"), "--prompt", "the c")
    assert status == 0 and out.startswith("the c") and set(out) <= set(LINES)


def test_a_tagger_of_own_sentences(hand, qtbot, run):
    drop(hand, qtbot, "own.conll", TAGGED)
    draw(hand, "embedding", "gru", *ENDING)
    mend(hand)
    path = trained(hand, run, "--epochs", "60")
    asked = path.with_name("asked.txt")
    asked.write_text("Ada runs in Oslo .\n" + "in " * 18 + "\n")
    status, out, err = run("predict", path, asked)
    first, second = out.splitlines()
    assert status == 0 and first.split() == list(WORDS), err
    assert second.startswith("in/") and second.endswith("… 2 words more than the network reads")
    _, out, _ = run("predict", path, asked, "--json")
    record = json.loads(out.splitlines()[0])
    assert (record["event"], record["tags"]) == ("Tagged", [word.split("/")[1] for word in WORDS])
    assert len(record["confidence"]) == 5 and record["left_out"] == 0


def test_a_translator_of_own_pairs(hand, qtbot, run):
    editor = hand.view.editor
    drop(hand, qtbot, "own.tsv", PAIRS)
    (data,) = editor.selection
    draw(hand, "embedding", "gru", *ENDING)
    (problem,) = editor.analysis.problems
    assert "Nothing reads 'target_in' of 'pairs1' yet" in str(problem.message)
    editor.undo(), editor.undo(), editor.undo()
    encoder = editor.graph.node_named("gru1").id
    said = editor.add_node("torch.nn.Embedding", (0.0, 300.0))
    editor.connect_ports(Port(data, "target_in"), Port(said, "input"))
    draw(hand, "gru")
    (decoder,) = editor.selection
    editor.connect_ports(Port(encoder, "h_n"), Port(decoder, "h_0"))
    draw(hand, *ENDING)
    editor.set_param(data, "target_length", 20)
    qtbot.waitUntil(lambda: editor.graph.nodes[data].facts is not None, timeout=10_000)
    mend(hand)
    status, out, _ = run("generate", trained(hand, run, "--epochs", "2"), "--prompt", "I have 3 cats")
    assert status == 0 and out.strip()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.txt", "One line.\nAnother line.\n", "Text"),
        ("a.txt", "Go on.\tGeh weiter.\nCome in.\tKomm herein.\n", "TextPairs"),
        ("a.tsv", PAIRS, "TextPairs"),
        ("a.tsv", "text\tlabel\nvery good\tgood\n", "LabeledTexts"),
        ("a.csv", "id,Text,Sentiment\n1,very good,good\n", "LabeledTexts"),
        ("a.tsv", "age\tname of it\n3\ta b\n4\tc d\n", "Table"),
        ("a.csv", "text,count\nvery good,3\n", "Table"),
        ("a.conllu", "", "TaggedTexts"),
        ("a.iob", "", "TaggedTexts"),
    ],
)
def test_a_file_of_texts_becomes_what_it_holds(tmp_path, name, content, kind):
    (tmp_path / name).write_text(content, "utf-8")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name))])
    assert [file.type_id for file in dropped_files(mime)] == [f"layerloom.data.{kind}"]


@pytest.mark.parametrize(
    ("names", "kind"),
    [(("a.txt", "b.txt"), "Text"), (("good/a.txt", "bad/b.txt"), "LabeledTexts"), (("good/a.png", "bad/b.txt"), "Images"), ((), "Images")],
)  # fmt: skip
def test_a_folder_of_texts_becomes_what_it_holds(tmp_path, names, kind):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text", "utf-8")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    assert [file.type_id for file in dropped_files(mime)] == [f"layerloom.data.{kind}"]


def test_scores_for_the_source_say_that_a_decoder_is_missing(project_folder):
    (project_folder / "own.tsv").write_text(PAIRS, "utf-8")
    from trainings import with_facts

    d = Drawing("Net")
    d.add("data.TextPairs", "pairs", source=str(project_folder / "own.tsv"))
    x = d.add("nn.Embedding", "letters", d.port("pairs", "source"))
    x = d.add("op.Transpose", "by_class", d.add("nn.Linear", "scores", x, out_features=25), dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("pairs", "target_out"))
    (problem,) = [p for p in analyse(with_facts(d.project)).problems if p.code == "class-dimension"]
    assert "Nothing reads 'target_in' of 'pairs' yet" in str(problem.message)
