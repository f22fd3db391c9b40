"""Ready blocks in files: those that ship, those of the person, and how they come into a document and out of it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from graph import files
from graph.adoption import adopt, used_definitions
from graph.atomic import explain
from graph.binding import defaults
from graph.catalog.definitions import INPUT, OUTPUT, PREFIX, SCAN, block_of, declared_shape, states, whole_inputs
from graph.layout import tidy
from graph.messages import FileError, Message, msg
from graph.model import Block, Definitions, Graph, Link, Node, NodeId, Port, Project, Value
from graph.names import stem_of
from runtime.places import data_folder

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "blocks"
STEPS = 8  # of the sequences in the example of a block that is scanned


class Ready(NamedTuple):
    """A file that ships: what `Block.help` says in it, and by what other words people look for it."""

    help: Message
    synonyms: tuple[str, ...] = ()


# In the order of the library.
READY = {
    "residual": Ready(
        msg("Two convolutions, added to their input."),
        ("residual block", "resnet", "shortcut", "skip connection"),
    ),
    "residual_projection": Ready(
        msg("Two convolutions that change the size, added to a projection of their input."),
        ("residual block", "resnet", "shortcut", "skip connection", "downsample"),
    ),
    "bottleneck": Ready(
        msg("A convolution between two that narrow and widen, added to their input."),
        ("residual block", "resnet", "shortcut", "skip connection"),
    ),
    "bottleneck_projection": Ready(
        msg("A bottleneck that changes the size, added to a projection of its input."),
        ("residual block", "resnet", "shortcut", "skip connection", "downsample"),
    ),
    "inverted_residual": Ready(
        msg("A linear bottleneck, added to its input."),
        ("mobilenet", "mbconv", "linear bottleneck", "residual block", "depthwise separable"),
    ),
    "squeeze_excite": Ready(
        msg("Weighs every channel by what all channels are on average."),
        ("squeeze excite", "se block", "senet", "channel attention"),
    ),
    "inception": Ready(
        msg("Filters of several sizes side by side, their channels joined."),
        ("googlenet", "parallel branches"),
    ),
    "dense_block": Ready(
        msg("Layers that each add channels to all channels before them."),
        ("densenet", "dense connection"),
    ),
    "unet_stage": Ready(
        msg("A way down to half the size and a way up again, joined with what was there before."),
        ("u net", "encoder decoder", "skip connection", "segmentation"),
    ),
    "attention_gate": Ready(
        msg("Lets through what a coarser, deeper signal finds important."),
        ("attention unet", "additive attention"),
    ),
    "self_attention": Ready(
        msg("Every step takes a mean of all steps, weighted by how well their keys fit its query."),
        ("scaled dot product attention", "query key value"),
    ),
    "multi_head_attention": Ready(
        msg("Attention of a query to keys and values, by several heads side by side."),
        ("multihead attention", "cross attention", "query key value"),
    ),
    "transformer_encoder_layer": Ready(
        msg("Self-attention and two linear layers, each added to its input and normalized."),
        ("transformer encoder layer", "bert", "post norm"),
    ),
    "transformer_encoder_layer_pre_norm": Ready(
        msg("Self-attention and two linear layers, each normalized before and added to its input."),
        ("transformer encoder layer", "vit", "vision transformer", "pre norm"),
    ),
    "transformer_decoder_layer": Ready(
        msg("Attention to the steps before and to a memory, and two linear layers, each added and normalized."),
        ("transformer decoder layer", "cross attention"),
    ),
    "gru_cell": Ready(msg("One step of a gated recurrent unit, to be scanned over a sequence.")),
    "lstm_cell": Ready(msg("One step of a long short-term memory, to be scanned over a sequence.")),
}  # fmt: skip


class Entry(NamedTuple):
    """A file of a library. `problem` says why it cannot be used; `name` is then that of the file."""

    file: str
    name: str
    help: Message | str
    path: Path
    problem: Message | None = None
    synonyms: tuple[str, ...] = ()


def ready_blocks() -> list[Entry]:
    """The blocks that ship with the application."""
    return [_entry(FOLDER / f"{name}{files.SUFFIX}") for name in READY]


def my_folder() -> Path:
    """Where the blocks of the person are kept unless another folder is named."""
    return data_folder() / "blocks"


def my_blocks(folder: Path) -> list[Entry]:
    """The blocks of the person, by file name. A folder that does not exist has none."""
    return [_entry(path) for path in sorted(folder.glob(f"*{files.SUFFIX}"))]


def save_to_library(block: Block, definitions: Definitions, folder: Path) -> Path:
    """Write a block, with all that it contains and an example of its use, as a file of its own.

    A file that shows a block of the same name is replaced (its former state stays beside it); one that shows another is not.

    Returns:
        The path of the file.

    Raises:
        FileError: it could not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            msg("'{file}' could not be saved: {reason}", file=str(folder), reason=explain(error))
        ) from error
    path = _place(folder, block.name)
    files.save(example(block, definitions), path)
    return path


def put_away(path: Path) -> Path:
    """Take a file out of a library: it stays beside the others as a former state, with `~` behind its name.

    Raises:
        FileError: it could not be renamed.
    """
    kept = path.with_name(f"{path.name}~")
    try:
        path.replace(kept)
    except OSError as error:
        raise FileError(
            msg("'{file}' could not be put away: {reason}", file=str(path), reason=explain(error))
        ) from error
    return kept


def take(definitions: Definitions, entry: Entry) -> tuple[Definitions, str]:
    """Bring the block of a file into a document; a block that is there already, just the same, is not taken twice.

    Returns:
        The definitions with the block and all that it contains, and the block's id among them.

    Raises:
        FileError: the file cannot be read, or its drawing shows no block.
    """
    project = files.load(entry.path)
    block = _shown(project, entry.path)
    needed = used_definitions(block.graph, project.definitions).put_block(block)
    definitions, types = adopt(definitions, needed)
    return definitions, types[PREFIX + block.id].removeprefix(PREFIX)


def example(block: Block, definitions: Definitions) -> Project:
    """A document with a block, all that it contains, and one instance between Input and Output nodes.

    A block with states is scanned along sequences of `STEPS` steps.
    """
    kept = used_definitions(block.graph, definitions).put_block(block)
    scanned = bool(states(block))
    graph, sources = _inputs(block, scanned=scanned)
    instance = _node(graph, PREFIX + block.id, stem_of(block.name, "block"), {"use": SCAN} if scanned else {})
    graph = graph.add(instance)
    for name, source in sources.items():
        graph = graph.connect(Link(source, Port(instance.id, name)))
    graph = _with_outputs(graph, block, instance.id)
    return Project(graph.move(tidy(graph)), name=f"{block.name} example", definitions=kept)


# ---- the drawing of an example


def _inputs(block: Block, *, scanned: bool) -> tuple[Graph, dict[str, Port]]:
    """Input nodes for a block, and which of its inputs each feeds; states begin as zeros."""
    graph, sources = Graph(), {}
    for entry in block.graph.nodes.values():
        if entry.type != INPUT or entry.name in states(block).values():
            continue
        shape = declared_shape(block, entry, defaults(block)) or (1,)
        steps = (STEPS,) if scanned and entry.name not in whole_inputs(block) else ()
        params: dict[str, Value] = {"shape": (*steps, *shape)}
        if "dtype" in entry.params:
            params["dtype"] = entry.params["dtype"]
        node = _node(graph, INPUT, entry.name, params)
        graph = graph.add(node)
        sources[entry.name] = Port(node.id, "output")
    return graph, sources


def _with_outputs(graph: Graph, block: Block, instance: NodeId) -> Graph:
    for entry in block.graph.nodes.values():
        if entry.type == OUTPUT:
            node = _node(graph, OUTPUT, entry.name)
            graph = graph.add(node).connect(Link(Port(instance, entry.name), Port(node.id, "input")))
    return graph


def _node(graph: Graph, type_id: str, name: str, params: dict[str, Value] | None = None) -> Node:
    free = name if name not in graph.names else graph.free_name(name)
    return Node(graph.free_id(), type_id, free, params or {})


# ---- files


def _entry(path: Path) -> Entry:
    """What a file offers; it is read again only if it has changed."""
    try:
        found = path.stat()
    except OSError:
        return _read(path, None)
    return _read(path, (found.st_ino, found.st_mtime_ns, found.st_size))


@lru_cache(maxsize=256)
def _read(path: Path, _version: tuple[int, ...] | None) -> Entry:
    try:
        block = _shown(files.load(path), path)
    except FileError as error:
        return Entry(path.stem, path.stem, error.message, path, error.message)
    if path.parent == FOLDER:
        text, synonyms = READY[path.stem]
        return Entry(path.stem, block.name, text, path, synonyms=synonyms)
    return Entry(path.stem, block.name, block.help, path)


def _shown(project: Project, path: Path) -> Block:
    """The block of the first instance in a drawing.

    Raises:
        FileError: there is none.
    """
    for node in project.graph.nodes.values():
        if (block := block_of(node, project.definitions)) is not None:
            return block
    raise FileError(
        msg(
            "The drawing in '{file}' shows no block. Put an instance of the block that it is about into it.",
            file=str(path),
        )
    )


def _place(folder: Path, name: str) -> Path:
    """Where a block of that name goes: to the file that shows it already, or to a new one."""
    stem, number = stem_of(name, "block"), 2
    path = folder / f"{stem}{files.SUFFIX}"
    while path.exists() and _entry(path).name != name:
        path, number = folder / f"{stem}{number}{files.SUFFIX}", number + 1
    return path
