"""A transform that waits for something: `async def apply`. Records are awaited one at a time and keep their order.

What it looks up must not decide on the object's path (topic or partitioner), or the same record could go elsewhere when
it is read again after a crash. A transform of that kind says `deterministic = False`, and the sink then promises at
least once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from s3sink import MemoryStore, S3Sink, SinkRecord
from s3sink.offline import batch_of, preview


async def ask_service(customer: int) -> str:
    """Stands for an HTTP call or a database."""
    await asyncio.sleep(0.001)
    return f"customer number {customer}"


@dataclass(frozen=True, slots=True)
class AddCustomerName:
    """Adds the name of the customer, asked for once and then remembered."""

    _known: dict[int, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    async def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with `name`. An exception fails this record only: it stops the sink or is a dead letter."""
        customer = record.value["customer"]
        if customer not in self._known:
            self._known[customer] = await ask_service(customer)
        return record.replace(value={**record.value, "name": self._known[customer]})


sink = S3Sink(store=MemoryStore(), transforms=[AddCustomerName()])


def main() -> None:
    """Three orders, two questions."""
    for content in preview(sink, batch_of("orders", [{"customer": c} for c in (7, 8, 7)])).objects.values():
        print(content.decode(), end="")


if __name__ == "__main__":
    main()
    # {"customer":7,"name":"customer number 7"}
    # {"customer":8,"name":"customer number 8"}
    # {"customer":7,"name":"customer number 7"}
