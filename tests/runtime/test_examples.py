"""The examples: complete, right, canonical, and the data they remember is the data that ships."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from graph import files
from graph.catalog import Role
from graph.messages import FileError
from graph.validation import validate
from runtime import examples
from runtime.analyser import analyse
from runtime.data import describe, prepare, used_data_nodes

PARAMETERS = {
    "lenet5_digits": 61_706, "mlp_digits": 6_570, "mlp_regression": 2_689, "spirals_mlp": 4_547, "moons_mlp": 42,
    "overfitting": 301_066, "cnn_digits": 21_482, "resnet_digits": 56_362, "clips_conv3d": 3_764, "waves_conv1d": 6_913,
    "reviews_mean": 882, "reviews_textcnn": 11_202, "deep_bigru": 33_314, "tagger_bilstm": 14_039, "memory_rnn": 3_874,
    "memory_lstm": 10_210, "memory_gru": 8_098, "attention_by_hand": 5_314, "transformer_reviews": 19_234, "char_lm": 78_618,
    "gpt_chars": 107_578, "autoencoder_digits": 4_744, "vae_digits": 19_792, "gan_points": 9_283, "gan_digits": 34_305,
    "word2vec_skipgram": 11_472, "word2vec_cbow": 11_472, "wgan_gp_points": 9_283, "pix2pix_shapes": 215_668,
    "descent_batches": 246, "optimizers_race": 492, "learning_rates": 246, "initializations": 135_720, "gradient_clipping": 2_306,
    "overfitting_cures": 510_012, "clips_cnn_lstm": 51_260, "seq2seq_gru": 163_231, "seq2seq_attention": 85_215,
    "transformer_translate": 185_961, "read_digits": 30_651,
}  # fmt: skip
WITHOUT_METRIC = {"char_lm", "word2vec_skipgram", "optimizers_race", "gradient_clipping", "overfitting_cures"}
LOSSES = {
    "gan_points": 3,
    "gan_digits": 3,
    "wgan_gp_points": 3,
    "pix2pix_shapes": 4,
    "vae_digits": 2,
    "word2vec_skipgram": 2,
    "descent_batches": 3,
    "optimizers_race": 6,
    "learning_rates": 3,
    "initializations": 4,
    "gradient_clipping": 2,
    "overfitting_cures": 6,
}
CARD = (148, 66)  # width and height of a node's card


def test_the_examples_are_the_files_that_ship() -> None:
    shipped = {path.stem for path in examples.FOLDER.glob("*.layerloom")}
    assert set(examples.names()) - set(examples.architectures()) == shipped == set(PARAMETERS)


def test_an_unknown_example_is_refused_with_the_names() -> None:
    with pytest.raises(FileError, match="mlp_digits"):
        examples.path("lenet")


@pytest.mark.parametrize("name", PARAMETERS)
class TestExample:
    """What holds for each of them."""

    def test_has_a_title_and_a_sentence(self, name: str) -> None:
        title, sentence = map(str, examples.describe(name))
        assert title
        assert sentence.endswith(".")

    def test_is_canonical_text(self, name: str) -> None:
        text = examples.path(name).read_text("utf-8")
        assert files.to_text(files.from_text(text)) == text

    def test_has_no_problems_and_the_known_size(self, name: str) -> None:
        project = files.load(examples.path(name))
        assert validate(project, project.catalog) == ()
        analysis = analyse(project)
        assert analysis.problems == ()
        assert analysis.parameters == PARAMETERS[name]

    def test_remembers_the_data_that_ships(self, name: str) -> None:
        project = files.load(examples.path(name))
        (node,) = used_data_nodes(project.graph)
        assert node.facts == describe(node)
        data = prepare(project)
        assert data.train.count + data.validation.count + data.test.count == node.facts["samples"]

    def test_measures_more_than_its_loss(self, name: str) -> None:
        project = files.load(examples.path(name))
        roles = [project.catalog[node.type].role for node in project.graph.nodes.values()]
        assert roles.count(Role.LOSS) == LOSSES.get(name, 1)
        assert (roles.count(Role.METRIC) == 0) is (name in WITHOUT_METRIC)

    def test_cards_do_not_overlap(self, name: str) -> None:
        positions = [node.position for node in files.load(examples.path(name)).graph.nodes.values()]
        assert (min(x for x, _ in positions), min(y for _, y in positions)) == (0, 0)
        for (ax, ay), (bx, by) in combinations(positions, 2):
            assert abs(ax - bx) >= CARD[0] or abs(ay - by) >= CARD[1]


def test_the_linear_fit_is_as_good_as_the_regression_example_says() -> None:
    data = prepare(files.load(examples.path("mlp_regression")))
    (x, y), (test_x, test_y) = ([t.double().numpy() for t in part.tensors.values()] for part in (data.train, data.test))
    with_bias = [np.hstack([table, np.ones((len(table), 1))]) for table in (x, test_x)]
    weights = np.linalg.lstsq(with_bias[0], y)[0]
    r_squared = 1 - ((with_bias[1] @ weights - test_y) ** 2).sum() / ((test_y - test_y.mean()) ** 2).sum()
    assert f"linear fit {r_squared:.2f}" in str(examples.describe("mlp_regression").sentence)
