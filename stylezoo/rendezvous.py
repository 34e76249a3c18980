"""The workers of a training wait for each other before TensorFlow begins.

TensorFlow waits as well, but for an hour, deaf to Ctrl-C, and without a word about who is missing.
"""

import socket
import time
from contextlib import ExitStack, suppress

from stylezoo.errors import BadRun, name_all

GREETING, GO, LONGEST = b"stylezoo %d %d\n", b"go\n", 64


def meet(hosts: list[str], worker: int, seconds: float = 600) -> None:
    """Wait until all workers have called this. All ask the first one, on the port that TensorFlow uses afterwards.

    Args:
        hosts: The address HOST:PORT of each worker.
        worker: The number of this one.
        seconds: The longest wait.

    Raises:
        BadRun: One did not come, or the port of the first is taken.
    """
    until = time.monotonic() + seconds
    if worker == 0:
        _receive(hosts, until)
    else:
        _call(hosts, worker, until)


def _receive(hosts, until):
    """Wait for the calls of all others, and answer them all at once."""
    with ExitStack() as stack:
        port = int(hosts[0].rpartition(":")[2])
        try:
            server = stack.enter_context(socket.create_server(("", port), reuse_port=False))
        except OSError as error:
            raise BadRun(f"Worker 0 cannot listen on port {port}: {error.strerror or error}. Take another.") from None
        server.settimeout(0.5)
        callers = {}
        while len(callers) < len(hosts) - 1:
            if time.monotonic() > until:
                missing = [host for i, host in enumerate(hosts) if i and i not in callers]
                raise BadRun(f"The worker {name_all(missing)} has not begun. Start the same command on all machines.")
            with suppress(OSError):
                connection = stack.enter_context(server.accept()[0])
                connection.settimeout(5)
                number = _number(connection.recv(LONGEST), len(hosts))
                if number:
                    callers[number] = connection
            callers = {number: each for number, each in callers.items() if _is_waiting(each)}
        for connection in callers.values():
            with suppress(OSError):  # it has just ended, which TensorFlow tells
                connection.sendall(GO)


def _number(greeting, count):
    """The number in the greeting of a worker of a team of `count`; None: it is something else."""
    return next((number for number in range(1, count) if greeting == GREETING % (number, count)), None)


def _is_waiting(connection):
    """Whether a worker still waits for an answer."""
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(5)


def _call(hosts, worker, until):
    """Call the first worker until it answers that all are there."""
    host, _, port = hosts[0].rpartition(":")
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), timeout=5) as connection:
            connection.sendall(GREETING % (worker, len(hosts)))
            connection.settimeout(max(1, until - time.monotonic()))
            if connection.recv(LONGEST) == GO:
                return
        time.sleep(0.2)
    raise BadRun(f"Worker 0 at {hosts[0]} does not answer: it has not begun, or other workers have not.")
