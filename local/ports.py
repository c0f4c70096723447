"""Which port is free, and who has one that is not."""

import socket
import time

import psutil

HOST = "127.0.0.1"


def is_free(port: int, within: float = 0.0) -> bool:
    deadline = time.monotonic() + within
    while not _binds(port):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def _binds(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def next_free(port: int) -> int:
    """Near ``port``, so below those that any outgoing connection may be given meanwhile."""
    return next((near for near in range(port + 1, port + 100) if is_free(near)), None) or any_free()


def any_free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def holder(port: int) -> str:
    """Who listens on ``port``, as far as this user may see."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.pid
            if listens and tuple(connection.laddr)[1:] == (port,):
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "another program"
