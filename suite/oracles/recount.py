"""Counts the bot report and the marker report of the three demo bots once more, from what was said.

Shares neither code nor SQL with the product. It is given the raw rows of some tables as JSON, and
- tells from the words of each transcript which nodes of the demo flows were passed, and so which ends of which
  markers, and pairs these by the rule "start, then end, in one conversation" (the rows of marker runs are not read);
- takes captures from the events of type `Contact Information`, and handovers from what the chat itself says of
  operators who join (the columns that the product counts these by are not read);
- asks for each instant which day the calendar of the zone shows, by Python's own time zones.
Only what nothing else tells is taken from the conversation's row: its chatbot, department, state, close, and whether
it is a preview.

usage: recount.py FILE, which holds {"account", "tables": {name: [row]}, "asked": [{...}]}; prints a list of answers.
"""

import datetime
import json
import statistics
import sys
import zoneinfo

REASONS = ["visitor_ended", "operator_closed", "bot_finished", "idle_bot", "idle_agent", "no_agent", "admin_closed"]
YES = {"yes", "sure"}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def travel_desk(message, before):
    """Which ends of markers this message of the travel desk tells of; `before` are the messages before it."""
    text = message["text"]
    if message["author"] == "bot":
        if text == "Where would you like to go?":
            return [("Book Trip", "start")]
        if text == "Whom may I address?":
            return [("Contact Details", "start")]
        if text == "Your booking code?":
            return [("Trip Status", "start")]
        if text.startswith("Thanks - an agent checks "):
            return [("Trip Status", "end")]
    elif answers(message, before, "May we keep these details to prepare your offer?", YES):
        return [("Contact Details", "end"), ("Book Trip", "end")]
    return []


def car_quote(message, before):
    text = message["text"]
    if message["author"] == "bot":
        if text == "Is the car new or used?":
            return [("Quote", "start")]
        if text.startswith("Thank you ") and "Your reference is" in text:
            return [("Quote", "end")]
        if text.startswith("Cars over 20 years") or text == "Which number may a specialist call?":
            return [("Specialist Referral", "start")]
        if text == "Drive safely.":
            said = [it["text"] for it in before if it["author"] == "bot"]
            called = "Which number may a specialist call?" in said
            gave_up = any(it.startswith("Without an e-mail or a number") for it in said)
            return [("Specialist Referral", "end")] if called and not gave_up else []
    elif answers(message, before, "Claims in the last 3 years?", {"2 or more"}):
        covers = [it for n, it in enumerate(before) if answers(it, before[:n], "Cover?", {"comprehensive"})]
        return [("Specialist Referral", "start")] if covers else []
    return []


def saas_demo(message, before):
    text = message["text"]
    if message["author"] == "bot":
        if text == "Your work e-mail?":
            return [("Demo Request", "start")]
        if text.startswith("Plans start at 12 "):
            return [("Pricing Viewed", "start"), ("Pricing Viewed", "end")]
    elif answers(message, before, "May we contact you about this demo?", YES):
        return [("Demo Request", "end")]
    return []


FLOWS = {"Meridian travel desk": travel_desk, "car insurance quote": car_quote, "Loomwork": saas_demo}


def answers(message, before, question, words):
    """Whether this message is one of these answers to that question."""
    if message["author"] != "visitor" or message["text"].casefold() not in words:
        return False
    asked = [it for it in before if it["author"] == "bot" and it["text"] != "Are you still there?"]
    return bool(asked) and asked[-1]["text"] == question


def runs(messages):
    """The runs of markers that a transcript tells of: (name, started at, ended at or None)."""
    flow = next(flow for words, flow in FLOWS.items() if words in messages[0]["text"])
    found, open_runs = [], {}
    for n, message in enumerate(messages):
        for name, end in flow(message, messages[:n]):
            if end == "start" and name not in open_runs:
                open_runs[name] = [name, message["at"], None]
                found.append(open_runs[name])
            elif end == "end" and name in open_runs:
                open_runs.pop(name)[2] = message["at"]
    return found


def handed_over(conversation, messages):
    """When operators first got it."""
    for n, message in enumerate(messages):
        text, system = message["text"], message["author"] == "system"
        if system and (text.endswith(" has joined the chat.") or text == "Nobody is free right now."):
            bot = [it for it in messages[:n] if it["author"] == "bot"]
            if bot and bot[-1]["ask"] is not None:
                heard = [it for it in messages[:n] if it["number"] > bot[-1]["number"]]
                if not heard:
                    return message["at"]  # Taken over while the bot waited for an answer.
            return [it for it in messages[:n] if it["author"] == "visitor"][-1]["at"]
    return conversation["queued_at"] if conversation["state"] == "queued" else None


def plain(identifier):
    return None if identifier is None else identifier.replace("-", "").split("_")[-1]


class Chat:
    def __init__(self, row, messages, events):
        self.chatbot, self.department = plain(row["chatbot_id"]), plain(row["department_id"])
        self.opened = min(it["at"] for it in messages)
        self.engaged = any(it["author"] == "visitor" for it in messages)
        self.captured = min((it["occurred_at"] for it in events if it["type"] == "Contact Information"), default=None)
        told = [it["occurred_at"] for it in events if it["type"] == "Chat Transcript"]
        self.closed = (row["close_reason"], row["closed_at"]) if row["state"] == "closed" else None
        assert told == ([self.closed[1]] if self.closed else []), "one close, one transcript"
        self.handed_over = handed_over(row, messages)
        self.runs = runs(messages)


def chats(account, tables):
    messages, events = {}, {}
    for row in tables["message"]:
        messages.setdefault(plain(row["conversation_id"]), []).append(row)
    for row in tables["event"]:
        events.setdefault(plain(row["conversation_id"]), []).append(row)
    found = []
    for row in tables["conversation"]:
        if plain(row["account_id"]) == account and not row["preview"]:
            said = sorted(messages[plain(row["id"])], key=lambda it: it["number"])
            found.append(Chat(row, said, events.get(plain(row["id"]), [])))
    return found


def rate(part, whole):
    return part / whole if whole else None


class Report:
    def __init__(self, account, bots, all_chats, asked):
        self.first, self.last = map(datetime.date.fromisoformat, (asked["from"], asked["to"]))
        self.zone = zoneinfo.ZoneInfo(asked["time_zone"])
        self.chatbot, self.department = plain(asked.get("chatbot_id")), plain(asked.get("department_id"))
        self.bots = [it for it in bots if plain(it["account_id"]) == account
                     and self.chatbot in (None, plain(it["id"]))]
        self.chats = [it for it in all_chats if self.chatbot in (None, it.chatbot)
                      and self.department in (None, it.department)]

    def day(self, micros):
        """The day of an instant, if it is one of the period."""
        if micros is None:
            return None
        date = (EPOCH + datetime.timedelta(microseconds=micros)).astimezone(self.zone).date()
        return date if self.first <= date <= self.last else None

    def figures(self, some):
        opened = [it for it in some if self.day(it.opened)]
        closed = [it.closed[0] for it in some if it.closed and self.day(it.closed[1])]
        return {
            "conversations": len(opened),
            "engaged": sum(it.engaged for it in opened),
            "contacts_captured": sum(self.day(it.captured) is not None for it in some),
            "handovers": sum(self.day(it.handed_over) is not None for it in some),
            "closed": {reason: closed.count(reason) for reason in REASONS},
        }

    def bot(self):
        rows = []
        for bot in sorted(self.bots, key=lambda it: it["name"]):
            own = [it for it in self.chats if it.chatbot == plain(bot["id"])]
            rows.append({"chatbot_id": "bot_" + plain(bot["id"]), "chatbot_name": bot["name"], **self.figures(own)})
        days = []
        for n in range((self.last - self.first).days + 1):
            date = self.first + datetime.timedelta(days=n)
            opened = [it for it in self.chats if self.day(it.opened) == date]
            captured = sum(self.day(it.captured) == date for it in self.chats)
            days.append({"date": str(date), "conversations": len(opened),
                         "engaged": sum(it.engaged for it in opened), "contacts_captured": captured})
        return {"items": rows, "total": self.figures(self.chats), "days": days}

    def markers(self):
        rows = []
        for name in sorted({name for chat in self.chats for name, _, _ in chat.runs}):
            lengths, with_one, starts, completed, lost = [], 0, 0, 0, 0
            for chat in self.chats:
                own = [(start, end) for it, start, end in chat.runs if it == name]
                ended = [end - start for start, end in own if self.day(end)]
                began = [end for start, end in own if self.day(start)]
                lengths += ended
                with_one += bool(ended)
                starts += len(began)
                completed += sum(end is not None for end in began)
                lost += sum(end is None for end in began) if chat.closed else 0
            if lengths or starts:
                median = statistics.median(lengths) / 1e6 if lengths else None
                rows.append({"marker": name, "executions": len(lengths), "conversations": with_one, "starts": starts,
                             "completed": completed, "not_completed": lost, "in_progress": starts - completed - lost,
                             "completion_rate": rate(completed, starts), "median_s": median})
        return {"items": rows}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        given = json.load(file)
    account, tables = plain(given["account"]), given["tables"]
    all_chats = chats(account, tables)
    reports = [Report(account, tables["chatbot"], all_chats, asked) for asked in given["asked"]]
    print(json.dumps([{"bot": it.bot(), "markers": it.markers()} for it in reports]))


main()
