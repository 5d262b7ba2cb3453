# SPDX-License-Identifier: MIT
"""Recurrent nets over 100 steps, forward and backward: wengert_bench, PyTorch (eager) and JAX (jit of lax.scan).

Gradients of the sum of all states by weights and biases, float32, two inputs a step. Every framework stays loaded and
is asked case by case, in turn, round by round. On one thread the core's time counts, so that other work does not. With
--threads 2 PyTorch and JAX may use two (Wengert's products use one) and the clock counts: leave the machine alone. Run it by
    $(tests/golden/venv) bench/recurrent_peers.py [--binary build/release/bench/wengert_bench] [--rounds 5] [--threads 2]
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS, INPUTS = 100, 2
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
CASES = [(net, units, batch) for net in GATES for units in (64, 128) for batch in (1, 32)]


def torch_step(net, units, batch):
    import torch
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[net](INPUTS, units)
    x = torch.rand(STEPS, batch, INPUTS) * 2 - 1

    def step():
        model.zero_grad()
        model(x)[0].sum().backward()
    return step, lambda: None


def jax_step(net, units, batch):
    import jax
    import numpy
    from jax import numpy as jnp
    random = numpy.random.default_rng(0)
    wide, bound = GATES[net] * units, units ** -0.5

    def uniform(*shape, bound):
        return jnp.asarray(random.uniform(-bound, bound, shape).astype("float32"))
    parameters = [uniform(*shape, bound=bound) for shape in [(INPUTS, wide), (units, wide), (wide,), (wide,)]]
    x = uniform(STEPS, batch, INPUTS, bound=1)

    def cell(recurrent, bias, state, a):
        if net == "rnn":
            state = jnp.tanh(a + state @ recurrent + bias)
            return state, state
        if net == "lstm":
            h, c = state
            i, f, g, o = jnp.split(a + h @ recurrent + bias, 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h
        (a_r, a_z, a_n), (b_r, b_z, b_n) = (jnp.split(v, 3, axis=-1) for v in (a, state @ recurrent + bias))
        r, z = jax.nn.sigmoid(a_r + b_r), jax.nn.sigmoid(a_z + b_z)
        state = (1 - z) * jnp.tanh(a_n + r * b_n) + z * state
        return state, state

    def total(parameters):
        weight, recurrent, b_x, b_h = parameters
        zeros = jnp.zeros((batch, units))
        start = (zeros, zeros) if net == "lstm" else zeros
        return jax.lax.scan(lambda state, a: cell(recurrent, b_h, state, a), start, x @ weight + b_x)[1].sum()
    gradient, result = jax.jit(jax.grad(total)), [None]

    def step():
        result[0] = gradient(parameters)
    return step, lambda: jax.block_until_ready(result)


def serve(framework):
    """Answers each case on the input with the mean time of a step, in microseconds, by the clock and of the core."""
    prepared = {}
    for line in sys.stdin:
        case = tuple(json.loads(line))
        if case not in prepared:
            prepared[case] = {"torch": torch_step, "jax": jax_step}[framework](*case)
        step, synchronize = prepared[case]

        def mean_of(count):
            synchronize()
            wall, core = time.perf_counter(), time.process_time()
            for _ in range(count):
                step()
            synchronize()
            return (time.perf_counter() - wall) / count, (time.process_time() - core) / count
        mean_of(3)
        wall, core = mean_of(max(3, math.ceil(0.3 / mean_of(2)[0])))
        print(json.dumps([1e6 * wall, 1e6 * core]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=ROOT / "build/release/bench/wengert_bench")
    parser.add_argument("--rounds", type=int, default=5, help="the table holds their medians (default 5)")
    parser.add_argument("--threads", type=int, default=1, help="for PyTorch and JAX (default 1)")
    parser.add_argument("--serve", choices=["torch", "jax"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.serve)

    cores = sorted(os.sched_getaffinity(0))
    if not 1 <= options.threads <= len(cores):
        parser.error(f"--threads {options.threads}: there are {len(cores)} cores")
    one = options.threads == 1
    os.sched_setaffinity(0, cores[-options.threads:])  # children inherit it
    os.environ |= {name: str(options.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu", "XLA_FLAGS":
                   f"--xla_cpu_multi_thread_eigen={str(not one).lower()} intra_op_parallelism_threads={options.threads}"}
    peers = {name: subprocess.Popen([sys.executable, __file__, "--serve", name], text=True, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE) for name in ("torch", "jax")}

    def ours(case):
        report = subprocess.run([options.binary, "--json", "--repetitions", "3", "--case",
                                 "sequence/" + "/".join(map(str, case))], capture_output=True, text=True, check=True)
        return json.loads(report.stdout)["results"][0]["median_us"], json.loads(report.stdout)["busy"]

    def theirs(name, case):
        print(json.dumps(case), file=peers[name].stdin, flush=True)
        wall, core = json.loads(peers[name].stdout.readline())
        return wall, core / wall

    samples, busy = {}, []
    for _ in range(options.rounds):
        for case in CASES:
            for name in ("wengert", "torch", "jax"):
                microseconds, share = ours(case) if name == "wengert" else theirs(name, case)
                samples.setdefault((name, case), []).append(microseconds * (share if one else 1))
                busy.append(share)
    for peer in peers.values():
        peer.stdin.close()
        peer.wait()
    if one:
        print(f"microseconds of the core's time, medians of {options.rounds} rounds; a measurement had its core for "
              f"{min(busy):.0%} of the time or more, {statistics.median(busy):.0%} in the middle")
    else:
        print(f"microseconds by the clock, medians of {options.rounds} rounds; {options.threads} threads for PyTorch and "
              f"JAX, one for Wengert")
    print(f"{'case':14}{'wengert':>10}{'PyTorch':>10}{'JAX':>10}{'ours/PyTorch':>14}{'ours/JAX':>10}")
    for case in CASES:
        mine, torch, jax = (statistics.median(samples[name, case]) for name in ("wengert", "torch", "jax"))
        print(f"{'/'.join(map(str, case)):14}{mine:10.0f}{torch:10.0f}{jax:10.0f}{mine / torch:14.2f}{mine / jax:10.2f}")


main()
