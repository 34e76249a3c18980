"""The child process that opens and redraws pictures: a job is a line of JSON, and so is each answer.

A picture that ends it, for want of memory or by a fault in a decoder, does not end the server.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from stylezoo.errors import StylezooError

LARGEST_VIEW = 1600  # pixels of the longer side of what the page shows of a photograph

Job, Tell = dict[str, Any], Callable[[int, int], None]


def main() -> None:
    """Do the jobs of standard input, one after another, until it is closed.

    The server ends this process before it closes that: if it is closed, the server was killed, and the folder of its
    files, which is the only argument, is removed here.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the server ends this process
    os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["KERAS_BACKEND"] = "3", "tensorflow"

    def answer(**fields):
        print(json.dumps(fields), file=answers, flush=True)

    with suppress(BrokenPipeError):  # nobody reads the answers: the server was killed
        for line in sys.stdin:
            _do(json.loads(line), answer)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


def _do(job, answer):
    try:
        answer(done=JOBS[job["job"]](job, lambda part, parts: answer(part=part, parts=parts)))
    except StylezooError as error:
        answer(error=str(error))
    except MemoryError:
        answer(error="There is not enough memory for this picture; take a smaller size.")
    except OSError as error:
        answer(error=f"A file of this page cannot be written or read: {error.strerror or error}.")
    except Exception:
        answer(bug=traceback.format_exc())


def warm(job: Job, tell: Tell) -> None:
    """Import what drawing needs, before anybody waits for it."""
    from stylezoo.runs import mixing  # noqa: F401


def open_photograph(job: Job, tell: Tell) -> dict[str, int]:
    """Decode an uploaded photograph, write what the page shows of it, and return its size.

    Raises:
        BadPicture: It cannot be used, or is an animation.
    """
    from stylezoo.errors import BadPicture
    from stylezoo.pictures import animation, files

    if film := animation.opened(job["picture"]):
        raise BadPicture(
            f"'{job['picture']}' is an animation of {len(film)} frames, and this page draws single pictures; "
            "'stylezoo stylize' draws all frames."
        )
    picture = files.open_picture(job["picture"])
    width, height = picture.size
    picture.thumbnail((LARGEST_VIEW, LARGEST_VIEW))
    files.save_picture(picture, job["view"])
    return {"width": width, "height": height}


def open_mask(job: Job, tell: Tell) -> None:
    """Check that an uploaded mask is one.

    Raises:
        BadPicture: It is no picture that can be used.
    """
    from stylezoo.drawing.fusion import opened_mask

    opened_mask(job["picture"])


def write_sample(job: Job, tell: Tell) -> None:
    """Write a sample photograph.

    Raises:
        MissingExtra: scikit-image, which holds it, is not installed.
    """
    from stylezoo.pictures import files, samples

    files.save_picture(samples.photographs()[job["name"]], job["picture"])


def draw(job: Job, tell: Tell) -> dict[str, int]:
    """Redraw a picture as `stylezoo stylize` does, write the result, and return its size.

    Raises:
        StylezooError: As the command.
    """
    from stylezoo.pictures import arrays, files
    from stylezoo.runs.mixing import Mixture

    look = {name: job[name] for name in ("seed", "keep_colour", "stroke")}
    mixture = Mixture([style for style, _ in job["styles"]], [tuple(mask) for mask in job["masks"]])
    painter = mixture.painter([weight for _, weight in job["styles"]], job["strength"], **look)
    painter.on_tile = tell
    picture, size = job["picture"], job["size"]
    drawn = painter.paint(arrays.opened_at(picture, size, painter.channels) if size else picture)
    files.save_picture(drawn, job["result"])
    return {"width": drawn.width, "height": drawn.height}


JOBS = {"warm": warm, "photograph": open_photograph, "mask": open_mask, "sample": write_sample, "draw": draw}

if __name__ == "__main__":
    main()
