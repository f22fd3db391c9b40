"""What can be entered into a network and what it answers: found by itself, encoded as in training, computed as by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from drawings import Drawing
from graph.files import load
from graph.messages import DataError, RunError
from graph.model import Port
from runtime import examples, trying, trying_ways
from runtime.asked_samples import sample_of
from runtime.data import prepare
from runtime.predict import Trained, untrained
from runtime.trying import (
    CODE,
    DATA,
    NOISE,
    CodeEntry,
    Drawn,
    FieldsEntry,
    Numbers,
    PictureEntry,
    Pictures,
    Points,
    Shares,
    Tagged,
    TextEntry,
    Trying,
    Way,
)
from runtime.trying_inputs import encoded
from runtime.trying_pixels import pixels
from trainings import with_facts


def opened(name: str) -> Trained:
    project = load(examples.path(name))
    return untrained(project, prepare(project))


@pytest.fixture(scope="module")
def known() -> dict[str, Trained]:
    """Networks that several tests ask, each made once."""
    made: dict[str, Trained] = {}

    class Kept(dict):
        def __missing__(self, name: str) -> Trained:
            self[name] = opened(name)
            return self[name]

    return Kept(made)


def node(trained: Trained, name: str) -> str:
    found = trained.project.graph.node_named(name)
    assert found is not None
    return found.id


def first(trained: Trained) -> tuple[Trying, Way]:
    found = trying.describe(trained)
    return found, found.ways[0]


SUITS = {  # ways with their entries and answers
    "lenet5_digits": [("data", ["PictureEntry"], ["bars"])],
    "mlp_regression": [("data", ["FieldsEntry"], ["numbers"])],
    "moons_mlp": [("data", ["PlaneEntry"], ["bars"])],
    "reviews_textcnn": [("data", ["TextEntry"], ["bars"])],
    "tagger_bilstm": [("data", ["TextEntry"], ["tags"])],
    "char_lm": [("data", ["TextEntry"], ["writing"])],
    "seq2seq_attention": [("data", ["TextEntry"], ["translation"])],
    "waves_conv1d": [("data", ["NumbersEntry"], ["numbers"])],
    "clips_conv3d": [("data", ["SampleEntry"], ["bars"])],
    "vae_digits": [("data", ["PictureEntry"], ["picture"]), ("code", ["CodeEntry"], ["picture"])],
    "autoencoder_digits": [("data", ["PictureEntry"], ["picture"]), ("code", ["CodeEntry"], ["picture"])],
    "gan_digits": [("noise", ["CodeEntry"], ["picture"])],
    "gan_points": [("noise", ["CodeEntry"], ["dots"])],
    "wgan_gp_points": [("noise", ["CodeEntry"], ["dots"])],
}


@pytest.mark.parametrize("name", SUITS)
def test_each_network_has_the_ways_that_suit_it(known, name):
    found = trying.describe(known[name])
    ways = [(way.kind, [type(e).__name__ for e in way.entries], [f.kind for f in way.forms]) for way in found.ways]
    assert ways == SUITS[name]
    assert found.part == "test" and found.samples > 0
    assert found == trying.describe(known[name])  # so that what a person entered stays


@pytest.mark.parametrize(
    "name", ["lenet5_digits", "moons_mlp", "reviews_textcnn", "tagger_bilstm", "waves_conv1d", "char_lm"]
)
def test_a_sample_entered_by_hand_is_the_tensor_that_training_had(known, name):
    trained = known[name]
    found, way = first(trained)
    for number in (0, 5):
        taken = trying.take(trained, found, way, number)
        (entry,) = way.entries
        tensors = encoded(trained, entry, taken.entered[entry.key])
        assert torch.equal(tensors[entry.port], sample_of(trained, found.part, number)[entry.port])


def test_a_row_of_a_table_is_standardized_as_in_training(known):
    trained = known["mlp_regression"]
    found, way = first(trained)
    (entry,) = way.entries
    assert isinstance(entry, FieldsEntry) and [c.name for c in entry.columns[:3]] == ["age", "sex", "bmi"]
    taken = trying.take(trained, found, way, 3)
    numbers = trained.statistics[entry.port.node]["numbers"]
    raw = np.array([taken.entered[entry.key][c.name] for c in entry.columns])
    by_hand = (raw - np.array(numbers["center"])) / np.array(numbers["scale"])
    given = encoded(trained, entry, taken.entered[entry.key])[entry.port].numpy()
    assert np.allclose(given, by_hand, atol=1e-6)
    assert np.allclose(given, sample_of(trained, found.part, 3)[entry.port].numpy(), atol=1e-3)
    assert float(taken.truth) == pytest.approx(
        float(sample_of(trained, found.part, 3)[Port(entry.port.node, "target")])
    )


def test_words_of_a_table_are_choices(project_folder):
    rows = ["size,color,price", *(f"{i},{'red' if i % 2 else 'blue'},{i * 2.5}" for i in range(40))]
    (project_folder / "things.csv").write_text("\n".join(rows), "utf-8")
    d = Drawing("Net")
    x = d.add("data.Table", "things", source="things.csv", task="regression")
    d.add(
        "nn.MSELoss",
        "loss",
        d.add("nn.Linear", "fc", d.port("things", "features"), out_features=1),
        d.port("things", "target"),
    )
    project = with_facts(d.project, project_folder)
    assert x is not None
    trained = untrained(project, prepare(project, project_folder))
    _, way = first(trained)
    (entry,) = way.entries
    assert isinstance(entry, FieldsEntry)
    assert [(c.name, c.words) for c in entry.columns] == [("size", ()), ("color", ("blue", "red"))]
    rows_of = [
        encoded(trained, entry, {"size": 7.0, "color": word})[entry.port][0, 1:].tolist()
        for word in ("blue", "red", "?")
    ]
    assert rows_of == [[1, 0], [0, 1], [0, 0]] or rows_of == [[0, 1], [1, 0], [0, 0]]
    assert trying.answer(trained, way, way.forms[0], {entry.key: {"size": 7.0, "color": "red"}})


# ---- answers


def test_probabilities_are_the_softmax_of_the_scores_the_likeliest_first(known):
    trained = known["lenet5_digits"]
    found, way = first(trained)
    taken = trying.take(trained, found, way, 2)
    said = trying.answer(trained, way, way.forms[0], taken.entered)
    assert isinstance(said, Shares) and said.is_one
    with torch.no_grad():
        by_hand = trained.model(sample_of(trained, "test", 2)[way.entries[0].port]).softmax(1)[0]
    assert list(said.shares) == pytest.approx(sorted(by_hand.tolist(), reverse=True))
    assert said.names[0] == str(int(by_hand.argmax())) and sorted(said.names) == list("0123456789")


def test_each_word_gets_the_likeliest_tag_at_its_place(known):
    trained = known["tagger_bilstm"]
    _, way = first(trained)
    (entry,) = way.entries
    text = "the door opens " * 5
    said = trying.answer(trained, way, way.forms[0], {entry.key: text})
    assert isinstance(said, Tagged) and said.words == tuple(text.split()[:12]) and said.left_out == 3
    with torch.no_grad():
        scores = trained.model(*encoded(trained, entry, text).values()).softmax(1)[0]
    assert list(said.shares) == pytest.approx(scores.max(0).values.tolist())
    assert said.tags[0] == way.forms[0].names[int(scores[:, 0].argmax())]


def test_a_number_is_that_of_the_network(known):
    trained = known["mlp_regression"]
    found, way = first(trained)
    entered = trying.take(trained, found, way, 0).entered
    said = trying.answer(trained, way, way.forms[0], entered)
    with torch.no_grad():
        by_hand = trained.model(*encoded(trained, way.entries[0], entered[way.entries[0].key]).values())
    assert said == Numbers(("hdl",), (float(by_hand),))


def test_noise_that_was_steered_is_what_the_generator_gets(known):
    trained = known["gan_points"]
    _, way = first(trained)
    (entry,) = way.entries
    assert isinstance(entry, CodeEntry) and entry.is_noise and way.kind == NOISE
    noise = trying.fresh_noise(entry, 5, seed=3)
    said = trying.answer(trained, way, way.forms[0], {entry.key: noise})
    m = trained.model
    with torch.no_grad():
        by_hand = m.make3(m.make2(m.make1(torch.from_numpy(noise)).relu()).relu())
    assert isinstance(said, Points) and np.allclose(said.points, by_hand.numpy(), atol=1e-6)
    assert np.array_equal(noise, trying.fresh_noise(entry, 5, seed=3))


def test_pictures_of_a_generator_have_the_form_of_the_data(known):
    trained = known["gan_digits"]
    _, way = first(trained)
    said = trying.answer(trained, way, way.forms[0], {way.entries[0].key: trying.fresh_noise(way.entries[0], 4, 0)})
    assert isinstance(said, Pictures) and [image.shape for image in said.images] == [(8, 8)] * 4
    assert (said.low, said.high) == (0.0, 1.0)


def test_from_the_code_of_a_sample_the_decoder_goes_on_as_by_hand(known):
    trained = known["autoencoder_digits"]
    found = trying.describe(trained)
    data, code = found.ways
    start = trying.take(trained, found, code, 1).entered
    said = trying.answer(trained, code, code.forms[0], start)
    whole = trying.answer(trained, data, data.forms[0], trying.take(trained, found, data, 1).entered)
    assert isinstance(said, Pictures) and isinstance(whole, Pictures)
    assert np.allclose(said.images[0], whole.images[0], atol=1e-6)
    (key,) = start
    steered = start[key].copy()
    steered[0, 2] += 1.5
    m = trained.model
    with torch.no_grad():
        by_hand = m.ink(m.decode1(torch.from_numpy(steered)).relu()).sigmoid().reshape(8, 8)
    moved = trying.answer(trained, code, code.forms[0], {key: steered})
    assert isinstance(moved, Pictures) and np.allclose(moved.images[0], by_hand.numpy(), atol=1e-6)


def test_codes_of_samples_come_with_their_classes(known):
    trained = known["autoencoder_digits"]
    found = trying.describe(trained)
    entry = found.ways[1].entries[0]
    assert isinstance(entry, CodeEntry) and found.ways[1].kind == CODE
    codes, labels = trying.codes(trained, found, entry, 20)
    assert codes.shape == (20, 8) and labels is not None
    assert set(labels.tolist()) <= set(range(10)) and len(set(labels.tolist())) > 3


def test_all_over_the_plane_it_says_what_it_says_there(known):
    trained = known["moons_mlp"]
    _, way = first(trained)
    (entry,) = way.entries
    field = trying.across(trained, way, way.forms[0], side=5)
    for row, column in ((0, 0), (4, 1), (2, 3)):
        at = [
            low + (high - low) * place / 4
            for low, high, place in zip(entry.low, entry.high, (column, row), strict=True)
        ]
        said = trying.answer(trained, way, way.forms[0], {entry.key: tuple(at)})
        assert int(said.names[0]) == field.classes[row, column]
        assert said.shares[0] == pytest.approx(float(field.shares[row, column]), abs=1e-4)


def test_asking_takes_no_random_numbers_from_a_run(known):
    trained = known["vae_digits"]
    before = torch.get_rng_state()
    found = trying.describe(trained)
    way = found.ways[0]
    taken = trying.take(trained, found, way, 0)
    one, same, other = (trying.answer(trained, way, way.forms[0], taken.entered, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(one.images[0], same.images[0]) and not np.array_equal(one.images[0], other.images[0])


def test_a_translation_is_that_of_the_command_line(known):
    from runtime.translate import translate

    trained = known["seq2seq_attention"]
    found, way = first(trained)
    taken = trying.take(trained, found, way, 0)
    text = taken.entered[way.entries[0].key]
    said = trying.translate(trained, text, beams=2)
    assert said.best.text == translate(trained, [text], beams=2)[0].best.text
    assert said.best.attention is not None and taken.truth.count("-") == 2


# ---- texts


def test_words_that_were_never_seen_are_told(known):
    trained = known["reviews_textcnn"]
    _, way = first(trained)
    (entry,) = way.entries
    assert isinstance(entry, TextEntry)
    assert trying.unknown(trained, entry, "the camera is flumpy and flumpy") == ("flumpy",)


def test_nothing_entered_is_said_in_a_sentence(known):
    trained = known["reviews_textcnn"]
    _, way = first(trained)
    for nothing in ({}, {way.entries[0].key: "  "}):
        with pytest.raises(RunError, match="There is nothing to ask yet"):
            trying.answer(trained, way, way.forms[0], nothing)


# ---- pictures

ENTRY = PictureEntry(port=Port("n1", "image"), name="digits", shape=(1, 28, 28), extent=20 / 28)


def ink(top: int, left: int, height: int, width: int) -> np.ndarray:
    drawn = np.zeros((168, 168), np.float32)
    drawn[top : top + height, left : left + width] = 1
    return drawn


def test_strokes_are_scaled_and_centered_as_those_of_the_data():
    for drawn in (ink(5, 5, 60, 20), ink(80, 100, 60, 20), ink(10, 20, 150, 50)):
        got = pixels(ENTRY, Drawn(drawn))[0]
        rows, columns = np.flatnonzero((got > 0.5).any(1)), np.flatnonzero((got > 0.5).any(0))
        assert abs(len(rows) - 20) <= 1 and abs(len(columns) - 20 / 3) <= 1
        assert abs(rows.mean() - 13.5) <= 1 and abs(columns.mean() - 13.5) <= 1
    left_alone = pixels(ENTRY, Drawn(ink(0, 0, 42, 42), fit=False))[0]
    assert left_alone[:6, :6].min() == 1 and left_alone[8:].max() == 0


def test_ink_lies_over_a_picture_that_is_there():
    entry = PictureEntry(port=Port("n1", "image"), name="photos", shape=(3, 4, 4), ground=1.0, ink=0.0)
    ground = np.full((3, 4, 4), 0.25, np.float32)
    half = np.zeros((8, 8), np.float32)
    half[:, :4] = 1
    got = pixels(entry, Drawn(half, ground))
    assert got.shape == (3, 4, 4) and np.all(got[:, :, 0] == 0) and np.all(got[:, :, 3] == 0.25)
    assert np.all(pixels(entry, Drawn()) == 1.0)


def test_dark_ink_on_light_paper_is_seen_in_the_data(project_folder):
    images = np.ones((40, 12, 12), np.float32)
    images[::2, 2:10, 5:7], images[1::2, 5:7, 2:10] = 0.0, 0.0
    np.savez(project_folder / "lines.npz", image=images, label=np.arange(40) % 2)
    d = Drawing("Net")
    d.add("data.Images", "lines", source="lines.npz", image_size=12)
    x = d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", d.port("lines", "image")), out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("lines", "label"))
    project = with_facts(d.project, project_folder)
    entry = trying.describe(untrained(project, prepare(project, project_folder))).ways[0].entries[0]
    assert isinstance(entry, PictureEntry) and (entry.ground, entry.ink) == (1.0, 0.0)
    assert entry.extent == pytest.approx(8 / 12) and 1.5 <= entry.stroke * 12 <= 2.5


def test_a_picture_file_comes_as_in_training(known, tmp_path):
    trained = known["lenet5_digits"]
    _, way = first(trained)
    (entry,) = way.entries
    paper = np.full((64, 64), 255, np.uint8)
    paper[10:54, 28:36] = 0
    Image.fromarray(paper).save(tmp_path / "one.png")
    got = trying.from_file(trained, entry, tmp_path / "one.png")
    assert got.shape == entry.shape and got[0, 16, 16] > 0.9 and got[0, 0, 0] < 0.1  # ink on paper was turned around
    assert np.array_equal(pixels(entry, Drawn(ground=got)), got)
    (tmp_path / "none.png").write_text("nothing", "utf-8")
    with pytest.raises(DataError, match="no picture"):
        trying.from_file(trained, entry, tmp_path / "none.png")


# ---- without data


def test_without_its_data_a_network_is_tried_with_what_is_known(project_folder):
    np.savez(project_folder / "a.npz", input=np.random.rand(40, 6).astype(np.float32), target=np.arange(40) % 2)
    d = Drawing("Net")
    d.add("data.Arrays", "a", source="a.npz")
    d.add(
        "nn.CrossEntropyLoss",
        "loss",
        d.add("nn.Linear", "fc", d.port("a", "input"), out_features=2),
        d.port("a", "target"),
    )
    project = with_facts(d.project, project_folder)
    trained = untrained(project, prepare(project, project_folder))
    (project_folder / "a.npz").unlink()
    found, way = first(trained)
    assert found.samples == 0 and way.kind == DATA
    assert isinstance(trying.answer(trained, way, way.forms[0], {way.entries[0].key: np.zeros(6)}), Shares)


def test_the_picture_that_belongs_to_an_answer_comes_with_the_sample(known):
    """From image to image: the image of the pair that is not entered. A generator makes things of noise that belong to no sample."""
    trained = opened("pix2pix_shapes")
    found, way = first(trained)
    taken = trying.take(trained, found, way, 3)
    part, _ = trying_ways.part_to_take(trained)
    rows = sample_of(trained, part, 3)
    (truth,) = [row[0] for row in rows.values() if row.shape[1] == 3]
    assert taken.picture is not None and taken.picture.images[0].shape == (32, 32, 3)
    lowest, highest = float(truth.min()), float(truth.max())
    image = truth.permute(1, 2, 0).numpy()
    if lowest < 0 or highest > 1:
        image = (image - lowest) / (highest - lowest)
    assert np.allclose(taken.picture.images[0], image)
    for name in ("lenet5_digits", "gan_digits"):
        found, way = first(opened(name))
        assert trying.take(opened(name), found, way, 0).picture is None
