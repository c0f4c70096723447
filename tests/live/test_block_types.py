"""A block class of the user's own: its type, its schemas and its documents."""

import pulumi
import pytest
from prefect.blocks.core import Block as PrefectBlock
from pydantic import SecretStr

from prefect_as_code import Block, BlockArgs, BlockType, BlockTypeArgs
from tests.live.stack import FailedError

pytestmark = pytest.mark.live


class Login(PrefectBlock):
    _block_type_slug = "types-login"
    user: str
    password: SecretStr


def shop(**fields):
    """The class ``Shop``, as it is in one version of its package or another."""
    told = {"login": Login, "url": str, **fields}
    return type(
        "Shop", (PrefectBlock,), {"_block_type_slug": "types-shop", "__annotations__": told}
    )


class Program:
    def __init__(self):
        self.shop = shop()
        self.values = {"url": "https://shop.example"}

    def __call__(self):
        type_ = BlockType("shop-type", BlockTypeArgs.of(self.shop))
        login = BlockArgs.of(Login, name="clerk", user="clerk", password="hunter2-of-types")
        clerk = Block("clerk", login, _after(type_))
        reference = {"$ref": {"block_document_id": clerk.id}}
        args = BlockArgs.of(self.shop, name="corner", login=reference, **self.values)
        Block("corner", args, _after(type_))


def _after(*resources):
    return pulumi.ResourceOptions(depends_on=list(resources))


def corner(prefect):
    path = "/block_types/slug/types-shop/block_documents/name/corner"
    return prefect.get(path, params={"include_secrets": True}).json()


def test_a_class_of_ones_own_lives_with_its_schemas(stack, prefect):
    program = Program()
    assert stack.up(program) == {"create": 4}
    before = corner(prefect)
    assert before["data"]["url"] == "https://shop.example"
    assert before["data"]["login"]["password"] == "hunter2-of-types"
    assert "hunter2" not in stack.state() + "".join(stack.said)
    assert stack.up(program) == {}
    assert stack.refresh(program) == {}

    program.shop, program.values = shop(port=int), program.values | {"port": 443}
    assert stack.up(program) == {"update": 2}, "the type has another schema, the document too"
    after = corner(prefect)
    assert (after["id"], after["data"]["port"]) == (before["id"], 443)
    assert after["block_schema"]["checksum"] == BlockTypeArgs.of(program.shop).checksum
    assert stack.up(program) == {}
    assert stack.refresh(program) == {}

    prefect.delete(f"/block_schemas/{after['block_schema']['id']}").raise_for_status()
    assert stack.refresh(program) == {"delete": 2}, "gone, and its document with it"
    assert stack.up(program) == {"create": 2}
    assert corner(prefect)["data"]["port"] == 443
    assert stack.up(program) == {}

    assert stack.destroy() == {"delete": 4}
    assert prefect.get("/block_types/slug/types-shop").status_code == 200, "it is shared: it stays"


def test_a_schema_of_another_type_is_refused(stack):
    def program():
        type_ = BlockType("login-type", BlockTypeArgs.of(Login))
        args = BlockArgs(type_slug="secret", name="mixed", schema_checksum=type_.checksum)
        Block("mixed", args)

    with pytest.raises(FailedError, match=r'schema .* is of the block type "types-login", not'):
        stack.up(program)
    stack.destroy()
