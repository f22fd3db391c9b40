"""The command line: what each verb prints, where, and with which exit status."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import main as front_door
from drawings import Drawing, lenet5, mlp
from graph import files
from graph.model import Link, Port
from graph.plan import Plan
from runtime import cli_text, cli_verbs, examples
from runtime.places import state_folder
from trainings import with_facts

ROOT = Path(__file__).resolve().parent.parent


def _mismatched() -> Drawing:
    d = mlp()
    d.graph = d.graph.set_params(d.id("fc2"), {"in_features": 7})
    return d


# ---- looking


def test_examples_are_listed_by_name_and_every_verb_takes_the_name(run):
    status, out, _ = run("examples")
    assert status == 0 and [line.split()[0] for line in out.splitlines()] == list(examples.names())
    for name in examples.names():
        status, out, err = run("check", name)
        begin = "warning: (no-loss)" if name in examples.architectures() else "no problems: "
        assert (status, err) == (0, "") and out.startswith(begin)


def test_summary_is_a_table_in_the_order_of_execution_with_totals(run, drawn):
    status, out, _ = run("summary", drawn(lenet5()))
    head, rule, *rows = out.splitlines()
    titles = ["layer", "type", "output", "parameters", "%", "MACs", "%", "memory", "(KiB)"]
    assert status == 0 and head.split() == titles and set(rule) == {"-", " "}
    assert rows[1].split() == ["conv1", "Conv2d", "B×6×28×28", "156", "0.3", "117,600", "28.2", "19.0"]
    assert rows[-1].startswith("61,706 parameters, 416,520 multiply-accumulates a sample, ")
    assert len({len(row) for row in rows if row.startswith(("conv", "fc", "logits"))}) == 1  # flush right


def test_code_goes_to_stdout_or_to_a_file_and_is_python(run, drawn, project_folder):
    path = drawn(lenet5())
    status, out, err = run("code", path)
    assert (status, err) == (0, "") and "class LeNet5(nn.Module):" in out
    compile(out, "model.py", "exec")
    assert run("code", path, "-o", project_folder / "model.py")[:2] == (0, "")
    assert (project_folder / "model.py").read_text("utf-8") == out


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_render_writes_a_picture_even_of_a_drawing_with_problems(run, drawn, project_folder, suffix, qapp):
    picture = project_folder / f"figure.{suffix}"
    status, out, _ = run("render", drawn(_mismatched()), "-o", picture)
    assert status == 0 and picture.stat().st_size > 500
    assert out == f"{picture}  {suffix.upper()}, {picture.stat().st_size / 1024:,.1f} KiB\n"


def test_check_prints_a_line_for_each_problem_and_where_it_is(run, drawn):
    status, out, _ = run("check", drawn(_mismatched()))
    assert status == 1
    (line,) = (line for line in out.splitlines() if line.startswith("error: "))
    assert line.startswith("error: fc2 (pinned-size): ")


# ---- what can be wrong


def _broken_files(folder: Path) -> dict[str, str]:
    good = json.loads(files.to_text(mlp().project))
    loose = {**good, "links": [*good["links"], ["n1", "image", "n99", "input"]]}
    unknown = {**good, "nodes": [{**good["nodes"][0], "type": "layerloom.NoSuch"}, *good["nodes"][1:]]}
    return {
        "not json": "hello",
        "another version": json.dumps({**good, "version": 999}),
        "a link to nowhere": json.dumps(loose),
        "an unknown node type": json.dumps(unknown),
        "another format": json.dumps({"nodes": []}),
        "empty": "",
    }


@pytest.mark.parametrize("kind", _broken_files(Path()))
@pytest.mark.parametrize("verb", ["check", "summary", "code", "train"])
def test_a_broken_file_is_a_sentence_and_stays_as_it_is(run, project_folder, kind, verb):
    path = project_folder / "broken.layerloom"
    path.write_text(_broken_files(Path())[kind], "utf-8")
    before = path.read_bytes()
    status, out, err = run(verb, path)
    assert status == 1 and "error: " in out + err and "Traceback" not in err and "mistake" not in err
    assert path.read_bytes() == before and [p.name for p in project_folder.iterdir()] == ["broken.layerloom"]


def _cycle() -> Drawing:
    d = mlp()
    end, start = d.port("relu2"), Port(d.id("fc1"), "input")
    d.graph = d.graph.disconnect([d.graph.links[start]]).connect(Link(end, start))
    return d


@pytest.mark.parametrize(("draw", "code"), [(_cycle, "cycle"), (_mismatched, "pinned-size")])
def test_a_wrong_drawing_is_named_and_nothing_is_trained(run, drawn, project_folder, draw, code):
    path = drawn(draw())
    for verb in (["check"], ["summary"], ["code"], ["train"], ["train", "--json"]):
        status, out, err = run(*verb, path)
        assert status == 1 and f"({code}): " in out + err, verb
    assert json.loads(out.splitlines()[-1])["event"] == "Failed"
    assert not (project_folder / "net.runs").exists()


def test_missing_data_and_wrong_labels_are_named(run, small, project_folder):
    project = files.load(small)
    (digits,) = (node for node in project.graph.nodes.values() if node.name == "digits")
    moved = project.graph.set_params(digits.id, {"source": "gone.npz"})
    files.save(project.with_graph(moved), small)
    status, out, err = run("train", small, "--json")
    assert status == 1 and "gone.npz" in err and json.loads(out.splitlines()[-1])["event"] == "Failed"

    import numpy as np

    np.savez(project_folder / "gone.npz", image=np.zeros((9, 8, 8), np.uint8), label=np.full(9, -1))
    status, out, err = run("train", small)
    assert status == 1 and "gone.npz" in err and "label" in err


def test_a_full_disk_and_a_folder_without_permission_are_sentences(run, small, project_folder, monkeypatch):
    for code, reason in ((errno.ENOSPC, "disk is full"), (errno.EACCES, "no permission")):

        def refuse(*_, code=code):
            raise OSError(code, "refused")

        with monkeypatch.context() as patch:
            patch.setattr("graph.atomic.os.fsync", refuse)
            status, out, err = run("train", small, "--json", "--epochs", 1)
            assert status == 1 and reason in err and json.loads(out.splitlines()[-1])["event"] == "Failed"
            status, _, err = run("code", small, "-o", project_folder / "model.py")
            assert status == 1 and reason in err and not (project_folder / "model.py").exists()


@pytest.mark.parametrize(
    "verb", [["check"], ["train"], ["train", "--json"], ["predict"], ["export", "--format", "onnx", "-o", "x"]]
)
def test_an_unknown_example_is_answered_with_those_that_exist(run, verb):
    status, out, err = run(*verb, "lenet5_digit")
    assert status == 1
    assert "no file or example 'lenet5_digit'" in err and "mlp_digits" in err and "Did you mean lenet5_digits?" in err
    assert not out or json.loads(out)["event"] == "Failed"


def test_a_path_that_leads_nowhere_is_answered_with_what_is_there(run, small, project_folder):
    status, _, err = run("check", small.with_name("smal.layerloom"))
    assert status == 1 and f"There is no file '{small.with_name('smal.layerloom')}'." in err
    assert f"Most like it there: {small.name}." in err and "lenet5" not in err
    gone = project_folder / "gone"
    _, _, err = run("render", gone / "net.layerloom", "-o", "x.svg")
    assert f"the folder '{gone}' does not exist" in err and "lenet5" not in err
    _, _, err = run("check", "lenet5_digit.layerloom")
    assert str(project_folder / "lenet5_digit.layerloom") in err and "The examples are" not in err


def test_a_network_that_was_never_trained_has_nothing_to_predict_or_to_export_but_its_code(run, small, project_folder):
    for argv in (["predict", small], ["export", small, "--format", "python", "-o", "net"]):
        status, _, err = run(*argv)
        assert status == 1 and "Train it first" in err
    assert run("export", small, "--format", "code", "-o", "net.py")[0] == 0
    assert (project_folder / "net.py").is_file()


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["check", "--jsn", "x"], "'--jsn' does not belong here"),
        (["train", "mlp_digits", "--epoch", "3"], "Did you mean --epochs?"),
        (["train", "mlp_digits", "--epochs", "0"], "'0' is not a whole number from 1"),
        (["train", "mlp_digits", "--lr", "fast"], "'fast' is not a number above 0"),
        (["render", "mlp_digits", "-o", "x.gif"], ".svg, .png, .pdf"),
        (["export", "mlp_digits", "--format", "zip", "-o", "x"], "zip"),
        (["check"], "FILE"),
        (["--language", "xx", "examples"], "xx"),
    ],
)
def test_usage_errors_have_status_2_and_say_what_was_meant(run, argv, hint):
    status, out, err = run(*argv)
    assert (status, out) == (2, "") and hint in err


@pytest.mark.parametrize("argv", [["predict", "."], ["export", ".", "--format", "code", "-o", "x.py"]])
def test_a_folder_that_is_no_run_is_said_to_be_none(run, project_folder, argv):
    status, _, err = run(*argv)
    assert status == 1 and "is not the folder of a run" in err


def test_a_layer_that_cannot_compute_one_sample_is_named(run, project_folder):
    d = Drawing("Net", Plan(epochs=1, device="cpu"))
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    x = d.add("nn.Flatten", "flatten1", d.port("digits", "image"))
    x = d.add("nn.BatchNorm1d", "norm1", x, track_running_stats=False)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Linear", "fc", x, out_features=10), d.port("digits", "label"))
    path = project_folder / "net.layerloom"
    files.save(with_facts(d.project), path)
    Image.new("L", (8, 8)).save("one.png")
    assert run("train", path)[0] == 0
    for argv in (["predict", path, "one.png"], ["export", path, "--format", "weights", "-o", "w"]):
        status, out, err = run(*argv)
        assert status == 1 and err.startswith("error: 'norm1' could not compute its output") and not out


def test_closed_and_full_outputs_are_no_mistake_of_ours(drawn):
    path = drawn(lenet5())
    check = f"{sys.executable} {ROOT / 'main.py'} check {path}"
    closed = subprocess.run(["sh", "-c", f"{check} >&-"], capture_output=True, text=True, check=False)
    assert (closed.returncode, closed.stderr) == (0, "")
    if Path("/dev/full").exists():
        full = subprocess.run(["sh", "-c", f"{check} >/dev/full"], capture_output=True, text=True, check=False)
        assert full.returncode == 1 and full.stderr.startswith("error: output: The disk is full")


def test_a_word_that_is_neither_verb_nor_file_is_wrong_input(run):
    status, out, err = run("chek", "lenet5_digits")
    assert (status, out) == (1, "") and err.startswith("error: 'chek'") and "Did you mean check?" in err
    status, _, err = run("xyzzy")
    assert status == 1 and "check, summary, code, render, train" in err


def test_a_mistake_of_ours_is_one_sentence_and_a_report(run, monkeypatch, state_home, drawn):
    monkeypatch.setattr(cli_verbs, "analyse", lambda _: 1 / 0)
    status, out, err = run("check", drawn(mlp()))
    assert (status, out) == (1, "") and err.count("\n") == 1 and "ZeroDivisionError" in err
    (report,) = (state_folder() / "reports").iterdir()
    assert str(report) in err and state_home in report.parents and "Traceback" in report.read_text("utf-8")
    monkeypatch.setenv("LAYERLOOM_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("check", drawn(mlp()))


# ---- the front door


@pytest.mark.parametrize("argv", [[], ["net.layerloom"], ["open"], ["open", "mlp_digits"], ["mlp_digits"]])
def test_without_a_verb_the_window_opens(monkeypatch, drawn, argv):
    drawn(mlp())
    opened = []
    monkeypatch.setattr(front_door, "_open_window", lambda path: opened.append(path) or 0)
    assert front_door.main(argv) == 0
    assert [path and path.name for path in opened] == [
        {"mlp_digits": "mlp_digits.layerloom", "open": None}.get(argv[-1], argv[-1]) if argv else None
    ]


def test_without_a_display_the_window_is_refused_in_words(run, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert run() == (1, "", "error: There is no display to open a window on. The verbs need none: see --help.\n")
    assert "gone.layerloom" in run("gone.layerloom")[2]


def test_output_into_a_pipe_is_utf_8_whatever_the_locale(drawn, monkeypatch):
    path = drawn(mlp())
    for name, value in (("LC_ALL", "C"), ("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0")):
        monkeypatch.setenv(name, value)
    assert "B×64" in _process("summary", str(path), encoding="utf-8").stdout


def test_tables_line_up_with_wide_letters_too():
    lines = cli_text.table(("名称", "n"), [("conv1", "1"), ("卷积", "10")], right=(1,)).splitlines()
    assert lines == ["名称    n", "-----  --", "conv1   1", "卷积   10"]


def test_the_language_follows_the_option_or_the_environment():
    from runtime.cli_parser import language_of

    assert language_of(["check", "x"], {"LANG": "zh_TW.UTF-8"})[0] == "zh_CN"
    assert language_of(["check", "x"], {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"})[0] == "C"
    assert language_of(["check", "x", "--language", "en"], {"LANG": "zh_CN"}) == ("en", ["check", "x"])


def _process(
    *argv: str, code: str = "import main, sys; sys.exit(main.main())", **settings
) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code, *argv], cwd=ROOT, capture_output=True, text=True, **settings)


def test_listing_examples_loads_neither_torch_nor_qt():
    loaded = "{'torch', 'PySide6', 'networkx', 'numpy'} & sys.modules.keys()"
    code = f"import main, sys; main.main(); print(*{loaded}, file=sys.stderr)"
    done = _process("examples", code=code)
    assert done.returncode == 0 and "mlp_digits" in done.stdout and done.stderr.strip() == ""


def test_a_reader_that_leaves_early_hears_no_complaint():
    code = "import main, sys; sys.stdout.reconfigure(line_buffering=True); sys.exit(main.main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "examples"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.wait() == 1 and process.stderr.read() == b""
    process.stderr.close()
