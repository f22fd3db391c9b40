"""Drawn with Layerloom."""

from torch import nn


class Encoder(nn.Module):
    """image B × 1 × 8 × 8 -> code B × 16."""

    def __init__(self, size=16):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, kernel_size=3)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(144, size)

    def forward(self, image):
        conv = self.conv(image)  # B × 4 × 6 × 6
        relu = self.relu(conv)  # B × 4 × 6 × 6
        flatten = self.flatten(relu)  # B × 144
        fc = self.fc(flatten)  # B × 16
        return fc


class Siamese(nn.Module):
    """first B × 1 × 8 × 8, second B × 1 × 8 × 8 -> apart B; 2,360 parameters."""

    def __init__(self):
        super().__init__()
        self.code1 = Encoder()
        self.apart = nn.PairwiseDistance()

    def forward(self, first, second):
        code1 = self.code1(first)  # B × 16
        code2 = self.code1(second)  # B × 16
        apart = self.apart(code1, code2)  # B
        return apart
