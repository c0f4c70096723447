"""Writes the bill of materials of the image that it runs in: CycloneDX, one JSON document.

It lies in the image, so that it has the image's digest and any builder makes it; scanners find it
by its name. The same packages are the same document: it has no time and no random number.
"""

import json
import re
import sys
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

DEBIAN = Path("/var/lib/dpkg/status")


def bill(name: str, site: str) -> dict[str, Any]:
    components = sorted([*_python(site), *_debian()], key=lambda each: each["purl"])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": name}},
        "components": components,
    }


def _python(site: str) -> Iterator[dict[str, Any]]:
    version = sys.version.split()[0]
    yield _component("python", version, f"pkg:generic/python@{version}")
    for each in distributions(path=[site]):
        name = re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower()
        yield _component(name, each.version, f"pkg:pypi/{name}@{quote(each.version)}")


def _debian() -> Iterator[dict[str, Any]]:
    stanzas = DEBIAN.read_text().split("\n\n") if DEBIAN.exists() else []
    for told in map(HeaderParser().parsestr, filter(str.strip, stanzas)):
        if told["Status"].endswith(" installed"):
            name, version = told["Package"], told["Version"]
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={told['Architecture']}"
            yield _component(name, version, purl)


def _component(name: str, version: str, purl: str) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    }


if __name__ == "__main__":
    [site] = Path(sys.argv[2]).glob("lib/python3*/site-packages")
    json.dump(bill(sys.argv[1], str(site)), sys.stdout, indent=1)
