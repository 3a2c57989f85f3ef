"""What happens to the table `customers` in MySQL while `demo-cdc` runs, and how many changes it makes."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from s3sink.testing.mysql import MySQLServer

DATABASE, TABLE = "inventory", "customers"

_CREATE = """
CREATE TABLE customers (
  id INT NOT NULL PRIMARY KEY,
  first_name VARCHAR(255) NOT NULL,
  last_name VARCHAR(255) NOT NULL,
  email VARCHAR(255) NOT NULL UNIQUE KEY,
  balance DECIMAL(12,2) NOT NULL DEFAULT 0.00,
  tier ENUM('bronze','silver','금') NOT NULL DEFAULT 'bronze',
  active BOOLEAN NOT NULL DEFAULT 1,
  birthday DATE NULL,
  last_login DATETIME(3) NULL DEFAULT '2021-01-01 00:00:00',
  profile JSON NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
)
"""
_ALTER = (
    "ALTER TABLE customers ADD COLUMN phone VARCHAR(32) NULL DEFAULT 'n/a', "
    "ADD COLUMN score DECIMAL(6,3) NOT NULL DEFAULT 0.125"
)
ADDED = ("phone", "score")
"""The columns of the second half."""

_FIRST = ("Sally", "George", "Anne Marie", "길동", "지우", "Zoë", "Łukasz", "O'Neil", 'Q "quote"', "back\\slash", "😀")
_LAST = ("Thomas", "Bailey", "Kretchmar", "홍", "김", "Müller", "Nguyễn", "line\nbreak", "")
_TIERS = ("bronze", "silver", "금")
_IN_TRANSACTION = 8  # statements at most
_NEVER_FEWER = 20  # customers
_RUSH = 500  # rows of one INSERT


@dataclass(slots=True)
class Made:
    """Committed changes of rows, by kind. An `UPDATE` of a primary key is a `key_update`, not an update."""

    snapshot: int = 0
    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    key_updates: int = 0
    rolled_back: int = 0
    altered_after: int | None = None

    @property
    def changes(self) -> int:
        """Rows changed since the snapshot."""
        return self.inserts + self.updates + self.deletes + self.key_updates

    @property
    def rows(self) -> int:
        """Rows that the objects must have: a new primary key is a delete and a create."""
        return self.snapshot + self.changes + self.key_updates

    @property
    def records(self) -> int:
        """Records of the topic: Debezium sends a tombstone behind each delete."""
        return self.rows + self.deletes + self.key_updates


class Customers:
    """The table and those who change it. The same seed makes the same changes."""

    def __init__(self, server: MySQLServer, seed: int = 2013) -> None:
        self.made = Made()
        self._server = server
        self._random = random.Random(seed)
        self._living: list[int] = []
        self._gone: list[int] = []
        self._next_id = self._emails = 1001
        self._altered = False

    def create(self, rows: int) -> None:
        """The database, the table and the first customers, which Debezium's snapshot will find."""
        with self._server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
            cursor.execute(f"USE {DATABASE}")
            cursor.execute(_CREATE)
            for start in range(0, rows, _RUSH):
                many = [self._customer(self._new_id()) for _ in range(min(_RUSH, rows - start))]
                cursor.executemany(_insert(tuple(many[0])), [tuple(one.values()) for one in many])
        self.made.snapshot = rows

    def change(self, changes: int, seconds: float, stop: threading.Event) -> None:
        """So many changes in transactions of their own, spread over some seconds; half-way the table gets columns."""
        started = time.monotonic()
        with self._server.connect(DATABASE) as connection, connection.cursor() as cursor:
            while self.made.changes < changes and not stop.is_set():
                if not self._altered and self.made.changes >= changes // 2:
                    self._alter(cursor)
                self._transaction(connection, cursor, changes - self.made.changes)
                stop.wait(started + seconds * self.made.changes / changes - time.monotonic())

    # ------------------------------------------------------------------ statements
    def _alter(self, cursor: Any) -> None:
        cursor.execute(_ALTER)
        self._altered, self.made.altered_after = True, self.made.changes

    def _transaction(self, connection: Any, cursor: Any, left: int) -> None:
        connection.begin()
        if self._random.random() < 0.03:
            self._change_of_mind(cursor)
            connection.rollback()
            self.made.rolled_back += 1
            connection.begin()
        for _ in range(min(left, self._random.randint(1, _IN_TRANSACTION))):
            self._statement()(cursor)
        connection.commit()

    def _statement(self) -> Callable[[Any], None]:
        if len(self._living) < _NEVER_FEWER:
            return self._insert
        kinds = (self._insert, self._update, self._update_some, self._delete, self._move)
        return self._random.choices(kinds, (30, 38, 4, 18, 10))[0]

    def _change_of_mind(self, cursor: Any) -> None:
        """What will be rolled back, and must not be seen anywhere."""
        cursor.execute("UPDATE customers SET balance = -1")
        cursor.execute("DELETE FROM customers ORDER BY id LIMIT 3")

    def _insert(self, cursor: Any) -> None:
        row = self._customer(self._old_id() if self._gone and self._random.random() < 0.2 else self._new_id())
        cursor.execute(_insert(tuple(row)), tuple(row.values()))
        self.made.inserts += 1

    def _update(self, cursor: Any) -> None:
        change = dict(self._random.sample(sorted(self._details().items()), 3))
        sets = "".join(f", {name} = %s" for name in change)
        number = self._random.choice(self._living)
        statement = f"UPDATE customers SET balance = balance + %s{sets} WHERE id = %s"  # noqa: S608 - names are ours
        cursor.execute(statement, (self._amount(), *change.values(), number))
        self.made.updates += 1

    def _update_some(self, cursor: Any) -> None:
        some = self._random.sample(self._living, 3)
        cursor.execute("UPDATE customers SET balance = balance + %s WHERE id IN (%s, %s, %s)", (self._amount(), *some))
        self.made.updates += len(some)

    def _delete(self, cursor: Any) -> None:
        number = self._take()
        cursor.execute("DELETE FROM customers WHERE id = %s", (number,))
        self._gone.append(number)
        self.made.deletes += 1

    def _move(self, cursor: Any) -> None:
        old = self._take()
        cursor.execute("UPDATE customers SET id = %s WHERE id = %s", (self._new_id(), old))
        self._gone.append(old)
        self.made.key_updates += 1

    # ------------------------------------------------------------------ values
    def _take(self) -> int:
        """Any customer, who is none from now on."""
        place = self._random.randrange(len(self._living))
        self._living[place], self._living[-1] = self._living[-1], self._living[place]
        return self._living.pop()

    def _new_id(self) -> int:
        self._next_id += 1
        self._living.append(self._next_id)
        return self._next_id

    def _old_id(self) -> int:
        """One that was deleted, or given up for another one."""
        number = self._gone.pop(self._random.randrange(len(self._gone)))
        self._living.append(number)
        return number

    def _amount(self) -> Decimal:
        """Never nothing: MySQL does not log an update that changes nothing."""
        return Decimal(self._random.randint(1, 100_000)).scaleb(-2) * self._random.choice((1, -1))

    def _customer(self, number: int) -> dict[str, Any]:
        self._emails += 1
        return {"id": number, "email": f"{self._emails}@example.com", "balance": self._amount(), **self._details()}

    def _details(self) -> dict[str, Any]:
        """The other columns; those that came later when they are there."""
        some, now = self._random, datetime(2026, 1, 1)
        profile = {"언어": some.choice(("ko", "de")), "visits": some.randint(0, 2**60), "tags": ["a", None, "é"]}
        later = {
            "phone": some.choice((None, "n/a", f"010-{some.randint(1000, 9999)}")),
            "score": Decimal(some.randint(-999_999, 999_999)).scaleb(-3),
        }
        return {
            "first_name": some.choice(_FIRST),
            "last_name": some.choice(_LAST),
            "tier": some.choice(_TIERS),
            "active": some.random() < 0.8,
            "birthday": some.choice((None, date(1930, 1, 1) + timedelta(days=some.randint(0, 30_000)))),
            "last_login": some.choice((None, now + timedelta(milliseconds=some.randint(-(10**11), 10**10)))),
            "profile": some.choice((None, json.dumps(profile, ensure_ascii=False))),
            **(later if self._altered else {}),
        }


def _insert(columns: Sequence[str]) -> str:
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO customers ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names are ours


class Stream:
    """The changes on a thread of their own, so that the sink is killed while they go on."""

    def __init__(self, customers: Customers, changes: int, seconds: float) -> None:
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(customers, changes, seconds), name="mysql-changes")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether all changes are committed. Raises what went wrong in MySQL."""
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it after the transaction that it is in; it may have ended, or never begun."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self, customers: Customers, changes: int, seconds: float) -> None:
        try:
            customers.change(changes, seconds, self._stop)
        except Exception as error:  # raised again where the main thread asks
            self._error = error
