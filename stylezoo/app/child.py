"""The server's end of a child process that does jobs in their order: see `artist`."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from stylezoo.errors import StylezooError

MOST = 24  # jobs that wait, at most


class Child:
    """A process of `artist`, which is started for the first job and again if it has ended.

    Args:
        folder: The folder of its files, which it removes if the server ends without doing so.

    Attributes:
        queue: The jobs that are not done yet, each an object; the first is being done.
    """

    def __init__(self, folder: Path):
        self.folder, self.queue = folder, []
        self._process, self._turn, self._is_closed = None, asyncio.Lock(), False

    async def ask(self, tell: Callable[[int, int], None] = lambda part, parts: None, ticket=None, **job) -> Any:
        """What comes of a job, when those before it are done.

        Args:
            tell: Called with the number of parts that are done, and of all parts.
            ticket: What stands for the job in the queue.
            **job: Its fields.

        Raises:
            StylezooError: The job cannot be done, the process has ended, or too many wait.
        """
        if len(self.queue) >= MOST:
            raise StylezooError("Too many pictures wait already; try again in a minute.")
        ticket = ticket or object()
        self.queue.append(ticket)
        try:
            async with self._turn:
                return await self._done(json.dumps(job), tell)
        finally:
            self.queue.remove(ticket)

    async def _done(self, job, tell):
        process = self._running()
        try:
            with suppress(OSError):  # it has ended: there will be no answer
                process.stdin.write(f"{job}\n".encode())
                process.stdin.flush()
            while line := await asyncio.to_thread(process.stdout.readline):
                match json.loads(line):
                    case {"part": part, "parts": parts}:
                        tell(part, parts)
                    case {"done": result}:
                        return result
                    case {"error": words}:
                        raise StylezooError(words)
                    case {"bug": trace}:
                        raise RuntimeError(trace)
        except asyncio.CancelledError:  # the job was given up, and the process may still be busy with it
            self._end()
            raise
        self._end()
        raise StylezooError("The process that opens and draws pictures has ended, perhaps for want of memory.")

    def _running(self):
        if self._is_closed:
            raise StylezooError("The server has ended.")
        if self._process is None:
            command = [sys.executable, "-m", "stylezoo.app.artist", str(self.folder)]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        return self._process

    def close(self) -> None:
        """End the process, whatever it does, and start no other."""
        self._is_closed = True
        self._end()

    def _end(self):
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        with suppress(OSError):  # what it has not read is lost
            process.stdin.close()
        process.stdout.close()
