"""Trains in an exported job folder: what its `train.py` calls (see `runtime.export.job`)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from graph import files
from graph.catalog import CATALOG
from graph.catalog.types import Kind
from graph.messages import DataError, LayerloomError, msg, tr
from graph.model import Node, Project
from runtime import cli, cli_text
from runtime.data.sources import PREFIX
from runtime.distributed import is_follower, others_let_go
from runtime.trust import PLACE

PROJECT, ALLOWED, RUNS, HERE = "project.layerloom", "allowed_code.json", "runs", "project-here.layerloom"


def main(home: Path, argv: Sequence[str]) -> int:
    """Train the drawing of a job folder; the options are those of the verb `train`, and `--data FOLDER`.

    Returns the exit status: 0 where the run finished, 1 where something is wrong, 2 for wrong options, 130 if interrupted.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data", action="append", default=[], type=Path)
    wished, rest = parser.parse_known_args(argv)
    if {"-h", "--help"} & set(rest):
        print(tr("--data FOLDER: where the files of the data lie that were too large for this folder.") + "\n")
    if (home / ALLOWED).is_file():  # who starts the Python in this folder trusts the Python in its drawing
        os.environ[PLACE] = str(home / ALLOWED)
    drawing = home / PROJECT
    try:
        if not is_follower():  # the others hear from process 0 what is trained
            with others_let_go():
                drawing = find_data(home, [folder.absolute() for folder in wished.data])
    except LayerloomError as error:
        print(cli_text.error_text(error), file=sys.stderr)
        return cli.WRONG
    words = ["train", str(drawing), "--out", str(home / RUNS), *rest]
    return cli.main(words, open_window=_no_window, draw_picture=_no_pictures)


def find_data(home: Path, folders: Sequence[Path]) -> Path:
    """The drawing to train: that of the folder, or a copy of it beside it whose data nodes read from other folders.

    Raises:
        DataError: a file is in none of them.
    """
    project = files.load(home / PROJECT)
    found: dict[tuple[str, str], str] = {}
    for node, name, source in sources(project):
        if (home / source).exists():
            continue
        place = next((p for folder in folders for p in _places(folder, source) if p.exists()), None)
        if place is None:
            raise DataError(
                msg("'{file}', which '{node}' reads, is not in this folder: it was too large to travel along. Say where it lies: "
                    "python train.py --data FOLDER", file=source, node=node.name),
                node=node.id,
            )  # fmt: skip
        found[node.id, name] = str(place)
    if not found:
        return home / PROJECT
    files.save(with_sources(project, found), home / HERE)
    return home / HERE


def sources(project: Project) -> list[tuple[Node, str, str]]:
    """The files and folders that data nodes read: node, parameter, path. Built-in sets are not among them."""
    return [
        (node, param.name, path)
        for node in project.graph.nodes.values()
        if node.type in CATALOG
        for param in CATALOG[node.type].params
        if param.kind is Kind.FILE
        and isinstance(path := CATALOG[node.type].values(node)[param.name], str)
        and path.strip()
        and not path.startswith(PREFIX)
    ]


def with_sources(project: Project, paths: dict[tuple[str, str], str]) -> Project:
    """The project whose nodes read from other places, given by node id and parameter; what they remember stays."""
    graph = project.graph
    for (node, name), path in paths.items():
        facts = graph.nodes[node].facts
        graph = graph.set_params(node, {name: path})
        if facts is not None:
            graph = graph.set_facts(node, facts)
    return project.with_graph(graph)


def _places(folder: Path, source: str) -> tuple[Path, ...]:
    """Where a file `data/NODE/NAME` may lie in a folder that a person names."""
    *_, node, name = PurePosixPath(source).parts
    return folder / node / name, folder / name


def _no_window(_path: Path | None) -> int:
    raise DataError(msg("A job folder has no window. Train with: python train.py"))


def _no_pictures(*_: object, **__: object) -> None:
    raise DataError(msg("A job folder draws no pictures. Train with: python train.py"))
