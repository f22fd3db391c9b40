"""Drawn with Layerloom."""

from torch import nn


class LanguageModel(nn.Module):
    """tokens B × 6 -> logits B × 6 × 50; 472 parameters."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 8)
        self.fc = nn.Linear(8, 8)
        self.tanh = nn.Tanh()
        self.logits = nn.Linear(8, 50, bias=False)
        self.logits.weight = self.words.weight

    def forward(self, tokens):
        words = self.words(tokens)  # B × 6 × 8
        fc = self.fc(words)  # B × 6 × 8
        tanh = self.tanh(fc)  # B × 6 × 8
        logits = self.logits(tanh)  # B × 6 × 50
        return logits
