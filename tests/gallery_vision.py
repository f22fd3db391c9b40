"""The gallery of points, images, films and waves: small networks that see; one of them sees too much."""

from __future__ import annotations

from collections.abc import Callable

from drawings import Drawing
from example_drawings import finished
from graph.model import BlockParam, Definitions, Port, Project
from graph.plan import LAST, ORDERED, Choice, Objective, Plan, Split

_COSINE = Choice("torch.optim.lr_scheduler.CosineAnnealingLR")
_NO_DIGIT, _MOST_DIGITS = 10, 5  # in a strip: the class of no digit, and how many there are at most


def moons_mlp() -> Project:
    """Two moons that one hidden layer of eight units tells apart."""
    d = Drawing("MoonsMLP", _plan(0.02, epochs=40))
    d.add("data.Points", "moons", set="two moons", noise=0.15, samples=1000)
    x = d.add("nn.Linear", "fc1", d.port("moons", "point"), out_features=8)
    x = d.add("nn.Tanh", "tanh1", x)
    return _classified(d, x, d.port("moons", "label"), 2, "moons_mlp")


def cnn_digits() -> Project:
    """Convolutions with batch normalization, dropout, and digits that are turned a little while it trains."""
    d = Drawing("DigitsCNN", _plan(0.005, epochs=20, batch_size=64, scheduler=_COSINE))
    x = d.add("layerloom.RandomRotation", "rotate", _digits(d), degrees=10.0)
    for number, channels in ((1, 32), (2, 64)):
        x = d.add("nn.ReLU", f"relu{number}", _normalized(d, number, x, channels))
        x = d.add("nn.MaxPool2d", f"pool{number}", x, kernel_size=2)
    x = d.add("nn.Dropout", "dropout", d.add("nn.Flatten", "flatten", x), p=0.3)
    return _classified(d, x, d.port("digits", "label"), 10, "cnn_digits")


def resnet_digits() -> Project:
    """A residual network: three blocks that each add what they found to what they were given."""
    d = Drawing("DigitsResNet", _plan(0.005, epochs=12, batch_size=64, scheduler=_COSINE), _residual())
    x = d.add("layerloom.RandomRotation", "rotate", _digits(d), degrees=10.0)
    x = d.add("nn.ReLU", "relu1", _normalized(d, 1, x, 32))
    x = d.add("block.Residual", "residual1", x, channels=32)
    x = d.add("nn.MaxPool2d", "pool", x, kernel_size=2)
    for number in (2, 3):
        x = d.add("block.Residual", f"residual{number}", x, channels=32)
    x = d.add("nn.AdaptiveAvgPool2d", "avgpool", x, output_size=1)
    return _classified(d, d.add("nn.Flatten", "flatten", x), d.port("digits", "label"), 10, "resnet_digits")


def clips_conv3d() -> Project:
    """Convolutions over time, height and width say in which direction a square moves."""
    d = Drawing("ClipsConv3d", _plan(0.005, epochs=10))
    d.add("data.Shapes", "clips", kind="moving", samples=800, frames=8, size=16, noise=0.1)
    x = d.port("clips", "volume")
    for number, channels in ((1, 8), (2, 16)):
        x = d.add("nn.Conv3d", f"conv{number}", x, out_channels=channels, kernel_size=3, padding=1)
        x = d.add("nn.ReLU", f"relu{number}", x)
        if number == 1:
            x = d.add("nn.MaxPool3d", "pool1", x, kernel_size=(1, 2, 2))
    x = d.add("nn.AdaptiveAvgPool3d", "avgpool", x, output_size=1)
    return _classified(d, d.add("nn.Flatten", "flatten", x), d.port("clips", "label"), 4, "clips_conv3d")


def read_digits() -> Project:
    """Columns of an image are read from both sides; CTC says how likely the digits are, wherever they stand."""
    split = Split(method=ORDERED)
    d = Drawing("DigitReader", _plan(0.005, epochs=12, scheduler=_COSINE, split=split), _greedy_reading())
    d.add("data.Arrays", "strips", source="builtin:strips")
    x, digits = d.port("strips", "input"), d.port("strips", "target")
    for number, channels, pool in ((1, 16, (2, 1)), (2, 32, (2, 2))):
        x = d.add("nn.ReLU", f"relu{number}", _normalized(d, number, x, channels))
        x = d.add("nn.MaxPool2d", f"pool{number}", x, kernel_size=pool)
    x = d.add("nn.Flatten", "columns", x, end_dim=2)
    x = d.add("op.Transpose", "column_first", x, dim0=1, dim1=2)
    x = d.add("nn.LSTM", "lstm", x, hidden_size=32, bidirectional=True)
    x = d.add("nn.Linear", "scores", d.add("nn.Dropout", "dropout", x, p=0.2), out_features=_NO_DIGIT + 1)
    chances = d.add("nn.LogSoftmax", "chances", x, dim=-1)
    steps = d.add("op.Expression", "steps", chances, expression="(chances[:, :, 0] < 1).sum(1)")
    count = d.add("op.Expression", "count", digits, expression=f"(digits < {_NO_DIGIT}).sum(1)")
    d.add("nn.CTCLoss", "loss", chances, digits, steps, count, blank=_NO_DIGIT)
    read = d.add("block.GreedyReading", "reading", chances)
    d.add("metric.Accuracy", "accuracy", read, digits)
    d.add("metric.ExactMatch", "exact_match", read, digits)
    d.add("op.Output", "digits", d.add("op.Expression", "likeliest", read, expression="read.argmax(1)"))
    d.add("op.Output", "each_place", read)
    return finished(d, "read_digits")


def waves_conv1d() -> Project:
    """Dilated convolutions over time say how a noisy wave goes on."""
    d = Drawing("WavesConv1d", _plan(0.005, epochs=20, scheduler=_COSINE))
    d.add("data.Series", "waves", kind="sine", samples=2000, length=32, noise=0.1)
    x = d.add("op.Transpose", "channels_first", d.port("waves", "window"), dim0=1, dim1=2)
    for number, dilation in enumerate((1, 2, 4), start=1):
        x = d.add("nn.Conv1d", f"conv{number}", x, out_channels=32, kernel_size=3, dilation=dilation)
        x = d.add("nn.ReLU", f"relu{number}", x)
    x = d.add("nn.Linear", "next", d.add("nn.Flatten", "flatten", x), out_features=1)
    d.add("nn.MSELoss", "loss", x, d.port("waves", "target"))
    d.add("metric.R2", "r_squared", x, d.port("waves", "target"))
    return finished(d, "waves_conv1d")


def overfitting() -> Project:
    """A large network learns a few digits by heart."""
    plan = _plan(0.005, epochs=100, split=Split(0.05, 0.25, 0.7), monitor=LAST)
    d = Drawing("Overfitting", plan)
    x = d.add("nn.Flatten", "flatten", _digits(d))
    for number in (1, 2):
        x = d.add("nn.ReLU", f"relu{number}", d.add("nn.Linear", f"fc{number}", x, out_features=512))
    return _classified(d, x, d.port("digits", "label"), 10, "overfitting")


def _plan(lr: float, *, scheduler: Choice | None = None, **more) -> Plan:
    objective = Objective(optimizer=Choice("torch.optim.Adam", {"lr": lr}), scheduler=scheduler or Choice("constant"))
    return Plan(objectives=(objective,), **more)


def _digits(d: Drawing) -> Port:
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    return d.port("digits", "image")


def _normalized(d: Drawing, number: int, x: Port, channels: int | str) -> Port:
    """A convolution that keeps the size, and its normalization, which has the bias for both."""
    x = d.add("nn.Conv2d", f"conv{number}", x, out_channels=channels, kernel_size=3, padding=1, bias=False)
    return d.add("nn.BatchNorm2d", f"bn{number}", x)


def _greedy_reading() -> Definitions:
    """GreedyReading: the likeliest class of each column, without repeats and without the class of no digit."""
    d = Drawing("GreedyReading")
    chances = d.add("op.Input", "chances", shape=(28, _NO_DIGIT + 1))
    best = d.add("op.Expression", "best", chances, expression="chances.argmax(-1)")
    before = d.add("op.Expression", "before", best, expression=f"cat((best[:, :1] * 0 + {_NO_DIGIT}, best[:, :-1]), 1)")
    begins = f"logical_and(best != before, best != {_NO_DIGIT})"
    begins = d.add("op.Expression", "begins", best, before, expression=begins)
    places = ", ".join(f"place == {number}" for number in range(1, _MOST_DIGITS + 1))
    place = d.add("op.Expression", "place", begins, expression="begins.cumsum(1) * begins")
    slots = d.add("op.Expression", "slots", place, expression=f"stack(({places}), 1).float()")
    digits = d.add("op.Expression", "found", slots, chances, expression="(slots @ chances.exp()).transpose(1, 2)")
    empty = f"cat((found[:, :{_NO_DIGIT}], 1 - slots.sum(2).unsqueeze(1)), 1).clamp(0.000001).log()"
    d.add("op.Output", "output", d.add("op.Expression", "read", digits, slots, expression=empty))
    return d.as_block(help="The likeliest class of each column, without repeats and without the class of no digit.")


def _residual() -> Definitions:
    """Residual: two convolutions, added to their input."""
    d = Drawing("Residual")
    x = d.add("op.Input", "x", shape=("=channels", 8, 8))
    y = d.add("nn.ReLU", "relu1", _normalized(d, 1, x, "=channels"))
    y = d.add("op.Add", "add", _normalized(d, 2, y, "=channels"), x)
    d.add("op.Output", "output", d.add("nn.ReLU", "relu_out", y))
    channels = BlockParam("channels", 32, "Number of channels that it takes and gives.")
    return d.as_block(channels, help="Two convolutions, added to their input.")


def _classified(d: Drawing, x: Port, label: Port, classes: int, guide: str) -> Project:
    logits = d.add("nn.Linear", "logits", x, out_features=classes)
    d.add("nn.CrossEntropyLoss", "loss", logits, label)
    d.add("metric.Accuracy", "accuracy", logits, label)
    return finished(d, guide)


DRAW: dict[str, Callable[[], Project]] = {
    "moons_mlp": moons_mlp,
    "cnn_digits": cnn_digits,
    "resnet_digits": resnet_digits,
    "clips_conv3d": clips_conv3d,
    "read_digits": read_digits,
    "waves_conv1d": waves_conv1d,
    "overfitting": overfitting,
}
