# SPDX-License-Identifier: MIT
"""Writes recurrent/*.safetensors: PyTorch's RNN, LSTM and GRU with their weights, an input, what comes out
and every gradient, in float64.

Run it by: $(tests/golden/venv) tests/golden/make_recurrent.py
"""
import pathlib

import numpy
import torch
from safetensors.torch import save_file
from torch import nn

STEPS, BATCH, INPUTS, HIDDEN = 7, 3, 4, 5

folder = pathlib.Path(__file__).parent / "recurrent"
random = numpy.random.default_rng(1997)
torch.set_num_threads(1)


def numbers(*shape):
    return torch.tensor(random.standard_normal(shape))


def case(name, module, *, two_states=False):
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.5 * numbers(*parameter.shape))
    stacked = module.num_layers * (2 if module.bidirectional else 1)
    x = numbers(STEPS, BATCH, INPUTS).requires_grad_()
    states = [numbers(stacked, BATCH, HIDDEN).requires_grad_() for _ in range(2 if two_states else 1)]
    output, last = module(x, tuple(states) if two_states else states[0])
    ends = list(last) if two_states else [last]
    cotangents = [numbers(*value.shape) for value in [output, *ends]]
    torch.autograd.backward([output, *ends], cotangents)

    tensors = {key: value.detach() for key, value in module.named_parameters()}
    tensors |= {f"gradient.{key}": value.grad for key, value in module.named_parameters()}
    tensors |= {"input": x.detach(), "gradient.input": x.grad, "output": output.detach(),
                "cotangent.output": cotangents[0]}
    for state, end, cotangent, key in zip(states, ends, cotangents[1:], ["h", "c"]):
        tensors |= {f"{key}_0": state.detach(), f"gradient.{key}_0": state.grad, f"{key}_n": end.detach(),
                    f"cotangent.{key}_n": cotangent}
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / f"{name}.safetensors",
              metadata={"torch": torch.__version__})


folder.mkdir(exist_ok=True)
forms = {"": {}, "_2_layers": {"num_layers": 2}, "_bidirectional": {"bidirectional": True}}
for suffix, options in forms.items():
    case(f"rnn_tanh{suffix}", nn.RNN(INPUTS, HIDDEN, nonlinearity="tanh", **options))
    case(f"rnn_relu{suffix}", nn.RNN(INPUTS, HIDDEN, nonlinearity="relu", **options))
    case(f"lstm{suffix}", nn.LSTM(INPUTS, HIDDEN, **options), two_states=True)
    case(f"gru{suffix}", nn.GRU(INPUTS, HIDDEN, **options))
