# SPDX-License-Identifier: MIT
"""The workloads of wengert_bench in PyTorch (eager) and JAX (jit), and the table that sets them beside ours.

Every framework starts from the same numbers (`Problem`) and takes the same training step; `loss` in a
measurement is the loss of the initial parameters, equal across frameworks to rounding. Run it by bench/peers.
"""
import argparse
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = ["ae32", "ae128", "mlp128", "matexp", "rnn_64_32", "unroll_64_32", "unroll_64_1", "chain1000"]
STEPS = 100  # time steps of the recurrent cases
RATE = 1e-3  # Adam's


class Problem:
    """A case's sizes, data and initial parameters as numpy float32; weights are [in, out]."""

    def __init__(self, case):
        import numpy
        self.random = numpy.random.default_rng(0)
        self.kind = case.rstrip("0123456789").split("_")[0]
        self.activation = "tanh" if self.kind == "matexp" else "relu"
        if self.kind == "ae":
            self.layers = self.dense(784, 128, 64, 128, 784)
            self.x = self.y = self.uniform(int(case[2:]), 784)
        elif self.kind == "mlp":
            self.layers = self.dense(784, 512, 512, 10)
            self.x, self.y = self.uniform(128, 784), self.random.integers(0, 10, 128)
        elif self.kind == "matexp":
            self.layers = self.dense(4, 32, 16, 4)
            self.x, self.y = (self.random.normal(size=(10000, 4)).astype("float32") for _ in "xy")
        elif self.kind in ("rnn", "unroll"):
            self.hidden, self.batch = map(int, case.split("_")[1:])
            self.layers = self.dense(2, self.hidden) + self.dense(self.hidden, self.hidden) + self.dense(self.hidden, 1)
            self.x = self.uniform(STEPS, self.batch, 2)
            self.y = self.uniform(*((self.batch, 1) if self.kind == "rnn" else (STEPS, self.batch, 1)))
        elif self.kind == "chain":
            self.layers, self.x = [], self.uniform(64)

    def uniform(self, *shape, low=0.0, high=1.0):
        return self.random.uniform(low, high, shape).astype("float32")

    def dense(self, *sizes):
        def one(fan_in, fan_out):
            bound = fan_in ** -0.5
            return self.uniform(fan_in, fan_out, low=-bound, high=bound), self.uniform(fan_out, low=-bound, high=bound)
        return [one(*pair) for pair in zip(sizes, sizes[1:])]


def torch_case(case, threads):
    """(step, loss, model, constants): step() trains once, loss() records a forward pass."""
    import torch
    from torch import nn
    from torch.nn import functional
    torch.set_num_threads(threads)
    problem = Problem(case)
    x = torch.from_numpy(problem.x)

    if problem.kind == "chain":
        x.requires_grad_()

        def loss():
            y = x
            for _ in range(1000):
                y = torch.tanh(y)
            return y.sum()

        def step():
            x.grad = None
            loss().backward()
        return step, loss, None, [x]

    def linear(weight, bias, use_bias=True):
        layer = nn.Linear(*weight.shape, bias=use_bias)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.T))
            if use_bias:
                layer.bias.copy_(torch.from_numpy(bias))
        return layer

    y = torch.from_numpy(problem.y)
    if problem.kind == "rnn":
        inputs, recurrent, readout = problem.layers
        cell, readout = nn.RNN(2, problem.hidden), linear(*readout)
        with torch.no_grad():
            for parameter, value in zip(cell.parameters(), [inputs[0].T, recurrent[0].T, inputs[1], recurrent[1]]):
                parameter.copy_(torch.from_numpy(value))
        model = nn.ModuleList([cell, readout])

        def loss():
            return functional.mse_loss(readout(cell(x)[0][-1]), y)
    elif problem.kind == "unroll":
        from_input, readout = linear(*problem.layers[0]), linear(*problem.layers[2])
        from_hidden = linear(*problem.layers[1], use_bias=False)
        model = nn.ModuleList([from_input, from_hidden, readout])

        def loss():
            hidden, total = torch.zeros(problem.batch, problem.hidden), 0.0
            for t in range(STEPS):
                hidden = torch.tanh(from_input(x[t]) + from_hidden(hidden))
                total = total + functional.mse_loss(readout(hidden), y[t])
            return total
    else:
        activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[problem.activation]
        modules = [module for layer in problem.layers for module in (linear(*layer), activation())]
        model = nn.Sequential(*modules[:-1])
        criterion = {"ae": functional.binary_cross_entropy_with_logits, "mlp": functional.cross_entropy,
                     "matexp": functional.mse_loss}[problem.kind]

        def loss():
            return criterion(model(x), y)

    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)

    def step():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    step.optimizer = optimizer
    return step, loss, model, [x, y]


def jax_case(case, threads):
    """(step, loss, synchronize)."""
    os.environ["XLA_FLAGS"] = (f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()} "
                               f"intra_op_parallelism_threads={threads}")
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import optax
    from jax import numpy as jnp
    problem = Problem(case)
    x = jnp.asarray(problem.x)

    if problem.kind == "chain":
        def chain(y):
            for _ in range(1000):
                y = jnp.tanh(y)
            return y.sum()
        gradient, result = jax.jit(jax.grad(chain)), [x]

        def step():
            result[0] = gradient(x)
        return step, lambda: chain(x), lambda: jax.block_until_ready(result)

    y = jnp.asarray(problem.y)
    parameters = [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in problem.layers]
    if problem.kind == "unroll":
        parameters[1] = parameters[1][:1]

    def affine(layer, value):
        return value @ layer[0] + layer[1]

    def mean_square(prediction, target):
        return jnp.mean((prediction - target) ** 2)

    def loss(parameters):
        if problem.kind == "rnn":
            inputs, recurrent, readout = parameters

            def cell(hidden, value):
                return jnp.tanh(affine(inputs, value) + affine(recurrent, hidden)), None
            hidden, _ = jax.lax.scan(cell, jnp.zeros((problem.batch, problem.hidden)), x)
            return mean_square(affine(readout, hidden), y)
        if problem.kind == "unroll":
            inputs, (recurrent,), readout = parameters
            hidden, total = jnp.zeros((problem.batch, problem.hidden)), 0.0
            for t in range(STEPS):
                hidden = jnp.tanh(affine(inputs, x[t]) + hidden @ recurrent)
                total = total + mean_square(affine(readout, hidden), y[t])
            return total
        value = x
        for layer in parameters[:-1]:
            value = {"relu": jax.nn.relu, "tanh": jnp.tanh}[problem.activation](affine(layer, value))
        value = affine(parameters[-1], value)
        if problem.kind == "ae":
            return jnp.mean(optax.sigmoid_binary_cross_entropy(value, y))
        if problem.kind == "mlp":
            return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(value, y))
        return mean_square(value, y)

    optimizer = optax.adam(RATE)

    def train(parameters, state):
        updates, state = optimizer.update(jax.grad(loss)(parameters), state)
        return optax.apply_updates(parameters, updates), state
    train = jax.jit(train, donate_argnums=(0, 1))
    initial = jax.tree.map(jnp.copy, parameters)
    current = [parameters, optimizer.init(parameters)]

    def step():
        current[:] = train(*current)
    return step, lambda: jax.jit(loss)(initial), lambda: jax.block_until_ready(current)


def measure(framework, case, threads, repetitions=9, seconds=2.0):
    """Prints the median over repetitions of the mean step time of each, as one line of JSON."""
    if framework == "torch":
        step, loss, *_ = torch_case(case, threads)
        synchronize = lambda: None
    else:
        step, loss, synchronize = jax_case(case, threads)

    def mean_of(count):
        synchronize()
        start = time.perf_counter()
        for _ in range(count):
            step()
        synchronize()
        return (time.perf_counter() - start) / count

    first_loss = loss().item()
    mean_of(10)
    count = max(3, math.ceil(seconds / repetitions / mean_of(3)))
    wall, processor_time = time.perf_counter(), time.process_time()
    times = [1e6 * mean_of(count) for _ in range(repetitions)]
    busy = (time.process_time() - processor_time) / (time.perf_counter() - wall)
    print(json.dumps({"name": case, "median_us": statistics.median(times), "minimum_us": min(times),
                      "maximum_us": max(times), "steps": count * repetitions, "busy": busy, "loss": first_loss}))


def saved_by_torch(case):
    """Bytes of distinct storages saved for backward, by what they are."""
    import torch
    _, loss, model, constants = torch_case(case, 1)
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}
    constants = {c.untyped_storage().data_ptr() for c in constants}
    saved = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = loss()  # alive until the sums are taken, so that no address is used twice
    total = dict(parameters=0, data=0, intermediates=0)
    for address, size in saved.items():
        kind = "parameters" if address in parameters else "data" if address in constants else "intermediates"
        total[kind] += size
    del kept
    return total


def memory(cases):
    print("bytes PyTorch saves for backward (distinct storages; data = inputs and targets)")
    print(f"{'case':14}{'intermediates':>15}{'+ data':>12}{'+ parameters':>14}{'all':>12}")
    for case in cases:
        saved = saved_by_torch(case)
        body, data, parameters = saved["intermediates"], saved["data"], saved["parameters"]
        print(f"{case:14}{body:15}{body + data:12}{body + parameters:14}{sum(saved.values()):12}")


def drift(threads, steps=5000):
    """PyTorch's ae32 on one fixed batch: do its steps slow down as Adam's moments become denormal?"""
    import torch
    step, *_ = torch_case("ae32", threads)
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(f"ae32, {steps} steps on one batch, microseconds a step")
    for name, average in [("mean", statistics.fmean), ("median", statistics.median)]:
        first, last = (1e6 * average(part) for part in (times[:1000], times[-1000:]))
        print(f"  {name} of the first thousand {first:.0f}, of the last {last:.0f}, ratio {last / first:.2f}")
    tiny = torch.finfo(torch.float32).tiny
    for moment in ("exp_avg", "exp_avg_sq"):
        values = torch.cat([state[moment].abs().ravel() for state in step.optimizer.state.values()])
        print(f"  denormal share of {moment}: {((values > 0) & (values < tiny)).float().mean():.1%}, "
              f"zero: {(values == 0).float().mean():.1%}")


def pinned(command, cores, threads):
    """The first JSON object that the command prints, or None with its complaint printed."""
    environment = os.environ | {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                                                "MKL_NUM_THREADS", "WENGERT_THREADS")}
    command = ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    for start in (place for place, letter in enumerate(result.stdout) if letter == "{"):
        try:
            return json.JSONDecoder().raw_decode(result.stdout, start)[0]
        except json.JSONDecodeError:
            pass
    print(f"{' '.join(command)}: no result (exit {result.returncode})\n{result.stderr[-2000:]}", file=sys.stderr)
    return None


def medians_of(report):
    """{name: median in microseconds} of what wengert_bench --json prints, whatever else it holds."""
    results = (report or {}).get("results", [])
    if isinstance(results, dict):
        results = [{"name": name} | (row if isinstance(row, dict) else {"median_us": row})
                   for name, row in results.items()]
    rows = [row for row in results if isinstance(row, dict)]
    return {row["name"]: float(row["median_us"]) for row in rows if "name" in row and row.get("median_us") is not None}


def can_select_cases(binary):
    """Whether wengert_bench takes --case NAME, so that ours too is one process a case, next to its peers'."""
    try:
        return "--case" in subprocess.run([binary, "--help"], capture_output=True, text=True).stdout
    except OSError:
        sys.exit(f"{binary} is not there: build the release preset, or ask for --peers-only")


def compare(options):
    cores = sorted(os.sched_getaffinity(0))[-options.threads:]
    samples = {}  # (framework, case) -> medians, one a round

    def note(framework, case, value):
        samples.setdefault((framework, case), []).append(value)

    machine = {}
    losses = {}
    selects = not options.peers_only and can_select_cases(options.binary)

    def run_ours(*arguments):
        report = pinned([options.binary, "--json", *arguments], cores, options.threads)
        machine.update((key, value) for key, value in (report or {}).items() if key != "results")
        for case, value in medians_of(report).items():
            note("wengert", case, value)
    for round_number in range(options.rounds):
        if not options.peers_only and not selects:
            run_ours()
        for case in options.cases:
            if selects:
                run_ours("--case", case)
            for framework in ("torch", "jax"):
                result = pinned([sys.executable, __file__, "measure", framework, case,
                                 "--threads", options.threads], cores, options.threads)
                if result:
                    note(framework, case, result["median_us"])
                    losses.setdefault(case, {})[framework] = result["loss"]
                    if options.threads == 1 and result["busy"] < 0.95:
                        print(f"warning: {framework} {case} had its core for only {result['busy']:.0%} of the time: "
                              "is something else running?", file=sys.stderr)
            print(f"round {round_number + 1} of {options.rounds}: {case}", file=sys.stderr)
    for case, values in losses.items():
        if len(values) == 2 and not math.isclose(*values.values(), rel_tol=1e-4):
            print(f"warning: {case} is not the same computation everywhere: {values}", file=sys.stderr)

    from importlib.metadata import version
    print(f"{processor()}; {options.threads} thread(s) on core {','.join(map(str, cores))}; "
          f"torch {version('torch')}, jax {version('jax')}; {options.rounds} rounds")
    for key, value in machine.items():
        print(f"wengert {key}: {value if isinstance(value, str) else json.dumps(value)}")
    print("medians, microseconds a step")
    print(f"{'case':14}{'wengert':>10}{'PyTorch':>10}{'JAX':>10}{'ours/PyTorch':>14}{'ours/JAX':>10}")
    for case in options.cases:
        ours, torch, jax = (statistics.median(samples.get((framework, case), [math.nan]))
                            for framework in ("wengert", "torch", "jax"))
        row = f"{case:14}{ours:10.0f}{torch:10.0f}{jax:10.0f}{ours / torch:14.2f}{ours / jax:10.2f}"
        print(row.replace("nan", "  -"))


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(prog="bench/peers", description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="1 or 2, each on a core of its own (default 1)")
    parser.add_argument("--cases", type=lambda text: text.split(","), help="separated by commas (default all)")
    parser.add_argument("--peers-only", action="store_true", help="leave wengert_bench out")
    parser.add_argument("--rounds", type=int, default=3, help="the table holds the median of the rounds (default 3)")
    parser.add_argument("--binary", default=ROOT / "build/release/bench/wengert_bench")
    parser.add_argument("mode", nargs="?", default="compare", choices=["compare", "memory", "drift", "measure"])
    parser.add_argument("which", nargs="*", help="measure: torch or jax, and one case")
    options = parser.parse_intermixed_args()
    unknown = set(options.cases or []) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if options.mode == "measure":
        measure(*options.which, options.threads)
    elif options.mode == "memory":
        memory(options.cases or ["ae32", "ae128", "unroll_64_32"])
    elif options.mode == "drift":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-options.threads:])
        drift(options.threads)
    else:
        options.cases = options.cases or CASES
        compare(options)


main()
