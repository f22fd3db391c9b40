"""The generated Python: what it says, that it runs, and that nothing else can."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import Drawing, lenet5, mlp, with_images
from graph.plan import Objective, Plan
from runtime.analyser import analyse
from runtime.codegen import class_name, generate
from runtime.compiler import execute
from runtime.guard import check_source

LENET = '''"""Drawn with Layerloom."""

from torch import nn


class LeNet5(nn.Module):
    """image B × 1 × 32 × 32 -> logits B × 10; 61,706 parameters."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5)
        self.tanh1 = nn.Tanh()
        self.pool1 = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.tanh2 = nn.Tanh()
        self.pool2 = nn.AvgPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(400, 120)
        self.tanh3 = nn.Tanh()
        self.fc2 = nn.Linear(120, 84)
        self.tanh4 = nn.Tanh()
        self.logits = nn.Linear(84, 10)

    def forward(self, image):
        conv1 = self.conv1(image)  # B × 6 × 28 × 28
        tanh1 = self.tanh1(conv1)  # B × 6 × 28 × 28
        pool1 = self.pool1(tanh1)  # B × 6 × 14 × 14
        conv2 = self.conv2(pool1)  # B × 16 × 10 × 10
        tanh2 = self.tanh2(conv2)  # B × 16 × 10 × 10
        pool2 = self.pool2(tanh2)  # B × 16 × 5 × 5
        flatten = self.flatten(pool2)  # B × 400
        fc1 = self.fc1(flatten)  # B × 120
        tanh3 = self.tanh3(fc1)  # B × 120
        fc2 = self.fc2(tanh3)  # B × 84
        tanh4 = self.tanh4(fc2)  # B × 84
        logits = self.logits(tanh4)  # B × 10
        return logits


class LeNet5Training(nn.Module):
    """The losses that train LeNet5, and what the metrics look at."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.loss = nn.CrossEntropyLoss()

    def forward(self, image, label):
        logits = self.model(image)
        loss = self.loss(logits, label)  # scalar
        return {"loss": loss}, {
            "accuracy": (logits, label),
        }
'''


def source_of(drawing: Drawing):
    return generate(drawing.project, analyse(drawing.project))


def test_lenet5_reads_like_a_textbook():
    assert source_of(lenet5()).text == LENET


def test_every_line_knows_its_node():
    d = lenet5()
    source = source_of(d)
    lines = source.text.splitlines()
    assert [lines[i - 1].strip() for i in source.lines[d.id("fc1")]] == [
        "self.fc1 = nn.Linear(400, 120)",
        "fc1 = self.fc1(flatten)  # B × 120",
    ]
    assert source.mark_at(source.lines[d.id("loss")][0]) == (None, d.id("loss"))
    assert source.mark_at(1) is None


def test_an_unfinished_drawing_shows_what_is_understood():
    d, image, _ = with_images()
    d.add("nn.Conv2d", "conv1", image)
    d.add("nn.Linear", "loose")
    source = source_of(d)
    assert "self.conv1 = nn.Conv2d(1, 16, kernel_size=3)" in source.text
    assert "loose" not in source.text
    assert source.programs == ()


def test_branches_become_expressions():
    d, image, _ = with_images()
    a = d.add("nn.Conv2d", "a", image, out_channels=4, padding=1)
    b = d.add("nn.Conv2d", "b", image, out_channels=4, padding=1)
    both = d.add("op.Concatenate", "both", d.add("op.Add", "total", a, b), a)
    d.add("op.Reshape", "flat", both, shape=(8 * 32 * 32,))
    text = source_of(d).text
    assert "total = a + b  # B × 4 × 32 × 32" in text
    assert "both = torch.cat([total, a], dim=1)  # B × 8 × 32 × 32" in text
    assert "flat = both.reshape(both.shape[0], 8192)  # B × 8192" in text
    assert text.count("import torch\n") == 1


def test_two_objectives_become_two_programs_over_one_network():
    d, image, label = with_images()
    body = d.add("nn.Linear", "body", d.add("nn.Flatten", "flat", image), out_features=10)
    head = d.add("nn.Linear", "head", body, out_features=10)
    first, second = (
        d.add("nn.CrossEntropyLoss", "early", body, label),
        d.add("nn.CrossEntropyLoss", "late", head, label),
    )
    d.add("metric.Accuracy", "accuracy", head, label)
    objectives = (
        Objective("shallow", losses=((first.node, 1.0),)),
        Objective("deep", losses=((second.node, 0.5),)),
    )
    d.plan = Plan(objectives=objectives)
    shallow, deep = source_of(d).programs
    text = source_of(d).text
    assert (shallow.class_name, deep.class_name) == ("NetShallow", "NetDeep")
    assert "head" not in text[text.index("class NetShallow") : text.index("class NetDeep")]
    assert deep.losses == {"late": 0.5}
    assert list(deep.metrics) == ["accuracy"] and not shallow.metrics
    execute(text)


def test_the_network_holds_what_is_trained_behind_its_output_too():
    d, image, _ = with_images()
    code = d.add("nn.Linear", "code", d.add("nn.Flatten", "flat", image), out_features=8)
    back = d.add("nn.Linear", "back", code, out_features=32 * 32)
    d.add("nn.MSELoss", "loss", d.add("op.Reshape", "picture", back, shape=(1, 32, 32)), image)
    d.add("op.Output", "output1", code)
    source = source_of(d)
    assert "self.back = nn.Linear(8, 1024)" in source.model_text and "return code" in source.model_text
    assert "back = self.back" not in source.model_text and "back = self.model.back(code)" in source.text
    assert f"{1024 * 8 + 8 + 8 * 1024 + 1024:,} parameters" in source.text
    execute(source.text)


def test_an_output_that_takes_data_alone_does_not_hide_the_network():
    d, image, label = with_images()
    scores = d.add("nn.Linear", "scores", d.add("nn.Flatten", "flat", image), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", scores, label)
    d.add("op.Output", "output1", image)
    assert source_of(d).outputs == (scores,)


def test_objectives_whose_names_become_the_same_class_are_kept_apart():
    d = lenet5()
    d.plan = Plan(objectives=(Objective("a b"), Objective("a-b"), Objective("A B")))
    names = [program.class_name for program in source_of(d).programs]
    assert len(set(names)) == 3 and set(names) <= execute(source_of(d).text).keys()


def test_a_node_called_like_a_data_port_keeps_its_name():
    d, image, label = with_images()
    d.add("nn.Flatten", "image", image)
    d.add("nn.Linear", "scores", d.port("image"), out_features=10)
    d.add("nn.CrossEntropyLoss", "label", d.port("scores"), label)
    text = source_of(d).text
    assert "def forward(self, image_):" in text and "image = self.image(image_)" in text
    execute(text)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("lenet-5 digits", "Lenet5Digits"),
        ("LeNet5", "LeNet5"),
        ("5", "Network5"),
        ("网络", "Network"),
        ("a/b\n'c", "ABC"),
        ("true", "NetworkTrue"),
    ],
)
def test_class_names(title, name):
    assert class_name(title) == name


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "from torch import hub",
        "x = __import__('os')",
        "x = open('f')",
        "x = torch.load('f')",
        "x = nn.Module.__subclasses__()",
        "x = (1).__class__",
        "x = [i for i in y]",
        "x = lambda: 0",
        "x = self._apply(y)",
        "eval('1')",
        "while True: pass",
    ],
)
def test_the_second_wall_refuses_what_the_generator_never_writes(text):
    with pytest.raises(AssertionError):
        check_source(text)


def test_a_file_cannot_inject_code_through_a_title_or_a_text():
    d = mlp()
    d.name = '"""\nimport os\nos.system("true")\n"""'
    assert "os.system" not in source_of(d).text
    bad = replace(d.graph.nodes[d.id("fc1")], params={"out_features": "1); import os"})
    project = d.project.with_graph(d.graph.put(bad))
    text = generate(project, analyse(project)).text
    assert "import os" not in text


def test_what_only_prepares_the_labels_is_no_part_of_the_network():
    facts = {
        "samples": 9,
        "outputs": {"input": {"shape": [3], "dtype": "float32"}, "target": {"shape": [1], "dtype": "float32"}},
    }
    d = Drawing("Pairs")
    d.add("data.Arrays", "pairs", facts=facts, source="x.npz")
    scores = d.add("nn.Linear", "fc", d.port("pairs", "input"), out_features=1)
    flat = d.add("op.Squeeze", "flat", scores, dim=1)
    answers = d.add("op.Squeeze", "answers", d.port("pairs", "target"), dim=1)
    d.add("nn.MSELoss", "loss", flat, answers)
    source = source_of(d)
    assert source.output_names == ("flat",)
    assert [port.name for port in source.inputs] == ["input"]
    assert "answers" not in source.model_text
    training = source.text.removeprefix(source.model_text)
    assert "flat = self.model(input)" in training
    assert "answers = target.squeeze(1)" in training
