"""A block type with the schema that a block class has in the packages at hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pulumi

from .declared import UNDECLARED, Props
from .names import block_name
from .provider import PrefectProvider, PrefectResource, Problem, Structured


class BlockTypeProvider(PrefectProvider):
    """Import id: the type's slug.

    Types are shared by all of a workspace, and Prefect deletes their documents with them. So a
    type that is there already is used as it is, and none is ever deleted.
    """

    kind = "block type"
    identity = ("slug",)

    def id_of(self, live: Props) -> str:
        return str(live["slug"])

    def problems(self, fields: Props) -> Iterator[Problem]:
        if wrong := block_name(str(fields.get("slug", "-"))):
            yield "slug", wrong

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", f"/block_types/slug/{id_}")
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
        type_, path = schema["type"], f"/block_types/slug/{schema['type']['slug']}"
        known = self.api.call("GET", path) or self.api.create(
            "/block_types/", type_, lambda: self.api.call("GET", path)
        )
        body = {k: schema[k] for k in ("fields", "capabilities", "version")}
        body["block_type_id"] = known["id"]
        self.api.create("/block_schemas/", body, lambda: self._schema(schema["checksum"]))

    def _schema(self, checksum: str) -> Props | None:
        found: Props | None = self.api.call("GET", f"/block_schemas/checksum/{checksum}")
        return found


@dataclass(frozen=True, kw_only=True)
class BlockTypeArgs:
    """Made by ``BlockTypeArgs.of(GcsBucket)``; the class is not instantiated, so no credentials
    are looked for.

    ``schema``: ``type`` (name, slug, texts), ``fields``, ``capabilities``, ``version`` and
    ``checksum``; ``nested``: the same of the classes that its fields hold.
    """

    slug: str
    checksum: str
    schema: Structured[Mapping[str, Any]]
    nested: Structured[Sequence[Mapping[str, Any]]] = UNDECLARED

    @classmethod
    def of(cls, block_class: Any) -> "BlockTypeArgs":
        """The type and schema of a Prefect block class, as its own package has them."""
        schema = _schema_of(block_class)
        nested = [_schema_of(inner) for inner in _nested(block_class)]
        slug = schema["type"]["slug"]
        return cls(slug=slug, checksum=schema["checksum"], schema=schema, nested=nested)


BlockTypeProvider.args = BlockTypeArgs


class BlockType(PrefectResource, module="prefect", name="BlockType"):
    """A registered block type. Changed in place when its class has another schema."""

    provider = BlockTypeProvider
    slug: pulumi.Output[str]
    checksum: pulumi.Output[str]


def secret_fields(block_class: Any) -> frozenset[str]:
    """The fields of a block class that hold a secret, at any depth."""
    told = block_class.model_json_schema().get("secret_fields", ())
    return frozenset(str(path).split(".")[0] for path in told)


def _schema_of(block_class: Any) -> dict[str, Any]:
    type_ = block_class._to_block_type().model_dump(mode="json", exclude_unset=True)
    texts = ("name", "slug", "logo_url", "documentation_url", "description", "code_example")
    return {
        "type": {name: type_[name] for name in texts if type_.get(name) is not None},
        "fields": block_class.model_json_schema(),
        "capabilities": sorted(block_class.get_block_capabilities()),
        "version": block_class.get_block_schema_version(),
        "checksum": block_class._calculate_schema_checksum(),
    }


def _nested(block_class: Any) -> list[Any]:
    """The block classes that a class's fields hold, the innermost first, each once."""
    found: list[Any] = []
    for field in block_class.model_fields.values():
        for inner in _classes_in(field.annotation):
            found += [c for c in [*_nested(inner), inner] if c not in found]
    return found


def _classes_in(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and hasattr(annotation, "get_block_type_slug"):
        yield annotation
    for inner in get_args(annotation):
        yield from _classes_in(inner)
