"""What answering cost, computed a second time from costs.toml, the totals that were entered and the contacts handled.

What goes in: the city's costs.toml and the tables of totals as they were given to `filo import costs`; of two amounts
for a supplier and month the later counts.

The rules, in short. A supplier is paid for the months from its first allocation to its last day. What it was paid for a
month is shared out to what was handled in that month on its channels: requests that a person answered, a call by the
seconds talked where the allocation says so, else each the same. What nothing was handled for is `unallocated`, and paid
by the default line. Rows add up to the total to the cent, so each has its exact part to less than a cent a total. While
an amount is missing the total is unknown, and each row that the amount has a part in.
"""

import csv
import re
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

UNALLOCATED = "unallocated"
# Half of the last of three decimals, and what a double cannot hold.
ROUNDING = Fraction("0.0005001")
# 1.234 might be one or one thousand: no amount is written so.
AMOUNT = re.compile(r"\d+([.,]\d\d)?")


@dataclass(frozen=True)
class Near:
    """An exact value that is printed as a whole number of cents, or out of one."""

    exact: Fraction
    slack: Fraction

    def fits(self, found):
        return found is not None and abs(Fraction(str(found)) - self.exact) < self.slack


@dataclass(frozen=True)
class Case:
    """A contact that was handled."""

    month: str
    channel: str
    theme: str
    line: str
    talk: int | None


@dataclass(frozen=True)
class Charge:
    """What a supplier is paid for a month; `amount` is None while nobody has entered it."""

    supplier: str
    channels: tuple
    method: str
    version: str
    month: str
    amount: int | None

    def covers(self, case):
        return case.month == self.month and case.channel in self.channels

    def weight(self, case):
        return (case.talk or 0) if self.method == "handled_minutes" else 1


def day_of(value):
    return value if isinstance(value, date) else date.fromisoformat(value)


class Rules:
    """costs.toml, and the totals entered."""

    def __init__(self, folder):
        self.rules = tomllib.loads(Path(folder, "config/city/costs.toml").read_text())
        self.totals = {}
        for path in sorted(Path(folder).glob("costs.*.csv")):
            with path.open(newline="") as file:
                for row in csv.DictReader(file, delimiter=";"):
                    if AMOUNT.fullmatch(row["amount_eur"]):
                        self.totals[row["supplier"], row["month"]] = int(Decimal(row["amount_eur"].replace(",", ".")) * 100)

    def charges(self, month):
        first = date.fromisoformat(f"{month}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        for supplier in self.rules["suppliers"]:
            begun = [it for it in supplier["allocations"] if day_of(it["valid_from"]) <= last]
            if begun and first < day_of(supplier.get("valid_to", date.max)):
                key, channels = supplier["key"], tuple(supplier["channels"])
                yield Charge(key, channels, begun[-1]["method"], begun[-1]["version"], month, self.totals.get((key, month)))

    def line(self, day, ticket):
        """Who pays for a contact of a local day; its ticket's `about` is (theme, unit, tags), None without one."""
        theme, unit, tags = ticket or (None, None, ())
        for line in self.rules["lines"]:
            named = {key: line[key] for key in ("theme", "unit", "tag") if line.get(key)}
            within = day_of(line.get("valid_from", date.min)) <= day < day_of(line.get("valid_to", date.max))
            fits = {
                "theme": lambda own: theme is not None and any(theme == key or theme.startswith(f"{key}/") for key in own),
                "unit": lambda own: unit in own,
                "tag": lambda own: bool(set(own) & set(tags)),
            }
            if named and within and all(fits[key](own) for key, own in named.items()):
                return line["key"]
        return self.rules["default_line"]

    def figures(self, months, handled):
        """The `costs` of some months, out of all that was handled in them."""
        return Ledger(self, [charge for month in months for charge in self.charges(month)], handled).figures()


class Ledger:
    def __init__(self, rules, charges, handled):
        self.rules, self.charges = rules, charges
        self.cases = [case for case in handled if any(charge.covers(case) for charge in charges)]

    def figures(self):
        missing = [charge for charge in self.charges if charge.amount is None]
        row = self.row(self.total(self.charges), 0, self.cases)
        default = self.rules.rules["default_line"]
        return {
            "currency": "EUR", "total_cents": row.pop("cost_cents"), **row,
            "missing": [{"supplier": charge.supplier, "month": charge.month, "reason": "no_value"} for charge in missing],
            "suppliers": [self.supplier(key) for key in dict.fromkeys(charge.supplier for charge in self.charges)],
            "by_channel": self.table("channel", UNALLOCATED),
            "by_theme": self.table("theme", UNALLOCATED),
            "by_line": self.table("line", default),
        }

    @staticmethod
    def total(charges):
        amounts = [charge.amount for charge in charges]
        return None if not amounts or None in amounts else sum(amounts)

    @staticmethod
    def row(cost, totals, cases):
        """A row's figures; its cost is the sum of parts of so many totals, each exact to less than a cent."""
        each = None if cost is None or not cases else Near(Fraction(cost, len(cases)), Fraction(totals, len(cases)) + ROUNDING)
        return {
            "cost_cents": Near(cost, Fraction(totals)) if totals and cost is not None else cost,
            "handled": len(cases), "handled_s": sum(case.talk or 0 for case in cases), "cost_per_contact_cents": each,
        }

    def supplier(self, key):
        own = [charge for charge in self.charges if charge.supplier == key]
        cases = [case for case in self.cases if any(charge.covers(case) for charge in own)]
        methods = dict.fromkeys(f"{charge.method}/{charge.version}" for charge in own)
        return {"supplier": key, "method": ", ".join(methods), "channels": list(own[0].channels), **self.row(self.total(own), 0, cases)}

    def table(self, name, nobody):
        """All totals shared out by a word of the cases; `nobody` has what nothing was handled for."""
        parts, own = defaultdict(list), defaultdict(list)
        for case in self.cases:
            own[getattr(case, name)].append(case)
        for charge in self.charges:
            weights = Counter()
            for key, cases in own.items():
                weights[key] = sum(charge.weight(case) for case in cases if charge.covers(case))
            whole = sum(weights.values())
            for key, weight in (+weights or {nobody: 1}).items():
                parts[key].append(None if charge.amount is None else Fraction(charge.amount * weight, whole or 1))
        return [
            {name: key, **self.row(None if None in parts[key] else sum(parts[key], Fraction(0)), len(parts[key]), own[key])}
            for key in {**own, **parts}
        ]


def unbalanced(found, place=""):
    """Where printed costs do not add up: each table to the total, each cost a contact out of its own row."""
    wrong = []
    tables = [name for name in ("suppliers", "by_channel", "by_theme", "by_line") if found[name]]
    for name in tables:
        costs = [row["cost_cents"] for row in found[name]]
        if found["total_cents"] is not None and None not in costs and sum(costs) != found["total_cents"]:
            wrong.append(f"{place}/costs/{name}: {sum(costs)} together, {found['total_cents']} in all")
    for row in [row for name in tables for row in found[name]]:
        if row["cost_cents"] is not None and row["handled"]:
            each = (Decimal(row["cost_cents"]) / row["handled"]).quantize(Decimal("0.001"), ROUND_HALF_UP)
            if each != Decimal(str(row["cost_per_contact_cents"])):
                wrong.append(f"{place}/costs: {row} is not {each} a contact")
    return wrong
