"""A language model says what probably comes after the lines of a file: the numbers of the network at the last token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from drawings import Drawing
from graph.messages import DataError, RunError
from graph.model import Project
from runtime import cli
from runtime.compiler import compile_project
from runtime.data import prepare
from runtime.predict import Trained, predict_file
from runtime.predict_texts import TOP, continue_file, is_language_model
from text_drawings import char_lm
from trainings import digits, mlp, plan, run, with_facts

LENGTH = 32


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project over sonnets and the folder of its run."""
    project = char_lm(plan(epochs=1, batch_size=64))
    *_, ended = run(project, tmp_path_factory.mktemp("runs"))
    return project, Path(ended.run)


def main(arguments: list[str]) -> int:
    return cli.main(arguments, open_window=lambda *_: 0, draw_picture=lambda *_: b"")


def fresh(project: Project) -> Trained:
    """A network with its first weights, that knows its data."""
    compiled, data = compile_project(project), prepare(project)
    return Trained(project=project, compiled=compiled, model=compiled.build(1).eval(), statistics=data.statistics)


def lines(folder: Path, *texts: str) -> Path:
    path = folder / "lines.txt"
    path.write_text("\n\n".join(texts) + "\n", "utf-8")
    return path


def by_hand(trained: Trained, text: str) -> list[tuple[str, float]]:
    """The same by plain PyTorch: the text alone, without anything that fills it up. The layers are those of `char_lm`."""
    (port,) = trained.compiled.inputs
    tokens = trained.statistics[port.node]["text"]["tokens"]
    ids = torch.tensor([[tokens.index(sign) if sign in tokens else 1 for sign in text[-LENGTH:]]])
    model = trained.model
    with torch.no_grad():
        scores = model.scores(model.gru(model.embedding(ids))[0])[0, -1]
    chances, best = scores.softmax(0).topk(TOP)
    return [
        (tokens[i] if i < len(tokens) else "<unk>", p) for i, p in zip(best.tolist(), chances.tolist(), strict=True)
    ]


def last_only(*, by_class: bool) -> Project:
    """The scores of all places as N × T × C, or those of the last place alone as N × C."""
    project = char_lm(plan())
    d = Drawing("CharLM", project.plan)
    d.graph = project.graph
    x = d.port("scores") if by_class else d.add("op.Select", "last", d.port("scores"), dim=1, index=-1)
    d.add("op.Output", "answer", x)
    return with_facts(d.project)


TEXTS = ("Shall I compare thee", "q", "the lovely gaze where every eye doth dwell will play")


def test_what_comes_next_is_what_plain_pytorch_says(tmp_path):
    trained = fresh(char_lm(plan()))
    assert is_language_model(trained)
    found = continue_file(trained, lines(tmp_path, *TEXTS))
    assert [line.text for line in found] == list(TEXTS)
    for line in found:
        wanted = by_hand(trained, line.text)
        assert [token for token, _ in line.tokens] == [token for token, _ in wanted]
        assert [p for _, p in line.tokens] == pytest.approx([p for _, p in wanted], abs=1e-6)


def test_scores_with_the_classes_last_say_the_same(tmp_path):
    path = lines(tmp_path, *TEXTS)
    assert continue_file(fresh(last_only(by_class=True)), path) == continue_file(fresh(char_lm(plan())), path)


def test_one_answer_for_the_window_needs_whole_windows(tmp_path):
    trained = fresh(last_only(by_class=False))
    (line,) = continue_file(trained, lines(tmp_path, TEXTS[2]))
    assert [token for token, _ in line.tokens] == [token for token, _ in by_hand(trained, TEXTS[2])]
    with pytest.raises(RunError, match=r"'Shall I compare thee' has 20 tokens.* window of 32"):
        continue_file(trained, lines(tmp_path, *TEXTS))


def test_a_network_without_scores_of_tokens_says_so(tmp_path):
    project = char_lm(plan())
    d = Drawing("CharLM", project.plan)
    d.graph = project.graph
    d.add("op.Output", "answer", d.port("gru"))
    with pytest.raises(RunError, match=r"each of the 58 tokens.* B × 32 × 32"):
        continue_file(fresh(with_facts(d.project)), lines(tmp_path, *TEXTS))


def test_the_command_line_shows_lines_and_tokens(finished, tmp_path, capsys):
    _, folder = finished
    path = lines(tmp_path, *TEXTS)
    assert main(["predict", str(folder), str(path)]) == 0
    head, _, first, *more = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "text" and first.startswith(TEXTS[0]) and first.count("%") == TOP and len(more) == 2
    assert main(["predict", str(folder), str(path), "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["event"], r["sample"], r["text"]) for r in records] == [
        ("Continuation", f"{path}[{i}]", text) for i, text in enumerate(TEXTS)
    ]
    assert all(
        len(r["next"]) == TOP and 0 < r["next"][-1]["probability"] <= r["next"][0]["probability"] for r in records
    )


def test_files_without_text_are_refused(finished, tmp_path, capsys):
    with pytest.raises(DataError, match="nothing but blanks"):
        continue_file(fresh(char_lm(plan())), lines(tmp_path))
    assert main(["predict", str(finished[1]), str(tmp_path / "gone.txt")]) == 1
    assert "gone.txt" in capsys.readouterr().err


def test_networks_of_other_data_are_no_language_models():
    project = digits(mlp, plan())
    assert not is_language_model(fresh(project))


def test_tags_of_words_are_no_single_answer(tmp_path):
    d = Drawing("Tagger", plan())
    d.add("data.TaggedTexts", "tagged")
    x = d.add("nn.Embedding", "embedding", d.port("tagged", "tokens"), num_embeddings=49)
    x = d.add("op.Transpose", "by_class", d.add("nn.Linear", "scores", x, out_features=7), dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("tagged", "tags"))
    with pytest.raises(RunError, match=r"every place of a sample \(B × 7 × 16\).*Export"):
        predict_file(fresh(with_facts(d.project)), lines(tmp_path, *TEXTS))
