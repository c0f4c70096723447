from collections.abc import Iterator

import pytest

from tests.registry import RealRegistry, real_registry, registry

__all__ = ["other", "registry"]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """A second one: between two, layers have to travel."""
    with real_registry(tmp_path_factory.mktemp("other")) as found:
        yield found
