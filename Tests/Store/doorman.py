"""A way to the terminal on which some connections end before they begin."""
import contextlib
import socket
import threading
import urllib.parse

from conftest import PATIENCE


class Doorman:
    """Passes connections on to the terminal at `url`, except the `turned_away` (counted from 1): of those it reads the first bytes, and closes."""

    def __init__(self, url, turned_away):
        self.terminal = urllib.parse.urlsplit(url)
        self.turned_away = turned_away
        self.count = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.listener.getsockname()[1]}/"

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                guest, _ = self.listener.accept()
                self.count += 1
                threading.Thread(target=self._admit, args=(guest, self.count in self.turned_away), daemon=True).start()

    def _admit(self, guest, turned_away):
        with guest, contextlib.suppress(OSError):  # either side has left
            guest.settimeout(PATIENCE * 3)
            if turned_away:
                guest.recv(4096)
                return
            with socket.create_connection((self.terminal.hostname, self.terminal.port), PATIENCE) as terminal:
                terminal.settimeout(PATIENCE * 3)
                back = threading.Thread(target=self._pass_on, args=(terminal, guest), daemon=True)
                back.start()
                self._pass_on(guest, terminal)
                back.join()

    @staticmethod
    def _pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for side in (source, target):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
