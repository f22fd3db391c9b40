"""The gallery of comparisons: one network several times in one drawing, each time trained in another way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drawings import Drawing, card_sizes
from example_drawings import finished
from graph.areas import COLUMN_GAP
from graph.framing import MARGIN, TITLE, Load, area_around
from graph.layout import STACK_GAP
from graph.look import FRAME, Annotation, with_look
from graph.model import BlockParam, Definitions, Port, Project
from graph.plan import LAST, Choice, Objective, Plan, Split
from runtime.guides import KEY
from trainings import with_facts

_SGD, _ADAM, _ADAMW = "torch.optim.SGD", "torch.optim.Adam", "torch.optim.AdamW"
_CARD = (148.0, 66.0)
_ROOM = (60.0, 20.0)  # more than usual: beside the branches, and below them


def descent_batches() -> Project:
    """Gradient descent by single samples, by sixteen and by all of them."""
    d = _Comparison("DescentBatches", Plan(epochs=15, batch_size=1, monitor=LAST), _two_layers(), accuracy=True)
    point, label = _moons(d)
    sgd = Choice(_SGD, {"lr": 0.1})
    for name, title, gathered in (
        ("stochastic", "Stochastic: a step after each sample", 1),
        ("mini_batch", "Mini-batch: a step after 16 samples", 16),
        ("batch", "Batch: a step after all 700 samples", 700),
    ):
        d.branch(name, title, label, d.network("TwoLayers", name, point), optimizer=sgd, accumulate=gathered)
    return d.finished("descent_batches")


def optimizers_race() -> Project:
    """Six optimizers, from the same start, on the same batches."""
    d = _Comparison("OptimizersRace", Plan(epochs=40, batch_size=32, monitor=LAST), _two_layers())
    point, label = _moons(d)
    for name, title, optimizer in (
        ("sgd", "SGD", Choice(_SGD, {"lr": 0.02})),
        ("momentum", "SGD with momentum 0.9", Choice(_SGD, {"lr": 0.02, "momentum": 0.9})),
        ("nesterov", "SGD with Nesterov momentum", Choice(_SGD, {"lr": 0.02, "momentum": 0.9, "nesterov": True})),
        ("adagrad", "Adagrad", Choice("torch.optim.Adagrad", {"lr": 0.02})),
        ("rmsprop", "RMSprop", Choice("torch.optim.RMSprop", {"lr": 0.02})),
        ("adam", "Adam", Choice(_ADAM, {"lr": 0.02})),
    ):
        d.branch(name, title, label, d.network("TwoLayers", name, point), optimizer=optimizer)
    return d.finished("optimizers_race", columns=2)


def learning_rates() -> Project:
    """Gradient descent with a learning rate that is too low, one that is right, and one that is too high."""
    d = _Comparison("LearningRates", Plan(epochs=20, batch_size=32, monitor=LAST), _two_layers(), accuracy=True)
    point, label = _moons(d)
    for name, title, rate in (
        ("low", "Too low: 0.001", 0.001),
        ("right", "Right: 0.5", 0.5),
        ("high", "Too high: 50", 50.0),
    ):
        d.branch(name, title, label, d.network("TwoLayers", name, point), optimizer=Choice(_SGD, {"lr": rate}))
    return d.finished("learning_rates")


_INITIALIZATIONS = {
    "zeros": ("Zeros: all weights begin with 0", "Zeros", "zeros_", {}),
    "small": ("Too small: deviation 0.01", "Small", "normal_", {"std": 0.01}),
    "xavier": ("Xavier: variance 2 / (inputs + outputs)", "Xavier", "xavier_normal_", {}),
    "kaiming": ("Kaiming: variance 2 / inputs", "Kaiming", "kaiming_normal_", {"nonlinearity": "relu"}),
}


def initializations() -> Project:
    """Four deep networks that differ in how their weights begin."""
    definitions = Definitions()
    for _, block, kind, params in _INITIALIZATIONS.values():
        definitions = _layer(f"{block}Layer", kind, params, definitions)
    d = _Comparison("Initializations", Plan(epochs=15, batch_size=32, monitor=LAST), definitions, accuracy=True)
    x = d.add("nn.Flatten", "pixels", _digits(d))
    for name, (title, block, kind, params) in _INITIALIZATIONS.items():
        names = [f"{name}{number}" for number in range(1, 9)]
        y = x
        for layer in names:
            y = d.add(f"block.{block}Layer", layer, y)
        y = d.add("nn.Linear", f"scores_{name}", y, out_features=10)
        _begin(d, f"scores_{name}", kind, params)
        chain = (*names, f"scores_{name}")
        d.branch(name, title, d.port("digits", "label"), (y, chain), optimizer=Choice(_SGD, {"lr": 0.05}))
    return d.finished("initializations")


def gradient_clipping() -> Project:
    """A recurrent network whose gradients explode on their way through time, without and with clipping."""
    plan = Plan(epochs=15, batch_size=32, monitor=LAST)
    d = _Comparison("GradientClipping", plan, _recurrent(), loss="nn.MSELoss")
    d.add("data.Series", "waves", kind="two sines", samples=1000, length=48)
    window, following = d.port("waves", "window"), d.port("waves", "target")
    sgd = Choice(_SGD, {"lr": 0.3})
    clipped = d.network("Reader", "clipped", window)
    title = "Gradients clipped to a norm of 0.5"
    d.branch("clipped", title, following, clipped, optimizer=sgd, clip="norm", clip_at=0.5)
    d.branch("free", "Without clipping", following, d.network("Reader", "free", window), optimizer=sgd)
    return d.finished("gradient_clipping")


def overfitting_cures() -> Project:
    """A large network and 54 digits to learn: by heart, or with one of five cures."""
    plan = Plan(epochs=80, batch_size=32, seed=1, monitor=LAST, split=Split(0.03, 0.27, 0.7))
    d = _Comparison("OverfittingCures", plan, _large())
    image, label = _digits(d), d.port("digits", "label")
    adam = Choice(_ADAM, {"lr": 0.005})
    waiting = Choice("torch.optim.lr_scheduler.ReduceLROnPlateau", {"factor": 0.0, "patience": 2})
    branch = d.branch
    branch("stopped", "Early stopping", label, d.network("Large", "stopped", image), optimizer=adam, scheduler=waiting)
    branch("none", "No cure", label, d.network("Large", "none", image), optimizer=adam)
    decay = Choice(_ADAMW, {"lr": 0.005, "weight_decay": 2.0})
    branch("decay", "L2: weights decay", label, d.network("Large", "decay", image), optimizer=decay)
    branch("l1", "L1: a price for each weight", label, d.network("Large", "l1", image), optimizer=adam, l1=0.0003)
    branch("dropout", "Dropout", label, d.network("Large", "dropout", image, dropout=0.5), optimizer=adam)
    varied = d.add("layerloom.GaussianNoise", "noise", image, std=0.4)
    scores, names = d.network("Large", "augmented", varied)
    branch("augmented", "Augmentation: noise on the images", label, (scores, ("noise", *names)), optimizer=adam)
    return d.finished("overfitting_cures", columns=2)


def clips_cnn_lstm() -> Project:
    """A CNN looks at each frame of a film, and an LSTM reads what it saw."""
    objective = Objective(optimizer=Choice(_ADAM, {"lr": 0.003}), clip="norm")
    d = Drawing("ClipsCNNLSTM", Plan(epochs=10, objectives=(objective,)), _frame_reader())
    d.add("data.Shapes", "clips", kind="moving", samples=800, frames=8, size=16, noise=0.1)
    x = d.add("op.Transpose", "frames", d.port("clips", "volume"), dim0=1, dim1=2)
    x = d.add("block.FrameReader", "look", x, use="scan")
    x = d.add("nn.LSTM", "lstm", x, hidden_size=64)
    x = d.add("op.Select", "last_state", x, dim=1, index=-1)
    x = d.add("nn.Linear", "logits", x, out_features=4)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("clips", "label"))
    d.add("metric.Accuracy", "accuracy", x, d.port("clips", "label"))
    return finished(d, "clips_cnn_lstm")


# ---- what a comparison is made of


Network = tuple[Port, tuple[str, ...]]  # what it gives, and the names of its nodes in the order of the way


class _Comparison(Drawing):
    """A drawing with branches in frames, each with a loss and an objective of its own."""

    def __init__(
        self,
        name: str,
        plan: Plan,
        definitions: Definitions | None = None,
        *,
        loss: str = "nn.CrossEntropyLoss",
        accuracy: bool = False,
    ) -> None:
        super().__init__(name, plan, definitions)
        self._loss, self._accuracy = loss, accuracy
        self._objectives: list[Objective] = []
        self._frames: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}  # the nodes in a row, and what ends it

    def network(self, block: str, name: str, x: Port, **params: object) -> Network:
        """An instance of a block: what it gives, and the names of its nodes."""
        return self.add(f"block.{block}", f"net_{name}", x, **params), (f"net_{name}",)

    def branch(self, name: str, title: str, target: Port, network: Network, **objective: object) -> None:
        """End a branch with its loss, and its accuracy if they have one; `objective` says how its network learns."""
        given, nodes = network
        self.add(self._loss, f"loss_{name}", given, target)
        ends = (f"loss_{name}",)
        if self._accuracy:
            self.add("metric.Accuracy", f"accuracy_{name}", given, target)
            ends = (f"loss_{name}", f"accuracy_{name}")
        self._frames[title] = (nodes, ends)
        self._objectives.append(Objective(name, ((self.id(f"loss_{name}"), 1.0),), **objective))

    def finished(self, guide: str, *, columns: int = 1) -> Project:
        """With a plan of the objectives of all branches, their frames in so many columns, what is common left of them."""
        self.plan = replace(self.plan, objectives=tuple(self._objectives))
        self._place(columns)
        return replace(with_facts(self.project), extra={KEY: guide})

    def _place(self, columns: int) -> None:
        width, height = (size + gap for size, gap in zip(_CARD, (COLUMN_GAP, STACK_GAP), strict=True))
        sizes = card_sizes(self.graph, self.definitions.catalog)
        branched = {name for chain, ends in self._frames.values() for name in (*chain, *ends)}
        common = [node.name for node in self.graph.nodes.values() if node.name not in branched]
        left = width * len(common) + _ROOM[0]
        rows = -(-len(self._frames) // columns)
        longest = max(len(chain) + 1 for chain, _ in list(self._frames.values())[:rows])
        pitch = height * (1 + self._accuracy) + 2 * MARGIN + TITLE + _ROOM[1]
        for number, (title, (chain, ends)) in enumerate(self._frames.items()):
            x, y = left + number // rows * (width * longest + _ROOM[0]), number % rows * pitch
            places = {name: (x + width * i, y) for i, name in enumerate(chain)}
            places |= {name: (x + width * len(chain), y + height * i) for i, name in enumerate(ends)}
            self._frame(title, places, sizes)
        middle = (rows - 1) / 2 * pitch
        self.graph = self.graph.move({self.id(name): (width * i, middle) for i, name in enumerate(common)})

    def _frame(self, title: str, places: dict[str, tuple[float, float]], sizes: dict[str, tuple[float, float]]) -> None:
        self.graph = self.graph.move({self.id(name): place for name, place in places.items()})
        area = area_around(self.graph, Load(frozenset(map(self.id, places))), sizes)
        look = self.graph.look
        self.graph = with_look(self.graph, look.put(Annotation(look.free_id(), FRAME, title, area)))


def _moons(d: Drawing) -> tuple[Port, Port]:
    d.add("data.Points", "moons", set="two moons", noise=0.15, samples=1000)
    return d.port("moons", "point"), d.port("moons", "label")


def _digits(d: Drawing) -> Port:
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    return d.port("digits", "image")


def _begin(d: Drawing, name: str, kind: str, params: dict[str, object]) -> None:
    """Say how the weights of a layer begin; its biases begin with 0."""
    weight, bias = Choice(f"torch.nn.init.{kind}", params), Choice("torch.nn.init.zeros_")
    d.graph = d.graph.put(replace(d.graph.node_named(name), weight_init=weight, bias_init=bias))


def _two_layers() -> Definitions:
    """TwoLayers: 2-16-2, whose weights have seeds of their own: all instances begin alike."""
    d = Drawing("TwoLayers")
    x = d.add("op.Input", "point", shape=(2,))
    x = d.add("nn.Tanh", "tanh", d.add("nn.Linear", "fc1", x, out_features=16))
    d.add("op.Output", "scores", d.add("nn.Linear", "fc2", x, out_features=2))
    for seed, name in enumerate(("fc1", "fc2"), start=1):
        _begin(d, name, "xavier_uniform_", {"seed": seed})
    return d.as_block(help="Two layers. All that are drawn begin with the same weights.")


def _layer(name: str, kind: str, params: dict[str, object], definitions: Definitions) -> Definitions:
    """A linear layer whose weights begin in that way, and its activation."""
    d = Drawing(name, definitions=definitions)
    x = d.add("nn.Linear", "fc", d.add("op.Input", "x", shape=(64,)), out_features=64)
    _begin(d, "fc", kind, params)
    d.add("op.Output", "output", d.add("nn.ReLU", "relu", x))
    return d.as_block(help="64 numbers in, 64 out.")


def _large() -> Definitions:
    """Large: two hidden layers of 256 units, with dropout where it is wanted."""
    d = Drawing("Large")
    x = d.add("nn.Flatten", "flatten", d.add("op.Input", "image", shape=(1, 8, 8)))
    for number in (1, 2):
        x = d.add("nn.ReLU", f"relu{number}", d.add("nn.Linear", f"fc{number}", x, out_features=256))
        x = d.add("nn.Dropout", f"dropout{number}", x, p="=dropout")
    d.add("op.Output", "scores", d.add("nn.Linear", "fc3", x, out_features=10))
    for seed, name in enumerate(("fc1", "fc2", "fc3"), start=1):
        _begin(d, name, "kaiming_uniform_", {"a": 5**0.5, "seed": seed})
    dropout = BlockParam("dropout", 0.0, "Share of the units that training sets to 0.")
    return d.as_block(dropout, help="85 002 parameters, for 54 digits.")


def _recurrent() -> Definitions:
    """Reader: an RNN whose weights begin so large that signals and gradients grow from step to step."""
    d = Drawing("Reader")
    x = d.add("nn.RNN", "rnn", d.add("op.Input", "window", shape=(48, 1)), hidden_size=32)
    x = d.add("nn.Linear", "fc", d.add("op.Select", "last_state", x, dim=1, index=-1), out_features=1)
    d.add("op.Output", "value", d.add("nn.Tanh", "tanh", x))
    _begin(d, "rnn", "orthogonal_", {"gain": 1.2, "seed": 1})
    _begin(d, "fc", "xavier_uniform_", {"seed": 2})
    return d.as_block(help="Reads 48 values and says the next, from -1 to 1.")


def _frame_reader() -> Definitions:
    """FrameReader: a small CNN that says what is in one frame."""
    d = Drawing("FrameReader")
    x = d.add("op.Input", "frame", shape=(1, 16, 16))
    for number, channels in ((1, 8), (2, 16)):
        x = d.add("nn.Conv2d", f"conv{number}", x, out_channels=channels, kernel_size=3, padding=1, bias=False)
        x = d.add("nn.ReLU", f"relu{number}", d.add("nn.BatchNorm2d", f"bn{number}", x))
        x = d.add("nn.MaxPool2d", f"pool{number}", x, kernel_size=2)
    x = d.add("nn.Linear", "fc", d.add("nn.Flatten", "flatten", x), out_features=64)
    d.add("op.Output", "seen", d.add("nn.ReLU", "relu3", x))
    return d.as_block(help="64 numbers that say what is where in a frame.")


DRAW: dict[str, Callable[[], Project]] = {
    "descent_batches": descent_batches,
    "optimizers_race": optimizers_race,
    "learning_rates": learning_rates,
    "initializations": initializations,
    "gradient_clipping": gradient_clipping,
    "overfitting_cures": overfitting_cures,
    "clips_cnn_lstm": clips_cnn_lstm,
}
