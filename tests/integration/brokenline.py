"""A line to a server on loopback that breaks, or falls silent, when a test says so."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

When = Callable[[int], bool]


@dataclass
class BrokenLine:
    """Passes bytes on between its own port and the server's.

    `cut` and `hush` are asked before each piece is passed on, with the bytes that this connection has moved so far:
    the connection is then broken off (so often), or nothing moves on it any more.
    """

    port: int
    server: int
    cut: When = lambda moved: False
    cuts_left: int = 0
    hush: When = lambda moved: False
    connections: int = 0
    _open: list[socket.socket] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def breaks(self, when: When, times: int = 1) -> None:
        self.cut, self.cuts_left = when, times

    def wait_until_idle(self, seconds: float = 5) -> bool:
        """Whether every connection was closed by then."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, seconds)

    def serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = listener.accept()[0]
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self.server))
                with self._changed:
                    self._open.append(client)
                both = _Both(client)
                for each in (client, server):  # both, before the first byte: a cut there closes them
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for here, there in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(here, there, both), daemon=True).start()

    def _goes_through(self, piece: bytes, both: "_Both") -> bool:
        with self._changed:
            both.moved += len(piece)
            if not both.broken and self.cuts_left > 0 and self.cut(both.moved):
                both.broken = True
                self.cuts_left -= 1
            return not both.broken

    def _pass(self, here: socket.socket, there: socket.socket, both: "_Both") -> None:
        with contextlib.suppress(OSError):
            while (piece := here.recv(16_384)) and self._goes_through(piece, both):
                if not self.hush(both.moved):
                    there.sendall(piece)
        for each in (here, there):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        with self._changed:
            if both.client in self._open:
                self._open.remove(both.client)
            self._changed.notify_all()


@dataclass
class _Both:
    """The two directions of one connection."""

    client: socket.socket
    moved: int = 0
    broken: bool = False


@contextlib.contextmanager
def line_to(server: int) -> Iterator[BrokenLine]:
    """A line to the server's port, whole until told otherwise."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = BrokenLine(listener.getsockname()[1], server)
        thread = threading.Thread(target=line.serve, args=(listener,), daemon=True)
        thread.start()
        yield line
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
