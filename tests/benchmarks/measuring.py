"""From variants to rows: they take turns, both sides are checked to do the same work, medians are compared."""

import platform
import sys
from collections import defaultdict
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

from tests.benchmarks import flops
from tests.benchmarks.rows import Row
from tests.benchmarks.turns import Process, Summary, measured
from tests.benchmarks.variants import PRECISIONS, Variant

EXTENSIONS = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16", "avx512f": "AVX512", "avx2": "AVX2"}  # best first
VALUES = {  # of a turn, by unit
    "s": lambda turn: turn["seconds"],
    "pictures/s": lambda turn: 1 / turn["seconds"],
    "MiB": lambda turn: (turn["device_memory"] or turn["memory"]) / 2**20,
}
SIDES = {False: 2048, True: 8192}  # of the matrices whose product is the ceiling, without a GPU and with one


class NotAlike(Exception):
    """stylezoo and PyTorch do not do the same work."""


class Machine:
    """The device, the versions and the ceilings, which are measured first.

    Attributes:
        gpu: Whether there is one.
        ceilings: Operations a second by precision.
        rows: The rows of the ceilings.
    """

    def __init__(self, quick, rounds, torch, say):
        self.rounds, self.torch, self.say = rounds, torch, say
        self.ceilings = {}
        self.gpu, self.device, self.about = self._about()
        side = 512 if quick else SIDES[self.gpu]
        precisions = (*PRECISIONS, "tensorfloat32") if self.gpu else PRECISIONS
        products = [
            Variant("matrix product", "tensorflow", partial(_product, side, each), each, operations=of_product)
            for each in precisions
        ]
        self.rows = self.measure("ceiling", products)
        self.ceilings = reachable({row.precision: row.flop_per_s for row in self.rows})

    def _about(self):
        """Whether there is a GPU, the name of what computes, and its cores and versions for the rows."""
        process = _product(64, "float32")
        process.close()
        gpus = process.facts["gpus"]
        about = {name: process.facts[name] for name in ("cores", "tensorflow", "keras")}
        return bool(gpus), ", ".join(dict.fromkeys(gpus)) or processor(process.facts["flags"]), about

    def measure(self, section, variants):
        """The rows of variants that take turns."""
        found = measured({each: each.start for each in variants}, self.rounds, self.say)
        check_alike(found)
        best = {}
        for each, result in found.items():
            if not isinstance(result, str) and each.library.startswith("torch"):
                key = (each.job, each.precision)
                best[key] = min(best.get(key, float("inf")), summary(each, result).median)
        return [self._row(section, each, found[each], best.get((each.job, each.precision))) for each in variants]

    def _row(self, section, variant, result, best):
        common = {
            "date": date.today().isoformat(), "device": self.device, **self.about,
            "torch": self.torch, "section": section, "unit": variant.unit,
            **{name: getattr(variant, name) for name in ("job", "precision", "library")},
        }  # fmt: skip
        if isinstance(result, str):
            return Row(median="", lower="", upper="", note=result, **common)
        facts, _ = result
        turns = summary(variant, result)
        speed = {}
        if variant.unit == "s" and variant.operations and "networks" in facts:
            speed = {"flop_per_s": variant.operations(facts["networks"]) / turns.median}
            speed["ceiling"] = self.ceilings.get(variant.precision, "")
        if best and not variant.library.startswith("torch"):
            speed["ratio_to_torch"] = turns.median / best
        return Row(
            median=turns.median, lower=turns.lower, upper=turns.upper, note=facts.get("note", ""), **speed, **common
        )


def _product(side, precision):
    job = {"work": "ceiling", "side": side, "precision": precision, "seconds": 0.3}
    return Process(sys.executable, "zoo", job)


def reachable(measured):
    """The ceilings of the recipe's precisions from those of matrix products: operations a second.

    TensorFlow computes float32 in TensorFloat-32 where the GPU has it; and where bfloat16 is slow, because the
    processor has none, it could be computed in float32.
    """
    plain = measured.get("tensorfloat32", measured["float32"])
    return {"float32": plain, "mixed_bfloat16": max(plain, measured["mixed_bfloat16"])}


def of_product(networks):
    """The operations of a matrix product."""
    return networks["product"]


def summary(variant, result):
    """Median and quartiles of a variant's turns, in its unit."""
    _, turns = result
    return Summary.of([VALUES[variant.unit](turn) for turn in turns])


def check_alike(found):
    """Check that all variants of a job have as many weights, and passes of as many operations.

    Raises:
        NotAlike: They have not.
    """
    jobs = defaultdict(list)
    for variant, result in found.items():
        if not isinstance(result, str):
            jobs[variant.job, variant.precision].append((variant, result[0]))
    for alike in jobs.values():
        first, known = alike[0]
        for variant, facts in alike:
            if facts.get("weights") != known.get("weights"):
                raise NotAlike(f"{first} has the weights {known['weights']}, {variant} {facts.get('weights')}.")
            check_operations(first, known.get("networks", {}), variant, facts)


def check_operations(first, known, variant, facts):
    """Check the operations of one variant against those of another, and against the formula if they are counted."""
    networks = facts.get("networks", {})
    for name in known:
        if abs(networks[name] / known[name] - 1) > flops.ROUNDING:
            raise NotAlike(f"{name}: {first} needs {known[name]} operations, {variant} {networks[name]}.")
    if "counted" in facts and abs(facts["counted"] / variant.operations(networks) - 1) > flops.TOLERANCE:
        formula = f"{variant.operations(networks):.4g}"
        raise NotAlike(f"{variant}: {formula} operations by formula, {facts['counted']:.4g} are counted.")


def processor(flags):
    """The name of the processor, with the fastest instructions for matrices among its flags."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = (part.strip() for part in line.partition(":"))
            name = value if key == "model name" else name
    best = next((label for flag, label in EXTENSIONS.items() if flag in flags), "")
    return f"{name} ({best})" if best else name
