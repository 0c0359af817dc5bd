"""A Kubernetes API in a process of its own that knows one thing: the log of any container is FILE, chunked as a kubelet chunks it.

    python benchmarks/log_server.py FILE --chunk BYTES [--delay SECONDS]

Prints its port, then answers until its stdin ends. Connections are kept, as the API server keeps them. Knowledge: RFC 9112, "Chunked Transfer Coding".
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import time
from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(body: bytes, size: int) -> bytes:
    """`body` in chunks of `size` bytes, as they go over the wire."""
    parts = (body[i : i + size] for i in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def answer(connection: socket.socket, wire: bytes, delay_s: float) -> None:
    """Answer every request of one connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    asked = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in asked:
                came = connection.recv(65_536)
                if not came:
                    return
                asked += came
            asked = asked.partition(b"\r\n\r\n")[2]
            time.sleep(delay_s)
            connection.sendall(HEAD)
            connection.sendall(wire)


def accept(listening: socket.socket, wire: bytes, delay_s: float) -> None:
    """A thread for each connection."""
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=answer, args=(connection, wire, delay_s), daemon=True).start()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--chunk", type=int, default=32_768)
    parser.add_argument("--delay", type=float, default=0.0)
    given = parser.parse_args()
    wire = chunked(given.file.read_bytes(), given.chunk)
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=accept, args=(listening, wire, given.delay), daemon=True).start()
    print(listening.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
