#!/usr/bin/env python3
"""Pushes Chatwoot's conversations to Leadpost. Python 3.9 or later, standard library only.

    LEADPOST_URL=http://127.0.0.1:8080 LEADPOST_KEY=lpk_... CHATWOOT_SECRET=... python3 chatwoot_bridge.py

The key needs the scope `ingest`. In Chatwoot, add a webhook to http://THIS-HOST:9001/ for the events Conversation
Created, Conversation Status Changed, Message Created and Contact Updated. The secret is the one that Chatwoot shows
with the webhook; without it, anybody who finds the address can push.
"""
import hashlib
import hmac
import json
import os
import shelve
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

URL, KEY = os.environ["LEADPOST_URL"].rstrip("/"), os.environ["LEADPOST_KEY"]
SECRET = os.environ["CHATWOOT_SECRET"].encode()
AUTHORS = {"incoming": "visitor", "outgoing": "operator", "template": "bot"}
# Chatwoot's number of a conversation -> ours, and its number of a contact -> its latest conversation.
known = shelve.open(os.environ.get("BRIDGE_STATE", "chatwoot_bridge"))


def call(path, body, key=None):
    """POSTs to Leadpost; the answer's status and JSON. A key makes a repeat harmless."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    if key:
        headers["idempotency-key"] = key
    request = urllib.request.Request(f"{URL}/api/v1{path}", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise
        return error.code, json.loads(error.read())


def begin(chat):
    """Our conversation for Chatwoot's; the one that is open, if there is one."""
    more = chat.get("additional_attributes") or {}
    new = {"external_id": f"chatwoot-{chat['id']}", "page_url": more.get("referer") or None}
    known[f"chat {chat['id']}"] = call("/conversations", new)[1]["id"]
    person = (chat.get("meta") or {}).get("sender") or {}
    if "id" in person:
        known[f"contact {person['id']}"] = chat["id"]
    return known[f"chat {chat['id']}"]


def push(chat, what, body, key):
    """Pushes into a conversation. If ours is over, as after a day of silence, another one begins."""
    for ours in (lambda: known.get(f"chat {chat['id']}") or begin(chat), lambda: begin(chat)):
        status, answer = call(f"/conversations/{ours()}/{what}", body, key)
        if (answer or {}).get("code") != "conversation_closed":
            break
    if status >= 400:  # A message without text, for example: said here, and passed over.
        print(f"{what} of {chat['id']}: {status} {answer.get('detail')}", flush=True)


def push_contact(chat, person):
    fields = {"name": person.get("name"), "email": person.get("email"), "phone": person.get("phone_number")}
    if fields["email"] or fields["phone"]:
        digest = hashlib.sha256(json.dumps([chat["id"], fields]).encode()).hexdigest()
        push(chat, "contact", fields, f"chatwoot-contact-{known.get('chat ' + str(chat['id']))}-{digest}")


def handle(event):
    kind = event.get("event")
    if kind == "conversation_created":
        begin(event)
    elif kind == "message_created" and event.get("message_type") in AUTHORS and not event.get("private"):
        author = AUTHORS[event["message_type"]]
        name = (event.get("sender") or {}).get("name") if author == "operator" else None
        message = {"author": author, "name": name, "text": event.get("content") or "(attachment)"}
        push(event["conversation"], "messages", message, f"chatwoot-message-{event['id']}")
    elif kind == "contact_updated" and f"contact {event['id']}" in known:
        chat = {"id": known[f"contact {event['id']}"]}
        if f"chat {chat['id']}" in known:
            push_contact(chat, event)
    elif kind == "conversation_status_changed" and event.get("status") == "resolved":
        # Only once, and only if something was said: what nobody knows is over already.
        if f"chat {event['id']}" in known:
            push_contact(event, (event.get("meta") or {}).get("sender") or {})
            call(f"/conversations/{known.pop('chat ' + str(event['id']))}/close", {"reason": "operator_closed"})


def is_genuine(headers, body):
    """Whether Chatwoot signed it within the last five minutes."""
    stamp = headers.get("x-chatwoot-timestamp", "")
    wanted = "sha256=" + hmac.new(SECRET, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    fresh = stamp.isdigit() and abs(time.time() - int(stamp)) < 300
    return fresh and hmac.compare_digest(wanted, headers.get("x-chatwoot-signature", ""))


class Bridge(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status = 401
        if is_genuine(self.headers, body):
            handle(json.loads(body))
            known.sync()
            status = 200
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("", int(os.environ.get("PORT", "9001"))), Bridge).serve_forever()
