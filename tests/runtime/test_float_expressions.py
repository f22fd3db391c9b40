"""A parameter of a block in a number of an operation: the class computes what the analysis says and the plain number does."""

from __future__ import annotations

import pytest
import torch

from amount import some
from drawings import Drawing
from graph.catalog import CATALOG, Kind
from graph.model import BlockParam, Project
from operation_cases import CASES, Case
from operation_tools import BATCH, FLOATS, WHOLES, Given
from runtime.analyser import analyse
from runtime.compiler import compile_project

ROOM = {"Clamp": {"min": -9.0, "max": 9.0}}  # so that every value fits
NUMBERS = (2, 3.0, 0.5, -2, -2.0, 0, 1.0, 2_000_000)
FIRST = {case.name: case for case in reversed(CASES)}
PARAMS = [
    pytest.param(case, param, id=f"{case.name}.{param.name}")
    for case in FIRST.values()
    for param in CATALOG[f"layerloom.{case.name}"].params
    if param.kind is Kind.FLOAT
]


def plain(case: Case, inputs: tuple[Given, ...], **params) -> Drawing:
    """The operation between Inputs and an Output."""
    d = Drawing("Blk")
    sources = [d.add("op.Input", f"x{i}", shape=given.shape, dtype=given.dtype) for i, given in enumerate(inputs)]
    d.add("op.Output", "y", d.add(f"op.{case.name}", "it", *sources, **case.params | ROOM.get(case.name, {}) | params))
    return d


def in_block(case: Case, inputs: tuple[Given, ...], name: str, number: float, expression: str) -> Drawing:
    """The operation in a block whose parameter `f` says the number."""
    definitions = plain(case, inputs, **{name: expression}).as_block(BlockParam("f", number))
    d = Drawing(definitions=definitions)
    sources = [d.add("op.Input", f"x{i}", shape=given.shape, dtype=given.dtype) for i, given in enumerate(inputs)]
    d.add("op.Output", "y", d.add("block.Blk", "it", *sources))
    return d


def computed(project: Project, tensors: list[torch.Tensor]) -> torch.Tensor:
    compiled = compile_project(project)
    torch.manual_seed(1)
    result = compiled.build(seed=0)(*tensors)
    spec = compiled.analysis.spec(compiled.outputs[0])
    assert f"torch.{spec.dtype}" == str(result.dtype)
    assert tuple(BATCH if size == "B" else size for size in spec.shape) == tuple(result.shape)
    return result


def fitting(case: Case, dtype: str) -> tuple[Given, ...]:
    """The inputs of a case with numbers of one dtype; masks stay masks."""
    return tuple(given._replace(dtype=dtype) if given.dtype in (FLOATS, WHOLES) else given for given in case.inputs)


def takes(project: Project) -> bool:
    return not analyse(project).errors


@pytest.mark.parametrize("expression", ["=f", "=f * 2 / 2"])
@pytest.mark.parametrize("dtype", [FLOATS, WHOLES])
@pytest.mark.parametrize(("case", "param"), some(PARAMS, every=3))
def test_a_number_by_name_computes_what_the_plain_number_does(case, param, dtype, expression):
    inputs = fitting(case, dtype)
    for number in NUMBERS:
        alone = plain(case, inputs, **{param.name: float(number)}).project
        named = in_block(case, inputs, param.name, number, expression).project
        assert takes(alone) == takes(named), number
        if takes(alone):
            torch.manual_seed(0)
            tensors = [given.tensor() for given in inputs]
            wanted, result = computed(alone, tensors), computed(named, tensors)
            assert result.dtype == wanted.dtype, number
            assert torch.equal(result, wanted) or torch.allclose(result, wanted, equal_nan=True, rtol=1e-6), number


def test_the_battery_meets_whole_numbers():
    """Of the operations with a number, these take whole numbers, where 2 and 2.0 give other dtypes."""
    names = {case.name for case, _ in (p.values for p in PARAMS) if takes(plain(case, fitting(case, WHOLES)).project)}
    assert {"Scale", "Power", "Clamp", "Full", "Less", "Pad"} <= names


def test_a_class_that_is_given_another_number_by_hand_computes_with_it():
    d = in_block(FIRST["Scale"], (Given((4,)),), "factor", 2.0, "=f")
    compiled = compile_project(d.project)
    space: dict = {}
    exec(compiled.source.text, space)
    x = torch.rand(BATCH, 4)
    assert torch.equal(space["Blk"](f=0.5)(x), x * 0.5)


def test_uses_with_whole_and_other_numbers_go_together():
    definitions = plain(FIRST["Scale"], (Given((4,), WHOLES),), factor="=f").as_block(BlockParam("f", 2.0))
    d = Drawing(definitions=definitions)
    x = d.add("op.Input", "x", shape=(4,), dtype=WHOLES)
    for i, number in enumerate((2.0, 3, 0.5)):
        d.add("op.Output", f"y{i}", d.add("block.Blk", f"it{i}", x, f=number))
    compiled = compile_project(d.project)
    given = torch.arange(8).reshape(2, 4)
    results = compiled.build(seed=0)(given)
    assert [str(result.dtype) for result in results] == ["torch.int64", "torch.int64", "torch.float32"]
    assert all(torch.equal(r, given * f) for r, f in zip(results, (2, 3, 0.5), strict=True))
