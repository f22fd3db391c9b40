"""What operations refuse, and that they say so in the words of the drawing."""

from __future__ import annotations

import pytest
import torch

from graph.tensor_expressions import with_arrow
from operation_tools import HEADS, IMAGE, MARK, MARKS, SEQUENCE, WHOLE, WHOLES, Given, drawn
from runtime.analyser import analyse

CLASSES = Given((4,), WHOLES)


def complaint(name: str, *inputs: Given | tuple[int, ...], **params) -> tuple[str, str]:
    """The code and words of the one problem of the operation."""
    d = drawn(name, params, inputs)
    (problem,) = [p for p in analyse(d.project).problems if p.node == d.id("result")]
    return problem.code, str(problem.message)


@pytest.mark.parametrize(
    ("name", "inputs", "params", "code", "words"),
    [
        ("Sum", (SEQUENCE,), {"dim": (3,)}, "dimension-range",
         "'result' works on dimension 3, but 'data0' gives B × 4 × 6. Choose a dimension from 0, the batch, to 2, or"),
        ("Select", (SEQUENCE,), {"dim": -4}, "dimension-range", "dimension -4"),
        ("Unsqueeze", (SEQUENCE,), {"dim": 4}, "dimension-range", "to 3"),
        ("Stack", (SEQUENCE, SEQUENCE), {"dim": 4}, "dimension-range", "to 3"),
        ("Mean", (SEQUENCE,), {"dim": (1, -2)}, "dimension-twice", "names dimension -2 twice"),
        ("Permute", (SEQUENCE,), {"dims": (0, 1, 1)}, "dimension-twice", "names dimension 1 twice"),
        ("Permute", (IMAGE,), {}, "permutation", "puts 3 dimensions into order, but 'data0' gives B × 2 × 8 × 8"),
        ("Slice", (SEQUENCE,), {"dim": 0}, "batch-dimension", "would take samples out of the batch"),
        ("Sum", (SEQUENCE,), {"dim": (0,)}, "batch-dimension", "mixes the samples of a batch"),
        ("Pad", (SEQUENCE,), {"pad": (0, 0, 0, 0, 1, 1)}, "batch-dimension", "reaches the batch"),
        ("Pad", (SEQUENCE,), {"pad": (1, 1, 1)}, "number-count", "has 3 numbers"),
        ("Select", (SEQUENCE,), {"index": 4}, "place-range", "place 4 of dimension 1"),
        ("Narrow", (SEQUENCE,), {"start": 2, "length": 3}, "place-range", "3 places from place 2"),
        ("Narrow", (SEQUENCE,), {"start": -2, "length": 3}, "place-range", "3 places from place -2"),
        ("Slice", (SEQUENCE,), {"start": 4}, "place-range", "keeps nothing: dimension 1"),
        ("ChunkPiece", (SEQUENCE,), {"index": 2}, "place-range", "makes only 2"),
        ("ChunkPiece", (SEQUENCE,), {"chunks": 3, "index": 2}, "place-range", "makes only 2"),
        ("Squeeze", (SEQUENCE,), {}, "no-effect", "has the size 4"),
        ("Expand", (SEQUENCE,), {"size": (3,)}, "number-count", "for every dimension after the batch: 2"),
        ("Expand", (SEQUENCE,), {"size": (3, 6)}, "shape-mismatch", "cannot stretch dimension 1"),
        ("Repeat", (SEQUENCE,), {"repeats": (2, 2, 2)}, "number-count", "'repeats' of 'result' has 3 numbers"),
        ("Roll", (SEQUENCE,), {"shifts": (1, 2)}, "number-count", "2 shifts for 1 dimensions"),
        ("Interpolate", (SEQUENCE,), {"mode": "bilinear"}, "mode", "is for 4 dimensions"),
        ("Interpolate", (IMAGE,), {"size": (2, 2, 2)}, "number-count", "3 numbers"),
        ("Interpolate", (IMAGE,), {"align_corners": True}, "mode", "does not go with the mode nearest"),
        ("MatMul", (SEQUENCE, SEQUENCE), {}, "inner-size", "rows have 6 numbers, and 'data1' gives B × 4 × 6, whose columns have 4"),
        ("BatchMatMul", (SEQUENCE, (5, 3)), {}, "inner-size", "6 numbers"),
        ("Einsum", (SEQUENCE, SEQUENCE), {"equation": "bij->bi"}, "equation", "has 1 inputs, but 2 are wired"),
        ("Einsum", (SEQUENCE, SEQUENCE), {"equation": "bi,bij->b"}, "equation", "reads 'data0' as bi, which is 2 dimensions"),
        ("Einsum", (SEQUENCE, SEQUENCE), {}, "equation", "the letter j is 6 in 'data0' (B × 4 × 6) but 4 in 'data1'"),
        ("Stack", (SEQUENCE, (4, 5)), {}, "shape-mismatch", "'data0' gives B × 4 × 6 and 'data1' gives B × 4 × 5"),
        ("Divide", (SEQUENCE, (4, 5)), {}, "shape-mismatch", "needs the same shape on every side"),
        ("Gather", (SEQUENCE, Given((4,), WHOLES)), {}, "wrong-dimensions", "as many dimensions in its index"),
        ("Gather", (SEQUENCE, SEQUENCE), {}, "wrong-dtype", "'index' of 'result' takes whole numbers, but 'data1' gives float32"),
        ("Where", (WHOLE, SEQUENCE, SEQUENCE), {}, "wrong-dtype", "takes yes or no"),
        ("MaskedFill", (SEQUENCE, SEQUENCE), {}, "wrong-dtype", "'mask' of 'result' takes yes or no"),
        ("ScaledDotProductAttention", (SEQUENCE, (4, 5), (4, 5)), {}, "inner-size", "compares queries with keys"),
        ("ScaledDotProductAttention", (SEQUENCE, SEQUENCE, (5, 6)), {}, "shape-mismatch", "a value for every key"),
        ("ScaledDotProductAttention", (SEQUENCE, SEQUENCE, SEQUENCE, (4, 4)), {"is_causal": True}, "two-masks", "causal"),
        ("MatMul", ((2, 4, 6), (3, 6, 5)), {}, "shape-mismatch", "cannot bring its inputs to one shape"),
        ("Where", (MARK, SEQUENCE, (4, 5)), {}, "shape-mismatch", "one side must have the size 1"),
        ("MaskedFill", (SEQUENCE, Given((4, 5), MARKS)), {}, "shape-mismatch", "one side must have the size 1"),
        ("ScaledDotProductAttention", (SEQUENCE, HEADS, HEADS), {}, "shape-mismatch", "B × 4 × 6 and 'data1' gives B × 2 × 4 × 6"),
        ("Squeeze", (SEQUENCE,), {"dim": 0}, "batch-dimension", "would take samples out of the batch"),
        ("CausalMask", (SEQUENCE,), {"dim": 0}, "batch-dimension", "mixes the samples"),
        ("Interpolate", (IMAGE,), {"scale_factor": 0.1}, "scale", "to nothing"),
        ("Negate", (MARK,), {}, "wrong-dtype", "works on numbers, but 'data0' gives yes or no"),
        ("Clamp", (SEQUENCE,), {"min": None, "max": None}, "bounds", "no bound"),
        ("Clamp", (SEQUENCE,), {"min": 2.0, "max": 1.5}, "bounds", "from 2 to 1.5, which is empty: all of them become 1.5"),
        ("Einsum", (SEQUENCE, SEQUENCE), {"equation": "bij,bij"}, "equation", "does not say what comes out"),
        ("ScaledDotProductAttention", (SEQUENCE, SEQUENCE, SEQUENCE, Given((4, 4), WHOLES)), {}, "mask-dtype",
         "'attn_mask' of 'result' takes yes or no, or numbers with a fraction to add to the scores, but 'data3' gives int64"),
        ("Split", (SEQUENCE,), {}, "piece-sizes", "pieces of 1 + 1, together 2, but dimension 1 of 'data0' (B × 4 × 6) has the size 4"),
        ("Split", (SEQUENCE,), {"dim": 0}, "batch-dimension", "would take samples out of the batch"),
        ("Chunk", (SEQUENCE,), {"chunks": 3}, "piece-sizes", "makes only 2"),
        ("Chunk", (SEQUENCE,), {"chunks": 4, "dim": 3}, "dimension-range", "dimension 3"),
        ("Chunk", ((5, 6),), {}, "piece-sizes", "the last one is smaller"),
        ("Unbind", (SEQUENCE,), {}, "piece-sizes", "has 2 outputs, but dimension 1 of 'data0' (B × 4 × 6) has the size 4"),
        ("TopK", (SEQUENCE,), {"k": 7}, "place-range", "looks for 7 numbers"),
        ("TopK", (SEQUENCE,), {"dim": 0}, "batch-dimension", "mixes the samples"),
        ("Sort", (SEQUENCE,), {"dim": 3}, "dimension-range", "dimension 3"),
        ("IndexSelect", (SEQUENCE,), {"index": (0, 4)}, "place-range", "place 4 of dimension 1"),
        ("TakeAlongDim", (SEQUENCE, CLASSES), {}, "wrong-dimensions", "as many dimensions in its index"),
        ("ScatterAdd", (SEQUENCE, WHOLE, WHOLE), {}, "wrong-dimensions", "the same kind of numbers"),
        ("ScatterAdd", (SEQUENCE, WHOLE, (4, 5)), {}, "shape-mismatch", "more places"),
        ("Diagonal", (SEQUENCE,), {"dim1": 2}, "dimension-twice", "names dimension -1 twice"),
        ("Tril", (Given((), "float32"),), {}, "wrong-dimensions", "works on matrices"),
        ("Movedim", (SEQUENCE,), {"destination": (1, 2)}, "permutation", "moves dimensions 1 of 'data0' (B × 4 × 6) to 1, 2"),
        ("OneHot", (MARK,), {}, "wrong-dtype", "takes class numbers of the kind int64"),
        ("Outer", ((4, 3), (5, 3)), {}, "shape-mismatch", "all before it must agree"),
        ("Cross", (SEQUENCE, (4, 3)), {}, "inner-size", "has the size 6"),
        ("Cross", ((4, 3), (5, 3)), {}, "shape-mismatch", "cannot bring its inputs to one shape"),
        ("Positions", (SEQUENCE,), {"dim": 0}, "batch-dimension", "mixes the samples"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_in_the_words_of_the_drawing(name, inputs, params, code, words):
    found, text = complaint(name, *inputs, **params)
    assert found == code
    assert words in text
    assert "PyTorch says" not in text


def test_a_matrix_that_lies_the_wrong_way_round_is_turned():
    d = drawn("MatMul", {}, (SEQUENCE, SEQUENCE))
    (problem,) = [p for p in analyse(d.project).problems if p.code == "inner-size"]
    (fix,) = problem.fixes
    mended = analyse(fix.edit(d.project))
    assert mended.errors == () and mended.nodes[d.id("result")].outputs["output"].shape == ("B", 4, 4)


def test_a_dimension_that_no_tensor_has_is_refused_before_anything_is_written():
    d = drawn("Select", {"dim": 10**9}, (SEQUENCE,))
    assert [p.code for p in analyse(d.project).problems if p.node == d.id("result")] == ["bad-parameter"]


@pytest.mark.parametrize(
    ("name", "shape", "params", "mended"),
    [
        ("Split", (4, 6), {}, {"split_sizes": (2, 2)}),
        ("Chunk", (4, 6), {"chunks": 3}, {"chunks": 2}),
        ("Unbind", (4, 6), {}, {"count": 4}),
        ("TopK", (4, 6), {"k": 9}, {"k": 6}),
    ],
)
def test_a_number_of_pieces_is_mended(name, shape, params, mended):
    d = drawn(name, params, (shape,))
    (problem,) = analyse(d.project).errors
    (fix,) = problem.fixes
    project = fix.edit(d.project)
    assert {**project.graph.nodes[d.id("result")].params} == mended
    assert analyse(project).errors == ()


@pytest.mark.parametrize(
    ("name", "inputs", "params", "mended"),
    [
        ("Clamp", (SEQUENCE,), {"min": 2.0, "max": 1.5}, {"min": 1.5, "max": 2.0}),
        ("Einsum", (SEQUENCE, (6, 3)), {"equation": "bij,bjk"}, {"equation": "bij,bjk->ik"}),
        ("Einsum", (SEQUENCE, SEQUENCE), {"equation": "...i, ...i"}, {"equation": "...i, ...i->..."}),
    ],
)
def test_bounds_are_exchanged_and_an_arrow_is_written(name, inputs, params, mended):
    d = drawn(name, params, inputs)
    (problem,) = analyse(d.project).errors
    (fix,) = problem.fixes
    project = fix.edit(d.project)
    assert {**project.graph.nodes[d.id("result")].params} == mended
    assert analyse(project).errors == ()


def test_an_equation_that_sums_over_the_batch_is_warned_of():
    d = drawn("Einsum", {"equation": "bij,bjk->ik"}, (SEQUENCE, (6, 3)))
    found = [p for p in analyse(d.project).problems if p.node == d.id("result")]
    assert [(p.code, p.severity, p.port) for p in found] == [
        ("batch-dimension", "warning", f"input{i}") for i in (0, 1)
    ]
    assert "mixes the samples of a batch, because dimension 0 of 'data0' (B × 4 × 6) is the batch" in str(
        found[0].message
    )


@pytest.mark.parametrize("equation", ["bi,bj", "ba", "...i,...i", "bij,bjk", "Zb,ba", "ii", "b a, a c"])
def test_the_arrow_that_is_written_is_the_one_that_pytorch_implies(equation):
    torch.manual_seed(0)
    tensors = [torch.rand([3] * max(2, len(term.replace(".", "").replace(" ", "")))) for term in equation.split(",")]
    assert torch.equal(torch.einsum(with_arrow(equation), *tensors), torch.einsum(equation, *tensors))


def test_a_mask_of_whole_numbers_becomes_one_of_yes_and_no():
    d = drawn("ScaledDotProductAttention", {}, (SEQUENCE, SEQUENCE, SEQUENCE, Given((4, 4), WHOLES)))
    (problem,) = analyse(d.project).errors
    (fix,) = problem.fixes
    assert analyse(fix.edit(d.project)).errors == ()
