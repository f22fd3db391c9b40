"""The famous architectures, drawn from blocks: `tools/draw_resources.py` writes the files that ship.

Names and settings are those of torchvision where it has the network, else those of the paper.
"""

from __future__ import annotations

from collections.abc import Callable

from drawings import Drawing
from graph.areas import COLUMN_GAP
from graph.layout import NODE_SIZE, ROW_GAP
from graph.model import BlockParam, Definitions, Graph, Port, Project
from transformer_drawings import gpt2_small, vit_b_16

_CHANNELS = BlockParam("channels", 64, "Number of channels it gives.")
_STRIDE = BlockParam("stride", 2, "Step of its first convolution: 2 halves height and width.")
_BLOCKS = BlockParam("blocks", 2, "How many blocks stand one after the other.")


def _images(d: Drawing, size: int = 224, channels: int = 3) -> Port:
    return d.add("op.Input", "image", shape=(channels, size, size))


def _features(d: Drawing, channels: int | str, size: int) -> Port:
    return d.add("op.Input", "x", shape=(channels, size, size))


# ---- ResNet (He et al., 2015), as in torchvision


def _normalized(d: Drawing, number: int, x: Port, channels: str, *, kernel: int = 3, stride: int | str = 1) -> Port:
    """A convolution that keeps the size unless it strides, and its normalization."""
    x = d.add("nn.Conv2d", f"conv{number}", x, out_channels=channels, kernel_size=kernel, stride=stride,
              padding=kernel // 2, bias=False)  # fmt: skip
    return d.add("nn.BatchNorm2d", f"bn{number}", x)


def _basic(d: Drawing, x: Port, stride: int | str) -> Port:
    y = d.add("nn.ReLU", "relu1", _normalized(d, 1, x, "=channels", stride=stride))
    return _normalized(d, 2, y, "=channels")


def _bottleneck(d: Drawing, x: Port, stride: int | str) -> Port:
    y = d.add("nn.ReLU", "relu1", _normalized(d, 1, x, "=channels", kernel=1))
    y = d.add("nn.ReLU", "relu2", _normalized(d, 2, y, "=channels", stride=stride))
    return _normalized(d, 3, y, "=4 * channels", kernel=1)


_Branch = Callable[[Drawing, Port, "int | str"], Port]


def _residual(definitions: Definitions, name: str, branch: _Branch, width: str, help: str) -> Definitions:
    """A block that adds a branch to its input."""
    d = Drawing(name, definitions=definitions)
    x = _features(d, f"={width}", 56)
    y = branch(d, x, 1)
    d.add("op.Output", "output", d.add("nn.ReLU", "relu_out", d.add("op.Add", "add", y, x)))
    return d.as_block(_CHANNELS, help=help)


def _projected(definitions: Definitions, name: str, branch: _Branch, width: str, help: str) -> Definitions:
    """A block that adds a branch to a projection of its input."""
    d = Drawing(name, definitions=definitions)
    x = _features(d, 64, 56)
    y = branch(d, x, "=stride")
    shortcut = d.add(
        "nn.Conv2d", "projection", x, out_channels=f"={width}", kernel_size=1, stride="=stride", bias=False
    )
    shortcut = d.add("nn.BatchNorm2d", "projection_bn", shortcut)
    d.add("op.Output", "output", d.add("nn.ReLU", "relu_out", d.add("op.Add", "add", y, shortcut)))
    return d.as_block(_CHANNELS, _STRIDE, help=help)


def _stage(definitions: Definitions, first: str, others: str) -> Definitions:
    """A block that changes the size, and some that keep it."""
    d = Drawing("Stage", definitions=definitions)
    x = d.add(f"block.{first}", "first", _features(d, 64, 56), channels="=channels", stride="=stride")
    x = d.add(f"block.{others}", "others", x, use="repeat", times="=blocks - 1", channels="=channels")
    d.add("op.Output", "output", x)
    return d.as_block(_CHANNELS, _STRIDE, _BLOCKS, help="Residual blocks, of which the first changes the size.")


def _resnet(name: str, definitions: Definitions, blocks: tuple[int, ...], *, plain_start: bool = False) -> Project:
    """Stem, four stages, classifier. With `plain_start` the first stage keeps the size and needs no projection."""
    d = Drawing(name, definitions=definitions)
    x = d.add("nn.Conv2d", "conv1", _images(d), out_channels=64, kernel_size=7, stride=2, padding=3, bias=False)
    x = d.add("nn.ReLU", "relu", d.add("nn.BatchNorm2d", "bn1", x))
    x = d.add("nn.MaxPool2d", "maxpool", x, kernel_size=3, stride=2, padding=1)
    for i, count in enumerate(blocks):
        channels, stride = 64 * 2**i, 1 if i == 0 else 2
        if i == 0 and plain_start:
            x = d.add("block.BasicBlock", "layer1", x, use="repeat", times=count, channels=channels)
        else:
            x = d.add("block.Stage", f"layer{i + 1}", x, channels=channels, stride=stride, blocks=count)
    x = d.add("nn.Flatten", "flatten", d.add("nn.AdaptiveAvgPool2d", "avgpool", x, output_size=1))
    d.add("op.Output", "scores", d.add("nn.Linear", "fc", x, out_features=1000))
    return d.placed


def basic_block(definitions: Definitions) -> Definitions:
    """BasicBlock: the residual block of the smaller networks."""
    return _residual(definitions, "BasicBlock", _basic, "channels", "Two convolutions, added to their input.")


def projection_block(definitions: Definitions) -> Definitions:
    """ProjectionBlock: a basic block that changes the size."""
    return _projected(definitions, "ProjectionBlock", _basic, "channels",
                      "Two convolutions that change the size, added to a projection of their input.")  # fmt: skip


def bottleneck(definitions: Definitions) -> Definitions:
    """Bottleneck: the residual block of the larger networks."""
    return _residual(definitions, "Bottleneck", _bottleneck, "4 * channels",
                     "A convolution between two that narrow and widen, added to their input.")  # fmt: skip


def projection_bottleneck(definitions: Definitions) -> Definitions:
    """ProjectionBottleneck: a bottleneck that changes the size."""
    return _projected(definitions, "ProjectionBottleneck", _bottleneck, "4 * channels",
                      "A bottleneck that changes the size, added to a projection of its input.")  # fmt: skip


def _of_basic_blocks() -> Definitions:
    return _stage(projection_block(basic_block(Definitions())), "ProjectionBlock", "BasicBlock")


def _of_bottlenecks() -> Definitions:
    return _stage(projection_bottleneck(bottleneck(Definitions())), "ProjectionBottleneck", "Bottleneck")


def resnet18() -> Project:
    """11,689,512 parameters."""
    return _resnet("ResNet18", _of_basic_blocks(), (2, 2, 2, 2), plain_start=True)


def resnet50() -> Project:
    """25,557,032 parameters."""
    return _resnet("ResNet50", _of_bottlenecks(), (3, 4, 6, 3))


def resnet152() -> Project:
    """60,192,808 parameters."""
    return _resnet("ResNet152", _of_bottlenecks(), (3, 8, 36, 3))


# ---- VGG (Simonyan and Zisserman, 2014), as in torchvision


def vgg16() -> Project:
    """138,357,544 parameters."""
    d = Drawing("ConvReLU")
    x = d.add("nn.Conv2d", "conv", _features(d, 3, 224), out_channels="=channels", kernel_size=3, padding=1)
    d.add("op.Output", "output", d.add("nn.ReLU", "relu", x))
    d = Drawing("Stage", definitions=d.as_block(_CHANNELS, help="A convolution that keeps the size, and ReLU."))
    x = d.add("block.ConvReLU", "body", _features(d, 3, 224), use="repeat", times="=convs", channels="=channels")
    d.add("op.Output", "output", d.add("nn.MaxPool2d", "pool", x, kernel_size=2, stride=2))
    convs = BlockParam("convs", 2, "Number of convolutions.")
    d = Drawing(
        "VGG16", definitions=d.as_block(_CHANNELS, convs, help="Convolutions, and a pooling that halves the size.")
    )
    x = _images(d)
    for i, (channels, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
        x = d.add("block.Stage", f"stage{i}", x, channels=channels, convs=count)
    x = d.add("nn.Flatten", "flatten", d.add("nn.AdaptiveAvgPool2d", "avgpool", x, output_size=7))
    for i in (1, 2):
        x = d.add("nn.ReLU", f"relu{i}", d.add("nn.Linear", f"fc{i}", x, out_features=4096))
        x = d.add("nn.Dropout", f"dropout{i}", x, p=0.5)
    d.add("op.Output", "scores", d.add("nn.Linear", "fc3", x, out_features=1000))
    return d.placed


# ---- MobileNetV2 (Sandler et al., 2018), as in torchvision

_IN_CHANNELS = BlockParam("in_channels", 32, "Number of channels it takes.")
_EXPANSION = BlockParam("expansion", 6, "How many times wider it is inside.")


def inverted_residual() -> Definitions:
    """ConvNormActivation, LinearBottleneck and InvertedResidual."""
    d = Drawing("ConvNormActivation")
    x = d.add("nn.Conv2d", "conv", _features(d, 32, 112), out_channels="=channels", kernel_size="=kernel_size",
              stride="=stride", padding="=kernel_size // 2", groups="=groups", bias=False)  # fmt: skip
    d.add("op.Output", "output", d.add("nn.ReLU6", "relu", d.add("nn.BatchNorm2d", "bn", x)))
    definitions = d.as_block(
        BlockParam("channels", 32, "Number of channels it gives."), BlockParam("kernel_size", 3, "Size of the filters."),
        BlockParam("stride", 1, "Step of the filters."), BlockParam("groups", 1, "Groups of channels apart from each other."),
        help="A convolution without bias, its normalization, and ReLU6.",
    )  # fmt: skip

    d = Drawing("LinearBottleneck", definitions=definitions)
    width, part = "=expansion * in_channels", "block.ConvNormActivation"
    x = d.add(part, "expand", _features(d, "=in_channels", 112), channels=width, kernel_size=1)
    x = d.add(part, "depthwise", x, channels=width, kernel_size=3, stride="=stride", groups=width)
    x = d.add("nn.Conv2d", "project", x, out_channels="=channels", kernel_size=1, bias=False)
    d.add("op.Output", "output", d.add("nn.BatchNorm2d", "bn", x))
    definitions = d.as_block(_IN_CHANNELS, _CHANNELS, _STRIDE, _EXPANSION,
                             help="Widens, filters every channel apart, and narrows without an activation.")  # fmt: skip

    d = Drawing("InvertedResidual", definitions=definitions)
    x = _features(d, "=channels", 56)
    y = d.add("block.LinearBottleneck", "branch", x, in_channels="=channels", channels="=channels", stride=1,
              expansion="=expansion")  # fmt: skip
    d.add("op.Output", "output", d.add("op.Add", "add", x, y))
    return d.as_block(_CHANNELS, _EXPANSION, help="A linear bottleneck, added to its input.")


def _of_inverted_residuals() -> Definitions:
    d = Drawing("Stage", definitions=inverted_residual())
    x = d.add("block.LinearBottleneck", "first", _features(d, "=in_channels", 112), in_channels="=in_channels",
              channels="=channels", stride="=stride")  # fmt: skip
    x = d.add("block.InvertedResidual", "others", x, use="repeat", times="=blocks - 1", channels="=channels")
    d.add("op.Output", "output", x)
    return d.as_block(_IN_CHANNELS, _CHANNELS, _STRIDE, _BLOCKS,
                      help="A linear bottleneck that changes the size, and inverted residuals.")  # fmt: skip


def mobilenet_v2() -> Project:
    """3,504,872 parameters."""
    d = Drawing("MobileNetV2", definitions=_of_inverted_residuals())
    x = d.add("block.ConvNormActivation", "stem", _images(d), channels=32, kernel_size=3, stride=2)
    x = d.add("block.ConvNormActivation", "depthwise", x, channels=32, kernel_size=3, groups=32)
    x = d.add("nn.Conv2d", "project", x, out_channels=16, kernel_size=1, bias=False)
    x = d.add("nn.BatchNorm2d", "project_bn", x)
    before = 16
    for i, (channels, blocks, stride) in enumerate(((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2)), 1):
        x = d.add("block.Stage", f"stage{i}", x, in_channels=before, channels=channels, stride=stride, blocks=blocks)
        before = channels
    x = d.add("block.LinearBottleneck", "bottleneck", x, in_channels=before, channels=320, stride=1)
    x = d.add("block.ConvNormActivation", "head", x, channels=1280, kernel_size=1)
    x = d.add("nn.Flatten", "flatten", d.add("nn.AdaptiveAvgPool2d", "avgpool", x, output_size=1))
    x = d.add("nn.Dropout", "dropout", x, p=0.2)
    d.add("op.Output", "scores", d.add("nn.Linear", "classifier", x, out_features=1000))
    return d.placed


# ---- DenseNet (Huang et al., 2017), as in torchvision


def _preactivated(d: Drawing, number: int | str, x: Port, channels: int | str, *, kernel: int) -> Port:
    """Normalization, activation and convolution in this order."""
    x = d.add("nn.ReLU", f"relu{number}", d.add("nn.BatchNorm2d", f"norm{number}", x))
    return d.add(
        "nn.Conv2d", f"conv{number}", x, out_channels=channels, kernel_size=kernel, padding=kernel // 2, bias=False
    )


def dense_layer() -> Definitions:
    """DenseLayer."""
    d = Drawing("DenseLayer")
    x = _features(d, 64, 56)
    y = _preactivated(d, 1, x, "=4 * growth", kernel=1)
    y = _preactivated(d, 2, y, "=growth", kernel=3)
    d.add("op.Output", "output", d.add("op.Concatenate", "joined", x, y))
    growth = BlockParam("growth", 32, "Number of channels that it adds.")
    return d.as_block(growth, help="Adds channels, computed from all channels before them.")


def densenet121() -> Project:
    """7,978,856 parameters."""
    d = Drawing("Transition", definitions=dense_layer())
    x = _preactivated(d, "", _features(d, 256, 56), "=channels", kernel=1)
    d.add("op.Output", "output", d.add("nn.AvgPool2d", "pool", x, kernel_size=2, stride=2))
    definitions = d.as_block(_CHANNELS, help="Fewer channels, and half the height and width.")

    d = Drawing("DenseNet121", definitions=definitions)
    x = d.add("nn.Conv2d", "conv0", _images(d), out_channels=64, kernel_size=7, stride=2, padding=3, bias=False)
    x = d.add("nn.ReLU", "relu0", d.add("nn.BatchNorm2d", "norm0", x))
    x = d.add("nn.MaxPool2d", "pool0", x, kernel_size=3, stride=2, padding=1)
    channels = 64
    for i, layers in enumerate((6, 12, 24, 16), 1):
        x = d.add("block.DenseLayer", f"denseblock{i}", x, use="repeat", times=layers)
        channels += 32 * layers
        if i < 4:
            channels //= 2
            x = d.add("block.Transition", f"transition{i}", x, channels=channels)
    x = d.add("nn.ReLU", "relu5", d.add("nn.BatchNorm2d", "norm5", x))
    x = d.add("nn.Flatten", "flatten", d.add("nn.AdaptiveAvgPool2d", "avgpool", x, output_size=1))
    d.add("op.Output", "scores", d.add("nn.Linear", "classifier", x, out_features=1000))
    return d.placed


# ---- U-Net (Ronneberger et al., 2015), with padding, so that it gives as many pixels as it takes


def unet_parts() -> Definitions:
    """DoubleConv, Down and Up."""
    d = Drawing("DoubleConv")
    x = _features(d, 1, 512)
    for i in (1, 2):
        x = d.add("nn.Conv2d", f"conv{i}", x, out_channels="=channels", kernel_size=3, padding=1)
        x = d.add("nn.ReLU", f"relu{i}", x)
    d.add("op.Output", "output", x)
    definitions = d.as_block(_CHANNELS, help="Two convolutions that keep the size.")

    d = Drawing("Down", definitions=definitions)
    x = d.add("nn.MaxPool2d", "pool", _features(d, 64, 512), kernel_size=2)
    d.add("op.Output", "output", d.add("block.DoubleConv", "convs", x, channels="=channels"))
    definitions = d.as_block(_CHANNELS, help="Half the height and width, then two convolutions.")

    d = Drawing("Up", definitions=definitions)
    x = _features(d, "=2 * channels", 256)
    skip = d.add("op.Input", "skip", shape=("=channels", 512, 512))
    x = d.add("nn.ConvTranspose2d", "up", x, out_channels="=channels", kernel_size=2, stride=2)
    x = d.add("op.Concatenate", "joined", skip, x)
    d.add("op.Output", "output", d.add("block.DoubleConv", "convs", x, channels="=channels"))
    return d.as_block(_CHANNELS, help="Twice the height and width, joined with what the way down had there.")


def unet() -> Project:
    """31,030,658 parameters for 1 channel and 2 classes."""
    d = Drawing("UNet", definitions=unet_parts())
    x = d.add("block.DoubleConv", "start", _images(d, 512, channels=1), channels=64)
    skips = [x]
    for i, channels in enumerate((128, 256, 512, 1024), 1):
        x = d.add("block.Down", f"down{i}", x, channels=channels)
        if i > 2:
            x = d.add("nn.Dropout", f"dropout{i}", x, p=0.5)
        skips.append(x)
    for i, channels in enumerate((512, 256, 128, 64), 1):
        x = d.add("block.Up", f"up{i}", x, skips[4 - i], channels=channels)
    d.add("op.Output", "scores", d.add("nn.Conv2d", "classifier", x, out_channels=2, kernel_size=1))
    return d.project.with_graph(_like_a_u(d.graph))


_LEVELS = (0, 0, 1, 2, 3, 3, 4, 4, 3, 2, 1, 0, 0, 0)  # of the nodes from left to right


def _like_a_u(graph: Graph) -> Graph:
    """The nodes in one line that goes down and up again, so that every skip is a level wire."""
    across, down = NODE_SIZE[0] + COLUMN_GAP + 2, NODE_SIZE[1] + ROW_GAP + 2
    places = enumerate(zip(graph.nodes, _LEVELS, strict=True))
    return graph.move({node: (i * across, level * down) for i, (node, level) in places})


DRAW: dict[str, Callable[[], Project]] = {
    draw.__name__: draw
    for draw in (resnet18, resnet50, resnet152, vgg16, mobilenet_v2, densenet121, vit_b_16, gpt2_small, unet)
}  # fmt: skip
