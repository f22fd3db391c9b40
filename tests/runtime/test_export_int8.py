"""Weights rounded to 8 bits: what torchao makes of them, what the file computes with, and what the receipt says that it costs."""

from __future__ import annotations

import io

import pytest
import torch

from drawings import Drawing, with_images
from exported import digits, network, outputs, tagger
from graph.messages import ExportError
from graph.model import Port
from runtime import predict
from runtime.cli_export import receipt_text
from runtime.export import export, int8
from runtime.export.formats import FORMATS
from runtime.export.receipt import Receipt
from runtime.export.verify import input_specs, random_batches, still_copy
from runtime.predict import Trained, load_trained
from trainings import digits as drawn_digits
from trainings import plan, run


def test_without_torchao_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(int8, "PACKAGE", "no_such_package")
    with pytest.raises(ExportError, match="pip install no_such_package"):
        export(network(digits()), "int8", tmp_path / "net")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "path"), [("net", "net.int8.pt2"), ("net.pt2", "net.int8.pt2"), ("net.int8.pt2", "net.int8.pt2")]
)
def test_the_name_says_what_is_in_it(tmp_path, name, path):
    assert FORMATS["int8"].full_path(tmp_path / name) == tmp_path / path


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_row_has_255_steps_as_written_by_hand():
    weight = torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(1))
    weight[2] = 0.0
    numbers, scale = int8._rounded(weight)
    most = weight.abs().amax(dim=(1, 2), keepdim=True)
    assert numbers.dtype is torch.int8 and torch.allclose(scale[most > 0], (most / 127.5)[most > 0])
    rounded = torch.where(most > 0, (weight / (most / 127.5)).round().clamp(-128, 127), torch.zeros(()))
    assert torch.equal(numbers.float(), rounded)
    assert ((numbers * scale - weight).abs() <= scale * 0.5 + 1e-6).all()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("project", [digits, lambda: digits("code"), tagger], ids=["convolution", "clash", "lstm"])
def test_the_file_computes_with_the_rounded_weights_and_holds_them_in_a_byte_each(project):
    trained = network(project())
    made = int8.to_int8(trained)
    content = made.program.content()
    model = torch.export.load(io.BytesIO(content)).module()
    plain = still_copy(trained.model)
    for batch in (random_batches(input_specs(trained.compiled)) | dict(made.program.batches)).values():
        (own,), (here,), (before,) = outputs(model, batch), outputs(made.rounded, batch), outputs(plain, batch)
        assert torch.allclose(own, here, rtol=0, atol=1e-6) and not torch.equal(own, before)
        assert (own - before).abs().max() < 0.05 * before.abs().max()
    kinds = {
        tensor.dtype for tensor in model.state_dict().values() if tensor.dim() >= 2 and tensor.shape[1:].numel() > 1
    }
    assert kinds == {torch.int8}
    assert made.program.shapes == made.before.shapes


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_network_of_norms_alone_has_nothing_to_round(tmp_path):
    d, x, _ = with_images("Net")
    d.add("op.Output", "y", d.add("op.Mean", "mean1", d.add("nn.BatchNorm2d", "norm1", x), dim=(2, 3)))
    with pytest.raises(ExportError, match="no weights of two or more dimensions"):
        export(network(d.project), "int8", tmp_path / "net")


def wide(d: Drawing, x: Port) -> Port:
    x = d.add("nn.ReLU", "relu1", d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flatten", x), out_features=256))
    return d.add("nn.Linear", "fc2", x, out_features=10)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_receipt_says_what_rounding_costs(tmp_path):
    *_, last = run(drawn_digits(wide, plan(epochs=2)), tmp_path / "runs")
    trained = load_trained(tmp_path / "runs" / last.run)
    receipt = export(trained, "int8", tmp_path / "net")
    before, after = receipt.sizes
    assert after == (tmp_path / "net.int8.pt2").stat().st_size < before
    figures = predict.test_again(trained).test
    assert {name: old for name, (old, _) in receipt.figures.items()} == figures and figures.keys() >= {
        "loss",
        "accuracy",
    }
    assert (
        receipt.figures["accuracy"][0] > 0.5
        and abs(receipt.figures["accuracy"][1] - receipt.figures["accuracy"][0]) < 0.05
    )
    assert receipt.figures["loss"][0] != receipt.figures["loss"][1]
    assert receipt.versions.keys() >= {"torch", "torchao"} and receipt.largest_difference <= 1e-5


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_without_the_data_there_are_no_figures(tmp_path):
    trained: Trained = network(digits())  # its images are of no data set
    receipt = export(trained, "int8", tmp_path / "net")
    assert receipt.figures == {} and receipt.sizes is not None
    assert "was not measured" in receipt_text(receipt)


def test_a_file_that_became_larger_is_pointed_out():
    receipt = Receipt(format="int8", path="net", model="Net", files={}, versions={}, differences={"1": 0.0}, tolerance=1e-5,
                      run=None, date="", sizes=(2048, 3072), figures={"accuracy": (0.9, 0.8)})  # fmt: skip
    lines = receipt_text(receipt).splitlines()
    assert lines[2] == "Size before and after rounding: 2.0 KiB, 3.0 KiB." and "larger" in lines[3]
    assert lines[4] == "Test figures: accuracy 0.9000 → 0.8000"
