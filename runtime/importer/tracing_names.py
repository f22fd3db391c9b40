"""What the functions of torch are called in a recording, and which of them no drawing can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graph.messages import Message, msg

REASONS: Mapping[str, Message] = {
    "decision": msg("it turns numbers of a tensor into a decision or a number of Python, which would be fixed for ever. "
                    "Compute with tensors instead, such as torch.where."),
    "size": msg("how much it gives depends on the numbers in a tensor. A drawing needs shapes that follow from shapes."),
    "gradient": msg("it works with gradients itself, which a drawing does not do inside."),
    "packed": msg("packed sequences are cut by the numbers in a tensor of lengths, and a drawing needs shapes that follow from shapes. "
                  "Let the layer run over the padded sequences, and pick what counts by the lengths afterwards, or draw the cell as a "
                  "block that scans, which takes lengths."),
    "seed": msg("it sets the seed of random numbers, which a drawing does not do."),
}  # fmt: skip

FORBIDDEN: Mapping[str, str] = {
    **dict.fromkeys(
        """__bool__ item tolist __int__ __float__ __index__ __complex__ numpy __array__ is_nonzero equal allclose
        __contains__ __reversed__""".split(), "decision"),
    **dict.fromkeys("nonzero argwhere masked_select unique unique_consecutive bincount histc _unique _unique2".split(), "size"),
    **dict.fromkeys("backward grad requires_grad_ retain_grad register_hook set_grad set_data set_requires_grad".split(), "gradient"),
    "manual_seed": "seed",
    **dict.fromkeys("pack_padded_sequence pad_packed_sequence".split(), "packed"),
}  # fmt: skip

# What draws random numbers, or gives what was in memory before.
CHANCE = frozenset(
    """dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout feature_alpha_dropout rrelu rand randn randint randperm normal
    bernoulli multinomial rand_like randn_like randint_like poisson uniform exponential gumbel_softmax cauchy geometric log_normal random
    empty empty_like new_empty empty_strided scaled_dot_product_attention""".split()
)

# What only asks for sizes and kinds, and what switches gradients: these are done and not written down.
ASKING = frozenset(
    """size dim shape dtype device numel ndim is_floating_point is_complex stride is_contiguous get_device element_size
    requires_grad is_cuda is_cpu is_meta __len__ layout ndimension nelement storage_offset is_leaf grad_fn is_nested is_sparse is_quantized
    is_mkldnn is_mps is_xpu itemsize nbytes __hash__ __repr__ __format__ __str__ _version is_inference result_type is_signed names
    is_shared is_same_size is_sparse_csr data_ptr untyped_storage is_conj is_neg""".split()
)
IGNORED = frozenset(
    """_set_grad_enabled set_grad_enabled _assert broadcast_shapes get_default_dtype is_grad_enabled is_tensor _has_torch_function
    _is_functional_tensor is_autocast_enabled get_rng_state _enter_autocast _exit_autocast""".split()
)


class NameOf(NamedTuple):
    """A name in recordings: without underscores at its ends; and as a person would write it."""

    name: str
    shown: str


_IN_PLACE_OPERATORS = frozenset("add sub mul truediv div floordiv mod pow matmul and or xor lshift rshift".split())
_KEPT = frozenset(
    "__bool__ __int__ __float__ __index__ __complex__ __array__ __contains__ __len__ __hash__ __repr__ __format__ __str__ __iter__ "
    "__reversed__".split()
)
_ALIKE = {
    "truediv": "div", "rtruediv": "rdiv", "true_divide": "div", "divide": "div", "multiply": "mul", "subtract": "sub", "rsub": "rsub",
    "floordiv": "floor_divide", "mod": "remainder", "concat": "cat", "concatenate": "cat", "negative": "neg", "absolute": "abs",
    "clip": "clamp", "swapaxes": "transpose", "swapdims": "transpose", "moveaxis": "movedim", "and": "logical_and_", "or": "logical_or_",
    "bitwise_and": "logical_and_", "bitwise_or": "logical_or_", "invert": "logical_not_", "bitwise_not": "logical_not_",
    "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le", "not_equal": "ne", "view_as": "reshape_as",
    "permute_copy": "permute", "arccos": "acos", "special_expit": "sigmoid", "special_softmax": "softmax", "row_stack": "vstack",
}  # fmt: skip


def name_of(func: Any) -> NameOf:
    """The name of a function, a method (`__iadd__` and `add_` are `add`), or an attribute that is read or set."""
    raw = getattr(func, "__name__", type(func).__name__)
    if raw in ("__get__", "__set__", "__delete__"):
        owner = getattr(getattr(func, "__self__", None), "__name__", raw)
        return NameOf(owner if raw == "__get__" else f"set_{owner}", owner)
    if raw in _KEPT:
        return NameOf(raw, raw)
    plain = raw.strip("_")
    if raw.startswith("__i") and plain[1:] in _IN_PLACE_OPERATORS:
        plain = plain[1:]
    return NameOf(_ALIKE.get(plain, plain), raw)
