"""A trained language model writes on: reproducible, by the probabilities that the network gives, shaped as asked."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from threading import Thread

import pytest
import torch

from drawings import Drawing
from graph.files import load
from graph.messages import RunError
from runtime import cli
from runtime.cached import Reader
from runtime.compiler import compile_project
from runtime.data import prepare
from runtime.examples import path as example
from runtime.generate import Sampling, next_tokens, shaped, write_on
from runtime.predict import Trained
from text_drawings import char_lm
from trainings import digits, mlp, plan, run

LENGTH = 32
CHANCES = torch.tensor([0.1, 0.4, 0.2, 0.3])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project over sonnets and the folder of its run."""
    project = char_lm(plan(epochs=1, batch_size=64))
    *_, ended = run(project, tmp_path_factory.mktemp("runs"))
    return project, Path(ended.run)


def fresh(*, both_ways: bool = False, **parameters) -> Trained:
    project = char_lm(plan(), **parameters)
    graph = project.graph
    graph = graph.set_params(graph.node_named("gru").id, {"bidirectional": both_ways})
    size = graph.node_named("text").facts["outputs"]["input"]["classes"]
    for name, values in (
        ("embedding", {"num_embeddings": size, "embedding_dim": 16}),
        ("scores", {"out_features": size}),
    ):
        graph = graph.set_params(graph.node_named(name).id, values)
    project = project.with_graph(graph)
    compiled, data = compile_project(project), prepare(project)
    return Trained(project=project, compiled=compiled, model=compiled.build(1).eval(), statistics=data.statistics)


def written(
    trained: Trained,
    prompt: str,
    sampling: Sampling = Sampling(),  # noqa: B008
    *,
    count: int = 40,
    seed: int = 0,
    cached: bool = True,
) -> str:
    return "".join(islice(write_on(trained, prompt, sampling, seed=seed, cached=cached), count))


def by_hand(trained: Trained, prompt: str, count: int) -> str:
    """Greedy decoding by plain PyTorch; the layers are those of `char_lm`. A full window goes on by a quarter."""
    (port,) = trained.compiled.inputs
    tokens, text, model = trained.statistics[port.node]["text"]["tokens"], prompt, trained.model
    begin = max(0, len(text) - LENGTH)
    for _ in range(count):
        if len(text) - begin > LENGTH:
            begin = len(text) - LENGTH * 3 // 4
        ids = torch.tensor([[tokens.index(sign) for sign in text[begin:]]])
        with torch.no_grad():
            scores = model.scores(model.gru(model.embedding(ids))[0])[0, -1, : len(tokens)]
        scores[:2] = -torch.inf
        text += tokens[int(scores.argmax())]
    return text[len(prompt) :]


# ---- shaping


def test_probabilities_stay_as_they_are_by_default():
    assert torch.allclose(shaped(CHANCES, Sampling()), CHANCES)


def test_temperature_sharpens_and_flattens():
    cold, hot = (shaped(CHANCES, Sampling(temperature=t)) for t in (0.5, 2.0))
    assert torch.allclose(cold, CHANCES**2 / (CHANCES**2).sum())
    assert torch.allclose(hot, CHANCES**0.5 / (CHANCES**0.5).sum())
    assert shaped(CHANCES, Sampling(temperature=0)).tolist() == [0, 1, 0, 0]


def test_top_k_and_top_p_leave_the_likeliest():
    assert torch.allclose(shaped(CHANCES, Sampling(top_k=2)), torch.tensor([0, 4 / 7, 0, 3 / 7]))
    assert torch.allclose(shaped(CHANCES, Sampling(top_p=0.7)), torch.tensor([0, 4 / 7, 0, 3 / 7]))
    assert torch.allclose(shaped(CHANCES, Sampling(top_p=0.71)), torch.tensor([0, 4 / 9, 2 / 9, 3 / 9]))
    assert shaped(CHANCES, Sampling(top_p=0.01)).tolist() == [0, 1, 0, 0]
    assert torch.allclose(shaped(CHANCES, Sampling(top_k=99)), CHANCES)


def test_what_is_impossible_stays_impossible():
    for sampling in (Sampling(), Sampling(temperature=5), Sampling(top_k=4), Sampling(top_p=1.0)):
        assert shaped(torch.tensor([0.0, 0.5, 0.5]), sampling)[0] == 0


# ---- writing


def test_greedy_writing_is_that_of_plain_pytorch():
    trained = fresh()
    for prompt in ("Shall", "Thou art more lovely and more temperate: rough winds"):
        assert written(trained, prompt, Sampling(temperature=0)) == by_hand(trained, prompt, 40)


def test_a_seed_gives_a_text_and_another_seed_another():
    trained = fresh()
    state = torch.get_rng_state()
    assert written(trained, "Shall", seed=3) == written(trained, "Shall", seed=3) != written(trained, "Shall", seed=4)
    assert torch.equal(state, torch.get_rng_state())


def test_only_the_likeliest_token_is_left_at_k_of_one():
    trained = fresh()
    assert written(trained, "So", Sampling(top_k=1), seed=5) == written(trained, "So", Sampling(temperature=0))


def test_nothing_that_fills_up_or_is_unknown_is_written():
    text = written(fresh(), "Ω Ω", count=300)
    assert "<" not in text and len(text) == 300


@pytest.mark.parametrize("tokens", ["words", "bpe"])
def test_words_stand_apart_and_signs_close(tokens):
    text = written(fresh(tokens=tokens), "Shall I compare", count=60)
    assert text[0] == " " or tokens == "bpe"
    assert " ," not in text and "▁" not in text and "  " not in text.replace("\n", "")


def test_what_cannot_write_on_says_so(tmp_path):
    trained = fresh()
    with pytest.raises(RunError, match="at least one token"):
        next(write_on(trained, "", Sampling()))
    project = digits(mlp, plan())
    compiled = compile_project(project)
    other = Trained(project=project, compiled=compiled, model=compiled.build(1).eval())
    with pytest.raises(RunError, match="does not continue texts"):
        next(write_on(other, "Shall", Sampling()))


# ---- keeping what was read


@pytest.mark.parametrize(
    ("prompt", "sampling"),
    [
        ("Shall", Sampling()),
        (
            "Thou art more lovely and more temperate: rough winds do shake the darling buds of May",
            Sampling(0.5, top_p=0.9),
        ),
        ("So", Sampling(temperature=0)),
    ],
    ids=["short", "longer than a window", "greedy"],
)
@pytest.mark.parametrize("tokens", ["characters", "words"])
def test_what_is_kept_changes_no_token(prompt, sampling, tokens):
    """Over several windows."""
    trained = fresh(tokens=tokens)
    both = [written(trained, prompt, sampling, count=60, seed=4, cached=cached) for cached in (True, False)]
    assert both[0] == both[1]


def test_what_is_kept_changes_no_token_of_the_gpt_of_the_gallery():
    project = load(example("gpt_chars"))
    compiled, data = compile_project(project), prepare(project)
    model = compiled.build(1).eval()
    with torch.no_grad():  # weights as training might leave them
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
    trained = Trained(project=project, compiled=compiled, model=model, statistics=data.statistics)
    assert write_on(trained, "Shall", Sampling()).reason is None
    both = [written(trained, "Shall I", Sampling(0.8), count=80, seed=1, cached=cached) for cached in (True, False)]
    assert both[0] == both[1]


def test_each_token_is_read_once_until_the_window_is_full(monkeypatch):
    read = []
    plain = Reader.read
    monkeypatch.setattr(
        Reader,
        "read",
        lambda self, numbers, start: (read.append((len(numbers), start)), plain(self, numbers, start))[1],
    )
    written(fresh(), "Shall", count=40)
    assert read[:28] == [(5, 0), *((1, place) for place in range(5, LENGTH))]
    assert read[28:37] == [(LENGTH * 3 // 4, 0), *((1, place) for place in range(LENGTH * 3 // 4, LENGTH))]
    assert read[37] == (LENGTH * 3 // 4, 0)


def test_a_network_that_looks_ahead_reads_whole_windows_and_says_why():
    trained = fresh(both_ways=True)
    writing = write_on(trained, "Shall", Sampling(), seed=1)
    assert str(writing.reason) == "'gru' looks at later tokens, or at the whole window."
    assert "".join(islice(writing, 40)) == written(trained, "Shall", seed=1, cached=False)
    assert write_on(trained, "Shall", Sampling(), cached=False).reason is None  # nobody asked


def test_one_answer_for_a_window_reads_the_last_window_each_time():
    d = Drawing("CharLM", plan())
    d.graph = char_lm(plan()).graph
    d.add("op.Output", "answer", d.add("op.Select", "last", d.port("scores"), dim=1, index=-1))
    project = d.project
    compiled, data = compile_project(project), prepare(project)
    trained = Trained(project=project, compiled=compiled, model=compiled.build(1).eval(), statistics=data.statistics)
    prompt = "Thou art more lovely and more temperate"
    writing = write_on(trained, prompt, Sampling(temperature=0))
    assert "scores for each place" in str(writing.reason)
    list(islice(writing, 9))
    assert writing.begin == len(writing.text) - LENGTH - 1  # of the window that the last token was drawn after
    with pytest.raises(RunError, match="window of 32"):
        next(write_on(trained, "Shall", Sampling()))


def test_a_text_may_be_left_and_gone_on_with_in_another_thread():
    trained = fresh()
    writing = write_on(trained, "Shall", Sampling(), seed=2)
    pieces = list(islice(writing, 10))
    assert torch.is_grad_enabled()
    thread = Thread(target=lambda: pieces.extend(islice(writing, 50)))
    thread.start()
    thread.join()
    assert "".join(pieces) == written(trained, "Shall", count=60, seed=2) and writing.text == "Shall" + "".join(pieces)


def test_the_next_tokens_are_those_that_the_network_finds_likely():
    trained = fresh()
    found = next_tokens(trained, "Shall I", 5)
    assert found == sorted(found, key=lambda row: -row[1]) and len(found) == 5
    assert written(trained, "Shall I", Sampling(temperature=0), count=1) == found[0][0]
    everything = next_tokens(trained, "Shall I", 1000)
    assert sum(chance for _, chance in everything) == pytest.approx(1, abs=1e-5)
    assert not {"<pad>", "<unk>"} & {token for token, _ in everything}
    with pytest.raises(RunError, match="at least one token"):
        next_tokens(trained, "", 5)


def test_the_next_tokens_have_the_chances_by_which_one_is_drawn():
    trained = fresh()
    plain = dict(next_tokens(trained, "Shall I", 1000))
    cold = next_tokens(trained, "Shall I", 1000, Sampling(temperature=0.5))
    assert cold[0][1] > plain[cold[0][0]] and len(cold) == len(plain)
    few = next_tokens(trained, "Shall I", 1000, Sampling(top_k=3))
    assert [token for token, _ in few] == list(plain)[:3]
    assert sum(chance for _, chance in few) == pytest.approx(1, abs=1e-5)
    assert next_tokens(trained, "Shall I", 1000, Sampling(temperature=0)) == [(few[0][0], 1.0)]


# ---- the command line


def main(*arguments: str) -> int:
    return cli.main(list(arguments), open_window=lambda *_: 0, draw_picture=lambda *_: b"")


def test_the_verb_prints_the_prompt_and_what_follows(finished, capsys):
    _, folder = finished
    assert main("generate", str(folder), "--prompt", "Shall I", "--count", "20", "--seed", "7") == 0
    text = capsys.readouterr().out
    assert text.startswith("Shall I") and len(text) == len("Shall I") + 20 + 1
    assert main("generate", str(folder), "--prompt", "Shall I", "--count", "20", "--seed", "7", "--json") == 0
    *tokens, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert [event["event"] for event in tokens] == ["Token"] * 20 and last["text"] == text[:-1]


def test_the_verb_can_read_whole_windows(finished, capsys):
    _, folder = finished
    texts = []
    for option in ([], ["--no-cache"]):
        assert main("generate", str(folder), "--prompt", "Shall I", "--count", "50", *option) == 0
        texts.append(capsys.readouterr())
    assert texts[0] == texts[1] and texts[0].err == ""


def test_the_verb_says_that_nothing_can_be_kept(finished, monkeypatch, capsys):
    monkeypatch.setattr("runtime.predict.load_trained", lambda path: fresh(both_ways=True))
    assert main("generate", str(finished[1]), "--prompt", "Shall I", "--count", "5", "--json") == 0
    said = capsys.readouterr()
    assert "'gru' looks at later tokens" in said.err and len(said.out.splitlines()) == 6


@pytest.mark.parametrize(
    "wrong", [["--top-p", "0"], ["--top-p", "1.5"], ["--temperature", "-1"], ["--count", "0"], ["--top-k", "-2"]]
)
def test_wrong_numbers_are_usage_errors(finished, wrong, capsys):
    assert main("generate", str(finished[1]), "--prompt", "x", *wrong) == 2
    assert "is not a" in capsys.readouterr().err
