"""PyTorch programs (.pt2): what may be open is open, what torch alone runs is equal, and what cannot be written is named."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
import torch

from drawings import Drawing
from exported import digits, network, outputs, tagger
from graph import files
from graph.messages import ExportError
from runtime import examples
from runtime.export import export
from runtime.export.open_lengths import whole_recurrent_layers
from runtime.export.program import Program, to_program
from runtime.export.verify import difference, input_specs, random_batches, still_copy
from runtime.predict import Trained, untrained
from trainings import plan, with_facts


def loaded(program: Program) -> torch.nn.Module:
    return torch.export.load(io.BytesIO(program.content())).module()


def check(trained: Trained, program: Program) -> None:
    """The program gives what the model gives, on batches of every size and on those of other lengths."""
    model, own = still_copy(trained.model), loaded(program)
    for name, batch in (random_batches(input_specs(trained.compiled)) | dict(program.batches)).items():
        assert difference(outputs(model, batch), outputs(own, batch)).within(1e-5), name


def test_any_batch_in_evaluation_mode_in_a_file_without_pickles_and_paths():
    trained = network(digits())
    program = to_program(trained)
    assert program.shapes == {"image": ("batch", 1, 32, 32)} and not program.batches
    check(trained, program)
    content = program.content()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    assert not any(name.endswith((".pkl", ".py")) or part[:2] == b"\x80\x02" for name, part in parts.items())
    assert str(Path(__file__).parents[2]).encode() not in content and b"site-packages" not in content


def test_a_layer_may_be_called_like_a_part_of_the_class_that_programs_are_loaded_as():
    trained = network(digits("code"))
    check(trained, to_program(trained))


@pytest.mark.parametrize(
    "layer", ["nn.LSTM", *(pytest.param(f"nn.{n}", marks=pytest.mark.slow) for n in ("GRU", "RNN"))]
)
def test_sequences_may_have_any_length(layer):
    trained = network(tagger(layer))
    program = to_program(trained)
    assert program.shapes == {"tokens": ("batch", "length")} and program.batches["7x8"][0].shape == (7, 8)
    check(trained, program)
    longer = (torch.randint(0, 49, (3, 40)),)
    assert difference(outputs(still_copy(trained.model), longer), outputs(loaded(program), longer)).within(1e-5)


def test_a_length_that_the_network_fixes_stays_fixed():
    d = Drawing("Net", plan())
    d.add("data.TaggedTexts", "tagged")
    x = d.add("nn.Embedding", "embedding", d.port("tagged", "tokens"), num_embeddings=49, embedding_dim=8)
    x = d.add("nn.Linear", "logits", d.add("nn.Flatten", "flatten1", x), out_features=7)
    d.add("op.Output", "y", x)
    trained = network(with_facts(d.project))
    program = to_program(trained)
    assert program.shapes == {"tokens": ("batch", 16)} and not program.batches
    check(trained, program)


@pytest.mark.filterwarnings("ignore:The tensor attributes")
def test_other_threads_trace_as_ever_meanwhile_and_this_one_does_afterwards():
    lstm, rules = torch.nn.LSTM(2, 3, batch_first=True), torch.ops.aten.lstm.input.py_kernels
    before, x = dict(rules), torch.rand(2, 4, 2)
    expected, found = lstm(x)[0], []
    with whole_recurrent_layers():
        assert dict(rules) != before
        thread = threading.Thread(target=lambda: found.append(torch.export.export(lstm, (x,)).module()(x)[0]))
        thread.start()
        thread.join()
    assert torch.equal(found[0], expected) and dict(rules) == before


def test_what_cannot_be_written_is_named(monkeypatch):
    trained = network(digits())

    def forward(self, x):
        return x if x.sum().item() > 0 else -x

    monkeypatch.setattr(type(trained.model.norm1), "forward", forward)
    with pytest.raises(ExportError, match=r"'norm1' cannot be written as a PyTorch program: .+ Replace it") as caught:
        to_program(trained)
    assert caught.value.node is not None


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_runs_where_there_is_only_torch(tmp_path):
    receipt = export(network(tagger()), "pt2", tmp_path / "net")
    assert receipt.differences.keys() == {"1", "2", "7", "7x8", "samples"} and receipt.largest_difference <= 1e-5
    assert receipt.path == str(tmp_path / "net.pt2") and receipt.shapes == {"tokens": ("batch", "length")}
    code = "import sys, torch\nmodel = torch.export.load(sys.argv[1]).module()\nprint(*model(torch.zeros(5, 9, dtype=torch.int64)).shape)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, receipt.path], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["5", "7", "9"]  # the tags of nine words


RUNNING = (
    "seq2seq_attention",
    "gpt_chars",
    "autoencoder_digits",
    "resnet_digits",
    "clips_cnn_lstm",
    "transformer_reviews",
    "gan_points",
)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", RUNNING)
def test_examples(name):
    trained = untrained(files.load(examples.path(name)))
    program = to_program(trained)
    check(trained, program)
    lengths = {port: shape[1] for port, shape in program.shapes.items() if len(shape) > 1}
    expected = {"seq2seq_attention": {"source": "length", "target_in": 12}, "gpt_chars": {"input": "length"},
                "transformer_reviews": {"tokens": 12}}  # fmt: skip
    assert lengths == expected.get(name, lengths)
