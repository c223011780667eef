"""An Asterisk queue_log read a second time, from the description of the format and not from Filo's code.

What it knows: a line is time|callid|queue|member|EVENT|data…; times are seconds since 1970, whole or with a fraction.
ENTERQUEUE opens a leg; CONNECT(hold), COMPLETEAGENT and COMPLETECALLER(hold, talk) and transfers with a talk say that
a person answered; ABANDON(…, …, wait), EXITWITHTIMEOUT(…, …, wait), EXITEMPTY(…, …, wait), EXITWITHKEY(…, …, …, wait)
say how it left unanswered. QUEUESTART says that the exchange started anew and forgot its open legs. IVRCHOICE, which the
dialplan writes, says what a caller chose at the machine that answers first.

A call is the legs of one id less than a day apart. It was answered if one of its legs was; else it has the outcome of
its last leg. Its wait is the waits of its legs up to the first answer. A call with a choice and no leg was served by the
machine.
"""

import random
from bisect import bisect_right
from collections import Counter, defaultdict

DAY = 24 * 3600
CHOICE = "IVRCHOICE"
LEFT = {"ABANDON": ("abandoned", 2), "EXITWITHTIMEOUT": ("timed_out", 2), "EXITEMPTY": ("empty", 2), "EXITWITHKEY": ("key_exit", 3)}


def read(text):
    """The events of a log, each once: (time, call, queue, name, parameters)."""
    events = set()
    for line in text.splitlines():
        fields = line.strip().split("|")
        if len(fields) < 5 or not fields[0].replace(".", "", 1).isdigit():
            continue
        time, call, queue, _member, name, *parameters = fields
        if name in ("ENTERQUEUE", "CONNECT", "COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "QUEUESTART", CHOICE, *LEFT):
            events.add((float(time), call, queue, name, tuple(parameters)))
    return sorted(events)


def legs_of(events):
    """The legs by call: entry, outcome, wait."""
    restarts = [time for time, _, _, name, _ in events if name == "QUEUESTART"]
    entries = defaultdict(list)
    for time, call, queue, name, _ in events:
        if name == "ENTERQUEUE":
            entries[call, queue].append(time)
    told = defaultdict(list)
    for time, call, queue, name, parameters in events:
        if name in ("ENTERQUEUE", "QUEUESTART", CHOICE):
            continue
        own = entries[call, queue]
        at = bisect_right(own, time) - 1
        if at < 0 or time - own[at] >= DAY or bisect_right(restarts, own[at]) < bisect_right(restarts, time):
            continue
        told[call, queue, own[at]].append((name, parameters))
    legs = defaultdict(list)
    for (call, queue), times in entries.items():
        for time in times:
            legs[call].append((time, queue, *outcome(told[call, queue, time])))
    return {call: sorted(own) for call, own in legs.items()}


def outcome(told):
    """How a leg ended and how long it waited."""
    holds = {}
    for name, parameters in told:
        if name == "CONNECT" or name.startswith("COMPLETE"):
            holds[name] = int(parameters[0])
        elif name == "BLINDTRANSFER" and int(parameters[3]) > 0:
            holds[name] = int(parameters[2])
    if holds:
        return "answered", max(holds.values())
    for name, parameters in told:
        if name in LEFT:
            word, place = LEFT[name]
            return word, int(parameters[place])
    return "unknown", None


def calls_of(legs):
    """The calls: entry, outcome, wait."""
    for own in legs.values():
        group = []
        for leg in own:
            if group and leg[0] - group[-1][0] >= DAY:
                yield call(group)
                group = []
            group.append(leg)
        yield call(group)


def call(legs):
    wait = 0
    for _, _, word, seconds in legs:
        wait = None if wait is None or seconds is None else wait + seconds
        if word == "answered":
            return legs[0][0], "answered", wait
    return legs[0][0], legs[-1][2], wait


def figures(texts, start, end):
    """What the report must say of the calls that began in a period."""
    events = sorted(set().union(*(read(text) for text in texts)))
    legs = legs_of(events)
    calls = [call for call in calls_of(legs) if start <= int(call[0]) < end]
    # A later choice is the same call's: of several instants the first counts.
    chose = {call: time for time, call, _, name, _ in reversed(events) if name == CHOICE and call not in legs}
    count = Counter(word for _, word, _ in calls)
    known = [wait for _, word, wait in calls if word != "unknown" and wait is not None]
    answered = [wait for _, word, wait in calls if word == "answered" and wait is not None]
    mean = lambda waits: sum(waits) / len(waits) if waits else None
    return {
        "offered": len(calls),
        **{word: count[word] for word in ("answered", "abandoned", "timed_out", "empty", "key_exit", "unknown")},
        "self_served": sum(start <= int(time) < end for time in chose.values()),
        "abandoned_short": sum(1 for _, word, wait in calls if word == "abandoned" and wait is not None and wait < 5),
        "mean_wait_s": mean(known),
        "mean_wait_answered_s": mean(answered),
    }


def hard_log(seed, calls, start, days):
    """A log with everything that makes logs hard, as the texts of several files in any order."""
    chance = random.Random(seed)
    queues = ["020202", "anagrafe", "tributi", "tari"]
    lines, restarts = [], []
    for _ in range(chance.randrange(3)):
        restarts.append(start + chance.randrange(days * DAY))
    for number in range(calls):
        time = start - DAY + chance.randrange((days + 2) * DAY)
        # After a restart the exchange begins to count again: some ids are those of other days.
        call = f"{chance.randrange(50)}.old" if chance.random() < 0.01 else f"{time}.{number}"
        # The machine that answers first: most go on to a queue, the others are served by it alone.
        choices = 0 if call.endswith(".old") else chance.choice([0, 0, 0, 1, 1, 2])
        for _ in range(choices):
            choice = chance.choice(["0", "1", "2", "2-1", "2-1-3", "9"])
            lines.append((time, f"{time}|{call}|NONE|NONE|IVRCHOICE|{choice}"))
            time += chance.randrange(1, 30)
        if choices and chance.random() < 0.2:
            continue
        for leg in range(chance.choice([1, 1, 1, 1, 2, 3])):
            queue, began = chance.choice(queues), time
            fraction = f".{chance.randrange(1_000_000):06}" if chance.random() < 0.2 else ""
            line = lambda at, member, *rest: lines.append((at, f"{at}{fraction}|{call}|{queue}|{member}|" + "|".join(map(str, rest))))
            line(began, "NONE", "ENTERQUEUE", "", f"+39333{number:07}" if chance.random() < 0.9 else "anonymous", leg + 1)
            wait = chance.choice([1, 2, 4, 5, 6, chance.randrange(1, 400)])
            time = began + wait
            if chance.random() < 0.3:
                line(began + 1, f"SIP/{chance.randrange(30)}", "RINGNOANSWER", 15000)
            how = chance.random()
            if how < 0.6:
                agent = f"SIP/{chance.randrange(30)}"
                talk = chance.randrange(1, 900)
                if chance.random() < 0.97:
                    line(time, agent, "CONNECT", wait, f"{time}.9", 3)
                time += talk
                if chance.random() < 0.1:
                    line(time, agent, "BLINDTRANSFER", 8001, "default", wait, talk, 1)
                elif chance.random() < 0.97:
                    line(time, agent, chance.choice(["COMPLETEAGENT", "COMPLETECALLER"]), wait, talk, 1)
                break
            if how < 0.8:
                line(time, "NONE", "ABANDON", 1, 1, wait)
                break
            if how < 0.88:
                line(time, "NONE", "EXITWITHTIMEOUT", 1, 1, wait)
            elif how < 0.93:
                line(time, "NONE", "EXITEMPTY", 1, 1, wait)
            elif how < 0.97:
                line(time, "NONE", "EXITWITHKEY", 1, 2, 3, wait)
            time += 1
    for at in restarts:
        lines.append((at, f"{at}|NONE|NONE|NONE|QUEUESTART|"))
    lines.sort(key=lambda pair: pair[0])
    noise = ["ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "AGENTLOGIN", "CONFIGRELOAD"]
    texts = []
    for at, text in lines:
        texts.append(text)
        if chance.random() < 0.05:
            texts.append(f"{at}|NONE|tari|SIP/7|{chance.choice(noise)}|")
        if chance.random() < 0.01:
            texts.append(text)
        if chance.random() < 0.01:
            texts.append(text[: chance.randrange(1, 10)])
    files, at = [], 0
    while at < len(texts):
        size = chance.randrange(1, max(2, len(texts) // 3))
        files.append(chance.choice(["\n", "\r\n"]).join(texts[at : at + size]) + "\n")
        # The next file repeats some lines, as a copy taken while it was written does.
        at += size - (chance.randrange(3) if size > 3 else 0)
    return files
