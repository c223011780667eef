"""What makes a lived month hard, beside its log: suppliers that change, amounts that are missing or entered twice, live
events that the log contradicts, tickets that are merged into one another, and merges that are undone."""

import random
from datetime import datetime, timezone

import phone

PBX = "pbx-020202"
# Between them: a method that changes, a supplier that is paid no more, two for one channel, one for a channel where
# nothing is handled; and lines by theme, unit and tag, one of them for some days alone.
COSTS = """
default_line = "tutto"

[[suppliers]]
key = "linea"
label = {{ it = "Linea", en = "Line" }}
channels = ["phone"]
allocations = [
    {{ valid_from = "{last_year}-01-01", method = "handled_minutes", version = "1" }},
    {{ valid_from = "{changed}-01", method = "{changed_to}", version = "2" }},
]

[[suppliers]]
key = "riserva"
label = {{ it = "Riserva", en = "Reserve" }}
channels = ["phone", "email"]
allocations = [{{ valid_from = "{last_year}-02-01", method = "contacts", version = "1" }}]
valid_to = "{month}-01"

[[suppliers]]
key = "sportello"
label = {{ it = "Sportello", en = "Desk" }}
channels = ["scrivi", "email", "pec", "social"]
allocations = [{{ valid_from = "{last_year}-01-01", method = "contacts", version = "1" }}]

[[suppliers]]
key = "posta"
label = {{ it = "Posta", en = "Post" }}
channels = ["letter"]
allocations = [{{ valid_from = "{year}-01-01", method = "contacts", version = "1" }}]

[[lines]]
key = "tari"
label = {{ it = "TARI", en = "Waste tax" }}
theme = ["tributi"]
tag = ["tari"]

[[lines]]
key = "quindicina"
label = {{ it = "Quindicina", en = "Fortnight" }}
theme = ["anagrafe", "mobilita"]
valid_from = "{month}-08"
valid_to = "{month}-22"

[[lines]]
key = "area"
label = {{ it = "Area", en = "Area" }}
unit = ["area-crm", "servizi-civici-municipi"]

[[lines]]
key = "tutto"
label = {{ it = "Tutto", en = "All" }}
"""
# Which of the months from January of last year on they are paid for.
PAID = {"linea": (0, None), "riserva": (1, -1), "sportello": (0, None), "posta": (12, None)}
CALL = {
    "channel": "phone", "subject": "Orari", "body": "Chiede gli orari", "theme": "anagrafe", "kind": "information",
    "requester": {"name": "Anna"},
}


def months_to(month):
    """The months from January of the year before to one."""
    year, number = map(int, month.split("-"))
    return [f"{year - 1}-{which:02}" for which in range(1, 13)] + [f"{year}-{which:02}" for which in range(1, number + 1)]


def costs(folder, month, seed):
    """Who is paid, and the tables of what: the second mends some amounts of the first, and has rows nobody can read."""
    chance = random.Random(seed)
    months = months_to(month)
    # The method changes in the month, or within the year before it.
    changed = chance.choice([month, months[-2]])
    text = COSTS.format(
        month=month, year=month[:4], last_year=months[0][:4], changed=changed, changed_to=chance.choice(["contacts", "handled_minutes"]),
    )
    (folder / "config/city/costs.toml").write_text(text)
    paid = [(supplier, which) for supplier, (first, last) in PAID.items() for which in months[first:last]]
    # Of every second month something is missing, of its year too.
    late = chance.choice(["linea", "sportello", "posta"])
    entered = [row for row in paid if seed % 2 or (row != (late, month) and chance.random() < 0.95)]
    amount = lambda: f"{chance.randrange(0, 300_000)}{chance.choice(['', ',00', ',07', '.99'])}"
    mended = chance.sample([row for row in entered if row != ("linea", month)], 5)
    unread = [("nessuno", month, "12,00"), ("linea", month, "1.234"), ("sportello", f"{int(month[:4]) + 9}-01", "5,00")]
    tables = [
        [(*row, amount()) for row in entered],
        [(*row, amount()) for row in mended] + unread,
    ]
    files = []
    for number, rows in enumerate(tables):
        files.append(folder / f"costs.{number}.csv")
        lines = [f"{supplier};{which};{euro};fattura {number};" for supplier, which, euro in rows]
        files[-1].write_text("\n".join(["supplier;month;amount_eur;source;note", *lines, ""]))
    return files


def live_events(texts, seed, many):
    """What the phone system told of some calls as they went, a few seconds off: (what is said of each leg, events)."""
    chance = random.Random(seed)
    legs = phone.legs_of(sorted(set().union(*(phone.read(text) for text in texts))))
    single = sorted(call for call, own in legs.items() if len(own) == 1 and not call.endswith(".old"))
    said, events = [], []
    for call in chance.sample(single, min(many, len(single))):
        (entered, queue, outcome, wait), *_ = legs[call]
        off = lambda seconds: int(seconds) + chance.choice([0, 0, 0, 1, 2, 3])
        leg = {"call_id": call, "queue": queue, "entered_at": off(entered), "answered_at": None, "ended_at": None, "outcome": None}
        told = [("queued", leg["entered_at"])]
        if outcome in ("answered", "abandoned") and wait is not None:
            # Sometimes it saw an end where the log has another.
            leg["outcome"] = outcome if chance.random() < 0.9 else {"answered": "abandoned", "abandoned": "answered"}[outcome]
            at = max(off(entered + wait), leg["entered_at"])
            leg["answered_at" if leg["outcome"] == "answered" else "ended_at"] = at
            told.append((leg["outcome"], at))
        events += [{"source": PBX, "call_id": call, "queue": queue, "event": event, "at": iso(at)} for event, at in told]
        said.append({key: iso(value) if isinstance(value, int) else value for key, value in leg.items()})
    return said, events


def iso(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def merge(post, tickets, seed, many):
    """Merges tickets into others of about the same day, most of them written ones, and undoes every third merge; some
    point on. What the product refuses stays as it is."""
    chance = random.Random(seed)
    every = [ticket["id"] for ticket in tickets]
    written = [ticket["id"] for ticket in tickets if ticket["channel"] != "phone"]
    for number in range(many):
        among = written if chance.random() < 0.7 else every
        first = chance.randrange(max(1, len(among) - 3))
        # The last one goes on into the third, and what points to it with it.
        ticket, into, on = chance.sample(among[first : first + 4], 3)
        post(f"tickets/{ticket}/merge", {"into": into, "reason": "lo stesso"})
        if number % 4 == 3:
            post(f"tickets/{into}/merge", {"into": on, "reason": "lo stesso"})
        if number % 3 == 2:
            post(f"tickets/{ticket}/unmerge", {})
