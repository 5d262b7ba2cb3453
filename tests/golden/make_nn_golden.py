# SPDX-License-Identifier: MIT
"""Writes nn.json (values and gradients of modules, as PyTorch computes them) and torch_*.safetensors.

Run it by: $(tests/golden/venv) tests/golden/make_nn_golden.py
"""
import json
import pathlib

import numpy
import torch
from safetensors.torch import save_file
from torch import nn

import nn_model

here = pathlib.Path(__file__).parent
random = numpy.random.default_rng(1964)
torch.set_num_threads(1)


def encode(tensor):
    """Python writes the shortest decimal that is read back exactly."""
    integral = {} if tensor.is_floating_point() else {"dtype": "int64"}
    return {"shape": list(tensor.shape)} | integral | {"values": tensor.detach().reshape(-1).tolist()}


def numbers(*shape):
    """Random multiples of 1/16, short as text."""
    return torch.tensor(random.integers(-48, 48, shape, endpoint=True) / 16, dtype=torch.float64)


def state(module):
    return {name: encode(value) for name, value in module.state_dict().items()}


def scramble(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(numbers(*parameter.shape))
    return module.double()


def case(module, *inputs, rounds=1):
    """Each round: the input, the output in training, gradients by a random cotangent, the state after it."""
    result = {"before": state(module), "rounds": []}
    module.train()
    for x in inputs * rounds:
        x = x.clone().requires_grad_(x.is_floating_point())
        module.zero_grad()
        y = module(x)
        cotangent = numbers(*y.shape)
        y.backward(cotangent)
        result["rounds"].append({
            "input": encode(x), "output": encode(y), "cotangent": encode(cotangent),
            "input_gradient": encode(x.grad) if x.grad is not None else None,
            "gradients": {name: encode(p.grad) for name, p in module.named_parameters()},
            "after": state(module)})
    module.eval()
    result["inference"] = encode(module(inputs[0]))
    return result


def masked():
    layer = scramble(nn_model.MaskedLinear(5, 3))
    layer.mask.copy_(torch.tensor([[1, 0, 0, 1, 0], [0, 0, 1, 0, 0], [1, 1, 1, 1, 1]]))
    with torch.no_grad():
        layer.weight.mul_(layer.mask)
    return layer


def dropout_scale(rate):
    values = nn.functional.dropout(torch.ones(1000, dtype=torch.float64), rate).unique().tolist()
    return {"rate": rate, "values": values}


torch.manual_seed(1)
golden = {
    "schema": 1,
    "versions": {"torch": torch.__version__},
    "batch_norm": case(scramble(nn.BatchNorm1d(3)), numbers(6, 3), numbers(2, 3), numbers(5, 3)),
    "batch_norm_plain": case(nn.BatchNorm1d(3, eps=0.25, momentum=0.5, affine=False).double(), numbers(4, 3)),
    "batch_norm_images": case(scramble(nn.BatchNorm2d(2)), numbers(3, 2, 2, 4)),
    "layer_norm": case(scramble(nn.LayerNorm(5)), numbers(2, 3, 5)),
    "layer_norm_two_axes": case(scramble(nn.LayerNorm([3, 4], eps=0.125)), numbers(2, 3, 4)),
    "layer_norm_plain": case(nn.LayerNorm(5, elementwise_affine=False).double(), numbers(2, 5)),
    "layer_norm_no_bias": case(scramble(nn.LayerNorm(5, bias=False)), numbers(2, 5)),
    "embedding": case(scramble(nn.Embedding(4, 3)), torch.tensor([[0, 3, 3], [1, 0, 3]])),
    "masked_linear": case(masked(), numbers(4, 5)),
    "dropout": [dropout_scale(rate) for rate in (0.1, 0.25, 0.5, 0.8)],
}
x = numbers(4, 6)
golden["exchange"] = {"input": encode(x)}
for name, dtype in (("f32", torch.float32), ("f64", torch.float64)):
    model = nn_model.trained(dtype, 1)
    save_file(model.state_dict(), here / f"torch_{name}.safetensors", {"format": "pt"})
    golden["exchange"][name] = encode(model(x.to(dtype)))

lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in golden.items()]
(here / "nn.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
