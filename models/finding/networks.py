"""The two networks of the finder: one that searches the whole picture, one that looks closer."""

from typing import TypeAlias

import torch
from torch import nn
from torch.nn import functional

from models.finding.shapes import LOOK_VALUES, SEARCH_VALUES

Block: TypeAlias = nn.Sequential


def _block(inputs: int, outputs: int, stride: int = 1) -> Block:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def standardised(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures `(n, 3, height, width)` from 0 to 255 at zero mean and unit deviation each, dark ones too."""
    mean = pictures.mean((1, 2, 3), keepdim=True)
    spread = pictures.std((1, 2, 3), keepdim=True)
    return (pictures - mean) / (spread + 4)


class SearchNet(nn.Module):
    """Where in a whole picture drums are.

    A feature pyramid (Lin et al. 2017) with a dense head (EAST, Zhou et al. 2017).
    """

    def __init__(self) -> None:
        super().__init__()
        self.quarter = nn.Sequential(_block(3, 16, 2), _block(16, 32, 2), _block(32, 32))
        self.eighth = nn.Sequential(_block(32, 56, 2), _block(56, 56))
        self.sixteenth = nn.Sequential(_block(56, 96, 2), _block(96, 96))
        self.coarse = nn.Sequential(_block(96, 112, 2), _block(112, 112))
        self.sides = nn.ModuleList([nn.Conv2d(width, 40, 1) for width in (32, 56, 96, 112)])
        last = nn.Conv2d(40, SEARCH_VALUES, 1)
        # Drums are rare, and about so long and high: to start from there saves the first thousands of frames.
        last.bias = nn.Parameter(torch.tensor([-4.0, 0.0, 0.0, 3.9, 2.2, 0.0, 0.0]))
        self.head = nn.Sequential(_block(40, 40), last)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """`(n, 3, height, width)` from 0 to 255 to `(n, 7, height / 4, width / 4)`."""
        levels = [self.quarter(standardised(pictures))]
        for stage in (self.eighth, self.sixteenth, self.coarse):
            levels.append(stage(levels[-1]))
        seen = self.sides[3](levels[3])
        for side, level in zip((self.sides[2], self.sides[1], self.sides[0]), levels[2::-1], strict=True):
            seen = side(level) + functional.interpolate(seen, size=level.shape[2:], mode="nearest")
        found: torch.Tensor = self.head(functional.relu(seen))
        return found


class LookNet(nn.Module):
    """A closer look at one place: are these drums, how are they turned, and where exactly do they end."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(3, 24, 2),
            _block(24, 48, 2),
            _block(48, 48),
            _block(48, 80, 2),
            _block(80, 80),
            _block(80, 112, 2),
            _block(112, 112),
            nn.Conv2d(112, 40, 1),
            nn.ReLU(inplace=True),
            nn.Flatten(),
        )
        self.head = nn.Sequential(
            nn.Linear(40 * 3 * 10, 128), nn.ReLU(inplace=True), nn.Linear(128, LOOK_VALUES)
        )

    def forward(self, looks: torch.Tensor) -> torch.Tensor:
        """`(n, 3, 48, 160)` from 0 to 255 to `(n, 17)`."""
        found: torch.Tensor = self.head(self.body(standardised(looks)))
        return found
