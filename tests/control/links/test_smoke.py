from tests.support.client import Client


async def test_make_a_link(client: Client) -> None:
    async with client.post("/api/v1/domains", json={"host": "go.shop.localhost"}) as r:
        print(await r.json())
        assert r.status == 201
    async with client.post("/api/v1/links", json={"destination": "http://shop.localhost:8090/é"}) as r:
        print(await r.json())
        assert r.status == 201
    async with client.get("/api/v1/links") as r:
        print(await r.json())
        assert r.status == 200
