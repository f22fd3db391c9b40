"""What people read of the optimizers and schedules of `torch.optim`, which values fit, and what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping

from graph.catalog.common import choice, flag, real, whole
from graph.catalog.types import Kind, Param
from graph.expressions import evaluate

# Parameters that a run decides itself, or that PyTorch has for other purposes; "" holds those of all.
HIDDEN: Mapping[str, frozenset[str]] = {
    "": frozenset({"foreach", "fused", "capturable", "differentiable", "maximize", "last_epoch"}),
    "Adam": frozenset({"decoupled_weight_decay"}),  # that is AdamW
    "Muon": frozenset({"ns_coefficients"}),
    "LBFGS": frozenset({"max_eval"}),
    "CyclicLR": frozenset({"scale_fn", "scale_mode"}),
    "OneCycleLR": frozenset({"total_steps", "epochs", "steps_per_epoch"}),
    "ReduceLROnPlateau": frozenset({"mode"}),
    "ChainedScheduler": frozenset({"optimizer"}),
}
# Defaults of ours: where PyTorch has none, or changed its own after drawings relied on the one before.
DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "SGD": {"lr": 0.01},
    "StepLR": {"step_size": 10},
    "MultiStepLR": {"milestones": [10, 20]},
    "ExponentialLR": {"gamma": 0.95},
    "CosineAnnealingWarmRestarts": {"T_0": 10},
    "CyclicLR": {"base_lr": 1e-4, "max_lr": 1e-2},
    "OneCycleLR": {"max_lr": 0.01},
    "LambdaLR": {"lr_lambda": "0.95 ** epoch"},
    "MultiplicativeLR": {"lr_lambda": "0.95"},
    "SequentialLR": {"schedulers": "LinearLR(total_iters=5), CosineAnnealingLR", "milestones": [5]},
    "ChainedScheduler": {"schedulers": "LinearLR(total_iters=5), ExponentialLR(gamma=0.95)"},
}
SPLIT: Mapping[str, tuple[str, ...]] = {
    "betas": ("beta1", "beta2"), "etas": ("eta_minus", "eta_plus"), "step_sizes": ("step_min", "step_max"), "eps": ("eps1", "eps2"),
}  # fmt: skip
# What is offered first.
ORDER = (
    "Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "OneCycleLR",
    "ReduceLROnPlateau",
)  # fmt: skip

# Label (empty: the name of the class) and help.
WORDS: Mapping[str, tuple[str, str]] = {
    "Adam": ("", "Adapts the step of every weight; a good first choice."),
    "AdamW": ("", "Adam with a weight decay that does its job."),
    "SGD": ("", "Steps straight down the gradient; a classic for images with momentum."),
    "RMSprop": ("", "Divides each step by the recent size of the gradient."),
    "Adagrad": ("", "Makes ever smaller steps for weights that have moved much."),
    "Adadelta": ("", "Adagrad that forgets: the size of steps follows from the recent ones."),
    "Adafactor": ("", "Like Adam with far less memory, for large networks."),
    "Adamax": ("", "Adam by the largest gradient instead of the mean square."),
    "ASGD": ("", "Averaged gradient descent: also keeps the mean of the weights."),
    "LBFGS": ("", "Looks at curvature; for small networks and all samples in one step. It computes the loss several times a step."),
    "Muon": ("", "Makes the steps of matrices orthogonal. Biases, kernels and embeddings learn with AdamW at the same rate."),
    "NAdam": ("", "Adam that looks ahead, as Nesterov's momentum does."),
    "RAdam": ("", "Adam whose first steps are careful by themselves."),
    "Rprop": ("", "Follows signs of gradients only; for all samples in one step."),
    "SparseAdam": ("", "Adam that touches only the rows of an embedding that a batch uses; for Embedding layers alone."),
    "constant": ("Constant", "The learning rate stays as it is."),
    "StepLR": ("Steps", "Multiplies the learning rate by a factor every few epochs."),
    "MultiStepLR": ("Milestones", "Multiplies the learning rate by a factor at each of some epochs."),
    "ConstantLR": ("Reduced at first", "Multiplies the learning rate by a factor for the first epochs."),
    "LinearLR": ("Linear", "Goes from one factor of the learning rate to another in a straight line."),
    "ExponentialLR": ("Exponential", "Multiplies the learning rate by a factor every epoch."),
    "PolynomialLR": ("Polynomial", "Lets the learning rate fall to 0 along a power of the time left."),
    "CosineAnnealingLR": ("Cosine", "Lowers the learning rate along half a cosine wave."),
    "CosineAnnealingWarmRestarts": ("Cosine with restarts", "Falls along half a cosine wave, then starts from the top again (SGDR)."),
    "CyclicLR": ("Cyclic", "Goes up and down between two learning rates."),
    "OneCycleLR": ("One cycle", "Up to a high learning rate, then far down, over the whole run (Smith and Topin, 2018)."),
    "ReduceLROnPlateau": ("On a plateau", "Lowers the learning rate when the watched figure does not get better any more."),
    "LambdaLR": ("Formula", "The learning rate times a formula of the epoch."),
    "MultiplicativeLR": ("Factor by formula", "Multiplies the learning rate at each epoch by a formula of the epoch."),
    "SequentialLR": ("One after the other", "Several schedules, each from a milestone to the next."),
    "ChainedScheduler": ("Several at once", "Several schedules, whose factors are multiplied."),
}  # fmt: skip


def _reads(text: str) -> None:
    evaluate(text, {"epoch": 1})


def _formula(help_text: str, example: str) -> Param:
    return Param(name="lr_lambda", kind=Kind.TEXT, default=example, required=True, reader=_reads, help=help_text)


def _beta(text: str) -> Param:
    return real("", None, text, minimum=0, maximum=0.99999)


_MOMENTA = {
    "cycle_momentum": flag(
        "", True, "Lets the momentum go the other way than the learning rate; the optimizer must have one."
    ),
    "base_momentum": real("", None, "The lowest momentum.", minimum=0, maximum=1),
    "max_momentum": real("", None, "The highest momentum.", minimum=0, maximum=1),
}

# By the name of the parameter, or Class.name where it means something else there; name and default follow.
PARAMS: Mapping[str, Param] = {
    "lr": real("", None, "Learning rate: the size of each step.", minimum=0, maximum=1e12, required=True, keyword=True),
    "beta1": _beta("Memory of the average gradient, from 0 to below 1."),
    "beta2": _beta("Memory of the average squared gradient, from 0 to below 1."),
    "eps": real("", None, "A small number that keeps the division from failing.", minimum=0),
    "eps1": real("", None, "A small number added to squared gradients; that of the number type if empty.", minimum=0, optional=True),
    "eps2": real("", None, "The least size of the weights that a step is measured by.", minimum=0),
    "weight_decay": real("", None, "How strongly large weights are pulled towards 0.", minimum=0),
    "amsgrad": flag("", False, "Never lets the average squared gradient shrink."),
    "decoupled_weight_decay": flag("", False, "Decays the weights themselves, as AdamW does, instead of adding to the gradient."),
    "momentum": real("", None, "Share of the last step that is carried into the next one.", minimum=0),
    "dampening": real("", None, "How much the gradient is damped before it adds to the momentum."),
    "nesterov": flag("", False, "Looks ahead along the momentum; needs a momentum above 0 and no dampening."),
    "alpha": real("", None, "Memory of the average squared gradient, from 0 to 1.", minimum=0, maximum=1),
    "centered": flag("", False, "Divides by the variance of the gradient instead of its size."),
    "lr_decay": real("", None, "How fast the learning rate falls with every step.", minimum=0),
    "initial_accumulator_value": real("", None, "The size of past gradients to start with.", minimum=0),
    "rho": real("", None, "Memory of the average squared gradient, from 0 to 1.", minimum=0, maximum=1),
    "momentum_decay": real("", None, "How fast the momentum grows to its value.", minimum=0),
    "beta2_decay": real("", None, "The power of the time by which the memory of squared gradients grows; below 0.", maximum=0),
    "d": real("", None, "The largest size of a step, relative to usual ones.", minimum=1),
    "lambd": real("", None, "How fast the learning rate falls.", minimum=0),
    "ASGD.alpha": real("", None, "The power of the time by which the learning rate falls.", minimum=0),
    "t0": real("", None, "The step from which on the weights are averaged.", minimum=0),
    "max_iter": whole("", None, "Iterations a step at most.", minimum=1, maximum=10_000),
    "tolerance_grad": real("", None, "Ends a step when gradients are smaller than this.", minimum=0),
    "tolerance_change": real("", None, "Ends a step when weights or loss change less than this.", minimum=0),
    "history_size": whole("", None, "Steps that the curvature is estimated from.", minimum=1, maximum=10_000),
    "line_search_fn": choice("", ("strong_wolfe",), "How far to go along a direction: found by a line search, or by the learning rate.",
                             optional=True),
    "ns_steps": whole("", None, "Iterations that make a step orthogonal.", minimum=1, maximum=100),
    "adjust_lr_fn": choice("", ("original", "match_rms_adamw"), "How the learning rate depends on the shape of a weight.", optional=True),
    "eta_minus": real("", None, "Factor of a step after the gradient changed its sign.", minimum=0, maximum=1),
    "eta_plus": real("", None, "Factor of a step while the gradient keeps its sign.", minimum=1),
    "step_min": real("", None, "The smallest step.", minimum=0),
    "step_max": real("", None, "The largest step.", minimum=0),
    "step_size": whole("", None, "Number of epochs between two changes.", minimum=1, required=True),
    "gamma": real("", None, "Factor of each change.", minimum=0),
    "ExponentialLR.gamma": real("", None, "Factor of each epoch.", minimum=0, required=True),
    "milestones": Param(name="", kind=Kind.INTS, minimum=1, required=True, help="The epochs at which the learning rate changes."),
    "factor": real("", None, "The factor.", minimum=0, maximum=1),
    "ReduceLROnPlateau.factor": real("", None, "The factor of each change.", minimum=0, maximum=0.9999),
    "total_iters": whole("", None, "The number of epochs that this takes.", minimum=1),
    "start_factor": real("", None, "The factor at the beginning.", minimum=1e-9, maximum=1),
    "end_factor": real("", None, "The factor at the end.", minimum=0, maximum=1),
    "power": real("", None, "The power: 1 is a straight line.", minimum=0),
    "T_max": whole("", None, "Number of epochs until the lowest rate; all epochs of the run if empty.", minimum=1, optional=True,
                   required=True),
    "eta_min": real("", None, "The lowest learning rate.", minimum=0),
    "T_0": whole("", None, "Number of epochs until the first restart.", minimum=1, required=True),
    "T_mult": whole("", None, "Factor by which each wave is longer than the one before.", minimum=1),
    "patience": whole("", None, "Epochs without a better figure before the rate is lowered.", minimum=0),
    "threshold": real("", None, "A change up to this size does not count as better.", minimum=0),
    "threshold_mode": choice("", ("rel", "abs"), "Whether the threshold is a share of the best figure or a difference to it."),
    "cooldown": whole("", None, "Epochs after a change in which nothing is counted.", minimum=0),
    "min_lr": real("", None, "The lowest learning rate.", minimum=0),
    "base_lr": real("", None, "The lowest learning rate.", minimum=0, required=True),
    "max_lr": real("", None, "The highest learning rate.", minimum=0, required=True),
    "step_size_up": whole("", None, "Steps on the way up.", minimum=1),
    "step_size_down": whole("", None, "Steps on the way down; as many as up if empty.", minimum=1, optional=True),
    "mode": choice("", ("triangular", "triangular2", "exp_range"),
                   "Whether the highest rate stays, is halved at each turn, or falls by a factor each step."),
    "pct_start": real("", None, "The share of the run on the way up.", minimum=0, maximum=1),
    "anneal_strategy": choice("", ("cos", "linear"), "Along a cosine wave or in straight lines."),
    "div_factor": real("", None, "The first learning rate is the highest one divided by this.", minimum=1),
    "final_div_factor": real("", None, "The last learning rate is the first one divided by this.", minimum=1),
    "three_phase": flag("", False, "Down to the first rate before the last fall."),
    "LambdaLR.lr_lambda": _formula("A formula of the epoch (0, 1, 2, ...) such as 0.95 ** epoch or 1 / (1 + 0.1 * epoch).",
                                   "0.95 ** epoch"),
    "schedulers": Param(name="", kind=Kind.TEXT, required=True, help="Schedules as in Python, with a comma between them: "
                        "LinearLR(total_iters=5), ExponentialLR(gamma=0.95). Their names are those of PyTorch."),
    "SequentialLR.milestones": Param(name="", kind=Kind.INTS, minimum=1, required=True,
                                     help="The epochs at which the next schedule begins: one fewer than there are schedules."),
    "MultiplicativeLR.lr_lambda": _formula("A number or a formula of the epoch (1, 2, ...) such as 0.95.", "0.95"),
    **_MOMENTA,
}  # fmt: skip
