"""The line between a machine with a network of its own and the servers, which listen on 127.0.0.1 alone.

    python link.py servers FOLDER PORT…     here, where the servers are
    python link.py machine FOLDER PORT…     there: what it asks 127.0.0.1 for goes through FOLDER's sockets to them

Whoever ends the first of these has cut the line.
"""

import asyncio
import fcntl
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
# ioctl, of <linux/sockios.h> and <net/if.h>.
_SET_FLAGS, _UP = 0x8914, 0x1


def up() -> None:
    """The loopback of this network, which is new, is there."""
    with socket.socket() as any_:
        fcntl.ioctl(any_, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))


async def carried(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to: Callable[[], Awaitable[Streams]]
) -> None:
    """One connection, until both sides have ended it; a reset goes on as one."""
    try:
        far_reader, far_writer = await to()
    except OSError:
        writer.transport.abort()
        return
    await asyncio.gather(_copied(reader, far_writer), _copied(far_reader, writer))


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(1 << 18):
            writer.write(piece)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof() if writer.can_write_eof() else writer.close()


async def main(side: str, folder: Path, ports: list[int]) -> None:
    """Carry until a signal ends it; a line on standard output says when it does."""
    if side == "machine":
        up()
    for port in ports:
        path = f"{folder / str(port)}.sock"
        if side == "machine":
            there = partial(carried, to=partial(asyncio.open_unix_connection, path))
            await asyncio.start_server(there, "127.0.0.1", port)
        else:
            Path(path).unlink(missing_ok=True)
            there = partial(carried, to=partial(asyncio.open_connection, "127.0.0.1", port))
            await asyncio.start_unix_server(there, path)
    print("carries", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
