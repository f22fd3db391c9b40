"""The pages of the examples: in every language, the same claims in each, and what they claim is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graph import files
from graph.messages import languages, set_language
from graph.model import Project
from runtime import examples, guides
from runtime.events import EpochEnded, Finished
from runtime.training.loop import train

QUICK = {  # one of each kind
    "mlp_digits", "mlp_regression", "waves_conv1d", "reviews_textcnn", "tagger_bilstm", "memory_lstm", "attention_by_hand",
    "vae_digits", "gan_points", "learning_rates",
}  # fmt: skip
GAMES = {"gan_points", "wgan_gp_points", "gan_digits", "pix2pix_shapes"}  # whose losses need not fall
PAGES = [(name, code) for name in examples.READY for code in languages()]


@pytest.fixture
def in_language():
    yield set_language
    set_language("en")


def page_of(name: str, code: str) -> str:
    return (guides.FOLDER / code / f"{name}.md").read_text("utf-8")


def test_every_example_has_a_page_and_every_page_an_example():
    for code in languages():
        assert {path.stem for path in (guides.FOLDER / code).glob("*.md")} == set(examples.READY) == set(guides.names())


@pytest.mark.parametrize(("name", "code"), PAGES)
def test_a_page_has_all_its_parts(name, code, in_language):
    in_language(code)
    page = guides.guide(name)
    assert page.title and len(page.title) < 60 and page.sentence[-1] in ".。"
    assert examples.describe(name) == (page.title, page.sentence)
    headings = re.findall(r"^## .+$", page.text, re.MULTILINE)
    assert len(headings) == len(re.findall(r"^## .+$", page_of(name, "en"), re.MULTILINE)) == 6
    assert page.claims
    assert "<" not in page.text  # no HTML: it would not be shown


@pytest.mark.parametrize(("name", "code"), PAGES)
def test_what_the_window_can_do_needs_no_terminal(name, code):
    page = page_of(name, code)
    if "main.py generate" in page:
        assert ("*Try*" if code == "en" else "“试用”") in page.split("main.py generate")[0]


@pytest.mark.parametrize("name", examples.READY)
def test_pages_claim_the_same_in_every_language(name, in_language):
    claims, links = set(), set()
    for code in languages():
        in_language(code)
        claims.add(guides.guide(name).claims)
        links.add(tuple(re.findall(r"\]\((.+?)\)", guides.guide(name).text)))
    assert len(claims) == len(links) == 1


@pytest.mark.parametrize("name", examples.READY)
def test_the_nodes_that_a_page_names_are_in_its_drawing(name):
    project = files.load(examples.path(name))
    assert guides.guide_of(project) == guides.guide(name)
    nodes = {node.name for node in project.graph.nodes.values()}
    selected = re.findall(r"(?:[Ss]elect|the node) `(\w+)`", page_of(name, "en"))
    assert set(selected) <= nodes


def test_a_drawing_names_a_page_and_no_other_file():
    for name in ("../../README", "/etc/passwd", "", "..", "no_such_page", 5, None, ["lenet5_digits"]):
        assert guides.guide_of(Project(extra={guides.KEY: name})) is None
    assert guides.guide_of(Project()) is None


def events_of(name: str, folder: Path, *, epochs: int | None = None) -> list:
    return list(train(files.load(examples.path(name)), runs=folder, epochs=epochs, watch=False))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in examples.READY]
)
def test_an_example_begins_to_learn(name, tmp_path):
    events = events_of(name, tmp_path, epochs=2)
    assert isinstance(events[-1], Finished), events[-1]
    first, second = (event for event in events if isinstance(event, EpochEnded))
    assert second.train["loss"] < first.train["loss"] or name in GAMES
    assert {claim.figure for claim in guides.guide(name).claims} <= events[-1].test.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", examples.READY)
def test_an_example_reaches_what_its_page_claims(name, tmp_path):
    last = events_of(name, tmp_path)[-1]
    assert isinstance(last, Finished), last
    for claim in guides.guide(name).claims:
        assert claim.holds(last.test[claim.figure]), (claim, last.test)
