"""The mistakes that people make daily: told with the numbers of both ends, and mended in one step."""

from __future__ import annotations

import pytest

from drawings import Drawing, lenet5, with_images
from graph.edits import change_type
from graph.model import Port
from graph.problems import Problem, Severity
from runtime.analyser import analyse

UNFINISHED = (
    "no-loss",
    "unused",
    "no-data",
    "loss-without-parameters",
)  # what these small drawings leave out on purpose


def inputs(*shapes: tuple[int, ...], dtypes: tuple[str, ...] = ()) -> tuple[Drawing, list[Port]]:
    """A drawing with input nodes x0, x1, ... of these shapes (without the batch)."""
    d = Drawing()
    kinds = [*dtypes, *("float32",) * (len(shapes) - len(dtypes))]
    shaped = zip(shapes, kinds, strict=True)
    return d, [d.add("op.Input", f"x{i}", shape=shape, dtype=dtype) for i, (shape, dtype) in enumerate(shaped)]


def problem_of(d: Drawing, code: str) -> Problem:
    (problem,) = [p for p in analyse(d.project).problems if p.code == code]
    return problem


def labels(problem: Problem) -> list[str]:
    return [str(fix.label) for fix in problem.fixes]


def check(d: Drawing, code: str, words: tuple[str, ...], fixes: list[str]) -> Problem:
    """The problem says these words and offers these fixes: each takes it away, and the first leaves nothing to mend."""
    problem = problem_of(d, code)
    assert [word for word in words if word not in str(problem.message)] == [], str(problem.message)
    assert labels(problem) == fixes
    left = [analyse(fix.edit(d.project)).problems for fix in problem.fixes]
    assert [p.code for problems in left for p in problems if p.code == code] == []
    assert [str(p.message) for problems in left[:1] for p in problems if p.code not in UNFINISHED] == []
    return problem


# ---- pinned sizes and the order of dimensions


def test_a_pinned_size_is_freed_or_set():
    d, (x,) = inputs((4, 8, 8))
    d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), in_features=400)
    check(
        d,
        "pinned-size",
        ("in_features = 400", "'flatten' gives 256"),
        ["Infer in_features again", "Set in_features to 256"],
    )


def test_a_pinned_normalized_shape():
    d, (x,) = inputs((8, 6))
    d.add("nn.LayerNorm", "norm", x, normalized_shape=(7,))
    check(d, "pinned-size", ("7", "gives 6"), ["Infer normalized_shape again", "Set normalized_shape to 6"])


@pytest.mark.parametrize(
    ("layer", "shape", "pin", "fix"),
    [("Conv2d", (20, 24, 3), {"in_channels": 3}, "Insert Permute (0, 3, 1, 2)"),
     ("BatchNorm2d", (20, 24, 5), {"num_features": 5}, "Insert Permute (0, 3, 1, 2)"),
     ("Conv3d", (4, 6, 5, 2), {"in_channels": 2}, "Insert Permute (0, 4, 1, 2, 3)"),
     ("Conv1d", (20, 7), {"in_channels": 7}, "Insert Transpose (1, 2)"),
     ("Linear", (7, 20), {"in_features": 7}, "Insert Transpose (1, 2)"),
     ("Linear", (7, 20, 21), {"in_features": 7}, "Insert Permute (0, 2, 3, 1)")],
)  # fmt: skip
def test_a_pinned_size_at_the_other_end_is_an_order(layer, shape, pin, fix):
    d, (x,) = inputs(shape)
    d.add(f"nn.{layer}", "it", x, **pin)
    (name,) = pin
    check(d, "channels-order", (str(pin[name]), " × ".join(map(str, shape))), [fix, f"Infer {name} again"])


@pytest.mark.parametrize("layer", ["Conv2d", "BatchNorm2d", "MaxPool2d", "AdaptiveAvgPool2d"])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 48, 3), (16, 16, 4)])
def test_pictures_with_their_channels_last(layer, shape):
    d, (x,) = inputs(shape)
    params = {"output_size": 2} if "Adaptive" in layer else {}
    d.add(f"nn.{layer}", "it", d.add("nn.Dropout", "drop", x), **params)
    problem = check(
        d, "channels-last", (f"their {shape[-1]} channels last", f"sees {shape[0]}"), ["Insert Permute (0, 3, 1, 2)"]
    )
    assert problem.severity is Severity.WARNING


@pytest.mark.parametrize("shape", [(3, 32, 32), (64, 1, 1), (4, 4, 3), (28, 12, 1), (512, 8, 4)])
def test_no_alarm_about_channels(shape):
    d, (x,) = inputs(shape)
    d.add("nn.Conv2d", "it", x, kernel_size=1)
    assert analyse(d.project).errors == () and "channels-last" not in [p.code for p in analyse(d.project).problems]


def test_a_convolution_over_embedded_words():
    d, (x,) = inputs((12,), dtypes=("int64",))
    d.add("nn.Conv1d", "conv", d.add("nn.Embedding", "words", x, num_embeddings=9, embedding_dim=16), kernel_size=3)
    check(d, "channels-last", ("B × 12 × 16", "16 features last", "sees 12"), ["Insert Transpose (1, 2)"])


# ---- the number of dimensions


@pytest.mark.parametrize(
    ("layer", "shape", "fixes"),
    [("BatchNorm2d", (9,), ["Use BatchNorm1d instead"]),
     ("Dropout2d", (9,), ["Use Dropout instead"]),
     ("Conv2d", (3, 20), ["Use Conv1d instead", "Insert a Reshape to 1 × 3 × 20"]),
     ("MaxPool1d", (3, 8, 8), ["Use MaxPool2d instead"]),
     ("BatchNorm1d", (3, 8, 8), ["Use BatchNorm2d instead", "Insert a Flatten"])],
)  # fmt: skip
def test_a_layer_for_another_number_of_dimensions(layer, shape, fixes):
    d, (x,) = inputs(shape)
    d.add("nn.ReLU", "next", d.add(f"nn.{layer}", "it", x))
    check(d, "wrong-dimensions", (f"B × {' × '.join(map(str, shape))}",), fixes)


def test_another_type_keeps_name_wires_and_what_fits():
    d, (x,) = inputs((3, 20))
    d.add("nn.ReLU", "next", d.add("nn.Conv2d", "conv", x, kernel_size=(5, 3), out_channels=7, padding_mode="reflect"))
    changed = change_type(d.graph, d.id("conv"), "torch.nn.Conv1d")
    assert changed.nodes[d.id("conv")].params == {"kernel_size": 5, "out_channels": 7, "padding_mode": "reflect"}
    assert changed.links == d.graph.links and changed.nodes[d.id("conv")].name == "conv"


def test_another_type_without_the_port_loses_the_wire():
    d, (x, y) = inputs((4,), (4,))
    d.add("op.Subtract", "it", x, y)
    assert set(change_type(d.graph, d.id("it"), "torch.nn.ReLU").links) == {Port(d.id("it"), "input")}


# ---- losses


def classifier(
    shape: tuple[int, ...], target: tuple[int, ...], loss: str = "nn.CrossEntropyLoss", dtype: str = "int64"
):
    d, (scores, answers) = inputs(shape, target, dtypes=("float32", dtype))
    d.add(loss, "judge", scores, answers)
    return d


@pytest.mark.parametrize("loss", ["nn.CrossEntropyLoss", "nn.NLLLoss", "metric.Accuracy"])
@pytest.mark.parametrize(
    ("shape", "target", "words", "fixes"),
    [((12, 5), (12,), ("B × 12 × 5", "B × 12 from 'x1'", "the 5 classes are last"), ["Insert Transpose (1, 2)"]),
     ((6, 7, 5), (6, 7), ("the 5 classes are last",), ["Insert Permute (0, 3, 1, 2)"]),
     ((5,), (5,), ("one-hot",), ["Insert ArgMax (1)"]),
     ((5,), (1,), ("one dimension too many", "B × 1"), ["Insert Squeeze (1)"]),
     ((5, 8, 8), (1, 8, 8), ("labels of shape B × 8 × 8",), ["Insert Squeeze (1)"]),
     ((10, 1, 1), (), ("B × 10 × 1 × 1",), ["Insert a Flatten"]),
     ((5, 4, 4), (), ("B × 5 × 4 × 4",), ["Insert Flatten and Linear"]),
     ((5,), (3,), ("labels of shape B ", "gives B × 3"), [])],
)  # fmt: skip
def test_where_the_classes_are(loss, shape, target, words, fixes):
    if target:
        d = classifier(shape, target, loss)
    else:
        d, _, answers = with_images()
        d.add(loss, "judge", d.add("op.Input", "x0", shape=shape), answers)
    check(d, "class-dimension", words, fixes)


def test_ten_words_and_ten_classes():
    """Both orders fit; the number of classes tells them apart only where they differ."""
    d = classifier((10, 10), (10,))
    assert "class-dimension" not in [p.code for p in analyse(d.project).problems]


@pytest.mark.parametrize(
    ("loss", "shape", "target", "fixes"),
    [("NLLLoss", (5,), (5,), ["Insert ArgMax (1)", "Use MSELoss instead"]),
     ("CrossEntropyLoss", (1,), (1,), ["Use MSELoss instead"]),
     ("CrossEntropyLoss", (12, 5), (7,), []),
     ("CrossEntropyLoss", (5, 12), (12,), ["Insert ToDtype (int64)"]),
     ("CrossEntropyLoss", (5,), (1,), ["Insert ToDtype and Squeeze"])],
)  # fmt: skip
def test_targets_with_a_fraction_where_classes_belong(loss, shape, target, fixes):
    d = classifier(shape, target, f"nn.{loss}", dtype="float32")
    check(d, "wrong-dtype", ("'judge' needs", "x1"), fixes)


@pytest.mark.parametrize("loss", ["MSELoss", "BCEWithLogitsLoss", "L1Loss"])
def test_whole_numbers_where_fractions_belong(loss):
    d = classifier((5,), (5,), f"nn.{loss}")
    check(d, "wrong-dtype", ("whole numbers (int64)", "B × 5"), ["Insert ToDtype (float32)"])


def test_labels_against_one_score_are_brought_to_its_shape():
    d, image, label = with_images()
    d.add(
        "nn.BCEWithLogitsLoss",
        "loss",
        d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", image), out_features=1),
        label,
    )
    check(d, "wrong-dtype", ("int64",), ["Insert ToDtype and Unsqueeze"])


def test_labels_against_scores_want_another_loss():
    d, image, label = with_images()
    d.add("nn.MSELoss", "loss", d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", image), out_features=10), label)
    check(d, "wrong-dtype", ("CrossEntropyLoss",), ["Use CrossEntropyLoss instead"])


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(("loss", "code"), [("MSELoss", "broadcast"), ("BCELoss", "shape-mismatch")])
def test_one_column_against_a_row(loss, code):
    d, (x, y) = inputs((1,), (1,))
    d.add(f"nn.{loss}", "loss", x, d.add("op.Squeeze", "row", y))
    problem = check(d, code, ("'x0' gives B × 1", "'row' gives B"), ["Insert Squeeze (1)"])
    assert (problem.severity is Severity.WARNING) == (code == "broadcast")
    assert ("stretches both to B × B" in str(problem.message)) == (code == "broadcast")


def test_a_picture_against_one_number():
    d, (x, y) = inputs((4, 5, 5), (1,))
    d.add("nn.BCEWithLogitsLoss", "loss", d.add("nn.Conv2d", "conv", x, kernel_size=1), y)
    check(d, "shape-mismatch", ("B × 16 × 5 × 5", "B × 1"), ["Insert Flatten and Linear"])


def test_the_last_layer_is_resized_through_what_keeps_the_shape():
    d, image, label = with_images()
    fc = d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", image), out_features=7)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Dropout", "drop", fc), label)
    check(d, "class-count", ("7 scores", "10 classes"), ["Set out_features to 10"])


def test_sigmoid_before_a_loss_that_applies_it():
    d, (x, y) = inputs((4,), (4,))
    d.add("nn.BCEWithLogitsLoss", "loss", d.add("nn.Sigmoid", "chance", x), y)
    check(d, "softmax-before-loss", ("applies the sigmoid itself", "'chance'"), ["Take the scores from before chance"])


# ---- joins


@pytest.mark.parametrize(
    ("left", "right", "fix"),
    [((64, 56, 56), (128, 28, 28), "Insert 1 × 1 Conv2d (128, stride 2) after x0"),
     ((64, 7, 7), (128, 7, 7), "Insert 1 × 1 Conv2d (128) after x0"),
     ((64, 7, 6), (64, 4, 6), "Insert 1 × 1 Conv2d (64, stride 2 × 1) after x0"),
     ((8, 20), (16, 10), "Insert Conv1d (16, kernel_size 1, stride 2) after x0"),
     ((8, 4, 4, 4), (16, 2, 2, 2), "Insert Conv3d (16, kernel_size 1, stride 2) after x0"),
     ((8,), (16,), "Insert Linear (16) after x0"),
     ((12, 8), (12, 16), "Insert Linear (16) after x0"),
     ((64, 28, 28), (64, 56, 56), "Insert 1 × 1 Conv2d (64, stride 2) after longer")],
)  # fmt: skip
@pytest.mark.parametrize("join", ["Add", "Subtract", "Multiply"])
def test_a_residual_whose_sides_differ(left, right, fix, join):
    d, (x, y) = inputs(left, right)
    d.add(f"op.{join}", "sum", x, d.add("nn.ReLU", "longer", y))
    check(d, "shape-mismatch", (" × ".join(map(str, left)), " × ".join(map(str, right))), [fix])


def test_the_projection_of_a_real_residual_goes_on_the_shortcut():
    d, image, _ = with_images()
    stem = d.add("nn.Conv2d", "stem", image, padding=1)
    main = d.add("nn.Conv2d", "a", stem, out_channels=32, stride=2, padding=1)
    main = d.add("nn.Conv2d", "b", d.add("nn.ReLU", "relu", main), out_channels=32, padding=1)
    d.add("op.Add", "sum", main, stem)
    problem = check(
        d, "shape-mismatch", ("B × 32 × 16 × 16", "B × 16 × 32 × 32"), ["Insert 1 × 1 Conv2d (32, stride 2) after stem"]
    )
    mended = problem.fixes[0].edit(d.project)
    assert not analyse(mended).errors and len(mended.graph.nodes) == len(d.graph.nodes) + 1


@pytest.mark.parametrize(
    ("join", "left", "right", "outcome"),
    [("Add", (1,), (6,), "B × 6"), ("Add", (6,), (1,), "B × 6"), ("Multiply", (1, 5), (4, 1), "B × 4 × 5"),
     ("Add", (1, 8, 8), (3, 8, 8), "B × 3 × 8 × 8"), ("Multiply", (1,), (1, 4), "B × B × 4"), ("Subtract", (8, 1, 1), (8, 5, 5), None),
     ("Multiply", (1, 5, 5), (8, 5, 5), None)],
)  # fmt: skip
def test_what_stretches_is_told_with_what_comes_out(join, left, right, outcome):
    d, (x, y) = inputs(left, right)
    d.add(f"op.{join}", "it", x, y)
    found = [p for p in analyse(d.project).problems if p.code == "broadcast"]
    if outcome is None:
        assert found == []
    else:
        assert f"What comes out is {outcome}." in str(found[0].message)
        assert analyse(d.project).spec(d.port("it")).code_text == outcome


# ---- kernels and sizes


def test_what_made_the_input_of_a_kernel_so_small():
    d, x, _ = with_images()
    for i in range(4):
        x = d.add("nn.MaxPool2d", f"pool{i}", x, kernel_size=2)
    d.add("nn.Conv2d", "conv", d.add("nn.ReLU", "relu", x), kernel_size=5)
    text = str(problem_of(d, "kernel-too-large").message)
    assert "covers 5 × 5" in text and "only 2 × 2" in text
    assert text.endswith("What makes it so small: pool0 ÷ 2, pool1 ÷ 2, pool2 ÷ 2, pool3 ÷ 2.")


@pytest.mark.parametrize(
    ("layer", "params", "code", "fix"),
    [("ConvTranspose2d", {"kernel_size": 3, "padding": 6}, "padding-too-large", "Set padding to 0"),
     ("ConvTranspose2d", {"output_padding": 1}, "output-padding", "Set output_padding to 0"),
     ("MaxPool2d", {"kernel_size": 3, "padding": 2}, "padding-too-large", "Set padding to 1")],
)  # fmt: skip
def test_padding_that_is_too_large(layer, params, code, fix):
    d, (x,) = inputs((4, 5, 5))
    d.add(f"nn.{layer}", "it", x, **params)
    check(d, code, ("'it'",), [fix])


def test_a_reshape_counts_numbers():
    d, (x,) = inputs((4, 6))
    d.add("op.Reshape", "it", x, shape=(5, 5))
    check(d, "reshape-size", ("5 × 5", "25 numbers", "B × 4 × 6, which is 24"), ["Set shape to -1"])
    d.add("op.Reshape", "fine", x, shape=(3, -1))
    assert [p.code for p in analyse(d.project).errors] == ["reshape-size"]


def test_a_right_drawing_has_no_problem():
    assert analyse(lenet5().project).problems == ()
