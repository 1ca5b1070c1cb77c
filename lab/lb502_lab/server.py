"""The HTTP server: the application on one loopback port."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server


class _Handler(MotoRequestHandler):
    """Quiet, and without Nagle: headers and body leave in two writes."""

    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:
        if type == "error":
            sys.stderr.write(f"lab: {message % args if args else message}\n")


def bind(app: Any, port: int) -> BaseWSGIServer:
    """A server that listens on 127.0.0.1:`port` (0: any free one)."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler)
    server.daemon_threads = True  # a call that hangs must not keep the lab alive
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return server


def die_with_parent() -> None:
    """End the process when the one that started it is gone, so that no test leaves a lab behind."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    if parent > 1:
        threading.Thread(target=watch, daemon=True).start()
