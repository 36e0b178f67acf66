"""Who is told: a server of SMTP (aiosmtpd) and one of HTTP (Werkzeug) on loopback, and what came to them."""

import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from flask import Flask, Response, request
from werkzeug.serving import make_server

from sshd import free_port

USER, PASSWORD = "morning", "hunter2/@&tell"
QUOTED = "hunter2%2F%40%26tell"


@dataclass
class Mails:
    """A mail server and the letters that it took: `refused` are mailboxes of which it knows nothing."""

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def address(self, *to: str, scheme: str = "mailto", more: str = "") -> str:
        names = ",".join(to or ("office@district.example",))
        return f"{scheme}://{USER}:{QUOTED}@127.0.0.1:{self.port}?from=morning@district.example&to={names}{more}"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 log in first"
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(email.message_from_bytes(content, policy=email.policy.default))
        self.to.append(list(envelope.rcpt_tos))
        return "250 taken"

    def said(self) -> str:
        """All that they hold, decoded."""
        return "\n".join(f"{letter['subject']}\n{text(letter)}" for letter in self.letters)


def text(letter: EmailMessage) -> str:
    """Every part of the letter."""
    return "\n".join(part.get_content() for part in letter.walk() if part.get_content_maintype() == "text")


@contextmanager
def mails(context: ssl.SSLContext | None = None) -> Iterator[Mails]:
    """A mail server that wants a login; with a context, STARTTLS before it."""
    found = Mails(free_port())

    def known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, said: Any) -> AuthResult:
        right = isinstance(said, LoginPassword) and (said.login, said.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    more: dict[str, Any] = {"tls_context": context, "require_starttls": True} if context else {}
    controller = Controller(
        found,
        hostname="127.0.0.1",
        port=found.port,
        authenticator=known,
        auth_require_tls=context is not None,
        **more,
    )
    controller.start()
    try:
        yield found
    finally:
        controller.stop()


@dataclass(frozen=True)
class Posted:
    """One request: its path, and what it held."""

    path: str
    body: str


@dataclass
class Hooks:
    """A server of HTTP and what it was asked; it answers `status`."""

    port: int = 0
    status: int = 200
    posted: list[Posted] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def address(self, path: str = "hook-4f3c9a7711") -> str:
        return f"json://127.0.0.1:{self.port}/{path}"

    def paths(self) -> list[str]:
        return [each.path for each in self.posted]

    def said(self) -> str:
        return "\n".join(f"{each.path} {each.body}" for each in self.posted)


@contextmanager
def hooks() -> Iterator[Hooks]:
    found = Hooks()
    app = Flask("hooks")

    @app.route("/<path:path>", methods=["GET", "POST", "HEAD"])
    def take(path: str) -> Response:
        found.posted.append(Posted(f"/{path}", request.get_data(as_text=True)))
        return Response(status=found.status)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def silent(first: bytes = b"", more: bytes = b"", each: float = 0.2) -> Iterator[int]:
    """The port of a server that takes every connection, says `first`, and then nothing; with `more`, that again and
    again, so that no single wait of a client ends."""
    over, lines = threading.Event(), list[socket.socket]()

    def work() -> None:
        while not over.is_set():
            try:
                line, _ = listening.accept()
            except OSError:
                return
            lines.append(line)
            threading.Thread(target=drip, args=(line,), daemon=True).start()

    def drip(line: socket.socket) -> None:
        try:
            line.sendall(first)
            while more and not over.wait(each):
                line.sendall(more)
        except OSError:
            return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=work, daemon=True).start()
        yield listening.getsockname()[1]
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
    for line in lines:
        line.close()


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate of its own for 127.0.0.1."""
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain) + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
