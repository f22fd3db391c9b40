"""Blocks in files: what the library shows, and how blocks come into documents and out of them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from drawings import Drawing
from graph import files
from graph.messages import FileError
from graph.model import Block, BlockParam, Code, Definitions, Graph, Node
from runtime import library
from runtime.analyser import analyse


def entry(name: str) -> library.Entry:
    return next(found for found in library.ready_blocks() if found.file == name)


def by_name(definitions: Definitions) -> dict[str, Block]:
    return {block.name: block for block in definitions.blocks.values()}


def own_block(factor: int = 2, name: str = "Widened") -> tuple[Block, Definitions]:
    """A block of the person that holds another."""
    d = Drawing("Inner")
    x = d.add("op.Input", "x", shape=(8,))
    d.add("op.Output", "output", d.add("nn.Linear", "fc", x, out_features="=width"))
    d = Drawing(name, definitions=d.as_block(BlockParam("width", 16, "Number of outputs.")))
    x = d.add("op.Input", "x", shape=("=width",))
    d.add("op.Output", "output", d.add("block.Inner", "inner", x, width=f"={factor} * width"))
    definitions = d.as_block(BlockParam("width", 8, "Number of inputs."), help="Twice as wide.")
    return by_name(definitions)[name], definitions


class TestReadyBlocks:
    def test_are_the_files_that_ship(self) -> None:
        assert {found.file for found in library.ready_blocks()} == {path.stem for path in library.FOLDER.glob("*")}

    def test_each_has_a_name_and_a_sentence_that_its_file_has_too(self) -> None:
        for found in library.ready_blocks():
            assert found.problem is None
            block = by_name(files.load(found.path).definitions)[found.name]
            assert str(found.help) == block.help

    def test_can_be_listed_without_torch(self) -> None:
        code = "import sys; from runtime import library; library.ready_blocks(); sys.exit('torch' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], cwd=library.FOLDER.parents[1], check=False).returncode == 0


class TestTaking:
    def test_brings_all_that_the_block_contains(self) -> None:
        definitions, block_id = library.take(Definitions(), entry("transformer_encoder_layer"))
        assert definitions.blocks[block_id].name == "EncoderLayer"
        assert set(by_name(definitions)) == {"SplitHeads", "MultiHeadAttention", "FeedForward", "EncoderLayer"}

    def test_takes_nothing_twice(self) -> None:
        once, first = library.take(Definitions(), entry("transformer_encoder_layer"))
        twice, second = library.take(once, entry("transformer_encoder_layer"))
        assert (twice, second) == (once, first)
        more, _ = library.take(once, entry("transformer_decoder_layer"))
        assert set(by_name(more)) - set(by_name(once)) == {"CausalSelfAttention", "DecoderLayer"}

    def test_keeps_a_changed_block_beside_the_one_of_the_file(self) -> None:
        once, first = library.take(Definitions(), entry("residual"))
        changed = once.put_block(replace(once.blocks[first], help="Mine."))
        both, second = library.take(changed, entry("residual"))
        assert both.blocks[first].help == "Mine."
        assert both.blocks[second].name == "BasicBlock2"
        assert both.blocks[second].graph == once.blocks[first].graph

    def test_gives_fresh_ids_where_theirs_are_taken(self) -> None:
        own, _ = library.take(Definitions(), entry("gru_cell"))
        both, block_id = library.take(own, entry("dense_block"))
        assert len(both.blocks) == 3
        d = Drawing(definitions=both)
        x = d.add("op.Input", "x", shape=(10, 8, 8))
        d.add("op.Output", "y", d.add(f"block.{both.blocks[block_id].name}", "dense", x, layers=3, growth=4))
        analysis = analyse(d.project)
        assert [problem.code for problem in analysis.problems] == ["no-loss"]
        assert analysis.nodes[d.id("dense")].outputs["output"].shape == ("B", 22, 8, 8)

    def test_refuses_a_drawing_without_a_block(self, tmp_path: Path) -> None:
        path = tmp_path / "plain.layerloom"
        files.save(Drawing().project, path)
        with pytest.raises(FileError, match="shows no block"):
            library.take(Definitions(), library.Entry("plain", "plain", "", path))


class TestOwnLibrary:
    def test_what_is_saved_comes_back_the_same(self, tmp_path: Path) -> None:
        block, definitions = own_block()
        unused, _ = library.take(definitions, entry("residual"))
        path = library.save_to_library(block, unused, tmp_path / "blocks")
        (found,) = library.my_blocks(tmp_path / "blocks")
        assert found == library.Entry("widened", "Widened", "Twice as wide.", path)
        back, block_id = library.take(Definitions(), found)
        assert set(by_name(back)) == {"Inner", "Widened"}
        assert back.blocks[block_id].graph.nodes.keys() == block.graph.nodes.keys()
        assert library.take(definitions, found) == (definitions, block.id)

    def test_the_example_in_the_file_has_no_problems(self, tmp_path: Path) -> None:
        analysis = analyse(files.load(library.save_to_library(*own_block(), tmp_path)))
        assert [problem.code for problem in analysis.problems] == ["no-loss"]
        assert analysis.parameters == 8 * 16 + 16

    def test_saving_again_replaces_and_keeps_the_former_state(self, tmp_path: Path) -> None:
        first = library.save_to_library(*own_block(), tmp_path)
        before = first.read_bytes()
        assert library.save_to_library(*own_block(factor=3), tmp_path) == first
        assert first.read_bytes() != before
        assert first.with_name(f"{first.name}~").read_bytes() == before
        assert len(library.my_blocks(tmp_path)) == 1

    def test_another_block_whose_file_name_would_be_the_same_gets_its_own(self, tmp_path: Path) -> None:
        first = library.save_to_library(*own_block(), tmp_path)
        second = library.save_to_library(*own_block(name="WIDENED"), tmp_path)
        assert [first.name, second.name] == ["widened.layerloom", "widened2.layerloom"]
        assert [found.name for found in library.my_blocks(tmp_path)] == ["Widened", "WIDENED"]

    def test_a_file_that_cannot_be_read_is_shown_with_the_reason(self, tmp_path: Path) -> None:
        (tmp_path / "broken.layerloom").write_text("{")
        library.save_to_library(*own_block(), tmp_path)
        broken, good = library.my_blocks(tmp_path)
        assert (broken.file, good.file) == ("broken", "widened")
        assert "broken.layerloom" in str(broken.problem)
        assert good.problem is None

    def test_a_folder_that_is_not_there_has_no_blocks(self, tmp_path: Path) -> None:
        assert library.my_blocks(tmp_path / "none") == []

    def test_a_folder_that_cannot_be_made_is_explained(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(FileError, match="could not be saved"):
            library.save_to_library(*own_block(), tmp_path / "file" / "blocks")

    def test_code_in_a_block_travels_as_text_and_does_not_run(self, tmp_path: Path) -> None:
        mark = tmp_path / "ran"
        code = Code("c1", "Marking", f"open({str(mark)!r}, 'w')\n\ndef Marking(x):\n    return x\n")
        graph = Graph({
            "n1": Node("n1", "layerloom.Input", "x"),
            "n2": Node("n2", "code.c1", "mark"),
        })  # fmt: skip
        block = Block("b1", "Holder", graph)
        library.save_to_library(block, Definitions({"b1": block}, {"c1": code}), tmp_path / "blocks")
        (found,) = library.my_blocks(tmp_path / "blocks")
        definitions, _ = library.take(Definitions(), found)
        assert [entry.text for entry in definitions.codes.values()] == [code.text]
        assert not mark.exists()

    def test_is_among_the_data_of_the_person(self, state_home: Path) -> None:
        assert library.my_folder() == state_home / "data" / "Layerloom" / "blocks"
