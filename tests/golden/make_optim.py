# SPDX-License-Identifier: MIT
"""Writes optim.json: 50 steps of every optimizer, and the rates of schedules, in float64.

The oracle is PyTorch, and where it lacks the variant the recurrence of the paper in numpy. README.md beside this
file says what is in the file. Run it by: $(tests/golden/venv) tests/golden/make_optim.py
"""
import json
import math
import pathlib
import platform

import numpy
import torch
from torch.optim import lr_scheduler

torch.set_default_dtype(torch.float64)  # or NAdam keeps its product of betas in float32
STEPS = 50
START = [1.0, -0.5, 4.0]
CURVATURE = [1.0, 0.05, 8.0]  # minimised is sum c (w - 3)^2 + sin w


def slope(w, c, cos):
    return 2 * c * (w - 3) + cos(w)


def by_torch(make):
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    c = torch.tensor(CURVATURE, dtype=torch.float64)
    optimizer = make([w])
    path = []
    for _ in range(STEPS):
        w.grad = slope(w.detach(), c, torch.cos)
        optimizer.step()
        path.append(w.tolist())
    return path


def by_paper(step, slots):
    w, c = numpy.array(START), numpy.array(CURVATURE)
    state = [numpy.zeros(3) for _ in range(slots)]
    path = []
    for t in range(1, STEPS + 1):
        w, state = step(w, slope(w, c, numpy.cos), state, t)
        path.append(w.tolist())
    return path


def lion(rate, beta1, beta2, decay):
    """Chen et al. 2023, algorithm 2."""
    def step(w, g, state, t):
        m, = state
        update = numpy.sign(beta1 * m + (1 - beta1) * g)
        return w - rate * (update + decay * w), [beta2 * m + (1 - beta2) * g]
    return by_paper(step, 1)


def keras_adadelta(rate, rho, epsilon):
    """keras/src/optimizers/adadelta.py says what its variables hold; this is that recurrence."""
    def step(w, g, state, t):
        gathered, moved = state
        gathered = rho * gathered + (1 - rho) * g * g
        delta = -numpy.sqrt(moved + epsilon) * g / numpy.sqrt(gathered + epsilon)
        return w + rate * delta, [gathered, rho * moved + (1 - rho) * delta * delta]
    return by_paper(step, 2)


def zeiler_adadelta(rho, epsilon):
    """Zeiler 2012, algorithm 1, which has no rate."""
    return keras_adadelta(1.0, rho, epsilon)


optim = torch.optim
OPTIMIZERS = {
    "sgd": by_torch(lambda w: optim.SGD(w, lr=0.05)),
    "sgd decay": by_torch(lambda w: optim.SGD(w, lr=0.05, weight_decay=0.1)),
    "sgd momentum": by_torch(lambda w: optim.SGD(w, lr=0.02, momentum=0.9)),
    "sgd nesterov": by_torch(lambda w: optim.SGD(w, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.1)),
    "adagrad": by_torch(lambda w: optim.Adagrad(w, lr=0.5)),
    "adagrad initial": by_torch(lambda w: optim.Adagrad(w, lr=0.5, initial_accumulator_value=0.1, eps=1e-7)),
    "adadelta torch": by_torch(lambda w: optim.Adadelta(w, lr=1.0, rho=0.9, eps=1e-6)),
    "adadelta keras": keras_adadelta(0.001, 0.95, 1e-7),
    "adadelta zeiler": zeiler_adadelta(0.95, 1e-6),
    "rms_prop": by_torch(lambda w: optim.RMSprop(w, lr=0.01)),
    "rms_prop momentum": by_torch(lambda w: optim.RMSprop(w, lr=0.01, alpha=0.9, momentum=0.8)),
    "rms_prop centred": by_torch(lambda w: optim.RMSprop(w, lr=0.01, alpha=0.9, centered=True)),
    "rms_prop centred momentum": by_torch(
        lambda w: optim.RMSprop(w, lr=0.01, alpha=0.9, centered=True, momentum=0.8)),
    "adam": by_torch(lambda w: optim.Adam(w, lr=0.1)),
    "adam l2": by_torch(lambda w: optim.Adam(w, lr=0.1, weight_decay=0.1)),
    "adam amsgrad": by_torch(lambda w: optim.Adam(w, lr=0.1, betas=(0.8, 0.9), amsgrad=True)),
    "adam without amsgrad": by_torch(lambda w: optim.Adam(w, lr=0.1, betas=(0.8, 0.9))),
    "adam_w": by_torch(lambda w: optim.AdamW(w, lr=0.1, weight_decay=0.1)),
    "adam_w amsgrad": by_torch(lambda w: optim.AdamW(w, lr=0.1, betas=(0.8, 0.9), weight_decay=0.1, amsgrad=True)),
    "nadam": by_torch(lambda w: optim.NAdam(w, lr=0.1)),
    "nadam decay": by_torch(lambda w: optim.NAdam(w, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)),
    "lion": lion(0.05, 0.9, 0.99, 0.0),
    "lion decay": lion(0.05, 0.9, 0.99, 0.1),
}


def rates(make, epochs, losses=None):
    w = torch.zeros(1, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    schedule = make(optimizer)
    result = []
    for epoch in range(epochs):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step(*([losses[epoch]] if losses else []))
    return result


LOSSES = [3.0, 2.0, 2.0, 1.9999, 1.9998, 1.0, 1.1, 1.2, math.nan, 1.3, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.4, 0.4, 0.4, 0.4]
SCHEDULES = {
    "step": rates(lambda o: lr_scheduler.StepLR(o, step_size=3, gamma=0.5), 10),
    "exponential": rates(lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9), 10),
    "cosine": rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20, eta_min=0.05), 20),
    "one_cycle": rates(lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=20, cycle_momentum=False), 20),
    "plateau": rates(lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=1, min_lr=0.04,
                                                              eps=0.0), len(LOSSES), LOSSES),
}


def main():
    same = numpy.abs(numpy.array(OPTIMIZERS["adadelta torch"]) - keras_adadelta(1.0, 0.9, 1e-6)).max()
    assert same < 1e-13, "PyTorch's and Keras' Adadelta differ in more than the rate"
    assert OPTIMIZERS["adam amsgrad"] != OPTIMIZERS["adam without amsgrad"], "AMSGrad made no difference"
    document = {"schema": 1,
                "versions": {"python": platform.python_version(), "torch": torch.__version__.split("+")[0],
                             "numpy": numpy.__version__},
                "start": START, "curvature": CURVATURE, "optimizers": OPTIMIZERS,
                "losses": [None if math.isnan(loss) else loss for loss in LOSSES], "schedules": SCHEDULES}
    lines = []
    for key, value in document.items():
        if isinstance(value, dict) and key in ("optimizers", "schedules"):
            rows = ",\n".join(f'{json.dumps(name)}: {json.dumps(path, separators=(",", ":"))}'
                              for name, path in value.items())
            lines.append(f"{json.dumps(key)}: {{\n{rows}\n}}")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    path = pathlib.Path(__file__).with_name("optim.json")
    path.write_text("{" + ",\n".join(lines) + "}\n")
    print(f"{path.name}: {len(OPTIMIZERS)} optimizers, {len(SCHEDULES)} schedules, {path.stat().st_size} bytes")


main()
