"""What each destination of a link brought, from clicks that were shipped and a purchase that one of them led to."""

from __future__ import annotations

from control.attribution.worker import drain
from control.ingest.batches import store_batch
from control.services import Services
from control.times import from_ms
from shared import click_id
from shared.clock import DAY_MS, MINUTE_MS, wall_ms
from tests.control.api import a_domain, a_link, call
from tests.control.conftest import make_workspace
from tests.control.ingest.builders import ROBOT, Shop, Stream, a_batch, a_click, a_landing, an_event, define
from tests.support.client import Client

NOON_MS = wall_ms() // DAY_MS * DAY_MS - DAY_MS // 2
A, B, OWN = "https://shop.example/a", "https://shop.example/b", "https://shop.example/"
OTHER_KEY = "sk_other000000000000000000000000000"


async def test_each_destination_has_its_clicks_and_what_came_of_them(
    client: Client, services: Services, workspace_id: str
) -> None:
    await a_domain(client, "go.example.com")
    split = {"arms": [{"destination": A}, {"destination": B}, {"destination": f"{OWN}old"}]}
    link = await a_link(client, OWN, rules=[split])
    shop = Shop(workspace_id, link["id"], "", "")
    async with services.database.transaction() as connection:
        await define(connection, workspace_id, "purchase")
    arms = [1, 1, 2, 3, 0]
    clicks = [a_click(shop, NOON_MS + at, arm=arm, address=bytes((203, 0, 113, at))) for at, arm in enumerate(arms)]
    earlier, robot = a_click(shop, NOON_MS - 9 * DAY_MS, arm=1), a_click(shop, NOON_MS, arm=2, agent=ROBOT)
    buyer = click_id.new(NOON_MS)
    records = [
        *clicks,
        earlier,
        robot,
        a_landing(shop, NOON_MS + MINUTE_MS, c=clicks[2].click_id, vid=buyer, new=True),
        an_event(shop, "purchase", NOON_MS + 2 * MINUTE_MS, vid=buyer, amount=4_990, currency="USD"),
    ]
    await store_batch(services, Stream().headers(len(records)), a_batch(records))
    await drain(services.database)

    def row(arm: int, destination: str | None, clicks: int, conversions: int = 0, value: int = 0) -> dict[str, object]:
        figures = {"clicks": clicks, "conversions": conversions, "value": value, "net_value": value}
        return {"arm": arm, "destination": destination, **figures}

    path, day = f"/api/v1/links/{link['id']}", from_ms(NOON_MS).date().isoformat()
    found = await call(client, "GET", f"{path}/arms?from={day}&to={day}", status=200)
    assert found["arms"] == [
        row(0, OWN, 1),
        row(1, A, 2),
        row(2, B, 1, 1_000_000, 4_990),
        row(3, f"{OWN}old", 1),
    ]
    kept = [{**arm, "weight": 2} for arm in link["rules"][0]["arms"][1::-1]]
    await call(client, "PATCH", path, {"rules": [{"arms": kept}]}, status=200)
    found = await call(client, "GET", f"{path}/arms", status=200)
    assert [(one["arm"], one["destination"], one["clicks"]) for one in found["arms"]] == [
        (0, OWN, 1),
        (2, B, 1),
        (1, A, 3),
        (3, None, 1),
    ]
    await make_workspace(services.database, OTHER_KEY)
    await call(client, "GET", f"{path}/arms", status=404, key=OTHER_KEY)
