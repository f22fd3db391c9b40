"""Translating: greedy and beam search over a prefix, the same for decoders that are led and for Transformers."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import gallery_pairs
from graph.messages import RunError
from graph.model import Project
from runtime import cli, predict
from runtime.compiler import compile_project
from runtime.data import prepare
from runtime.data import vocabulary as words
from runtime.predict import Trained, load_trained
from runtime.translate import Said, following, is_translator, search, translate, translate_file
from text_drawings import char_lm
from trainings import digits, mlp, plan, run, with_facts

LETTERS, SOURCE, TARGET = "abcde", 6, 7
KINDS = tuple(gallery_pairs.DRAW)


def reversed_words(path: Path) -> list[str]:
    """A file of words and the same backward."""
    draw, found = random.Random(0), dict[str, str]()
    while len(found) < 400:
        word = "".join(draw.choices(LETTERS, k=draw.randint(1, 5)))
        found[word] = word[::-1]
    path.write_text("".join(f"{a}\t{b}\n" for a, b in found.items()), "utf-8")
    return list(found)


def small(draw: Callable[[], Project], source: Path) -> Project:
    """An example of the gallery over other pairs: 7 and 9 tokens."""
    project = draw()
    graph = project.graph
    values = {"source": str(source), "tokens": "characters", "source_length": SOURCE, "target_length": TARGET}
    sizes = {
        "dates": values, "phrases": values, "letters": {"num_embeddings": 7}, "english": {"num_embeddings": 7},
        "german": {"num_embeddings": 9}, "decoder": {"tokens": 9}, "say": {"out_features": 9},
    }  # fmt: skip
    for name, params in sizes.items():
        if (node := graph.node_named(name)) is not None:
            graph = graph.set_params(node.id, {**node.params, **params})
    return with_facts(Project(graph, plan(epochs=1), project.name, definitions=project.definitions))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    reversed_words(folder / "pairs.tsv")
    return folder


@pytest.fixture(scope="module")
def trained(folder) -> dict[str, Trained]:
    """The networks of the gallery, trained so little that they are often unsure."""
    return {name: learned(small(draw, folder / "pairs.tsv")) for name, draw in gallery_pairs.DRAW.items()}


def learned(project: Project, epochs: int = 2) -> Trained:
    """A network after a plain loop of a few steps."""
    compiled, data = compile_project(project), prepare(project)
    model = compiled.build(1).train()
    (program,) = compiled.programs
    steps, adam = program.build(model), torch.optim.Adam(model.parameters(), 0.003)
    for _ in range(epochs):
        for batch in data.train.batches(32, ports=program.inputs):
            losses, _ = steps(*batch)
            adam.zero_grad()
            losses["loss"].backward()
            adam.step()
    return Trained(project=project, compiled=compiled, model=model.eval(), statistics=data.statistics)


@pytest.fixture(scope="module")
def finished(folder) -> Trained:
    """The network of a short run."""
    project = small(gallery_pairs.seq2seq_attention, folder / "pairs.tsv")
    *_, ended = run(project, folder / "runs")
    return load_trained(Path(ended.run))


TEXTS = ("abc", "e", "edcba", "aab", "cebad", "bb", "dada", "acd")


def by_hand(network: Trained, text: str) -> tuple[str, float]:
    """Greedy decoding with plain calls of the module: free-running where it leads itself, else with all that it said."""
    (statistics,) = network.statistics.values()
    tokens = statistics["target"]["tokens"]
    source = torch.zeros(1, SOURCE, dtype=torch.int64)
    source[0, : len(text)] = torch.tensor([statistics["source"]["tokens"].index(letter) for letter in text])
    begun = torch.zeros(1, TARGET, dtype=torch.int64)
    begun[0, 0] = words.BEGIN
    said, total = "", 0.0
    for place in range(TARGET):
        with torch.no_grad():
            outputs = network.model(source, begun)
        scores = next(o for o in (outputs if isinstance(outputs, tuple) else (outputs,)) if o.shape == (1, 9, TARGET))
        chances = scores[0, :, place].log_softmax(0)
        number = int(chances.argmax())
        total += float(chances[number])
        if number == words.END:
            break
        said += tokens[number]
        if (
            not hasattr(network.model.decoder if hasattr(network.model, "decoder") else None, "lead")
            and place + 1 < TARGET
        ):
            begun[0, place + 1] = number
    return said, total


@pytest.mark.parametrize("name", KINDS)
def test_greedy_is_what_the_network_says_by_itself(trained, name):
    network = trained[name]
    assert is_translator(network)
    for text, found in zip(TEXTS, translate(network, TEXTS), strict=True):
        (only,) = found.hypotheses
        said, total = by_hand(network, text)
        assert (found.source, found.source_tokens, only.text) == (text, tuple(text), said)
        assert only.log_probability == pytest.approx(total, abs=1e-4)
        assert only.score == only.log_probability


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_beam_is_never_worse_than_greedy_and_sorted(trained, name, alpha):
    better = 0
    greedy = translate(trained[name], TEXTS, alpha=alpha)
    for beams in (2, 5):
        for one, more in zip(greedy, translate(trained[name], TEXTS, beams=beams, alpha=alpha), strict=True):
            scores = [h.score for h in more.hypotheses]
            assert scores == sorted(scores, reverse=True) and len(scores) <= beams
            assert len({(h.tokens, h.is_ended) for h in more.hypotheses}) == len(scores)
            assert more.best.score >= one.best.score - 1e-6
            assert alpha or more.best.log_probability >= one.best.log_probability - 1e-6
            better += more.best.score > one.best.score + 1e-6
            for h in more.hypotheses:
                assert h.score == pytest.approx(h.log_probability / (len(h.tokens) + h.is_ended) ** alpha)
    assert better


@pytest.mark.parametrize("name", KINDS)
def test_each_probability_is_that_of_the_network_led_by_the_hypothesis(trained, name):
    network = trained[name]
    (statistics,) = network.statistics.values()
    (found,) = translate(network, ["cebad"], beams=4)
    source = torch.tensor([[statistics["source"]["tokens"].index(letter) for letter in "cebad"] + [0]])
    for hypothesis in found.hypotheses:
        numbers = [statistics["target"]["tokens"].index(token) for token in hypothesis.tokens]
        numbers += [words.END] * hypothesis.is_ended
        begun = torch.tensor([([words.BEGIN, *numbers] + [0] * TARGET)[:TARGET]])
        with torch.no_grad(), following(network.model):
            outputs = network.model(source, begun)
        scores = next(o for o in (outputs if isinstance(outputs, tuple) else (outputs,)) if o.shape == (1, 9, TARGET))
        chances = scores[0].log_softmax(0)[numbers, range(len(numbers))]
        assert hypothesis.log_probability == pytest.approx(float(chances.sum()), abs=1e-4)


def test_texts_together_are_as_one_by_one(trained):
    network = trained["seq2seq_attention"]
    together = translate(network, TEXTS, beams=3)
    alone = [translate(network, [text], beams=3)[0] for text in TEXTS]
    assert [[h.text for h in a.hypotheses] for a in together] == [[h.text for h in b.hypotheses] for b in alone]


@pytest.mark.parametrize("name", KINDS)
def test_the_exact_match_of_a_run_is_that_of_its_translations(trained, name):
    network = trained[name]
    (node,) = network.statistics
    data = prepare(network.project)
    rows = data.test.indices.tolist()
    pairs = [
        line.split("\t")
        for line in Path(str(network.project.graph.nodes[node].params["source"])).read_text().splitlines()
    ]
    found = translate(network, [pairs[row][0] for row in rows])
    right = [f.best.text == pairs[row][1] and f.best.is_ended for f, row in zip(found, rows, strict=True)]
    assert predict.test_again(network).test["exact_match"] == pytest.approx(sum(right) / len(right))


# ---- where it looks


@pytest.mark.parametrize("name", KINDS)
def test_attention_has_a_row_for_each_token_and_a_column_for_each_of_the_source(trained, name):
    for found in translate(trained[name], TEXTS, beams=2):
        for hypothesis in found.hypotheses:
            if name == "seq2seq_gru":
                assert hypothesis.attention is None
                continue
            weights = hypothesis.attention
            assert weights.shape == (len(hypothesis.tokens), len(found.source_tokens)) and weights.dtype == np.float32
            assert np.allclose(weights.sum(1), 1, atol=1e-5)
            assert (weights >= 0).all()


# ---- searching


def chain(seed: int, size: int = 6) -> Callable:
    """Probabilities of the next token that depend on the last two alone, made up for a source."""
    tables = torch.randn(3, size + 1, size + 1, size, generator=torch.Generator().manual_seed(seed)) * 2

    def log_chances(rows, prefixes):
        last = [[size, size, *prefix][-2:] for prefix in prefixes]
        return torch.stack([tables[row][a, b] for row, (a, b) in zip(rows, last, strict=True)]).log_softmax(1)

    return log_chances


def exhaustive(log_chances: Callable, row: int, length: int, size: int = 6) -> list[Said]:
    """Every sequence up to the end, with its probability."""
    found = []
    for count in range(1, length + 1):
        for tokens in itertools.product(range(size), repeat=count):
            ends = [place for place, token in enumerate(tokens) if token == words.END]
            if ends == [count - 1] or (not ends and count == length):
                steps = [float(log_chances([row], [tokens[:i]])[0, token]) for i, token in enumerate(tokens)]
                found.append(Said(tokens, sum(steps)))
    return found


def test_a_beam_as_wide_as_all_finds_the_best_of_all():
    log_chances = chain(0)
    for row, paths in enumerate(search(log_chances, 3, width=1000, length=3)):
        everything = sorted(exhaustive(log_chances, row, 3), key=lambda path: -path.log_probability)
        found = sorted(paths, key=lambda path: -path.log_probability)
        assert [path.tokens for path in found] == [path.tokens for path in everything]
        assert found[0].log_probability == pytest.approx(everything[0].log_probability, abs=1e-5)
        assert sum(np.exp(path.log_probability) for path in found) == pytest.approx(1, abs=1e-5)


def test_a_beam_of_one_takes_the_likeliest_and_of_two_finds_what_it_misses():
    after = {(): {4: 0.6, 5: 0.4}, (4,): {words.END: 0.4, 4: 0.3, 5: 0.3}, (5,): {words.END: 0.9, 4: 0.1}}

    def log_chances(rows, prefixes):
        table = torch.zeros(len(rows), 6)
        for place, prefix in enumerate(prefixes):
            for token, chance in after.get(tuple(prefix), {words.END: 1.0}).items():
                table[place, token] = chance
        return table.log()

    ((one,),) = search(log_chances, 1, width=1, length=4)
    assert one.tokens == (4, words.END) and np.exp(one.log_probability) == pytest.approx(0.24)
    (two,) = search(log_chances, 1, width=2, length=4)
    best = max(two, key=lambda path: path.log_probability)
    assert best.tokens == (5, words.END) and np.exp(best.log_probability) == pytest.approx(0.36)


# ---- what it leaves as it was, and what it refuses


def test_decoders_follow_only_while_they_are_asked(trained):
    model = trained["seq2seq_gru"].model
    state = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), following(model):
        assert model.decoder.lead.training and model.decoder.lead.ratio == 1.0 and not model.decoder.training
        _ = 1 / 0
    assert not model.decoder.lead.training and model.decoder.lead.ratio == 0.5
    translate(trained["seq2seq_gru"], ["abc"])
    assert torch.equal(state, torch.get_rng_state())


def test_the_records_need_no_torch():
    code = "import sys, runtime.translation; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(cli.__file__).parents[1], check=False).returncode == 0


def test_what_cannot_translate_says_so(trained):
    with pytest.raises(RunError, match="at least one token"):
        translate(trained["seq2seq_gru"], ["abc", ""])
    other = predict.untrained(digits(mlp, plan()))
    assert not is_translator(other)
    with pytest.raises(RunError, match="does not translate"):
        translate(other, ["abc"])


def test_words_are_put_together_as_they_are_written():
    assert words.joined(["er", "sagt", ",", "dass", "es", "regnet", "."], "words") == "er sagt, dass es regnet."
    assert words.joined(["▁so", "▁w", "ei", "t"], "bpe") == "so weit"
    assert words.joined("abc", "characters") == "abc"


# ---- the command line


def main(*arguments: object) -> int:
    return cli.main([str(a) for a in arguments], open_window=lambda *_: 0, draw_picture=lambda *_: b"")


def test_generate_prints_the_answer_or_a_table_of_the_beams(finished, capsys):
    network = finished
    (greedy,), (wide,) = translate(network, ["edcba"]), translate(network, ["edcba"], beams=3)
    assert main("generate", network.run, "--prompt", "edcba") == 0
    assert capsys.readouterr().out == f"{greedy.best.text}\n"
    assert main("generate", network.run, "--prompt", "edcba", "--beams", 3) == 0
    table = capsys.readouterr().out
    assert all(h.text in table and f"{h.log_probability:.4f}" in table for h in wide.hypotheses)
    assert main("generate", network.run, "--prompt", "edcba", "--beams", 3, "--alpha", 1, "--json") == 0
    (record,) = map(json.loads, capsys.readouterr().out.splitlines())
    (ranked,) = translate(network, ["edcba"], beams=3, alpha=1.0)
    assert record["event"] == "Translated" and [h["text"] for h in record["hypotheses"]] == [
        h.text for h in ranked.hypotheses
    ]


def test_predict_prints_a_line_for_each_line(finished, tmp_path, capsys):
    network = finished
    (tmp_path / "lines.txt").write_text("abc\n\ncebad\n", "utf-8")
    wanted = [found.best.text for found in translate(network, ["abc", "cebad"])]
    assert [found.best.text for found in translate_file(network, tmp_path / "lines.txt")] == wanted
    assert main("predict", network.run, tmp_path / "lines.txt") == 0
    assert capsys.readouterr().out.splitlines() == wanted
    assert main("predict", network.run, tmp_path / "lines.txt", "--json") == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["text"] for record in records] == wanted and records[1]["source"] == "cebad"


def test_a_language_model_has_no_beams(tmp_path, capsys):
    (tmp_path / "text.txt").write_text("all is well that ends well. " * 60, "utf-8")
    project = char_lm(plan(epochs=1), source=tmp_path / "text.txt")
    graph = project.graph
    size = graph.node_named("text").facts["outputs"]["input"]["classes"]
    for name, values in (("embedding", {"num_embeddings": size}), ("scores", {"out_features": size})):
        graph = graph.set_params(graph.node_named(name).id, values)
    *_, ended = run(project.with_graph(graph), tmp_path / "runs")
    assert main("generate", ended.run, "--prompt", "all", "--beams", 2) == 1
    assert "--beams" in capsys.readouterr().err
