"""Matching names: slips of the finger, initials, letters in order, words of several languages."""

from __future__ import annotations

import pytest

from graph.messages import set_language, tr
from gui.fuzzy import begins_but_for_a_slip, english_of, in_all_languages, in_order, initials_of, parts_of, words_fit


@pytest.mark.parametrize(
    ("word", "fits"),
    [
        ("conv2d", True),
        ("covn2d", True),  # swapped
        ("cnov", True),
        ("xonv2d", True),  # wrong
        ("cov2d", True),  # missing
        ("connv2d", True),  # too much
        ("onv2d", True),
        ("conv2dd", True),
        ("convv", True),
        ("cvo", False),
        ("con", True),
        ("ocn", True),
        ("xon", False),  # too short for more than a swap
        ("cnvo2d", False),  # two slips
        ("pool", False),
        ("conv3dd", False),
    ],
)
def test_one_slip_is_forgiven(word, fits):
    assert begins_but_for_a_slip("conv2d", word) is fits


def test_names_and_their_parts():
    assert parts_of("BatchNorm2d") == ["batch", "norm", "2d"]
    assert initials_of("BatchNorm2d") == "bn2d"
    assert initials_of("MSELoss") == "ml"
    assert in_order("bn2", "batchnorm2d") and not in_order("nb2", "batchnorm2d")


@pytest.mark.parametrize(("better", "worse"), [("export", "picture"), ("picture", "ictur"), ("ictur", "pcture")])
def test_better_fits_have_smaller_grades(better, worse):
    grades = [words_fit(query, ["export a picture"]) for query in (better, worse)]
    assert None not in grades and grades[0] < grades[1]


def test_every_word_has_to_fit():
    assert words_fit("export zebra", ["export a picture", "导出图片"]) is None
    assert words_fit("export 图片", ["export a picture", "导出图片"]) is not None
    assert words_fit("eap", ["export a picture"]) is not None


def test_texts_in_all_languages_and_back():
    assert in_all_languages("Dark") == ("Dark", "深色")
    set_language("zh_CN")
    assert english_of(tr("Dark")) == "Dark"
    assert english_of("lenet.layerloom") == "lenet.layerloom"
