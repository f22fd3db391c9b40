"""What networks have learned about words and samples: the tables and layers that are found, their points, nearest words, analogies."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from drawings import Drawing
from graph import files
from graph.messages import DataError, RunError
from graph.model import Project
from graph.plan import Plan, Split
from runtime import embeddings, examples
from runtime.data import BUILTINS, prepare
from runtime.data.vocabulary import cut
from runtime.embeddings import Kind
from runtime.events import Finished
from runtime.predict import Trained, load_trained, untrained
from runtime.training.loop import train
from tools.make_village import CLASSES, NOTE, SEED, SENTENCES, sentences
from trainings import with_facts

OF = {word: name for name, words in CLASSES.items() for word in words}


def fresh(project: Project, folder: Path | None = None) -> Trained:
    """A network before training, with the statistics of its data."""
    return replace(untrained(project, prepare(project, folder)), folder=folder)


def example(name: str) -> Trained:
    return fresh(files.load(examples.path(name)))


@pytest.fixture(scope="module")
def digits() -> Trained:
    return example("mlp_digits")


@pytest.fixture(scope="module")
def reviews() -> Trained:
    return example("reviews_mean")


def names(trained: Trained, kind: Kind | None = None) -> list[str]:
    return [choice.name for choice in embeddings.choices(trained) if kind in (None, choice.kind)]


def set_vectors(trained: Trained, name: str, vectors: dict[str, list[float]]) -> None:
    """Give some words vectors of our own, and all others one that points elsewhere."""
    (statistics,) = trained.statistics.values()
    weight = trained.model.get_submodule(name).weight
    with torch.no_grad():
        weight.zero_()
        weight[:, -1] = 1.0
        for word, vector in vectors.items():
            weight[statistics["text"]["tokens"].index(word)] = torch.tensor(
                vector + [0.0] * (weight.shape[1] - len(vector))
            )


def set_back(trained: Trained) -> Trained:
    """A copy whose weights may be changed."""
    return replace(trained, model=untrained(trained.project).model)


# ---- tables


def test_the_words_of_a_table_are_those_of_the_vocabulary(reviews):
    choice = embeddings.choices(reviews)[0]
    assert (choice.kind, choice.name, choice.numbers, choice.words) == (Kind.TABLE, "embedding", 16, True)
    cloud = embeddings.cloud(reviews, choice)
    (statistics,) = reviews.statistics.values()
    assert list(cloud.captions) == statistics["text"]["tokens"][2:]  # without those that fill up or are unknown
    assert cloud.total == len(cloud.captions)
    np.testing.assert_array_equal(cloud.points, reviews.model.embedding.weight.detach()[2:].numpy())


def test_nearest_words_are_those_of_the_cosine(reviews):
    weight = reviews.model.embedding.weight.detach()
    tokens = next(iter(reviews.statistics.values()))["text"]["tokens"]
    at = tokens.index("great")
    cosines = nn.functional.cosine_similarity(weight[at], weight, dim=1)
    order = [i for i in cosines.argsort(descending=True).tolist() if i > 1 and i != at][:5]
    found = embeddings.nearest(reviews, "embedding", "Great", 5)
    assert [near.caption for near in found] == [tokens[i] for i in order]
    np.testing.assert_allclose([near.similarity for near in found], cosines[order], rtol=1e-5)


def test_an_analogy_is_the_word_at_the_end_of_the_parallel(reviews):
    trained = set_back(reviews)
    vectors = {"wonderful": [1, 0], "great": [1, 1], "awful": [0, 0, 1, 0], "boring": [0, 1, 1, 0]}
    set_vectors(trained, "embedding", vectors)
    found = embeddings.analogy(trained, "embedding", "wonderful", "great", "awful", 2)
    assert found[0].caption == "boring"
    a, b, c, d = (nn.functional.normalize(torch.tensor([*vectors[w], 0, 0, 0, 0][:4], dtype=torch.float), dim=0) for w in
                  ("wonderful", "great", "awful", "boring"))  # fmt: skip
    assert found[0].similarity == pytest.approx(float(nn.functional.cosine_similarity(b - a + c, d, dim=0)), rel=1e-5)
    assert {"wonderful", "great", "awful"}.isdisjoint(near.caption for near in found)


def test_words_and_tables_that_are_not_there_are_named(reviews, digits):
    with pytest.raises(RunError, match=r"'hippopotamus' is not among the 51 words that 'embedding' knows"):
        embeddings.nearest(reviews, "embedding", "hippopotamus")
    with pytest.raises(RunError, match=r"no word vectors 'vectors'.*has: embedding"):
        embeddings.nearest(reviews, "vectors", "great")
    with pytest.raises(RunError, match="no Embedding takes the words"):
        embeddings.nearest(digits, "embedding", "great")
    with pytest.raises(RunError, match="no 'embedding' to look at"):
        embeddings.cloud(digits, embeddings.choices(reviews)[0])


def test_each_table_has_the_words_of_its_own_language(tmp_path):
    (tmp_path / "pairs.tsv").write_text("".join(f"one two{i % 3}\tun deux{i % 4}\n" for i in range(60)), "utf-8")
    d = Drawing("Pairs")
    d.add("data.TextPairs", "pairs", source="pairs.tsv", tokens="words", source_length=3, target_length=4)
    x = d.add("nn.Embedding", "source_words", d.port("pairs", "source"), num_embeddings=9, embedding_dim=3)
    y = d.add("nn.Embedding", "target_words", d.port("pairs", "target_in"), num_embeddings=9, embedding_dim=3)
    place = d.add("op.Positions", "places", d.port("pairs", "source"))
    z = d.add("nn.Embedding", "place_vectors", place, num_embeddings=9, embedding_dim=3)
    x = d.add("op.Mean", "mean", d.add("op.Add", "placed", x, z), dim=(1,))
    y = d.add("op.Mean", "mean_target", y, dim=(1,))
    d.add("op.Output", "both", d.add("op.Add", "sum", x, y))
    trained = fresh(with_facts(d.project, tmp_path), tmp_path)
    clouds = {c.name: embeddings.cloud(trained, c) for c in embeddings.choices(trained) if c.kind is Kind.TABLE}
    assert set(clouds["source_words"].captions) == {"one", "two0", "two1", "two2"}
    assert set(clouds["target_words"].captions) == {"un", "deux0", "deux1", "deux2", "deux3"}
    assert clouds["place_vectors"].captions == tuple("012345678") and not clouds["place_vectors"].choice.words
    assert names(trained)[:2] == ["source_words", "target_words"] and names(trained)[-1] == "sum"


def test_a_table_that_drawn_numbers_share_still_has_its_words():
    trained = example("word2vec_skipgram")
    assert [c.name for c in embeddings.choices(trained) if c.words] == ["word_vectors", "context_vectors"]


def test_points_that_are_not_finite_are_refused(reviews):
    trained = set_back(reviews)
    with torch.no_grad():
        trained.model.embedding.weight[7, 0] = torch.nan
    with pytest.raises(RunError, match=r"'embedding' holds numbers that are not finite"):
        embeddings.cloud(trained, embeddings.choices(trained)[0])


# ---- layers


def test_layers_are_offered_from_the_last_hidden_one_backwards(digits):
    outputs = {digits.project.graph.nodes[port.node].name for port in digits.compiled.outputs}
    found = names(digits)
    assert found[0].startswith("relu") and set(found[-len(outputs) :]) == outputs
    assert found.index("relu2") < found.index("fc2") < found.index("relu1")


def test_the_points_of_a_layer_are_what_leaves_it_for_the_test_samples(digits):
    choice = next(c for c in embeddings.choices(digits) if c.name == "relu2")
    cloud = embeddings.cloud(digits, choice)
    part, seen = prepare(digits.project).test, []
    digits.model.relu2.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        digits.model(part.head(10**6, ports=digits.compiled.inputs)[0])
    np.testing.assert_allclose(cloud.points, seen[0].numpy(), rtol=1e-5, atol=1e-6)
    label = next(port for port in part.ports if port.name == "label")
    np.testing.assert_array_equal(cloud.labels, part.head(10**6, ports=[label])[0].numpy())
    assert cloud.classes == digits.classes and cloud.captions[:3] == ("1", "2", "3")


def test_samples_that_are_texts_say_so_themselves(reviews):
    choice = next(c for c in embeddings.choices(reviews) if c.name == "mean_of_words")
    cloud = embeddings.cloud(reviews, choice)
    assert cloud.points.shape == (len(cloud.captions), 16) and cloud.classes == ("bad", "good")
    assert all(len(caption.split()) > 3 for caption in cloud.captions)


def test_looking_takes_no_random_numbers_from_a_run_and_sees_the_same_each_time():
    trained = example("vae_digits")
    choice = next(c for c in embeddings.choices(trained) if c.name == "code")
    before = torch.get_rng_state()
    first, second = embeddings.cloud(trained, choice), embeddings.cloud(trained, choice)
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(first.points, second.points)
    assert first.labels is None


def test_without_test_samples_a_sentence_says_what_to_do(digits):
    project = replace(digits.project, plan=replace(digits.project.plan, split=Split(0.8, 0.2, 0.0)))
    trained = replace(digits, project=project)
    layer = next(c for c in embeddings.choices(trained) if c.kind is Kind.LAYER)
    with pytest.raises(RunError, match="No samples were set aside for the test"):
        embeddings.cloud(trained, layer)


def test_data_that_is_gone_is_an_error_of_the_data(tmp_path):
    lines = "".join(f"{word} thing {i},{word}\n" for i in range(30) for word in ("good", "bad"))
    (tmp_path / "texts.csv").write_text("text,label\n" + lines, "utf-8")
    d = Drawing("Net", Plan())
    d.add("data.LabeledTexts", "texts", source="texts.csv", length=4)
    x = d.add("nn.Embedding", "embedding", d.port("texts", "tokens"), num_embeddings=40, embedding_dim=3)
    d.add("op.Output", "mean", d.add("op.Mean", "mean_of_words", x, dim=(1,)))
    trained = fresh(with_facts(d.project, tmp_path), tmp_path)
    (tmp_path / "texts.csv").unlink()
    layer = next(c for c in embeddings.choices(trained) if c.kind is Kind.LAYER)
    with pytest.raises(DataError, match=r"texts\.csv"):
        embeddings.cloud(trained, layer)
    assert embeddings.nearest(trained, "embedding", "good", 1)  # the words are kept with the run


# ---- the examples


def test_the_text_is_what_its_maker_writes_and_says_its_licence():
    path = BUILTINS["village"].path
    assert path.read_text("utf-8").splitlines() == list(sentences(random.Random(SEED), SENTENCES))
    assert (path.parent / "SOURCE.txt").read_text("utf-8") == NOTE and "Licence: MIT" in NOTE


def test_the_words_that_skip_gram_draws_come_about_as_often_as_their_count_to_three_quarters():
    counts = Counter(cut(BUILTINS["village"].path.read_text("utf-8"), "words"))
    found = np.array(sorted(counts.values(), reverse=True), float)
    project = files.load(examples.path("word2vec_skipgram"))
    drawn, chance = (
        project.graph.node_named("drawn_words"),
        torch.rand(200_000, generator=torch.Generator().manual_seed(0)),
    )
    numbers = eval(drawn.params["expression"], {"u": chance})  # an expression of our own file
    assert (int(numbers.min()), int(numbers.max())) == (2, len(found) + 1)
    shares = np.bincount(numbers.numpy(), minlength=len(found) + 2)[2:] / len(numbers)

    def distance(power: float) -> float:
        """The total variation between what is drawn and the counts to a power."""
        return float(abs(shares - found**power / (found**power).sum()).sum() / 2)

    assert distance(0.75) < 0.15 < distance(1.0) < distance(0.0)
    ends = eval(drawn.params["expression"], {"u": torch.tensor([0.0, 1 - 2**-24])})
    assert ends.tolist() == [2, len(found) + 1]


def share_of_class(trained: Trained) -> float:
    """How many of the three nearest words of each word with a class are of that class."""
    near = [embeddings.nearest(trained, "word_vectors", word, 3) for word in OF]
    return float(
        np.mean([[OF.get(found.caption) == name for found in row] for row, name in zip(near, OF.values(), strict=True)])
    )


@pytest.mark.parametrize(
    ("name", "epochs", "least"),
    [
        ("word2vec_cbow", 3, 0.5),
        pytest.param("word2vec_skipgram", None, 0.95, marks=pytest.mark.slow),
        pytest.param("word2vec_cbow", None, 0.85, marks=pytest.mark.slow),
    ],
)
def test_the_nearest_words_of_a_word_are_of_its_class(name, epochs, least, tmp_path):
    last = list(train(files.load(examples.path(name)), runs=tmp_path, epochs=epochs, watch=False))[-1]
    assert isinstance(last, Finished), last
    trained = load_trained(Path(last.run))
    assert share_of_class(trained) >= least
    if name == "word2vec_skipgram":
        assert embeddings.analogy(trained, "word_vectors", "man", "woman", "king", 1)[0].caption == "queen"
