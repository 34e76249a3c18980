"""The process of a training: the command line, which ends as by Ctrl-C when its standard input is closed.

The server holds the other end and never writes. However it ends, also where it is killed, the system closes that end:
the training saves what it has learned and ends too, instead of going on for hours where nobody sees it.
"""

import _thread
import os
import runpy
import signal
import threading


def main() -> None:
    """Do what `python -m stylezoo` does with the same arguments."""
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    runpy.run_module("stylezoo", run_name="__main__", alter_sys=True)


def _end_with_the_server():
    while os.read(0, 1):
        pass
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # nobody reads them any more, and a word that cannot be written must not end it early
        os.dup2(nothing, stream)
    if hasattr(signal, "pthread_kill"):  # which also ends what the main thread waits for
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


if __name__ == "__main__":
    main()
