"""A block type with the schema that a block class has in the packages at hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from .declared import UNDECLARED, Props
from .introspect import block_class
from .names import block_name
from .paths import at
from .provider import PrefectProvider, PrefectResource, Problem, Structured
from .remembered import block_of


class BlockTypeProvider(PrefectProvider):
    """Import id: the type's slug.

    Types are shared by all of a workspace, and Prefect deletes their documents with them. So a
    type that is there already is used as it is, and none is ever deleted.
    """

    kind = "block type"
    identity = ("slug",)
    natural = ("slug",)

    def id_of(self, live: Props) -> str:
        return str(live["slug"])

    def problems(self, fields: Props) -> Iterator[Problem]:
        if wrong := block_name(str(fields.get("slug", "-"))):
            yield "slug", wrong

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/block_types/slug/{}", id_))
        if live is None or self._schema(fields["checksum"]) is None:
            return None
        return live

    def lookup(self, fields: Props) -> Props | None:
        return None

    def make(self, fields: Props) -> Props:
        for schema in [*(fields.get("nested") or []), fields["schema"]]:
            self._register(schema)
        return {"slug": fields["slug"]}

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        self.make(news)

    def remove(self, id_: str, fields: Props) -> None:
        pass

    def seen(self, live: Props, fields: Props) -> Props:
        return fields  # a schema is found by its checksum: it is the declared one, or gone

    def equal(self, name: str, old: Any, new: Any) -> bool:
        # The checksum speaks for the schema, and spares a diff of its every word.
        return name in ("schema", "nested") or super().equal(name, old, new)

    def _register(self, schema: Props) -> None:
        if self._schema(schema["checksum"]) is not None:
            return
        type_, path = schema["type"], at("/block_types/slug/{}", schema["type"]["slug"])
        known = self.api.call("GET", path) or self.api.create(
            at("/block_types/"), type_, lambda: self.api.call("GET", path)
        )
        body = {k: schema[k] for k in ("fields", "capabilities", "version")}
        body["block_type_id"] = known["id"]
        self.api.create(at("/block_schemas/"), body, lambda: self._schema(schema["checksum"]))

    def _schema(self, checksum: str) -> Props | None:
        found: Props | None = self.api.call("GET", at("/block_schemas/checksum/{}", checksum))
        return found


@dataclass(frozen=True, kw_only=True)
class BlockTypeArgs:
    """Made by ``BlockTypeArgs.of("prefect_gcp:GcsBucket")``, which looks for no credentials.

    ``schema``: ``type`` (name, slug, texts), ``fields``, ``capabilities``, ``version`` and
    ``checksum``; ``nested``: the same of the classes that its fields hold.
    """

    slug: str
    checksum: str
    schema: Structured[Mapping[str, Any]]
    nested: Structured[Sequence[Mapping[str, Any]]] = UNDECLARED

    @classmethod
    def of(cls, block: Any) -> "BlockTypeArgs":
        """The type and schema of a Prefect block class, as its own package has them.

        ``block`` is the class, or its path ``module:Class``: then it is imported only when its
        package has changed, which spares seconds.

        Raises:
            PrefectError: there is no such class in the packages at hand.
        """
        told = introspected(block)
        schema = told["schema"]
        slug, checksum = schema["type"]["slug"], schema["checksum"]
        return cls(slug=slug, checksum=checksum, schema=schema, nested=told["nested"])


BlockTypeProvider.args = BlockTypeArgs


class BlockType(PrefectResource, module="prefect", name="BlockType"):
    """A registered block type. Changed in place when its class has another schema."""

    provider = BlockTypeProvider
    slug: pulumi.Output[str]
    checksum: pulumi.Output[str]


def introspected(block: Any) -> Mapping[str, Any]:
    """What the packages at hand say of a block class, or of the class at ``module:Class``."""
    return block_of(block) if isinstance(block, str) else block_class(block)
