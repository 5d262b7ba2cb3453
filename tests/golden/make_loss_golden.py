# SPDX-License-Identifier: MIT
"""Writes loss.json: losses and their gradients by PyTorch, in float64, plain, weighted, masked and reduced.

The schema is in README.md beside this file. Run it by: $(tests/golden/venv) tests/golden/make_loss_golden.py
"""
import json
import math
import pathlib

import numpy
import torch
from torch.nn import functional

from make_golden import encode

random = numpy.random.default_rng(1847)
cases = []


def numbers(*shape, low=-3.0, high=3.0):
    """Multiples of 1/64: short as text."""
    return torch.tensor(random.integers(round(low * 64), round(high * 64), shape, endpoint=True) / 64)


def probabilities(*shape):
    return numbers(*shape, low=1 / 64, high=63 / 64)


def distributions(*shape):
    counts = torch.tensor(random.multinomial(64, numpy.ones(shape[-1]) / shape[-1], shape[:-1]))
    return counts.double() / 64


def labels(*shape, classes):
    return torch.tensor(random.integers(0, classes, shape))


def positive_distributions(*shape):
    return torch.softmax(numbers(*shape), -1)


def gaussian(y, t, reduction):
    d = t.shape[-1]
    return functional.gaussian_nll_loss(y[..., :d], t, torch.exp(y[..., d:]), eps=1e-300, reduction=reduction)


def batchmean(losses, reduction):
    """Rows first: PyTorch's "mean" of a divergence divides by the number of elements."""
    rows = losses.sum(-1)
    return rows.mean() if reduction == "mean" else rows.sum() if reduction == "sum" else rows


def reduced(losses, reduction):
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def crammer_singer(y, label, reduction):
    own = y.gather(-1, label[..., None])[..., 0]
    rival = y.masked_fill(functional.one_hot(label, y.shape[-1]).bool(), -math.inf).amax(-1)
    return reduced(functional.relu(1 + rival - own), reduction)


def chosen(y, t, reduction):
    return reduced(-y.log().gather(-1, t[..., None])[..., 0], reduction)


# Name, PyTorch's function, predictions of a shape, targets of a shape; the rows of `by_row` have one loss each.
elementwise = [
    ("mse", functional.mse_loss, numbers, numbers),
    ("mae", functional.l1_loss, numbers, numbers),
    ("huber", functional.huber_loss, numbers, numbers),
    ("huber_half", lambda y, t, reduction: functional.huber_loss(y, t, delta=0.5, reduction=reduction), numbers, numbers),
    ("msle", lambda y, t, reduction: functional.mse_loss(y.log1p(), t.log1p(), reduction=reduction),
     lambda *s: numbers(*s, low=-0.5), lambda *s: numbers(*s, low=0)),
    ("bce", functional.binary_cross_entropy, probabilities, lambda *s: numbers(*s, low=0, high=1)),
    ("bce_from_logits", functional.binary_cross_entropy_with_logits, numbers, lambda *s: numbers(*s, low=0, high=1)),
    ("poisson_nll", lambda y, t, reduction: functional.poisson_nll_loss(y, t, log_input=False, eps=0, reduction=reduction),
     lambda *s: numbers(*s, low=1 / 64), lambda *s: torch.tensor(random.integers(0, 5, s)).double()),
    ("poisson_nll_from_log", functional.poisson_nll_loss, numbers, lambda *s: torch.tensor(random.integers(0, 5, s)).double()),
    ("gaussian_nll", gaussian, lambda *s: numbers(*s[:-1], 2 * s[-1]), numbers),
    ("hinge", lambda y, t, reduction: functional.margin_ranking_loss(y, torch.zeros_like(y), t, margin=1, reduction=reduction),
     numbers, lambda *s: torch.tensor(2.0 * random.integers(0, 2, s) - 1)),
]


def by_class(y, t, reduction):
    return reduced(functional.cross_entropy(y.movedim(-1, 1), t if t.dtype == torch.int64 else t.movedim(-1, 1),
                                            reduction="none"), reduction)


by_row = [
    ("cross_entropy", by_class, numbers, lambda *s: labels(*s[:-1], classes=s[-1])),
    ("cross_entropy", by_class, numbers, distributions),
    ("cross_entropy_from_probabilities", chosen, positive_distributions, lambda *s: labels(*s[:-1], classes=s[-1])),
    ("cross_entropy_from_probabilities", lambda y, t, reduction: batchmean(-t * y.log(), reduction),
     positive_distributions, distributions),
    ("kl_divergence", lambda y, t, reduction: batchmean(functional.kl_div(y.log(), t, reduction="none"), reduction),
     positive_distributions, distributions),
    ("kl_divergence_from_logits",
     lambda y, t, reduction: batchmean(functional.kl_div(y.log_softmax(-1), t, reduction="none"), reduction),
     numbers, distributions),
    ("categorical_hinge", crammer_singer, numbers, lambda *s: labels(*s[:-1], classes=s[-1])),
]


def add(name, function, prediction, target, weights, mask, reduction):
    y = prediction.clone().requires_grad_()
    if weights is None and mask is None:
        output = function(y, target, reduction=reduction)  # PyTorch's own reduction where it has one
    else:
        losses = function(y, target, reduction="none")
        stretch = losses.shape
        def wide(x):
            return torch.ones(stretch) if x is None else x.reshape(x.shape + (1,) * (len(stretch) - x.dim())).expand(stretch)
        w, kept = wide(weights).double(), wide(mask) != 0
        if reduction == "none":
            output = torch.where(kept, w * losses, 0.0)
        else:
            output = (w[kept] * losses[kept]).sum()  # left out, not multiplied by 0
            if reduction == "mean":
                output = output / w[kept].sum()
    cotangent = numbers(*output.shape) if output.dim() else torch.tensor(1.0, dtype=torch.float64)
    output.backward(cotangent)
    cases.append({"loss": name, "prediction": encode(prediction), "target": encode(target),
                  "weights": encode(weights), "mask": encode(mask), "reduction": reduction,
                  "cotangent": encode(cotangent), "output": encode(output), "gradient": encode(y.grad)})


def main():
    torch.set_num_threads(1)
    for row, family in ((False, elementwise), (True, by_row)):
        for name, function, predictions, targets in family:
            shape = (4, 3)
            whole = shape[:-1] if row else shape
            for reduction in ("mean", "sum", "none"):
                add(name, function, predictions(*shape), targets(*shape), None, None, reduction)
                add(name, function, predictions(*shape), targets(*shape), numbers(4, low=0.5), None, reduction)
            add(name, function, predictions(*shape), targets(*shape), numbers(*whole, low=0.5), None, "mean")
            add(name, function, predictions(*shape), targets(*shape), None, torch.tensor([1, 0, 1, 1]), "mean")
            shape = (3, 2, 4)
            steps = torch.tensor([[1, 1], [1, 0], [0, 0]])
            for reduction in ("mean", "none"):
                add(name, function, predictions(*shape), targets(*shape), numbers(3, low=0.5), steps, reduction)
    # Certain mistakes: values only, for PyTorch's gradient there is another one.
    certain = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0, 1.0], dtype=torch.float64)
    truth = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.25, 0.25], dtype=torch.float64)
    cases.append({"loss": "bce", "prediction": encode(certain), "target": encode(truth), "weights": None, "mask": None,
                  "reduction": "none", "cotangent": None,
                  "output": encode(functional.binary_cross_entropy(certain, truth, reduction="none")), "gradient": None})

    head = json.dumps({"schema": 1, "versions": {"torch": torch.__version__.split("+")[0], "numpy": numpy.__version__}})[:-1]
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
    path = pathlib.Path(__file__).with_name("loss.json")
    path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
