"""What people type when they look for a layer, and what they mean by it: the same in both languages, and at once."""

from __future__ import annotations

from time import process_time

import pytest

from graph.catalog import CATALOG
from graph.messages import set_language
from gui.panels.search import COMMON, rank
from gui.shelf import shelf_type
from runtime.library import ready_blocks

MEANT_FIRST = {
    # names, whole and begun
    "conv": "Conv2d", "conv2": "Conv2d", "conv1d": "Conv1d", "linear": "Linear", "relu": "ReLU", "lstm": "LSTM",
    "gru": "GRU", "maxpool": "MaxPool2d", "maxpool2d": "MaxPool2d", "dropout": "Dropout", "drop": "Dropout",
    "flatten": "Flatten", "soft": "Softmax", "cross": "CrossEntropyLoss", "bce": "BCEWithLogitsLoss", "emb": "Embedding",
    "add": "Add", "transpose": "Transpose", "norm": "Norm", "conv t": "ConvTranspose2d", "max pool": "MaxPool2d",
    "batch norm": "BatchNorm2d", "layer-norm": "LayerNorm", "avg pool": "AvgPool2d", "leaky": "LeakyReLU",
    # initials and abbreviations
    "bn": "BatchNorm2d", "bn2": "BatchNorm2d", "ln": "LayerNorm", "gn": "GroupNorm", "ce": "CrossEntropyLoss",
    "mse": "MSELoss", "l1": "L1Loss", "fc": "Linear", "mha": "MultiheadAttention", "gap": "AdaptiveAvgPool2d",
    "mp2": "MaxPool2d", "sdpa": "ScaledDotProductAttention", "r2": "R²", "@": "MatMul", "bmm": "BatchMatMul",
    # slips of the finger
    "covn2d": "Conv2d", "con2d": "Conv2d", "lienar": "Linear", "droput": "Dropout", "batchnrom": "BatchNorm2d",
    "softmxa": "Softmax", "atention": "MultiheadAttention", "embeding": "Embedding", "flaten": "Flatten", "rleu": "ReLU",
    "cros entropy": "CrossEntropyLoss",
    # other names and uses
    "dense": "Linear", "fully connected": "Linear", "convolution": "Conv2d", "deconv": "ConvTranspose2d",
    "swish": "SiLU", "global average pooling": "AdaptiveAvgPool2d", "concat": "Concatenate", "merge": "Concatenate",
    "resize": "Resize", "residual": "BasicBlock", "self attention": "MultiheadAttention", "csv": "Table",
    "mnist": "Images", "digits": "Images", "word2vec": "Embedding", "lambda": "Expression", "depthwise": "Conv2d",
    "overfitting": "Dropout", "classification": "CrossEntropyLoss", "regression": "MSELoss",
    "activation": "ReLU", "loss": "CrossEntropyLoss", "unet": "UNetStage", "noise": "Noise", "accuracy": "Accuracy",
    # Chinese, with and without the words for layer, function and loss
    "卷积": "Conv2d", "卷积层": "Conv2d", "一维卷积": "Conv1d", "转置卷积": "ConvTranspose2d", "反卷积": "ConvTranspose2d",
    "全连接": "Linear", "全连接层": "Linear", "线性": "Linear", "池化": "MaxPool2d", "最大池化层": "MaxPool2d",
    "平均池化": "AvgPool2d", "全局平均池化": "AdaptiveAvgPool2d", "批归一化": "BatchNorm2d", "批量归一化层": "BatchNorm2d",
    "层归一化": "LayerNorm", "激活": "ReLU", "relu激活函数": "ReLU", "丢弃": "Dropout", "展平": "Flatten",
    "交叉熵": "CrossEntropyLoss", "交熵": "CrossEntropyLoss", "交叉熵损失函数": "CrossEntropyLoss", "均方误差": "MSELoss",
    "损失函数": "CrossEntropyLoss", "长短期记忆": "LSTM", "循环神经网络": "LSTM", "注意力": "MultiheadAttention",
    "多头注意力": "MultiheadAttention", "嵌入": "Embedding", "词向量": "Embedding", "残差": "BasicBlock", "拼接": "Concatenate",
    "相加": "Add", "上采样": "Upsample", "转置": "Transpose", "重塑": "Reshape", "准确率": "Accuracy", "图片": "Images",
    "表格": "Table", "输入": "Input", "输出": "Output", "位置编码": "PositionalEncoding", "矩阵乘": "MatMul", "噪声": "Noise",
}  # fmt: skip
AMONG_THREE = {
    "trasnformer": "Transformer", "mean absolute": "L1Loss",
    "pool": "AvgPool2d", "norm": "BatchNorm2d", "mae": "Mean absolute error", "transformer": "TransformerEncoderLayer",
    "attention": "ScaledDotProductAttention", "encoder": "TransformerEncoderLayer", "view": "Reshape", "in": "Input",
    "upsample": "Interpolate", "image": "Images", "gate": "GRU", "数据集": "Table", "插值": "Interpolate",
    "编码器": "TransformerEncoder", "变换器": "Transformer", "自注意力": "SelfAttention", "二分类损失": "BCELoss",
}  # fmt: skip


@pytest.fixture(scope="module")
def shelf():
    return [shelf_type(entry) for entry in ready_blocks()]


@pytest.fixture(params=["en", "zh_CN"])
def language(request):
    set_language(request.param)


@pytest.mark.parametrize(("query", "meant"), MEANT_FIRST.items())
def test_what_is_meant_comes_first(language, shelf, query, meant):
    found = [node_type.label for node_type in rank(query, CATALOG.values(), shelf)]
    assert found[:1] == [meant], found[:5]


@pytest.mark.parametrize(("query", "meant"), AMONG_THREE.items())
def test_what_is_meant_is_among_the_first(language, shelf, query, meant):
    found = [node_type.label for node_type in rank(query, CATALOG.values(), shelf)]
    assert meant in found[:3], found[:5]


@pytest.mark.parametrize("query", ["zebra", "conv zebra", "qqqq", "斑马"])
def test_what_nobody_means_finds_nothing(language, shelf, query):
    assert rank(query, CATALOG.values(), shelf) == []


def test_a_name_is_found_by_every_beginning_of_it(shelf):
    """With each letter more, the type stays among what is found, and at the end it is first."""
    for label in COMMON:
        for length in range(2, len(label) + 1):
            found = [t.label for t in rank(label[:length], CATALOG.values(), shelf)]
            assert label in found, label[:length]
        assert found[0] == label


def test_what_is_preferred_comes_before_what_is_called_the_same_way(shelf):
    types, preferred = list(CATALOG.values()), {"torch.nn.Conv1d", "torch.nn.Linear", "torch.nn.BatchNorm1d"}
    found = {
        query: rank(query, types, shelf, preferred=preferred)[0].label for query in ("", "conv", "batchn", "conv2d")
    }
    assert found[""] in ("Conv1d", "Linear", "BatchNorm1d")
    assert (found["conv"], found["batchn"], found["conv2d"]) == ("Conv1d", "BatchNorm1d", "Conv2d")
    assert len(rank("", types, shelf, preferred=preferred)) == len(rank("", types, shelf))


def test_what_is_common_is_there():
    assert set(COMMON) <= {node_type.label for node_type in CATALOG.values()}


def test_a_keystroke_is_answered_at_once(shelf):
    types = list(CATALOG.values())
    rank("warm", types, shelf)
    took = {}
    for query in ("c", "conv", "covn2d", "global average pooling", "qqqqqq", "卷积", "relu激活函数"):
        times = []
        for _ in range(5):
            begun = process_time()
            rank(query, types, shelf)
            times.append(process_time() - begun)
        took[query] = min(times) * 1000
    assert len(types) + len(shelf) > 250
    assert {query: ms for query, ms in took.items() if ms >= 50} == {}  # 1 to 11 here; a person feels 50
