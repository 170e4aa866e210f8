"""A wire to a server that can be cut: before a request arrives, or before its answer does."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import Enum
from typing import Self


class Cut(Enum):
    """What is lost with the connection."""

    REQUEST = "request"
    ANSWER = "answer"
    #: The request arrives, and the server is not told that its client is gone.
    NOTICE = "notice"


#: What leaves the server in no doubt about its client.
CLEAN_CUTS = (Cut.REQUEST, Cut.ANSWER)


class Wire:
    """A relay on loopback. `cut_next` holds for what is sent next, on whichever connection; then it may stay cut."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._armed: Cut | None = None
        self._after = 0
        self._stays_cut = False
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for end in list(self._open):
            _close(end)

    def cut_next(self, what: Cut, *, after: int = 0, for_good: bool = False) -> None:
        """Lose the next request but `after`, or its answer, and the connection with it."""
        self._armed, self._after, self._stays_cut = what, after, for_good

    def mend(self) -> None:
        """Let connections through again."""
        self._stays_cut = False

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                if self._stays_cut and self._armed is None:
                    _close(client)
                    continue
                server = socket.create_connection(("127.0.0.1", self._server))
                self._open |= {client, server}
                lost = threading.Event()
                for work in (self._requests, self._answers):
                    threading.Thread(target=work, args=(client, server, lost), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                armed = self._due()
                if armed is Cut.REQUEST:
                    break
                if armed is Cut.ANSWER:
                    lost.set()  # whoever brings the answer drops it, and then the connection
                server.sendall(data)
                if armed is Cut.NOTICE:
                    lost.set()
                    _close(client)
        if not lost.is_set():
            _close(client)
            _close(server)

    def _due(self) -> Cut | None:
        if self._armed is not None and self._after > 0:
            self._after -= 1
            return None
        armed, self._armed = self._armed, None
        return armed

    def _answers(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if not lost.is_set():
                    client.sendall(data)
                elif client.fileno() != -1:
                    break  # the answer is lost, and both ends hear of it
        _close(client)
        _close(server)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
