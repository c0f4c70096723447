"""Whether the worker's own health page says that it polls: the container's HEALTHCHECK."""

import os
import sys
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

PORT = os.environ.get("PREFECT_WORKER_WEBSERVER_PORT", "8080")

try:
    build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{PORT}/health", timeout=4).close()
except (URLError, OSError) as error:
    sys.exit(f"the worker's health page: {error}")
