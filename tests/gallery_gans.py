"""The examples in which two networks play against each other: on points, on digits, with a gradient penalty, and from image to image.

`resources/examples` has the files that these functions draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drawings import Drawing
from example_drawings import finished
from graph.model import Definitions, Port, Project
from graph.plan import LAST, Choice, Objective, Plan

SIZE = 32  # of the shapes
_SLOWER = Choice("torch.optim.lr_scheduler.CosineAnnealingLR")


def _adam(rate: float, beta1: float = 0.5, **more: float) -> Choice:
    return Choice("torch.optim.Adam", {"lr": rate, "beta1": beta1, **more})


def _ring(d: Drawing) -> Port:
    d.add("data.Points", "ring", set="ring", classes=8, noise=0.05, samples=4000)
    return d.port("ring", "point")


def _point_judge(name: str, help: str) -> Definitions:
    """A block that gives each point a score."""
    d = Drawing(name)
    x = d.add("op.Input", "point", shape=(2,))
    for number in (1, 2):
        y = d.add("nn.Linear", f"fc{number}", x, out_features=64)
        x = d.add("nn.LeakyReLU", f"relu{number}", y, negative_slope=0.2)
    d.add("op.Output", "score", d.add("nn.Linear", "fc3", x, out_features=1))
    return d.as_block(help=help)


def _makers(d: Drawing, x: Port, *widths: int, last: int) -> Port:
    """Linear layers `make1`, `make2`, ... that turn noise into so many numbers."""
    for number, width in enumerate(widths, start=1):
        x = d.add("nn.ReLU", f"relu{number}", d.add("nn.Linear", f"make{number}", x, out_features=width))
    return d.add("nn.Linear", f"make{len(widths) + 1}", x, out_features=last)


def _add_game(d: Drawing, real: Port, fake: Port) -> None:
    """The block `Discriminator` on real and on made samples, with the same weights, and the three losses of a GAN."""
    d_real = d.add("block.Discriminator", "judge_real", real)
    d_fake = d.add("block.Discriminator", "judge_fake", fake, shares="judge_real")
    yes = d.add("op.Full", "yes", real, shape=(1,), fill_value=1.0)
    no = d.add("op.Full", "no", real, shape=(1,), fill_value=0.0)
    d.add("nn.BCEWithLogitsLoss", "real_is_real", d_real, yes)
    d.add("nn.BCEWithLogitsLoss", "fake_is_fake", d_fake, no)
    d.add("nn.BCEWithLogitsLoss", "fake_passes", d_fake, yes)


def _players(d: Drawing, judging: Choice, making: Choice, makers: int) -> tuple[Objective, Objective]:
    """The two objectives of the game, each with its optimizer."""
    losses = ((d.id("real_is_real"), 0.5), (d.id("fake_is_fake"), 0.5))
    judge = Objective("discriminator", losses, (d.id("judge_real"),), judging)
    names = tuple(d.id(f"make{number}") for number in range(1, makers + 1))
    return judge, Objective("generator", ((d.id("fake_passes"), 1.0),), names, making)


def _measure(d: Drawing, fake: Port, real: Port) -> None:
    """How much of the data is made, and how near to it what is made lies."""
    d.add("metric.Coverage", "covered", fake, real)
    d.add("metric.Density", "near", fake, real)


def gan_points() -> Project:
    """A GAN: a generator learns to make points that a discriminator cannot tell from those of the data."""
    d = Drawing("PointsGAN", definitions=_point_judge("Discriminator", "Says how real a point looks."))
    real = _ring(d)
    fake = _makers(d, d.add("op.Random", "noise", real, shape=(8,)), 64, 64, last=2)
    d.add("op.Output", "made", fake)
    _add_game(d, real, fake)
    _measure(d, fake, real)
    d.plan = replace(
        Plan(epochs=60, batch_size=128, monitor=LAST), objectives=_players(d, _adam(0.001), _adam(0.001), 3)
    )
    return finished(d, "gan_points")


def wgan_gp_points() -> Project:
    """A Wasserstein GAN with a gradient penalty, on the same points."""
    d = Drawing(
        "PointsWGAN", definitions=_point_judge("Critic", "Gives a point a score, the higher the more real it looks.")
    )
    real = _ring(d)
    fake = _makers(d, d.add("op.Random", "noise", real, shape=(8,)), 64, 64, last=2)
    d.add("op.Output", "made", fake)
    d.add("op.MeanLoss", "real_score", d.add("block.Critic", "judge_real", real))
    d.add("op.MeanLoss", "fake_score", d.add("block.Critic", "judge_fake", fake, shares="judge_real"))
    share = d.add("op.Random", "share", real, shape=(1,), distribution="uniform")
    between = d.add(
        "op.Expression", "between", share, real, fake, expression="share * real + (1 - share) * fake.detach()"
    )
    slope = d.add("block.Critic", "slope", between, shares="judge_real", use="gradient")
    steep = "((slope ** 2).sum(dim=1).sqrt() - 1) ** 2"
    d.add("op.MeanLoss", "penalty", d.add("op.Expression", "steepness", slope, expression=steep))
    _measure(d, fake, real)
    losses = ((d.id("fake_score"), 1.0), (d.id("real_score"), -1.0), (d.id("penalty"), 1.0))
    critic = Objective("critic", losses, (d.id("judge_real"),), _adam(0.002), _SLOWER)
    makers = tuple(d.id(f"make{number}") for number in (1, 2, 3))
    maker = Objective("generator", ((d.id("fake_score"), -1.0),), makers, _adam(0.002), _SLOWER)
    plan = Plan(epochs=150, batch_size=128, monitor=LAST, averaging="ema", averaging_decay=0.99)
    d.plan = replace(plan, objectives=(critic, maker))
    return finished(d, "wgan_gp_points")


def gan_digits() -> Project:
    """A GAN: a generator learns to draw digits that a discriminator takes for those of the data."""
    inner = Drawing("Discriminator")
    x = inner.add("nn.Flatten", "pixels", inner.add("op.Input", "image", shape=(1, 8, 8)))
    for number, width in enumerate((128, 64), start=1):
        x = inner.add("nn.Linear", f"fc{number}", x, out_features=width)
        x = inner.add("nn.LeakyReLU", f"relu{number}", x, negative_slope=0.2)
        x = inner.add("nn.Dropout", f"dropout{number}", x, p=0.6)
    inner.add("op.Output", "score", inner.add("nn.Linear", "fc3", x, out_features=1))
    d = Drawing("DigitsGAN", definitions=inner.as_block(help="Says how real an image of a digit looks."))
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    real = d.port("digits", "image")
    x = _makers(d, d.add("op.Random", "noise", real, shape=(16,)), 64, 128, last=64)
    fake = d.add("op.Reshape", "drawn", d.add("nn.Sigmoid", "ink", x), shape=(1, 8, 8))
    d.add("op.Output", "digit", fake)
    _add_game(d, real, fake)
    _measure(d, fake, real)
    plan = Plan(epochs=100, batch_size=64, monitor=LAST, averaging="ema", averaging_decay=0.998)
    d.plan = replace(plan, objectives=_players(d, _adam(0.001), _adam(0.0005), 3))
    return finished(d, "gan_digits")


# ---- from image to image


def _patch_judge() -> Definitions:
    """Looks at an outline and an image with it, and gives every patch of 18 × 18 pixels a score."""
    d = Drawing("PatchDiscriminator")
    outline = d.add("op.Input", "outline", shape=(1, SIZE, SIZE))
    image = d.add("op.Input", "image", shape=(3, SIZE, SIZE))
    x = d.add("op.Concatenate", "pair", outline, image, dim=1)
    x = d.add("nn.Conv2d", "conv1", x, out_channels=16, kernel_size=4, stride=2, padding=1)
    x = d.add("nn.LeakyReLU", "relu1", x, negative_slope=0.2)
    x = d.add("nn.Conv2d", "conv2", x, out_channels=32, kernel_size=4, stride=2, padding=1)
    x = d.add("nn.LeakyReLU", "relu2", d.add("nn.InstanceNorm2d", "norm2", x), negative_slope=0.2)
    d.add("op.Output", "scores", d.add("nn.Conv2d", "conv3", x, out_channels=1, kernel_size=3, padding=1))
    return d.as_block(help="Says of every patch how real it looks, beside the outline that it belongs to.")


def _unet(d: Drawing, x: Port, widths: tuple[int, ...]) -> tuple[Port, tuple[str, ...]]:
    """Down to a few pixels and up again, with what was there on the way down beside it; and the names of its layers."""
    seen, names = [], []
    for number, width in enumerate(widths, start=1):
        x = d.add("nn.Conv2d", f"down{number}", x, out_channels=width, kernel_size=4, stride=2, padding=1)
        x = d.add("nn.BatchNorm2d", f"norm{number}", x) if number > 1 else x
        x = d.add("nn.LeakyReLU", f"relu{number}", x, negative_slope=0.2)
        seen.append(x)
        names += [f"down{number}", *([f"norm{number}"] if number > 1 else [])]
    for number in range(len(widths) - 1, 0, -1):
        x = d.add(
            "nn.ConvTranspose2d", f"up{number}", x, out_channels=widths[number - 1], kernel_size=4, stride=2, padding=1
        )
        x = d.add("nn.ReLU", f"bent{number}", d.add("nn.BatchNorm2d", f"unorm{number}", x))
        x = d.add("op.Concatenate", f"skip{number}", x, seen[number - 1], dim=1)
        names += [f"up{number}", f"unorm{number}"]
    x = d.add("nn.ConvTranspose2d", "up0", x, out_channels=3, kernel_size=4, stride=2, padding=1)
    return d.add("nn.Sigmoid", "colored", x), (*names, "up0")


def pix2pix_shapes() -> Project:
    """pix2pix: a generator colors outlines, and a discriminator looks at patches of outline and image together."""
    d = Drawing("ShapesPix2Pix", definitions=_patch_judge())
    d.add("data.Arrays", "shapes", source="builtin:shapes")
    outline, image = d.port("shapes", "input"), d.port("shapes", "target")
    made, names = _unet(d, outline, (24, 48, 96))
    d.add("op.Output", "image", made)
    real = d.add("block.PatchDiscriminator", "judge_real", outline, image)
    fake = d.add("block.PatchDiscriminator", "judge_fake", outline, made, shares="judge_real")
    yes, no = (
        d.add("op.Full", n, outline, shape=(1, SIZE // 4, SIZE // 4), fill_value=v)
        for n, v in (("yes", 1.0), ("no", 0.0))
    )
    d.add("nn.BCEWithLogitsLoss", "real_is_real", real, yes)
    d.add("nn.BCEWithLogitsLoss", "fake_is_fake", fake, no)
    d.add("nn.BCEWithLogitsLoss", "fake_passes", fake, yes)
    d.add("nn.L1Loss", "distance", made, image)
    d.add("metric.MeanAbsoluteError", "pixel_error", made, image)
    d.add("metric.RootMeanSquaredError", "pixel_deviation", made, image)
    losses = ((d.id("real_is_real"), 0.5), (d.id("fake_is_fake"), 0.5))
    judge = Objective("discriminator", losses, (d.id("judge_real"),), _adam(0.0005), _SLOWER)
    wanted = ((d.id("fake_passes"), 1.0), (d.id("distance"), 100.0))
    maker = Objective("generator", wanted, tuple(map(d.id, names)), _adam(0.002), _SLOWER)
    d.plan = replace(Plan(epochs=40, batch_size=16, monitor=LAST), objectives=(judge, maker))
    return finished(d, "pix2pix_shapes")


DRAW: dict[str, Callable[[], Project]] = {
    draw.__name__: draw for draw in (gan_points, wgan_gp_points, gan_digits, pix2pix_shapes)
}
