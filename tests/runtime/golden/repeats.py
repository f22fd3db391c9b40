"""Drawn with Layerloom."""

import torch
from torch import nn


class DenseLayer(nn.Module):
    """x B × in_features -> y B × …."""

    def __init__(self, in_features, growth=4):
        super().__init__()
        self.fc = nn.Linear(in_features, growth)
        self.relu = nn.ReLU()

    def forward(self, x):
        fc = self.fc(x)  # B × 4
        relu = self.relu(fc)  # B × 4
        joined = torch.cat([x, relu], dim=1)  # B × …
        return joined


class Step(nn.Module):
    """x B × …, context B × 8 -> y B × 12."""

    def __init__(self, in_features, width=12):
        super().__init__()
        self.fc = nn.Linear(in_features, width)
        self.tanh = nn.Tanh()

    def forward(self, x, context):
        both = torch.cat([x, context], dim=1)  # B × in_features
        fc = self.fc(both)  # B × 12
        tanh = self.tanh(fc)  # B × 12
        return tanh


class Repeats(nn.Module):
    """features B × 8 -> logits B × 3; 1,551 parameters."""

    def __init__(self):
        super().__init__()
        self.dense = nn.ModuleList(DenseLayer(8 + 4 * i) for i in range(3))
        self.steps = nn.ModuleList([Step(28), *(Step(20) for _ in range(3))])
        self.same = Step(20)
        self.logits = nn.Linear(12, 3)

    def forward(self, features):
        dense = features
        for layer in self.dense:
            dense = layer(dense)  # B × 20
        steps = dense
        for layer in self.steps:
            steps = layer(steps, features)  # B × 12
        same = steps
        for _ in range(2):
            same = self.same(same, features)  # B × 12
        logits = self.logits(same)  # B × 3
        return logits
