"""Who we are at Google's registries: whoever the machine's Application Default Credentials name."""

import threading
from typing import Any

from .errors import RegistryError

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_found: list[Any] = []
_lock = threading.Lock()


def google_token() -> str:
    """A token that is valid still.

    Raises:
        RegistryError: the machine has no credentials, or Google does not take them.
    """
    # Only who speaks to Google's registries waits for these to load.
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    with _lock:
        try:
            if not _found:
                _found.append(google.auth.default(scopes=[_SCOPE])[0])
            [credentials] = _found
            if not credentials.valid:
                credentials.refresh(Request())
        except GoogleAuthError as error:
            raise RegistryError(
                f"Google does not know who you are: {error} Run `gcloud auth "
                "application-default login`; in a workflow, google-github-actions/auth comes first."
            ) from error
        return str(credentials.token)
