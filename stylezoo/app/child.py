"""The server's end of a child process that does jobs in their order: see `artist`."""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from stylezoo.errors import StylezooError

LONGEST = 2**20  # bytes of an answer
MOST = 24  # jobs that wait, at most


class Child:
    """A process of `artist`, which is started for the first job and again if it has ended.

    Attributes:
        queue: The jobs that are not done yet, each an object; the first is being done.
    """

    def __init__(self):
        self.queue = []
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
        except BaseException as error:
            if not isinstance(error, StylezooError):  # it was given up: the process may still be busy with it
                self.end()
            raise
        finally:
            self.queue.remove(ticket)

    async def _done(self, job, tell):
        process = await self._running()
        process.stdin.write(f"{job}\n".encode())
        with suppress(ConnectionError):  # it has ended: there will be no answer
            await process.stdin.drain()
        while line := await process.stdout.readline():
            match json.loads(line):
                case {"part": part, "parts": parts}:
                    tell(part, parts)
                case {"done": result}:
                    return result
                case {"error": words}:
                    raise StylezooError(words)
                case {"bug": trace}:
                    raise RuntimeError(trace)
        self.end()
        raise StylezooError("The process that opens and draws pictures has ended, perhaps for want of memory.")

    async def _running(self):
        if self._is_closed:
            raise StylezooError("The server has ended.")
        if self._process is None or self._process.returncode is not None:
            await asyncio.shield(asyncio.ensure_future(self._start()))  # half a start would be nobody's process
        return self._process

    async def _start(self):
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stylezoo.app.artist"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LONGEST,
        )

    async def close(self) -> None:
        """End the process, and start no other."""
        self._is_closed, process = True, self._process
        self.end()
        if process is not None:
            await process.wait()

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._process = None
