"""Where the library stood before it was one: states made until then name its providers by this
path, for as long as nothing changes the resource. See docs/UPGRADING.md.
"""

import sys

import prefect_as_code
from prefect_as_code.provider import PrefectProvider

__all__ = ["prefect_as_code"]  # which has loaded all kinds

for _kind in PrefectProvider.__subclasses__():
    _name = _kind.__module__.rpartition(".")[2]
    sys.modules[f"{__name__}.{_name}"] = sys.modules[_kind.__module__]
