"""How much of a training measuring takes: a real training, whose measurements are timed, at their default rhythm.

    python tests/benchmarks/measured.py SOURCE STYLE [train options ...]

For example `photo.jpg painting.jpg`, which trains single-pair, or `photos/ paintings/ cut --steps 1000 ...`. It prints
the seconds of the training, those of the measurements, and their share.
"""

import sys
import tempfile
import time

from click.testing import CliRunner

from stylezoo.cli import main
from stylezoo.training import evaluating

SPENT = []  # seconds in each call


def timed(method):
    def call(*arguments):
        began = time.monotonic()
        result = method(*arguments)
        SPENT.append(time.monotonic() - began)
        return result

    return call


for name in ("on_train_begin", "_measure"):
    setattr(evaluating.Figures, name, timed(getattr(evaluating.Figures, name)))
source, style, *options = sys.argv[1:]
began = time.monotonic()
with tempfile.TemporaryDirectory() as folder:
    words = ["train", "--source", source, "--style", style, *options, "-o", f"{folder}/run"]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
whole = time.monotonic() - began
if done.exit_code:
    sys.exit(done.output)
share = f"{sum(SPENT):.1f} s with the first look: {sum(SPENT) / whole:.1%}"
print(f"{whole:.0f} s in all; {len(SPENT) - 1} measurements, {share}")
