# SPDX-License-Identifier: MIT
"""The model that goes to and fro between PyTorch and us; tests/nn/exchange_model.h is its twin."""
import torch
from torch import nn


class MaskedLinear(nn.Linear):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.register_buffer("mask", torch.ones(outputs, inputs))

    def forward(self, x):
        return nn.functional.linear(x, self.weight * self.mask, self.bias)


class Residual(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return x + self.module(x)


def model(dtype):
    return nn.Sequential(
        nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(),
        Residual(nn.Sequential(nn.LayerNorm(5), nn.Linear(5, 5))),
        MaskedLinear(5, 4), nn.Dropout(0.2), nn.Linear(4, 3, bias=False)).to(dtype)


def trained(dtype, seed):
    """A model whose running statistics and weights are no initial ones any more."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    result = model(dtype)
    mask = result[4].mask
    mask.copy_((torch.rand(mask.shape, generator=generator) < 0.5).to(dtype))
    with torch.no_grad():
        result[4].weight.mul_(mask)
    optimizer = torch.optim.SGD(result.parameters(), lr=0.1)
    for _ in range(5):
        x = torch.randn(16, 6, generator=generator, dtype=dtype)
        optimizer.zero_grad()
        (result(x) - x[:, :3]).square().mean().backward()
        optimizer.step()
    return result.eval()
