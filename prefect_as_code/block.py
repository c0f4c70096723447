"""A block document: a named bundle of settings and secrets of one block type."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from .block_type import introspected
from .declared import UNDECLARED, Props, Undeclared
from .errors import PrefectError
from .names import block_name
from .paths import at
from .provider import Declared, PrefectProvider, PrefectResource, Problem, Structured
from .users import automations_naming, deployments_where, named

_DATA = ("data", "secret_data")


class BlockProvider(PrefectProvider):
    """Import id: ``type-slug/name``, or the document's uuid."""

    kind = "block"
    identity = ("type_slug", "name")
    natural = ("type_slug", "name")

    def problems(self, fields: Props) -> Iterator[Problem]:
        for field in self.identity:
            if field in fields and (wrong := block_name(fields[field])):
                yield field, wrong

    def find(self, id_: str, fields: Props) -> Props | None:
        path = at("/block_documents/{}?include_secrets=true", id_)
        live: Props | None = self.api.call("GET", path)
        return live

    def lookup(self, fields: Props) -> Props | None:
        named = (fields["type_slug"], fields["name"])
        path = at("/block_types/slug/{}/block_documents/name/{}?include_secrets=true", *named)
        live: Props | None = self.api.call("GET", path)
        return live

    def make(self, fields: Props) -> Props:
        schema = self._schema(fields)
        body = {
            "name": fields["name"],
            "data": self._checked(schema, fields),
            "block_schema_id": schema["id"],
            "block_type_id": schema["block_type_id"],
        }
        made: Props = self.api.create(at("/block_documents/"), body, lambda: self.lookup(fields))
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        live = self.alive(id_, news)
        schema = self._schema(news)
        # A merging PATCH would drop every reference that it does not repeat, and could not drop
        # a field; so all of the data is sent, what we do not manage as it is.
        data = {k: v for k, v in _told(live).items() if k not in _data(olds)}
        body = {"data": data | self._checked(schema, news), "merge_existing_data": False}
        if "schema_checksum" in changed:
            body["block_schema_id"] = schema["id"]
        self.api.call("PATCH", at("/block_documents/{}", id_), body)

    def remove(self, id_: str, fields: Props) -> None:
        # Prefect would delete the deployments stored there, and the field in the other blocks; the
        # actions of automations would fail, unseen, when they are due.
        stored = deployments_where(self.api, lambda d: d.get("storage_document_id") == id_)
        users = [f"deployment {name}" for name in stored]
        users += [f"automation {name}" for name in automations_naming(self.api, id_)]
        users += [
            f"block {b['block_type']['slug']}/{b['name']}"
            for b in self.api.pages(at("/block_documents/filter"), {})
            for ref in (b.get("block_document_references") or {}).values()
            if ref["block_document"]["id"] == id_
        ]
        if users:
            raise PrefectError(
                f'The block "{self.key(fields)}" is still used by '
                f"{named(users)}; Prefect would delete or break them "
                "with it. Let go of the block there first."
            )
        self.api.call("DELETE", at("/block_documents/{}", id_))

    def seen(self, live: Props, fields: Props) -> Props:
        told, schema = _told(live), live.get("block_schema") or {}
        secret = _secret(schema.get("fields") or {})
        seen: Props = {name: {} for name in fields if name in _DATA}
        for name, value in told.items():
            where = _where(name, secret, fields)
            if where in seen:  # what stands in the field that is not declared is not managed
                seen[where][name] = value
        if "schema_checksum" in fields:
            seen["schema_checksum"] = (live.get("block_schema") or {}).get("checksum")
        return seen

    def _schema(self, fields: Props) -> Props:
        """The declared schema, or else the newest of the type that the server knows."""
        slug, checksum = fields["type_slug"], fields.get("schema_checksum")
        if checksum:
            path = at("/block_schemas/checksum/{}", checksum)
            declared: Props | None = self.api.call("GET", path)
            if declared is None:
                raise PrefectError(f'Prefect has no schema {checksum} of block type "{slug}".')
            if (found := declared["block_type"]["slug"]) != slug:
                raise PrefectError(
                    f'The schema {checksum} is of the block type "{found}", not of "{slug}".'
                )
            return declared
        block_type = self.api.call("GET", at("/block_types/slug/{}", slug))
        if block_type is None:
            raise PrefectError(
                f'Prefect knows no block type "{slug}". Declare it: '
                "BlockType(..., BlockTypeArgs.of(YourBlock)), or mend type_slug."
            )
        wanted = {"block_schemas": {"block_type_id": {"any_": [block_type["id"]]}}, "limit": 1}
        schema: Props = self.api.call("POST", at("/block_schemas/filter"), wanted)[0]
        return schema

    def _checked(self, schema: Props, fields: Props) -> Props:
        """The data to send; Prefect itself takes anything, and a block then fails in a run."""
        data, known = _data(fields), schema["fields"].get("properties", {})
        where = f'block "{self.key(fields)}"'
        if unknown := sorted(data.keys() - known.keys()):
            raise PrefectError(f"{where}: no field {unknown}; there are {sorted(known)}.")
        if missing := sorted(set(schema["fields"].get("required", ())) - data.keys()):
            raise PrefectError(f"{where}: the fields {missing} are required.")
        open_ = sorted(_secret(schema["fields"]) & (fields.get("data") or {}).keys())
        if open_:
            raise PrefectError(f"{where}: {open_} is secret: declare it in secret_data, not data.")
        return data


def _data(fields: Props) -> Props:
    return {**(fields.get("data") or {}), **(fields.get("secret_data") or {})}


def _secret(schema: Props) -> set[str]:
    """The fields of a block that hold a secret, or one somewhere in them."""
    return {str(name).split(".")[0] for name in schema.get("secret_fields", ())}


def _where(name: str, secret: set[str], fields: Props) -> str:
    """In which of the two a live field is to be seen: where it is declared, or would have to be."""
    for declared in _DATA:
        if name in (fields.get(declared) or {}):
            return declared
    return "secret_data" if name in secret else "data"


def _told(live: Props) -> Props:
    """A document's data as it was written: the server answers with references filled in."""
    references = {
        name: {"$ref": {"block_document_id": ref["block_document"]["id"]}}
        for name, ref in (live.get("block_document_references") or {}).items()
    }
    return {**live["data"], **references}


@dataclass(frozen=True, kw_only=True)
class BlockArgs:
    """``data`` and ``secret_data`` hold the block's fields; the latter is a Pulumi secret.

    Another block is referred to as ``{"$ref": {"block_document_id": other.id}}``.
    ``schema_checksum`` is that of a ``BlockType``; left out, the server's newest schema holds.
    """

    type_slug: pulumi.Input[str]
    name: pulumi.Input[str]
    data: Structured[Mapping[str, Any]] = UNDECLARED
    secret_data: Structured[Mapping[str, Any]] = UNDECLARED
    schema_checksum: Declared[str] = UNDECLARED

    @classmethod
    def of(cls, block: Any, *, name: pulumi.Input[str], **values: Any) -> "BlockArgs":
        """The document ``name`` of a Prefect block class, its secret fields as Pulumi secrets.

        ``block`` is as for ``BlockTypeArgs.of``; a ``BlockType`` of it has to be registered before.
        """
        told = introspected(block)
        schema, secret = told["schema"], told["secret_fields"]
        return cls(
            type_slug=schema["type"]["slug"],
            name=name,
            data={k: v for k, v in values.items() if k not in secret},
            secret_data={k: v for k, v in values.items() if k in secret},
            schema_checksum=schema["checksum"],
        )


BlockProvider.args = BlockArgs


class Block(PrefectResource, module="prefect", name="Block"):
    """A block document. Replaced when ``type_slug`` or ``name`` changes."""

    provider = BlockProvider
    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: BlockArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        adopt: bool = False,
    ) -> None:
        if args.secret_data is not None and not isinstance(args.secret_data, Undeclared):
            args = replace(args, secret_data=pulumi.Output.secret(args.secret_data))
        super().__init__(name, args, opts, adopt=adopt)
