"""A job folder: the drawing, its plan and its data, with the engine that trains it, for any machine or cluster with PyTorch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from graph import files
from graph.catalog import CATALOG
from graph.code import digest
from graph.messages import DataError, ExportError, msg
from graph.model import Project
from runtime import trust
from runtime.data.sources import BUILTINS, DATASETS, IMAGES, PREFIX, reading
from runtime.data.vocabulary import BPE
from runtime.export.python_project import fill
from runtime.job_folder import ALLOWED, PROJECT, sources, with_sources

if TYPE_CHECKING:
    from runtime.predict import Trained

ROOT = Path(__file__).resolve().parents[2]
ENGINE = "layerloom_engine"
LIMIT = 200 * 10**6  # bytes of data that travel along
_ROOMS = ("graph", "runtime")
_RESOURCES = ("torch_optim.json", "translations/*.json")
_PACKAGES = {  # by the names that they are imported by
    "torch": "torch", "numpy": "numpy", "networkx": "networkx", "msgspec": "msgspec", "safetensors": "safetensors",
    "torchmetrics": "torchmetrics", "PIL": "Pillow",
}  # fmt: skip


def job_files(trained: Trained, name: str) -> dict[str, bytes]:
    """The files of the folder, by their paths in it.

    Data is copied where all of it takes at most `LIMIT` bytes; the paths in the drawing lead to `data/NODE/NAME` in any case.

    Raises:
        ExportError: the application here has no source of its own to copy.
        DataError: the data cannot be read.
    """
    project, folder = trained.project, trained.folder
    data, left = _data(project, folder)
    moved = {(node.id, param): _inside(node.name, path) for node, param, path in sources(project)}
    source = trained.compiled.source
    packages = _packages(project)
    fields = {
        "title": project.name,
        "summary": (trained.model.__doc__ or "").strip(),
        "job": re.sub(r"[^\w-]+", "-", project.name).strip("-") or "job",
        "folder": name,
        "modules": ", ".join(packages),
        "version": _version("layerloom"),
        "data": _words_on_data(left),
    }
    requirements = "".join(f"{package}=={_version(package).partition('+')[0]}\n" for package in packages.values())
    return {
        "train.py": fill("job_train.py", fields),
        "run.sh": fill("job_run.sh", fields),
        "job.sbatch": fill("job.sbatch", fields),
        "README.md": fill("job_README.md", fields),
        "requirements.txt": requirements.encode(),
        "model.py": source.model_text.encode(),
        PROJECT: files.to_text(with_sources(project, moved)).encode(),
        **_allowed(project),
        **data,
        **_engine(project),
    }


def left_behind(project: Project, folder: Path | None) -> list[str]:
    """The folders that `train.py` is to be told of by `--data`, where data does not travel along."""
    _, left = _data(project, folder, read=False)
    return list(dict.fromkeys(str(_place(path, folder).parent) for path in left.values()))


def _data(project: Project, folder: Path | None, *, read: bool = True) -> tuple[dict[str, bytes], dict[str, str]]:
    """What is copied, by its path in the folder, and what is not: that path and the one here."""
    copied: dict[str, bytes] = {}
    left: dict[str, str] = {}
    room = LIMIT
    for node, param, path in sources(project):
        here, inside = _place(path, folder), _inside(node.name, path)
        with reading(here):
            found = dict(_files_of(here))
            size = sum(file.stat().st_size for file in found.values())
        names_others = CATALOG[node.type].id == IMAGES and here.suffix.lower() in (".csv", ".tsv") and param == "source"
        if size > room or names_others:  # a list of images leads to files that lie anywhere
            left[inside] = path
            continue
        room -= size
        if read:
            with reading(here):
                copied |= {f"{inside}/{name}" if name else inside: file.read_bytes() for name, file in found.items()}
    return copied, left


def _place(path: str, folder: Path | None) -> Path:
    return ((folder or Path()) / path).absolute()


def _inside(node: str, path: str) -> str:
    return f"data/{node}/{Path(path).name}"


def _files_of(path: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder by their paths in it; a file by the empty name."""
    if path.is_file():
        yield "", path
    elif path.is_dir():
        yield from ((entry.relative_to(path).as_posix(), entry) for entry in sorted(path.rglob("*")) if entry.is_file())
    else:
        raise DataError(msg("There is no file '{file}'. Check where the data lies.", file=path))


def _words_on_data(left: Mapping[str, str]) -> str:
    if not left:
        return ""
    rows = "".join(f"- `{inside}`, here read from `{Path(path).name}`\n" for inside, path in left.items())
    return (
        "\n## Data\n\nThese were too large to travel along, or lead to files elsewhere. Put them there, or say where they lie: "
        f"`python train.py --data FOLDER`.\n\n{rows}"
    )


def _allowed(project: Project) -> dict[str, bytes]:
    """The hashes of the Python of the person's own nodes, as far as it may run here."""
    hashes = sorted({digest(c.text) for c in project.definitions.codes.values() if trust.is_allowed(c.text)})
    return {ALLOWED: json.dumps({"allowed": hashes}, indent=2).encode()} if hashes else {}


def _engine(project: Project) -> dict[str, bytes]:
    """The packages that train, and the resources that they need for this drawing."""
    if not (ROOT / "runtime" / "job_folder.py").is_file():
        raise ExportError(
            msg(
                "This installation of Layerloom holds no source to copy into a job folder. Install it with pip, and export there."
            )
        )
    resources, used = ROOT / "resources", _builtins(project)
    found = [path for room in _ROOMS for path in (ROOT / room).rglob("*") if path.suffix in (".py", ".template")]
    found += [path for pattern in _RESOURCES for path in resources.glob(pattern)]
    found += [path for path in DATASETS.rglob("*") if path.is_file() and path.relative_to(DATASETS).parts[0] in used]
    found += [path for path in (ROOT / "LICENSE",) if path.is_file()]
    return {f"{ENGINE}/{path.relative_to(ROOT).as_posix()}": path.read_bytes() for path in sorted(found)}


def _builtins(project: Project) -> set[str]:
    """The folders of the built-in sets that the drawing reads."""
    values = (
        value
        for node in project.graph.nodes.values()
        if node.type in CATALOG
        for value in CATALOG[node.type].values(node).values()
    )
    named = (value.removeprefix(PREFIX) for value in values if isinstance(value, str) and value.startswith(PREFIX))
    return {BUILTINS[name].path.relative_to(DATASETS).parts[0] for name in named if name in BUILTINS}


def _packages(project: Project) -> dict[str, str]:
    """What the engine needs for this drawing: names of imports and of packages."""
    more = {}
    if any(path.lower().endswith(".parquet") for _, _, path in sources(project)):
        more["pyarrow"] = "pyarrow"
    if any(node.params.get("tokens") == BPE for node in project.graph.nodes.values()):
        more["tokenizers"] = "tokenizers"
    return _PACKAGES | more


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"
