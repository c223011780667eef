"""The monthly report computed a second time, from the exported facts and the definitions of the indicators, and not
from Filo's code.

What goes in: `filo export interactions|calls|tickets|events|persons|callbacks --format jsonl`, what `filo quarantine list`
says, the phone system's live events as they were pushed, what costs.py reads, and the sources of the city. What comes
out: figures by their JSON Pointer in the report, of the month, of the year to its end, and of the two months it is
compared with.

The rules, in short. A contact is an inbound act of somebody outside; bounces, receipts, statuses, echoes, reactions,
edits and removals are none. A phone contact is a call: the legs of one interaction. A request is a call that entered a
queue and is neither a short abandonment nor of unknown end; elsewhere one per ticket (on social pages: per thread) and
local month with an actionable contact. It is answered when a person answered the call, or when at or after the first
actionable contact of the month a reply of a person exists that did not fail. Durations are differences of whole seconds
and belong to the span in which their clock stopped; time closed between rounds is not counted. Everything else belongs
to the span in which the contact came or the ticket was opened. A merged ticket is left out of all that counts tickets or
measures their clocks; its contacts count with the ticket that speaks for it, and an answer in one of them answers for all.
"""

import json
import tomllib
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import costs
import pandas

ROME = ZoneInfo("Europe/Rome")
DAY = 86_400
CHANNELS = ("phone", "scrivi", "email", "pec", "social", "chat", "counter", "letter")
UNIFIED = ("phone", "scrivi", "email", "social")
NO_CONTACT = {"reply", "receipt", "bounce", "status", "echo", "reaction", "edit", "removal", "read", "other"}
BOUNDS = (1, 7, 30, 90)
LABELS = ("≤1d", "≤7d", "≤30d", "≤90d", ">90d")
SHORT = 5
# Events that change nothing that is measured here.
INERT = {"receipt_sent", "noted", "classified", "contact_added", "matter_joined", "matter_left", "policy_chosen",
         "attachment_added", "callback_booked", "callback_moved", "callback_attempted", "callback_kept", "callback_missed",
         "callback_cancelled", "absorbed", "released"}
# How far apart live events and the log may tell of the same: a leg's entry, and any instant without being a difference.
SAME_LEG, SAME_INSTANT = 60, 2
OUTCOMES = ("answered", "abandoned", "timed_out", "empty", "key_exit", "withdrawn", "transferred", "unknown")


class Unforeseen(Exception):
    """The facts hold something that the rules above do not speak of."""


def instant(text):
    """Whole seconds since 1970."""
    return None if text is None else int(datetime.fromisoformat(text).timestamp())


def local(at):
    return datetime.fromtimestamp(at, ROME)


def month_of(at):
    return local(at).strftime("%Y-%m")


def midnight(day):
    """The first instant of a local day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ROME).timestamp())


def bounds(year, month):
    after = date(year + month // 12, month % 12 + 1, 1)
    return midnight(date(year, month, 1)), midnight(after)


def rounded(value):
    """Half-up to three decimals."""
    return float(Decimal(repr(value)).quantize(Decimal("0.001"), ROUND_HALF_UP))


def mean(values):
    return rounded(float(pandas.Series(values, dtype="float64").mean())) if values else None


def percentile(values, share):
    return rounded(float(pandas.Series(values, dtype="float64").quantile(share, interpolation="linear"))) if values else None


def share(part, whole):
    return part / whole if whole else None


def duration(clock, seconds):
    return {"clock": clock, "n": len(seconds), "mean_s": mean(seconds), "median_s": percentile(seconds, 0.5), "p90_s": percentile(seconds, 0.9)}


def merged_channel(channel):
    return "email" if channel == "pec" else channel


def outside(start, end, gaps):
    """Seconds of [start, end) outside the union of the gaps."""
    left, cursor = 0, start
    for begin, stop in sorted((begin, end if stop is None else stop) for begin, stop in gaps):
        begin, stop = max(begin, cursor), min(stop, end)
        if begin < stop:
            left += begin - cursor
            cursor = stop
    return left + max(0, end - cursor)


class Call:
    def __init__(self, legs):
        legs = sorted(legs, key=lambda leg: leg["leg"])
        answered = next((number for number, leg in enumerate(legs) if leg["outcome"] == "answered"), None)
        self.outcome = "answered" if answered is not None else legs[-1]["outcome"]
        self.queue, self.legs = legs[0]["queue"], legs
        # A number that one leg shows is known, however many others withhold it.
        self.caller = next((leg["caller"] for leg in legs if leg["caller"]), None)
        self.at = instant(legs[0]["entered_at"])
        waited = [leg["wait_s"] for leg in legs[: len(legs) if answered is None else answered + 1]]
        self.wait = None if None in waited or self.outcome == "unknown" else sum(waited)
        talks = [leg["talk_s"] for leg in legs if leg["talk_s"] is not None]
        self.talk = sum(talks) if talks else None
        connected = instant(legs[answered]["answered_at"]) if answered is not None else None
        self.stopped = connected if connected is not None else None if self.wait is None else self.at + self.wait

    @property
    def short(self):
        return self.outcome == "abandoned" and self.wait is not None and self.wait < SHORT


class Ticket:
    """A ticket's life from its events."""

    def __init__(self, row, events):
        self.id, self.channel, self.matter = row["id"], row["channel"], row["matter_id"]
        self.theme = row["theme"].split("/")[0] if row["theme"] else None
        self.whole_theme, self.tags = row["theme"], row["tags"]
        self.opened = instant(row["opened_at"])
        self.replies, self.live, self.waits, self.ratings = {}, [], [], []
        self.rounds = [{"from": self.opened, "resolved": None, "closed": None}]
        self.charged = self.cancelled = None
        self.escalated, self.unit, self.level = False, None, "I"
        self.merged, self.flags = None, ()
        for event in sorted(events, key=lambda event: event["seq"]):
            self.happens(event["kind"], instant(event["at"]), event["data"] or {})
        self.responses = sorted([*self.replies.values(), *self.live])

    def happens(self, kind, at, data):
        last = self.rounds[-1]
        if kind == "opened":
            self.unit, self.level, self.flags = data["unit"], data["level"], data["flags"]
            self.escalated = data["level"] == "II"
        elif kind == "taken_in_charge":
            self.charged = at if self.charged is None else self.charged
        elif kind == "assigned":
            self.unit = data.get("unit") or self.unit
            self.level = data.get("level") or self.level
            self.escalated = self.escalated or self.level == "II"
        elif kind == "escalated":
            self.unit, self.level, self.escalated = data["unit"], "II", True
        elif kind == "waiting":
            self.waits.append([at, None])
        elif kind == "resumed":
            self.wait_ends(at)
        elif kind == "replied":
            self.replies[data["text"]["message"]] = at
        elif kind == "undelivered":
            self.replies.pop(data["message"], None)
        elif kind == "live_answered":
            self.live.append(at)
        elif kind == "resolved":
            self.wait_ends(at)
            last["resolved"] = at
        elif kind == "closed":
            last["closed"] = at
        elif kind == "reopened":
            self.rounds.append({"from": at, "resolved": None, "closed": None})
        elif kind == "cancelled":
            self.wait_ends(at)
            self.cancelled = at
        elif kind == "rated":
            self.ratings.append(data["score"])
        elif kind == "merged":
            self.merged = data["into"]
        elif kind == "unmerged":
            self.merged = None
        elif kind not in INERT:
            raise Unforeseen(f"an event of kind {kind}")

    def wait_ends(self, at):
        if self.waits and self.waits[-1][1] is None:
            self.waits[-1][1] = at

    @property
    def gaps(self):
        return [(before["resolved"], after["from"]) for before, after in zip(self.rounds, self.rounds[1:])]

    @property
    def standing(self):
        if self.cancelled is not None:
            return "cancelled"
        return "resolved" if self.rounds[-1]["resolved"] is not None else "open"

    def clock(self, name):
        """(stop, seconds) of a clock; None while it runs."""
        first = next((part["resolved"] for part in self.rounds if part["resolved"] is not None), None)
        last = self.rounds[-1]
        confirmed = last["resolved"] if last["closed"] is not None else None
        start, stop, gaps = {
            "response": (self.opened, self.responses[0] if self.responses else None, self.gaps),
            "resolution": (self.opened, first, self.gaps),
            "resolution_final": (self.opened, last["resolved"], self.gaps),
            "resolution_net": (self.opened, first, self.gaps + self.waits),
            "charge_to_closed": (self.charged, confirmed, self.gaps),
            "received_to_closed": (self.opened, confirmed, self.gaps),
        }[name]
        return None if start is None or stop is None else (stop, max(0, outside(start, stop, gaps)))

    def open_at(self, at):
        ended = self.cancelled is not None and self.cancelled <= at
        within = any(part["from"] <= at and (part["resolved"] is None or part["resolved"] > at) for part in self.rounds)
        return self.opened <= at and within and not ended


class Contact:
    def __init__(self, row, call, person, choice, end_of):
        self.id, self.source, self.channel, self.kind = row["id"], row["source"], row["channel"], row["kind"]
        self.at = call.at if call else instant(row["occurred_at"])
        self.recorded = instant(row["recorded_at"])
        self.own_ticket, self.thread, self.call, self.person = row["ticket_id"], row["thread"], call, person
        self.ticket, self.choice = end_of(row["ticket_id"]), choice
        self.reason = row["reason"]
        if call:
            self.reason = "unknown_outcome" if call.outcome == "unknown" else "short_abandon" if call.short else None

    def conversation_in(self, ticket):
        if self.channel == "social" and self.thread:
            return ("thread", self.source, self.thread)
        return ("ticket", ticket) if ticket else ("alone", self.id)

    @property
    def conversation(self):
        return self.conversation_in(self.ticket)

    @property
    def own_conversation(self):
        """What it would belong to if no ticket were merged."""
        return self.conversation_in(self.own_ticket)

    @property
    def excluded(self):
        """Why it makes no request."""
        homeless = self.call is None and self.ticket is None and self.channel != "social"
        return self.reason or ("no_ticket" if homeless and self.reason != "self_served" else None)


class Request(NamedTuple):
    channel: str
    at: int
    answered: bool
    ticket: Ticket | None
    talk: int | None


class Facts:
    """The exported facts, linked."""

    def __init__(self, folder, as_of):
        read = lambda name: [json.loads(line) for line in Path(folder, f"{name}.jsonl").read_text().splitlines()]
        self.as_of = as_of
        into = {row["id"]: row["merged_into"] for row in read("persons")}
        events, legs = defaultdict(list), defaultdict(list)
        for row in read("events"):
            events[row["ticket_id"]].append(row)
        for row in read("calls"):
            legs[row["interaction_id"]].append(row)
        tickets = read("tickets")
        self.tickets = {row["id"]: Ticket(row, events[row["id"]]) for row in tickets}
        if any(row["merged_into_id"] != self.tickets[row["id"]].merged for row in tickets):
            raise Unforeseen("a ticket that is merged into another than its events say")
        self.heard = defaultdict(list)
        for ticket in self.tickets.values():
            self.heard[self.end_of(ticket.id)].append(ticket)
        # Those that are counted and measured.
        self.whole = [ticket for ticket in self.tickets.values() if not ticket.merged]
        self.callbacks = read("callbacks")
        self.interactions = read("interactions")
        self.contacts, self.thread_replies = [], defaultdict(list)
        for row in self.interactions:
            if row["direction"] == "outbound" and row["kind"] == "reply" and row["thread"]:
                self.thread_replies["thread", row["source"], row["thread"]].append(instant(row["occurred_at"]))
            if row["direction"] == "inbound" and row["kind"] not in NO_CONTACT:
                own = legs[row["id"]]
                call = Call(own) if own and row["reason"] != "self_served" else None
                person = row["person_id"]
                while into.get(person):
                    person = into[person]
                if call and call.caller is None and row["ticket_id"] is None:
                    person = None
                choice = own[0]["ivr_choice"] if own else None
                self.contacts.append(Contact(row, call, person, choice, self.end_of))
        self.contacts.sort(key=lambda contact: (contact.at, contact.source, contact.id))
        self.of_person = defaultdict(list)
        for contact in self.contacts:
            self.of_person[contact.person].append(contact)
        self.thread_ticket = {}
        for contact in self.contacts:
            if contact.ticket and contact.conversation[0] == "thread":
                self.thread_ticket.setdefault(contact.conversation, contact.ticket)
        self.subsumed = set()
        self.requests = list(self.ask())
        self.quarantine, self.live = read("quarantine"), read("live")
        self.rules = costs.Rules(folder)
        self.handled = list(self.handle())
        city = tomllib.loads(Path(folder, "config/city/city.toml").read_text())
        # Desks have no channel of their own: there nobody is awaited, and each contact brings one.
        self.sources = {row["key"]: row["channel"] for row in city["sources"] if "channel" in row}

    def end_of(self, ticket):
        """The ticket that speaks for one."""
        while ticket and self.tickets[ticket].merged:
            ticket = self.tickets[ticket].merged
        return ticket

    def ticket_of(self, contact):
        return self.tickets.get(contact.ticket or self.thread_ticket.get(contact.conversation))

    def answered(self, contact):
        """Whether a person answered visibly at or after a contact."""
        ticket = self.ticket_of(contact)
        told = [reply for heard in self.heard[ticket.id] for reply in heard.responses] if ticket else None
        replies = self.thread_replies[contact.conversation] if told is None else told
        return any(contact.at <= reply <= self.as_of for reply in replies)

    def ask(self):
        """The requests. Those that only a merge made one with another are `subsumed`, by their contacts."""
        seen, seen_alone = set(), set()
        for contact in self.contacts:
            if contact.excluded:
                continue
            if contact.call:
                yield Request(contact.channel, contact.at, contact.call.outcome == "answered", self.ticket_of(contact), contact.call.talk)
                continue
            month = month_of(contact.at)
            key, alone = (contact.conversation, month), (contact.own_conversation, month)
            if key not in seen:
                yield Request(contact.channel, contact.at, self.answered(contact), self.ticket_of(contact), None)
            elif alone not in seen_alone:
                self.subsumed.add(contact.id)
            seen.add(key)
            seen_alone.add(alone)

    def handle(self):
        """What costs are shared out to."""
        for request in self.requests:
            if request.answered:
                ticket = request.ticket
                about = (ticket.whole_theme, ticket.unit, ticket.tags) if ticket else None
                theme = (ticket.theme or "unclassified") if ticket else "not_registered"
                line = self.rules.line(local(request.at).date(), about)
                yield costs.Case(month_of(request.at), request.channel, theme, line, request.talk)

    def differs(self, call):
        """Whether live events and the log say otherwise of one of a call's legs."""
        return any(differ(said, leg) for leg in call.legs for said in self.live if same_leg(said, leg))


def same_leg(said, leg):
    named = (said["call_id"], said["queue"]) == (leg["external_id"], leg["queue"])
    return named and abs(instant(said["entered_at"]) - instant(leg["entered_at"])) <= SAME_LEG


def differ(said, leg):
    """Instants that both know and that are too far apart, or another outcome; the end of an unknown leg is not known."""
    both = [(instant(said[name]), instant(leg[name])) for name in ("entered_at", "answered_at", "ended_at")]
    apart = any(None not in pair and abs(pair[0] - pair[1]) > SAME_INSTANT for pair in both)
    return apart or (None not in (said["outcome"], leg["outcome"]) and "unknown" != leg["outcome"] != said["outcome"])


class Span:
    """The figures of a span of time."""

    def __init__(self, facts, start, end, year):
        self.facts, self.start, self.end, self.year = facts, start, end, year
        self.contacts = [contact for contact in facts.contacts if start <= contact.at < end]
        self.calls = [contact for contact in self.contacts if contact.call]
        self.requests = [request for request in facts.requests if start <= request.at < end]
        self.opened = [ticket for ticket in facts.whole if start <= ticket.opened < end]
        day_before = [contact for contact in facts.contacts if contact.call and start - DAY <= contact.at < end]
        self.waits = [contact for contact in day_before if contact.call.wait is not None and start <= contact.call.stopped < end]

    def clocked(self, clock, fits):
        """The seconds of a clock that stopped in the span."""
        read = [ticket.clock(clock) for ticket in self.facts.whole if fits(ticket)]
        return [value[1] for value in read if value and self.start <= value[0] < self.end]

    def figures(self, whole):
        """All figures; those that look before the span only of a whole part."""
        return {
            "channels": self.channels(),
            "unification": self.unification(),
            "response_rate": self.response_rate(),
            "phone": self.phone(whole),
            "scrivi": self.scrivi(),
            "email": self.email(),
            "social": self.social(),
            "themes": self.themes(),
            "levels": self.levels(),
            "units": self.units(),
            "backlog": self.backlog(),
            "callbacks": self.callbacks(),
            "ratings": self.ratings(),
            "costs": self.costs(),
            "data_quality": self.data_quality(),
            "sources": self.sources(),
        }

    def costs(self):
        first, last = local(self.start), local(self.end - 1)
        months = [f"{first.year}-{month:02}" for month in range(first.month, last.month + 1)]
        handled = [case for case in self.facts.handled if case.month in months]
        return self.facts.rules.figures(months, handled)

    def data_quality(self):
        """Flags of the tickets opened, how many are merged, and of how many calls live events and the log differ."""
        count = Counter(flag for ticket in self.opened for flag in set(ticket.flags))
        count["merged"] = sum(ticket.merged is not None and self.start <= ticket.opened < self.end for ticket in self.facts.tickets.values())
        count["call_differs"] = sum(self.facts.differs(contact.call) for contact in self.calls)
        return [{"flag": flag, "count": many} for flag, many in sorted(count.items()) if many]

    def sources(self):
        """All that are configured, those that were silent too, and whatever else gave something."""
        rows = []
        channels = {**self.facts.sources, **{contact.source: contact.channel for contact in self.contacts}}
        for source, channel in sorted(channels.items()):
            own = [contact for contact in self.contacts if contact.source == source]
            rows.append({
                "source": source, "channel": channel, "contacts": len(own), "days_heard": len({local(contact.at).date() for contact in own}),
                "late": sum(contact.recorded >= self.end for contact in own),
            })
        return rows

    def channels(self):
        rows = []
        for channel in CHANNELS:
            own = [contact for contact in self.contacts if contact.channel == channel]
            asked = [request for request in self.requests if request.channel == channel]
            answered, registered = sum(request.answered for request in asked), sum(contact.ticket is not None for contact in own)
            on = lambda ticket, channel=channel: ticket.channel == channel
            if channel == "phone":
                response = duration("queue_wait", [contact.call.wait for contact in self.waits if contact.call.outcome == "answered"])
            else:
                response = duration("opened_to_first_response", self.clocked("response", on))
            reasons = Counter(contact.excluded for contact in own if contact.excluded)
            reasons.update("merged" for contact in own if contact.id in self.facts.subsumed)
            rows.append({
                "channel": channel, "inbound": len(own), "registered": registered, "registered_share": share(registered, len(own)),
                "actionable": len(asked), "answered": answered, "response_rate": share(answered, len(asked)), "response": response,
                **{clock: duration("opened_to_resolved", self.clocked(clock, on)) for clock in ("resolution", "resolution_final", "resolution_net")},
                "excluded": [{"reason": reason, "count": count} for reason, count in sorted(reasons.items())],
            })
        return rows

    def unification(self):
        registered = [contact for contact in self.contacts if contact.ticket]
        channels = {merged_channel(contact.channel) for contact in registered}
        members = defaultdict(list)
        for ticket in self.facts.whole:
            if ticket.matter:
                members[ticket.matter].append(merged_channel(ticket.channel))
        touched = {self.facts.tickets[contact.ticket].matter for contact in registered}
        matters = [members[matter] for matter in touched if matter and len(members[matter]) >= 2]
        unified = [channel for channel in UNIFIED if channel in channels]
        return {
            "unified_channels": len(unified), "channels": sorted(unified), "inbound": len(self.contacts), "registered": len(registered),
            "share": share(len(registered), len(self.contacts)), "matters": len(matters),
            "matters_on_two_or_more_channels": sum(len(set(channels)) >= 2 for channels in matters),
        }

    def response_rate(self):
        answered = sum(request.answered for request in self.requests)
        asked = len(self.requests)
        return {"answered": answered, "actionable": asked, "rate": share(answered, asked), "never_answered": asked - answered}

    def phone(self, whole):
        calls = [contact.call for contact in self.calls]
        outcomes = Counter(call.outcome for call in calls)
        short = sum(call.short for call in calls)
        answered = [contact for contact in self.calls if contact.call.outcome == "answered"]
        registered = sum(contact.ticket is not None for contact in answered)
        within = lambda limit: sum(contact.call.wait is not None and contact.call.wait <= limit for contact in answered)
        waits = [contact.call.wait for contact in self.waits]
        figures = {
            "offered": len(calls), **{outcome: outcomes[outcome] for outcome in OUTCOMES}, "abandoned_short": short,
            "self_served": sum(contact.channel == "phone" and contact.reason == "self_served" for contact in self.contacts),
            "registered_of_answered": registered, "registered_of_answered_share": share(registered, len(answered)),
            "waits": len(waits), "mean_wait_s": mean(waits),
            "mean_wait_answered_s": mean([contact.call.wait for contact in self.waits if contact.call.outcome == "answered"]),
            "service_level": [{"threshold_s": limit, "share": share(within(limit), len(calls) - short)} for limit in (20, 30)],
            "mean_talk_s": mean([contact.call.talk for contact in answered if contact.call.talk is not None]),
            "by_queue": self.lines("queue", lambda contact: contact.call.queue),
            "by_theme": self.lines("theme", self.theme_of),
            **self.choices(),
            "abandoned_came_back": self.came_back(),
        }
        if whole:
            hour = lambda at: local(at).strftime("%u-%H")
            rows = self.lines("interval", lambda contact: hour(contact.at), lambda contact: hour(contact.call.stopped))
            figures["intervals"] = [{**row, **dict(zip(("weekday", "hour"), map(int, row["interval"].split("-"))))} for row in rows]
            figures["repeat_callers"] = self.repeat_callers()
            figures["abandoned_then_wrote"] = self.then_wrote()
        return figures

    def choices(self):
        """What callers chose at the machine; the report has no list while nobody chose anything."""
        offered = Counter(contact.choice for contact in self.calls)
        served = Counter(contact.choice for contact in self.contacts if contact.reason == "self_served")
        rows = [
            {"choice": choice, "calls": offered[choice] + served[choice], "offered": offered[choice], "self_served": served[choice]}
            for choice in sorted({*offered, *served} - {None})
        ]
        return {"ivr": rows} if rows else {}

    def theme_of(self, contact):
        if contact.ticket is None:
            return "not_registered"
        return self.facts.tickets[contact.ticket].theme or "unclassified"

    def lines(self, name, key, stopped=None):
        """Calls by something; `stopped` is what a wait goes by, where that is another thing than what the call does."""
        offered, waits = defaultdict(list), defaultdict(list)
        for contact in self.calls:
            offered[key(contact)].append(contact.call.outcome)
        for contact in self.waits:
            waits[(stopped or key)(contact)].append(contact.call.wait)
        return [{
            name: which, "offered": len(offered[which]), "answered": offered[which].count("answered"),
            "abandoned": offered[which].count("abandoned"), "waits": len(waits[which]), "mean_wait_s": mean(waits[which]),
        } for which in sorted({*offered, *waits})]

    def repeat_callers(self):
        calls = [contact for contact in self.facts.contacts if contact.call and self.year <= contact.at < self.end]
        known = [contact for contact in calls if contact.person]
        times = Counter(contact.person for contact in known)
        themes = Counter((contact.person, self.theme_of(contact)) for contact in known
                         if self.theme_of(contact) not in ("not_registered", "unclassified"))
        often = sum(count >= 3 for count in times.values())
        same = len({person for (person, _), count in themes.items() if count >= 3})
        return {
            "window": "year-to-date", "identified": len(times), "more_than_2": often, "more_than_2_share": share(often, len(times)),
            "more_than_2_same_theme": same, "more_than_2_same_theme_share": share(same, len(times)),
            "anonymous_calls": len(calls) - len(known), "coverage": share(len(known), len(calls)),
        }

    def then_wrote(self):
        gave_up = defaultdict(list)
        for contact in self.facts.contacts:
            if contact.call and contact.call.outcome == "abandoned" and contact.person:
                gave_up[contact.person].append(contact.at)
        wrote = sum(
            any(0 <= contact.at - at <= 7 * DAY for at in gave_up.get(contact.person, ()))
            for contact in self.contacts if contact.channel != "phone" and contact.person
        )
        abandoned = [contact for contact in self.calls if contact.call.outcome == "abandoned"]
        return {"window_days": 7, "count": wrote, "coverage": share(sum(contact.person is not None for contact in abandoned), len(abandoned))}

    def came_back(self):
        """What those who gave up did in the seven days after: called again, were answered, wrote, nothing."""
        window = 7 * DAY
        abandoned = [contact for contact in self.calls if contact.call.outcome == "abandoned"]
        known = [contact for contact in abandoned if contact.person]
        found = Counter()
        for contact in known:
            after = [other for other in self.facts.of_person[contact.person] if contact.at < other.at <= contact.at + window]
            called = [other.call.outcome for other in after if other.call]
            wrote = any(other.channel != "phone" for other in after)
            found["called_again"] += bool(called)
            found["answered"] += "answered" in called
            found["wrote"] += wrote
            if not called and not wrote:
                found["window_open" if contact.at + window >= self.facts.as_of else "never"] += 1
        settled = len(known) - found["window_open"]
        return {
            "window_days": 7, "abandoned": len(abandoned), "identified": len(known), "coverage": share(len(known), len(abandoned)),
            "withheld": len(abandoned) - len(known), "window_open": found["window_open"],
            "answered": found["answered"], "answered_share": share(found["answered"], found["called_again"]),
            **{key: found[key] for key in ("called_again", "wrote", "never")},
            **{f"{key}_share": share(found[key], settled) for key in ("called_again", "wrote", "never")},
        }

    def scrivi(self):
        own = [ticket for ticket in self.opened if ticket.channel == "scrivi"]
        resolved = [ticket for ticket in own if ticket.standing == "resolved"]
        ends = [ticket.clock("resolution_final") for ticket in resolved]
        buckets = self.bands([end[1] for end in ends if end])
        return {
            "opened": len(own), "resolved": len(resolved), "resolved_share": share(len(resolved), len(own)),
            "share_of_all_tickets": share(len(own), len(self.opened)), "resolution_buckets": buckets, "unclassified": ends.count(None),
        }

    @staticmethod
    def bands(seconds):
        bins = [-1, *(days * DAY for days in BOUNDS), float("inf")]
        counts = pandas.cut(pandas.Series(seconds, dtype="float64"), bins, labels=LABELS).value_counts()
        return [
            {"label": label, "upper_days": upper, "count": int(counts[label]), "share": share(int(counts[label]), len(seconds))}
            for label, upper in zip(LABELS, (*BOUNDS, None))
        ]

    def email(self):
        rows = [row for row in self.facts.interactions if row["channel"] in ("email", "pec") and row["direction"] == "inbound"
                and self.start <= instant(row["occurred_at"]) < self.end]
        boxes = [{"mailbox": box, **self.mailbox([row for row in rows if row["source"] == box])} for box in sorted({row["source"] for row in rows})]
        return {**self.mailbox(rows), "by_mailbox": boxes}

    @staticmethod
    def mailbox(rows):
        kinds = Counter(row["kind"] for row in rows)
        mails = [row for row in rows if row["kind"] == "mail"]
        return {
            "received": kinds["mail"] + kinds["bounce"] + kinds["receipt"] + kinds["anomaly"], "messages": len(mails),
            "auto": sum(row["reason"] == "auto_reply" for row in mails), "bounces": kinds["bounce"],
            "pec": sum(row["channel"] == "pec" for row in mails), "receipts": kinds["receipt"], "anomalies": kinds["anomaly"],
        }

    def social(self):
        own = [contact for contact in self.contacts if contact.channel == "social"]
        threads = defaultdict(list)
        for contact in own:
            threads[contact.conversation].append(contact)
        asking = [next(contact for contact in thread if contact.reason is None) for thread in threads.values()
                  if any(contact.reason is None for contact in thread)]
        taken = lambda contact: (ticket := self.facts.ticket_of(contact)) is not None and any(
            heard.charged is not None for heard in self.facts.heard[ticket.id]
        )
        on = lambda ticket: ticket.channel == "social"
        return {
            "inbound_interactions": len(own), "comments": sum(contact.kind == "comment" for contact in own),
            "messages": sum(contact.kind in ("message", "postback") for contact in own), "threads": len(threads),
            "actionable_threads": len(asking), "handled_threads": sum(map(self.facts.answered, asking)),
            "never_taken": sum(not taken(contact) for contact in asking),
            **{clock: duration(clock, self.clocked(clock, on)) for clock in ("charge_to_closed", "received_to_closed")},
        }

    def themes(self):
        counts = Counter(ticket.theme or "unclassified" for ticket in self.opened)
        return [{"theme": theme, "count": count, "share": share(count, len(self.opened))} for theme, count in sorted(counts.items())]

    def levels(self):
        first = Counter(ticket.standing for ticket in self.opened if not ticket.escalated)
        second = [ticket for ticket in self.opened if ticket.escalated]
        count = Counter(ticket.standing for ticket in second)
        return {
            "I": {"resolved": first["resolved"], "open": first["open"], "cancelled": first["cancelled"]},
            "II": {"assigned": len(second), "resolved": count["resolved"], "active": count["open"],
                   "active_share": share(count["open"], len(second)), "cancelled": count["cancelled"]},
        }

    def units(self):
        rows = []
        for unit in {ticket.unit for ticket in self.facts.whole if ticket.unit}:
            own = [ticket for ticket in self.opened if ticket.unit == unit]
            count = Counter(ticket.standing for ticket in own)
            resolution = self.clocked("resolution", lambda ticket, unit=unit: ticket.unit == unit)
            if own:
                rows.append({
                    "unit": unit, "tickets": len(own), "share": share(len(own), len(self.opened)), "resolved": count["resolved"],
                    "active": count["open"], "active_share": share(count["open"], len(own)), "cancelled": count["cancelled"],
                    "resolution": duration("opened_to_resolved", resolution),
                })
        return rows

    def backlog(self):
        at = min(self.end, self.facts.as_of)
        left = [ticket for ticket in self.facts.whole if ticket.open_at(at)]
        ages = [outside(ticket.opened, at, [gap for gap in ticket.gaps if gap[0] < at]) for ticket in left]
        return {
            "open_at_end": len(ages), "mean_age_s": mean(ages), "median_age_s": percentile(ages, 0.5),
            "p90_age_s": percentile(ages, 0.9), "bands": self.bands(ages),
        }

    def callbacks(self):
        """Promises belong to the span in which their window ends."""
        own = [row for row in self.facts.callbacks if self.start <= instant(row["window_to"]) < self.end]
        count = Counter(row["state"] for row in own)
        return {
            "promised": len(own), "kept": count["kept"], "missed": count["missed"],
            "kept_share": share(count["kept"], count["kept"] + count["missed"]), "pending": count["booked"],
            "cancelled": count["cancelled"], "attempts": sum(row["attempts"] for row in own),
            "reached_late": sum(row["state"] == "missed" and row["reached_late"] for row in own),
        }

    def ratings(self):
        last = [ticket.ratings[-1] for ticket in self.opened if ticket.ratings]
        return {
            "count": len(last), "share": share(len(last), len(self.opened)), "mean": mean(last),
            "distribution": [{"rating": rating, "count": last.count(rating)} for rating in range(1, 6)],
        }


def waiting(facts):
    """What waited for a person, by source."""
    count = Counter(row["source"] for row in facts.quarantine if row["state"] == "open" and instant(row["created_at"]) <= facts.as_of)
    return {"count": sum(count.values()), "by_source": dict(count)}


def report(folder, month, as_of):
    """The figures of a month's report."""
    facts = Facts(folder, instant(as_of))
    year, number = map(int, month.split("-"))
    january = midnight(date(year, 1, 1))
    before = (date(year, number, 1) - timedelta(days=1)).strftime("%Y-%m")
    start, end = bounds(year, number)

    def compared(other):
        span = bounds(*map(int, other.split("-")))
        return {"month": other, **printed(*span), **Span(facts, *span, january).figures(False)}

    return {
        "period": {"month": month, **printed(start, end), "zone": ROME.key},
        **Span(facts, start, end, january).figures(True),
        "quarantine": waiting(facts),
        "year_to_date": {**printed(january, end), **Span(facts, january, end, january).figures(True)},
        "comparison": {"previous_month": compared(before), "same_month_last_year": compared(f"{year - 1}-{number:02}")},
    }


def printed(start, end):
    """The first instant of a span, and the first after it."""
    return {name: datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in (("from", start), ("to", end))}


# By what the rows of a list are told apart.
KEYS = (("supplier", "month"), ("supplier",), ("source",), ("channel",), ("reason",), ("mailbox",), ("theme",), ("line",), ("unit",),
        ("queue",), ("choice",), ("flag",), ("interval",), ("label",), ("rating",), ("threshold_s",))


def keyed(rows):
    """A list's rows by their key; their order is no figure."""
    if rows and isinstance(rows[0], dict):
        names = next(names for names in KEYS if all(name in rows[0] for name in names))
        return {" ".join(str(row[name]) for name in names): row for row in rows}
    return {row: row for row in rows}


def differences(expected, found, place=""):
    """Where the report says otherwise, and how many figures were compared."""
    if isinstance(expected, list):
        expected, found = keyed(expected), keyed(found)
        if set(expected) != set(found):
            return [f"{place}: rows {sorted(map(str, expected))} here, {sorted(map(str, found))} in the report"], 1
    if isinstance(expected, costs.Near):
        return ([] if expected.fits(found) else [f"{place}: about {float(expected.exact)} here, {found} in the report"]), 1
    if isinstance(expected, dict):
        wrong, many = [], 0
        for key, value in expected.items():
            if key not in found:
                wrong.append(f"{place}/{key}: not in the report")
                continue
            more, count = differences(value, found[key], f"{place}/{key}")
            wrong, many = wrong + more, many + count
        return wrong, many
    if isinstance(expected, float) and isinstance(found, (int, float)):
        # Durations to a thousandth of a second; shares to what a double holds.
        limit = 0.001_000_1 if place.endswith("_s") else 1e-12
        return ([] if abs(expected - found) <= limit else [f"{place}: {expected} here, {found} in the report"]), 1
    return ([] if expected == found else [f"{place}: {expected} here, {found} in the report"]), 1


def unchecked(expected, found, place=""):
    """The figures of the report that nothing here is computed for, lists by their name."""
    if isinstance(found, list):
        if not isinstance(expected, list):
            return [f"{place}/*"]
        pairs = [(keyed(expected).get(key), row) for key, row in keyed(found).items()] if found else []
        return sorted({name for own, row in pairs for name in unchecked(own, row, f"{place}/*")})
    if isinstance(found, dict):
        if not isinstance(expected, dict):
            return [place]
        return [name for key, value in found.items() for name in unchecked(expected.get(key, Unforeseen), value, f"{place}/{key}")]
    return [place] if expected is Unforeseen else []
