"""A line to a server on loopback that takes as long as a distance: `bench.distance PORT MILLISECONDS` prints its port.

What comes (but not the beginning of a connection) is passed on half a round trip later, as fast as it came: so much may
be under way as the two ends let each other send, as on a line of any width. It ends with its standard input.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

PIECE = 1 << 18


@contextlib.contextmanager
def line_to(port: int, milliseconds: float) -> Iterator[int]:
    """The port of such a line, whose round trip takes so long; a process of its own passes on."""
    words = [sys.executable, "-m", "bench.distance", f"{port}", f"{milliseconds}"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield int(process.stdout.readline())
        process.stdin.close()


async def main(port: int, delay: float) -> None:
    """Serve until the standard input ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port, limit=PIECE * 4)
        for each in (writer, there_writer):
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(passed_on(reader, there_writer, delay), passed_on(there_reader, writer, delay))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=PIECE * 4)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # what is under way then is nobody's


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """All that the reader gives, each piece so many seconds after it came."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def read() -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                under_way.put_nowait((loop.time() + delay, piece))
        under_way.put_nowait((loop.time() + delay, b""))

    reading = asyncio.create_task(read())
    with suppress(OSError):
        while (arrived := await under_way.get())[1]:
            await asyncio.sleep(max(0.0, arrived[0] - loop.time()))
            writer.write(arrived[1])
            await writer.drain()
    await reading
    with suppress(OSError):
        writer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 2000))
