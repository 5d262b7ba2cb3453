# SPDX-License-Identifier: MIT
"""Writes ops.json: values and gradients of every op, computed by PyTorch and, element by element, by mpmath.

The schema is in README.md beside this file. Run it by: $(tests/golden/venv) tests/golden/make_golden.py
"""
import json
import math
import pathlib
import platform
from fractions import Fraction

import mpmath
import numpy
import torch
from mpmath import mpf
from torch.nn import functional

mpmath.mp.prec = 200
inf, nan = math.inf, math.nan
cases = []
random = numpy.random.default_rng(1964)


# ---------------------------------------------------------------- numbers as text
def text(value):
    """What strtod reads back exactly: hexadecimal, or decimal where that is the very number and shorter."""
    if not math.isfinite(value):
        return str(float(value))
    decimal = repr(float(value)).removesuffix(".0")
    if len(decimal) < 10 and Fraction(decimal) == Fraction(value):
        return decimal
    mantissa, exponent = float(value).hex().split("p")
    return mantissa.rstrip("0").removesuffix(".") + "p" + exponent


def encode(tensor):
    if tensor is None:
        return None
    flat = tensor.detach().reshape(-1).tolist()
    integral = not tensor.is_floating_point()
    return ({"shape": list(tensor.shape)} | ({"dtype": "int64"} if integral else {})
            | {"values": flat if integral else [text(value) for value in flat]})


def rounded(value, dtype):
    """An mpf rounded once, half to even, to the dtype, its denormals and overflow included."""
    if mpmath.isnan(value) or mpmath.isinf(value) or value == 0:
        return float(value)
    bits, lowest = {torch.float64: (53, -1074), torch.float32: (24, -149)}[dtype]
    exponent = mpmath.frexp(value)[1]  # 2^(exponent - 1) <= |value| < 2^exponent
    if not lowest - 2 < exponent < 1100:  # far below or above every dtype
        return math.copysign(inf if exponent > 0 else 0.0, mpmath.sign(value))
    quantum = max(exponent - bits, lowest)
    magnitude = Fraction(int(abs(value).man)) * Fraction(2) ** (int(value.exp) - quantum)
    magnitude = round(magnitude) * Fraction(2) ** quantum
    largest = Fraction(torch.finfo(dtype).max)
    return math.copysign(inf if magnitude > largest else float(magnitude), mpmath.sign(value))


def add(op, function, inputs, args=None, cotangent="random", reference=None, differentiable=True):
    """Records function(*inputs) and its gradients; integer inputs have none."""
    inputs = [x.clone().requires_grad_(differentiable and x.is_floating_point()) for x in inputs]
    output = function(*inputs)
    case = {"op": op, "args": args or {}, "dtype": str(inputs[0].dtype).removeprefix("torch."),
            "inputs": [encode(x) for x in inputs]}
    if differentiable:
        seed = torch.ones_like(output) if cotangent == "ones" else like(output)
        output.backward(seed)
        case["cotangent"] = "ones" if cotangent == "ones" else encode(seed)
    case["output"] = encode(output)
    if reference is not None:
        case["reference"] = [text(value) for value in reference]
    if differentiable:
        case["gradients"] = [encode(x.grad) for x in inputs]
    cases.append(case)


def numbers(*shape, dtype=torch.float64, low=-48, high=48):
    """Random multiples of 1/16: exact in both dtypes, short as text, with ties."""
    return torch.tensor(random.integers(low, high, shape, endpoint=True) / 16, dtype=dtype)


def like(tensor):
    return numbers(*tensor.shape, dtype=tensor.dtype, low=-32, high=32)


def labels(*values):
    return torch.tensor(values, dtype=torch.int64)


# ---------------------------------------------------------------- elementwise
def logistic(x):
    return 1 / (1 + mpmath.exp(-x))


def normal_cdf(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def gelu_tanh(x):
    return x * logistic(2 * mpmath.sqrt(2 / mpmath.pi) * (x + mpf("0.044715") * x ** 3))


def elu(x, scale=mpf(1), alpha=mpf(1)):
    return scale * (x if x > 0 else alpha * mpmath.expm1(x))


def selu(x):
    return elu(x, mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717"))


def real(function, domain):
    return lambda x: function(x) if domain(x) else mpf("nan")


def power(p):
    return real(lambda x: x ** mpf(p), lambda x: x > 0 or p == int(p))


positive = lambda x: x > 0

# op, arguments, the function at finite x != 0, the limits at 0, -0, inf, -inf, PyTorch's
ELEMENTWISE = [
    ("neg", {}, lambda x: -x, (-0.0, 0.0, -inf, inf), torch.neg),
    ("abs", {}, abs, (0.0, 0.0, inf, inf), torch.abs),
    ("sign", {}, mpmath.sign, (0.0, 0.0, 1.0, -1.0), torch.sign),
    ("exp", {}, mpmath.exp, (1.0, 1.0, inf, 0.0), torch.exp),
    ("expm1", {}, mpmath.expm1, (0.0, -0.0, inf, -1.0), torch.expm1),
    ("log", {}, real(mpmath.log, positive), (-inf, -inf, inf, nan), torch.log),
    ("log1p", {}, real(lambda x: mpmath.log1p(x) if x > -1 else -mpf("inf"), lambda x: x >= -1),
     (0.0, -0.0, inf, nan), torch.log1p),
    ("sqrt", {}, real(mpmath.sqrt, positive), (0.0, -0.0, inf, nan), torch.sqrt),
    ("rsqrt", {}, real(lambda x: 1 / mpmath.sqrt(x), positive), (inf, -inf, 0.0, nan), torch.rsqrt),
    ("square", {}, lambda x: x * x, (0.0, 0.0, inf, inf), torch.square),
    ("reciprocal", {}, lambda x: 1 / x, (inf, -inf, 0.0, -0.0), torch.reciprocal),
    ("pow", {"p": 2.5}, power(2.5), (0.0, 0.0, inf, inf), lambda x: x.pow(2.5)),
    ("pow", {"p": -1.0}, power(-1), (inf, -inf, 0.0, -0.0), lambda x: x.pow(-1.0)),
    ("pow", {"p": 0.5}, power(0.5), (0.0, 0.0, inf, inf), lambda x: x.pow(0.5)),
    ("pow", {"p": 3.0}, power(3), (0.0, -0.0, inf, -inf), lambda x: x.pow(3.0)),
    ("sin", {}, mpmath.sin, (0.0, -0.0, nan, nan), torch.sin),
    ("cos", {}, mpmath.cos, (1.0, 1.0, nan, nan), torch.cos),
    ("tanh", {}, mpmath.tanh, (0.0, -0.0, 1.0, -1.0), torch.tanh),
    ("sigmoid", {}, logistic, (0.5, 0.5, 1.0, 0.0), torch.sigmoid),
    ("log_sigmoid", {}, lambda x: -mpmath.log1p(mpmath.exp(-x)), (-math.log(2), -math.log(2), 0.0, -inf),
     functional.logsigmoid),
    ("softplus", {}, lambda x: mpmath.log1p(mpmath.exp(x)), (math.log(2), math.log(2), inf, 0.0),
     functional.softplus),
    ("softsign", {}, lambda x: x / (1 + abs(x)), (0.0, -0.0, 1.0, -1.0), functional.softsign),
    ("relu", {}, lambda x: max(x, mpf(0)), (0.0, 0.0, inf, 0.0), torch.relu),
    ("leaky_relu", {"slope": 0.01}, lambda x: x if x > 0 else mpf(0.01) * x, (0.0, -0.0, inf, -inf),
     lambda x: functional.leaky_relu(x, 0.01)),
    ("elu", {"alpha": 1.0}, elu, (0.0, -0.0, inf, -1.0), functional.elu),
    ("selu", {}, selu, (0.0, -0.0, inf, -1.7580993408473766), functional.selu),
    ("gelu", {}, lambda x: x * normal_cdf(x), (0.0, -0.0, inf, 0.0), functional.gelu),
    ("gelu_tanh", {}, gelu_tanh, (0.0, -0.0, inf, 0.0), lambda x: functional.gelu(x, approximate="tanh")),
    ("silu", {}, lambda x: x * logistic(x), (0.0, -0.0, inf, 0.0), functional.silu),
    ("erf", {}, mpmath.erf, (0.0, -0.0, 1.0, -1.0), torch.erf),
    ("clamp", {"low": -0.5, "high": 0.5}, lambda x: min(max(x, mpf(-0.5)), mpf(0.5)), (0.0, -0.0, 0.5, -0.5),
     lambda x: x.clamp(-0.5, 0.5)),
]


def elementwise():
    for dtype in (torch.float64, torch.float32):
        limits = torch.finfo(dtype)
        magnitudes = [limits.smallest_normal * limits.eps, limits.smallest_normal / 8, limits.smallest_normal,
                      1e-8, 1e-3, 0.1, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 88, 1e4]
        special = [0.0, -0.0, inf, -inf, nan]
        x = torch.tensor(special + [sign * m for m in magnitudes for sign in (1, -1)], dtype=dtype)
        for op, args, exact, at, ours in ELEMENTWISE:
            reference = [torch.tensor(value, dtype=dtype).item() for value in (*at, nan)]
            reference += [rounded(mpf(exact(mpf(value))), dtype) for value in x.tolist()[len(special):]]
            add(op, ours, [x], args, cotangent="ones", reference=reference)


def binary():
    functions = [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div),
                 ("maximum", torch.maximum), ("minimum", torch.minimum)]
    for op, function in functions:
        for left, right in [((3, 1), (1, 4)), ((2, 3, 4), (4,)), ((5,), ())]:
            x, y = numbers(*left), numbers(*right)
            add(op, function, [x, torch.where(y == 0, 1.0, y)])
        tied = torch.tensor([1.0, 1.0, -2.0, 0.0, -0.0, 3.0], dtype=torch.float64)
        add(op, function, [tied, torch.tensor([1.0, 2.0, -2.0, -0.0, 0.0, 2.0], dtype=torch.float64)])
        odd = torch.tensor([inf, -inf, nan, 1.0, inf, 1.0, -1.0, 0.0], dtype=torch.float64)
        other = torch.tensor([1.0, inf, 1.0, nan, inf, 0.0, -0.0, 0.0], dtype=torch.float64)
        add(op, function, [odd, other], differentiable=False)


# ---------------------------------------------------------------- reductions
def reductions():
    functions = [
        ("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax), ("min", torch.amin),
        ("var", lambda x, dim, keepdim: torch.var(x, dim, unbiased=False, keepdim=keepdim)),
        ("std", lambda x, dim, keepdim: torch.std(x, dim, unbiased=False, keepdim=keepdim)),
        ("logsumexp", torch.logsumexp), ("norm", torch.linalg.vector_norm)]
    x = numbers(3, 4, 5)
    for op, function in functions:
        for axes in [[], [0], [2], [0, 2], [0, 1, 2]]:
            def reduced(x):  # PyTorch takes no axes for all axes: give it one of extent 1
                return function(x, dim=axes, keepdim=False) if axes else function(x[..., None], dim=[3], keepdim=False)
            add(op, reduced, [x], {"axes": axes, "keep": False})
    for op in ("argmax", "argmin"):
        for axis in (0, 1, 2, None):
            def first(x):  # numpy promises the first of equals
                return torch.as_tensor(getattr(numpy, op)(x.numpy(), axis=axis))
            add(op, first, [x], {"axis": axis}, differentiable=False)


# ---------------------------------------------------------------- softmax and losses
def losses():
    for dtype in (torch.float64, torch.float32):
        large = torch.tensor([[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4], [1e4, 1e4, 1e4], [-1e4, 0.0, 1.0]], dtype=dtype)
        for logits in (numbers(4, 3, dtype=dtype), large):
            for axis in (0, 1):
                add("softmax", lambda x: torch.softmax(x, axis), [logits], {"axis": axis})
                add("log_softmax", lambda x: torch.log_softmax(x, axis), [logits], {"axis": axis})
            targets = torch.tensor([[0.0, 1.0, 0.25], [1.0, 0.0, 0.5], [0.0, 1.0, 0.75], [1.0, 0.5, 0.0]], dtype=dtype)
            for reduction in ("mean", "none"):
                args = {"reduction": reduction}
                add("cross_entropy", lambda x, y: functional.cross_entropy(x, y, reduction=reduction),
                    [logits, labels(0, 1, 2, 0)], args)
                add("binary_cross_entropy_with_logits",
                    lambda x, y: functional.binary_cross_entropy_with_logits(x, y, reduction=reduction),
                    [logits, targets], args)


# ---------------------------------------------------------------- products
def products():
    shapes = [((3, 4), (4, 2)), ((2, 2, 3), (2, 3, 2)), ((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2)),
              ((2, 1, 2, 3), (2, 3, 2))]
    for left, right in shapes:
        for transpose_left in (False, True):
            for transpose_right in (False, True):
                def product(a, b):
                    return (a.mT if transpose_left else a) @ (b.mT if transpose_right else b)
                a, b = numbers(*left), numbers(*right)
                add("matmul", product, [a.mT if transpose_left else a, b.mT if transpose_right else b],
                    {"transpose_left": transpose_left, "transpose_right": transpose_right})
    add("linear", lambda x, weight, bias: x @ weight + bias, [numbers(3, 4), numbers(4, 2), numbers(2)])
    add("linear", lambda x, weight, bias: x @ weight + bias, [numbers(2, 3, 4), numbers(4, 2), numbers(2)])


# ---------------------------------------------------------------- layout
def layout():
    cube, square = numbers(2, 3, 4), numbers(4, 5)
    for axes in ([2, 0, 1], [1, 0, 2], [0, 1, 2]):
        add("permute", lambda x: x.permute(axes), [cube], {"axes": axes})
    for axis, start, stop, step in [(0, 1, 4, 1), (1, 0, 5, 2), (1, 1, 5, 3), (0, 2, 2, 1)]:
        index = (slice(None),) * axis + (slice(start, stop, step),)
        add("slice", lambda x: x[index], [square], {"axis": axis, "start": start, "stop": stop, "step": step})
    for axis, other in [(0, (1, 5)), (1, (4, 2))]:
        add("concat", lambda *parts: torch.cat(parts, axis), [square, numbers(*other)], {"axis": axis})
    for before, after, value in [([1, 0], [0, 2], 0.0), ([0, 2], [1, 1], -1.5)]:
        pairs = [amount for pair in reversed(list(zip(before, after))) for amount in pair]
        add("pad", lambda x: functional.pad(x, pairs, value=value), [square],
            {"before": before, "after": after, "value": value})
    for axes in ([0], [1], [0, 2]):
        add("flip", lambda x: x.flip(axes), [cube], {"axes": axes})
    for axis, index in [(0, labels(3, 0, 3, 3)), (1, labels(1, 1, 4)), (1, labels(2))]:
        add("take", lambda x, i: x.index_select(axis, i), [square, index], {"axis": axis})
    add("gather", lambda x, i: x.gather(0, i), [square, labels([0, 3, 3, 1, 0], [0, 3, 2, 1, 2])], {"axis": 0})
    add("gather", lambda x, i: x.gather(1, i), [square, labels([0, 0], [4, 1], [2, 2], [3, 0])], {"axis": 1})
    add("one_hot", lambda i: functional.one_hot(i, 4).double(), [labels(2, 0, 3, 0)], {"classes": 4},
        differentiable=False)
    for op, function in [("tril", torch.tril), ("triu", torch.triu)]:
        for diagonal in (0, 1, -1):
            add(op, lambda x: function(x, diagonal), [square], {"diagonal": diagonal})
        add(op, function, [cube], {"diagonal": 0})


# ---------------------------------------------------------------- recurrent nets
def recurrent():
    """Whole sequences. PyTorch's two biases of RNN and LSTM are ours and zeros."""
    steps, batch, width, units = 5, 2, 3, 4

    def run(module, weights, x, *states):
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        state = states[0][None] if len(states) == 1 else tuple(state[None] for state in states)
        return torch.func.functional_call(module, dict(zip(names, weights)), (x, state))

    def operands(gates, biases=1, states=1):
        shapes = [(steps, batch, width), *[(batch, units)] * states, (gates * units, width), (gates * units, units)]
        return [numbers(*shape, low=-16, high=16) for shape in shapes + [(gates * units,)] * biases]

    def rnn(activation):
        module = torch.nn.RNN(width, units, nonlinearity=activation).double()
        return lambda x, h, weight, recurrent, b: run(module, (weight, recurrent, b, torch.zeros_like(b)), x, h)[0]

    def lstm(x, h, c, weight, recurrent, b):
        module = torch.nn.LSTM(width, units).double()
        y, (_, last) = run(module, (weight, recurrent, b, torch.zeros_like(b)), x, h, c)
        return torch.cat([y, last])

    def gru(x, h, *weights):
        return run(torch.nn.GRU(width, units).double(), weights, x, h)[0]

    for activation in ("tanh", "relu"):
        add("rnn_sequence", rnn(activation), operands(1), {"activation": activation})
    add("lstm_sequence", lstm, operands(4, states=2))
    add("gru_sequence", gru, operands(3, biases=2))


def main():
    torch.set_num_threads(1)
    for family in (elementwise, binary, reductions, losses, products, layout, recurrent):
        family()
    versions = {"python": platform.python_version(), "torch": torch.__version__.split("+")[0],
                "numpy": numpy.__version__, "mpmath": mpmath.__version__}
    head = json.dumps({"schema": 1, "versions": versions})[:-1]
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
    path = pathlib.Path(__file__).with_name("ops.json")
    path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
