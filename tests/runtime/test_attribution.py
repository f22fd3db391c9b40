"""Explanations are those of their formulas, computed by plain PyTorch; attention is that of the layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from drawings import Drawing
from graph.files import load
from graph.messages import LayerloomError
from runtime import examples
from runtime.asked_samples import inputs_alone, sample_of
from runtime.data import describe, prepare
from runtime.explanations import GRAD_CAM, INTEGRATED, METHODS, OCCLUSION, SALIENCY
from runtime.predict import Trained, untrained
from runtime.sample_questions import about, explained
from trainings import plan, with_facts


def opened(name: str) -> Trained:
    project = load(examples.path(name))
    return untrained(project, prepare(project))


@pytest.fixture(scope="module")
def lenet() -> Trained:
    return opened("lenet5_digits")


@pytest.fixture(scope="module")
def reviews() -> Trained:
    return opened("reviews_textcnn")


def picture(trained: Trained, number: int = 3) -> torch.Tensor:
    (x,) = inputs_alone(trained, sample_of(trained, "test", number)).values()
    return x.clone()


def test_what_there_is_to_ask_about_a_picture(lenet):
    asked, x = about(lenet, "test", 3), picture(lenet)
    with torch.no_grad():
        scores = lenet.model(x)
    assert asked.said.scores == pytest.approx(scores[0].tolist())
    assert asked.said.chances == pytest.approx(scores.softmax(1)[0].tolist())
    assert asked.said.classes == lenet.classes and asked.said.places == 0
    assert [entry.shape for entry in asked.entries] == [(1, 32, 32)]
    assert np.array_equal(asked.picture, x[0, 0].numpy())
    assert asked.layers[-1] == "conv1" and asked.layers[0] == "pool2"


def test_saliency_is_the_size_of_the_gradient(lenet):
    x = picture(lenet).requires_grad_()
    lenet.model(x)[0, 4].backward()
    found = explained(lenet, "test", 3, about(lenet, "test", 3).entries[0], 4, SALIENCY)
    assert np.allclose(found.scores, x.grad[0, 0].abs().numpy(), atol=1e-7)


def test_integrated_gradients_add_up_to_the_difference_of_the_answers(lenet):
    x, entry = picture(lenet), about(lenet, "test", 3).entries[0]
    found = explained(lenet, "test", 3, entry, 4, INTEGRATED)
    with torch.no_grad():
        difference = (lenet.model(x) - lenet.model(torch.zeros_like(x)))[0, 4].item()
    assert found.scores.sum() == pytest.approx(difference, abs=1e-4)
    assert found.gap == pytest.approx(abs(found.scores.sum() - difference), abs=1e-5)
    total = torch.zeros_like(x)
    for alpha in (torch.arange(64) + 0.5) / 64:
        step = (alpha * x).requires_grad_()
        lenet.model(step)[0, 4].backward()
        total += step.grad / 64
    assert np.allclose(found.scores, (total * x)[0, 0].numpy(), atol=1e-5)


def test_occlusion_is_the_fall_of_the_answer_where_all_is_covered(lenet):
    found = explained(lenet, "test", 3, about(lenet, "test", 3).entries[0], 4, OCCLUSION)
    x = picture(lenet)
    covered = x.clone()
    covered[..., :5, :5] = 0  # the corner lies under one square alone
    with torch.no_grad():
        fall = (lenet.model(x) - lenet.model(covered))[0, 4].item()
    assert found.scores[0, 0] == pytest.approx(fall, abs=1e-6)
    assert found.scores.shape == (32, 32)


def test_grad_cam_weighs_the_maps_with_their_mean_gradients(lenet):
    found = explained(lenet, "test", 3, about(lenet, "test", 3).entries[0], 4, GRAD_CAM, layer="conv2")
    kept = {}
    handle = lenet.model.conv2.register_forward_hook(lambda _m, _i, output: kept.update(maps=output))
    score = lenet.model(picture(lenet))[0, 4]
    handle.remove()
    (gradient,) = torch.autograd.grad(score, kept["maps"])
    cam = (gradient.mean((2, 3), keepdim=True) * kept["maps"]).sum(1, keepdim=True).relu()
    expected = nn.functional.interpolate(cam, size=(32, 32), mode="bilinear", align_corners=False)[0, 0]
    assert np.allclose(found.scores, expected.detach().numpy(), atol=1e-6)


def test_grad_cam_asks_a_network_whose_loss_takes_nothing_else():
    """An autoencoder of images: its loss runs the network once more, and that is not what is asked about."""
    d = Drawing("Copy")
    x = d.add("data.Images", "images", source="builtin:digits")
    y = d.add("nn.ReLU", "relu", d.add("nn.Conv2d", "conv", x, out_channels=4, kernel_size=3, padding=1))
    y = d.add("nn.Conv2d", "back", y, out_channels=1, kernel_size=3, padding=1)
    d.add("op.Output", "copy", y)
    d.add("nn.MSELoss", "loss", y, x)
    trained = untrained(with_facts(d.project.with_plan(plan())))
    asked = about(trained, "test", 0)
    found = explained(trained, "test", 0, asked.entries[0], 0, GRAD_CAM, layer="relu", place=27)
    x = inputs_alone(trained, sample_of(trained, "test", 0)).popitem()[1]
    maps = trained.model.relu(trained.model.conv(x)).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(trained.model.back(maps)[0, 0].flatten()[27], maps)
    expected = (gradient.mean((2, 3), keepdim=True) * maps).sum(1).relu()[0]
    assert np.allclose(found.scores, expected.detach().numpy(), atol=1e-6)


def test_words_count_by_their_embeddings(reviews):
    asked, tokens = about(reviews, "test", 3), picture(reviews)
    (entry,) = asked.entries
    assert len(entry.words) == 12 and entry.words[0].isalpha()
    found = explained(reviews, "test", 3, entry, 1, INTEGRATED)
    model = reviews.model
    embedded = model.embedding(tokens).detach()
    with torch.no_grad():  # the same network with other embeddings
        handle = model.embedding.register_forward_hook(lambda *_: torch.zeros_like(embedded))
        empty = model(tokens)[0, 1].item()
        handle.remove()
        assert found.scores.sum() == pytest.approx(model(tokens)[0, 1].item() - empty, abs=2e-3)
    fall = explained(reviews, "test", 3, entry, 1, OCCLUSION).scores
    without = embedded.clone()
    without[0, 2] = 0
    with torch.no_grad():
        handle = model.embedding.register_forward_hook(lambda *_: without)
        covered = model(tokens)[0, 1].item()
        handle.remove()
        assert fall[2] == pytest.approx(model(tokens)[0, 1].item() - covered, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_about_a_table_or_says_why_not(method):
    trained = opened("mlp_regression")
    (entry,) = about(trained, "test", 0).entries
    assert len(entry.names) == entry.shape[0]
    if method == GRAD_CAM:
        with pytest.raises(LayerloomError, match="no feature maps"):
            explained(trained, "test", 0, entry, 0, method, layer="fc1")
    else:
        assert explained(trained, "test", 0, entry, 0, method).scores.shape == entry.shape


def test_a_question_leaves_no_trace(lenet):
    before, weights = torch.get_rng_state(), [p.clone() for p in lenet.model.parameters()]
    entry = about(lenet, "test", 3).entries[0]
    lenet.model.zero_grad()
    for method in METHODS:
        explained(lenet, "test", 3, entry, 0, method, layer="conv1")
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(p, w) for p, w in zip(lenet.model.parameters(), weights, strict=True))
    assert all(p.grad is None for p in lenet.model.parameters())


def test_attention_of_transformer_layers_is_what_their_modules_give():
    trained = opened("transformer_reviews")
    first, _ = about(trained, "test", 3).attention
    tokens, model = picture(trained), trained.model
    with torch.no_grad():
        placed = model.embedding(tokens) + model.positions
        _, weights = model.encoder1.self_attn(
            placed, placed, placed, key_padding_mask=tokens == 0, average_attn_weights=False
        )
    assert first.name == "encoder1.self_attn"
    assert np.allclose(first.weights, weights[0].numpy(), atol=1e-6)


def test_attention_drawn_by_hand_is_its_softmax():
    trained = opened("attention_by_hand")
    (found,) = about(trained, "test", 3).attention
    assert found.name == "attention.weights" and found.weights.shape == (1, 12, 12)
    assert np.allclose(found.weights.sum(-1), 1, atol=1e-5)


def test_scaled_dot_product_attention_is_seen(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", input=rng.standard_normal((40, 5, 4)).astype("float32"), target=np.arange(40) % 2)
    d = Drawing("Net", plan())
    d.add("data.Arrays", "arrays", source="a.npz")
    x = d.port("arrays", "input")
    y = d.add("op.ScaledDotProductAttention", "attended", x, x, x, is_causal=True)
    scores = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flat", y), out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("arrays", "target"))
    project = with_facts(d.project, tmp_path)
    prepared = prepare(project, tmp_path)
    trained = untrained(project, prepared)
    trained = replace(trained, folder=tmp_path)
    (found,) = about(trained, "test", 0).attention
    values = picture(trained, 0)[0]
    scores = (values @ values.T / 2).masked_fill(torch.ones(5, 5, dtype=torch.bool).triu(1), -torch.inf)
    assert np.allclose(found.weights[0], scores.softmax(-1).numpy(), atol=1e-6)


def test_the_numbers_of_a_row_are_named_as_its_columns_and_words(tmp_path):
    lines = [f"{n % 7},{('Zug', 'Bern', 'Basel')[n % 3]},{n % 5},{n}" for n in range(60)]
    (tmp_path / "own.csv").write_text("\n".join(("age,city,rooms,price", *lines)))
    project = load(examples.path("mlp_regression"))
    table = project.graph.node_named("patients")
    own = replace(table, params={"source": str(tmp_path / "own.csv"), "target": "price"})
    own = replace(own, facts=describe(own, None))
    project = project.with_graph(project.graph.put(own))
    trained = untrained(project, prepare(project))
    (entry,) = about(trained, "test", 0).entries
    assert entry.names == ("age", "rooms", "city = Basel", "city = Bern", "city = Zug") and entry.shape == (5,)
    for number in range(6):
        samples = sample_of(trained, "test", number)
        price = int(next(value for port, value in samples.items() if port.name == "target"))
        (row,) = inputs_alone(trained, samples).values()
        assert entry.names[int(row[0, 2:].argmax()) + 2] == f"city = {('Zug', 'Bern', 'Basel')[price % 3]}"


def test_of_many_places_one_is_asked_about_by_the_names_of_its_tokens():
    trained = opened("gpt_chars")
    asked, tokens = about(trained, "test", 3), picture(trained)
    said, (entry,) = asked.said, asked.entries
    assert (said.places, said.place) == (64, 63) and len(said.classes) > 40
    with torch.no_grad():
        scores = trained.model(tokens)[0]
    assert said.scores == pytest.approx(scores[:, 63].tolist(), rel=1e-5)
    earlier = about(trained, "test", 3, 10).said
    assert earlier.scores == pytest.approx(scores[:, 10].tolist(), rel=1e-5)
    assert said.classes[int(earlier.target)] == entry.words[11]  # what comes next
    found = explained(trained, "test", 3, entry, 5, SALIENCY, place=10).scores
    assert (found[11:] == 0).all() and found[10] > 0  # nothing looks ahead


def test_tags_are_asked_about_at_the_last_word():
    trained = opened("tagger_bilstm")
    asked = about(trained, "test", 3)
    (entry,) = asked.entries
    last = max(n for n, word in enumerate(entry.words) if word)
    assert asked.said.place == last and asked.said.classes == trained.classes
    assert asked.said.target is not None and about(trained, "test", 3, asked.said.places - 1).said.target is None
