"""What can be the name of a node: an identifier that Python and PyTorch leave free."""

from __future__ import annotations

import keyword
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from itertools import count

from graph.messages import EditError, msg

# Names that a submodule cannot have: the attributes of torch.nn.Module (a test compares with torch).
MODULE_ATTRIBUTES = frozenset(
    """T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda
    double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
    get_submodule half ipu load_state_dict modules mtia named_buffers named_children named_modules
    named_parameters parameters register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu
    zero_grad self model torch nn math""".split()
)
MAX_NAME = 64
MAX_QUOTED = 40


def first_free(stem: str, names: Container[str]) -> str:
    """The first of stem1, stem2, ... that is not among the names."""
    return next(name for i in count(1) if (name := f"{stem}{i}") not in names)


class Names:
    """Names in use while many more are given: to find a free one takes as long however many there are."""

    def __init__(self, names: Iterable[str]) -> None:
        self._taken = set(names)
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))

    def take(self, name: str) -> str:
        """The name if it is free, else the first of stem1, stem2, ... that is; from now on it is in use.

        Raises:
            EditError: see `check_name`.
        """
        if name in self._taken:
            stem = name.rstrip("0123456789")
            name = next(free for i in self._numbers[stem] if (free := f"{stem}{i}") not in self._taken)
        check_name(name)
        self._taken.add(name)
        return name


def check_name(name: str, *, taken: Container[str] = ()) -> None:
    """Refuse a name that cannot become an attribute of the generated module.

    Raises:
        EditError: it is not an ASCII identifier, is reserved, or is in use.
    """
    if not (name.isascii() and name.isidentifier()) or name.startswith("_") or len(name) > MAX_NAME:
        raise EditError(
            msg(
                "'{name}' cannot be a name: use up to {limit} letters, digits and underscores, "
                "starting with a letter, such as conv1.",
                name=shortened(name),
                limit=MAX_NAME,
            )
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in MODULE_ATTRIBUTES:
        raise EditError(msg("'{name}' cannot be a name: Python or PyTorch uses that word. Try {name}1.", name=name))
    if name in taken:
        raise EditError(msg("Another node is called '{name}'. Choose a name that is free.", name=name))


def shortened(name: str) -> str:
    """What a sentence quotes of a name, which may be a whole page that somebody pasted."""
    return name if len(name) <= MAX_QUOTED else f"{name[:MAX_QUOTED]}…"


def stem_of(title: str, default: str) -> str:
    """The beginning of names for the nodes of a type that the person named: "BasicBlock" becomes "basic_block"."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", title)
    stem = "_".join(words).lower().rstrip("0123456789_")[: MAX_NAME - 8]
    return stem if stem[:1].isalpha() and stem.isascii() else default
