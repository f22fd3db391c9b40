"""Drawn with Layerloom."""

from torch import nn


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels=8, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(8, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.projection = nn.Conv2d(8, channels, kernel_size=1, stride=stride, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU()

    def forward(self, x):
        conv1 = self.conv1(x)  # B × channels × … × …
        norm1 = self.norm1(conv1)  # B × channels × … × …
        relu1 = self.relu1(norm1)  # B × channels × … × …
        conv2 = self.conv2(relu1)  # B × channels × … × …
        projection = self.projection(x)  # B × channels × … × …
        norm2 = self.norm2(conv2)  # B × channels × … × …
        sum = norm2 + projection  # B × channels × … × …
        relu2 = self.relu2(sum)  # B × channels × … × …
        return relu2


class ResidualNet(nn.Module):
    """image B × 3 × 32 × 32 -> logits B × 10; 5,290 parameters."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.block1 = ResidualBlock()
        self.block2 = ResidualBlock(channels=16, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.logits = nn.Linear(16, 10)

    def forward(self, image):
        stem = self.stem(image)  # B × 8 × 32 × 32
        block1 = self.block1(stem)  # B × 8 × 32 × 32
        block2 = self.block2(block1)  # B × 16 × 16 × 16
        pool = self.pool(block2)  # B × 16 × 1 × 1
        flatten = self.flatten(pool)  # B × 16
        logits = self.logits(flatten)  # B × 10
        return logits
