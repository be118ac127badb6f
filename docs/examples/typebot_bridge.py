#!/usr/bin/env python3
"""Pushes what a Typebot collected to Leadpost. Python 3.9 or later, standard library only.

    LEADPOST_URL=http://127.0.0.1:8080 LEADPOST_KEY=lpk_... BRIDGE_TOKEN=... python3 typebot_bridge.py

The key needs the scope `ingest`. In the Typebot, put an HTTP request block where something is to be told: POST to
http://THIS-HOST:9002/ with the header `Authorization: Bearer BRIDGE_TOKEN` and a custom body such as

    {"conversation": "{{Result ID}}", "page_url": "{{URL}}",
     "messages": [["bot", "Your e-mail?"], ["visitor", "{{Email}}"]],
     "contact": {"name": "{{Name}}", "email": "{{Email}}", "phone": "{{Phone}}"},
     "markers": [["Quote", "start"], ["Quote", "end"]], "close": true}

Everything but `conversation` may be left out, and several blocks may each tell a part. What is empty is not pushed.
"""
import hashlib
import hmac
import json
import os
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

URL, KEY = os.environ["LEADPOST_URL"].rstrip("/"), os.environ["LEADPOST_KEY"]
TOKEN = os.environ["BRIDGE_TOKEN"]


class Refused(Exception):
    """Leadpost did not take something, and says why."""


def call(path, body, key):
    """POSTs to Leadpost; the answer's JSON. The key makes a repeat harmless."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json", "idempotency-key": key}
    request = urllib.request.Request(f"{URL}/api/v1{path}", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=8) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise Refused(f"{path}: {error.code} {error.read().decode()}") from error


def filled(fields):
    """Without what the visitor left out: Typebot writes nothing in its place."""
    return {name: value for name, value in fields.items() if value not in ("", None)}


def handle(told, body):
    result = told["conversation"]
    # The same body of the same result is the same step, however often it comes.
    key = f"typebot-{result}-{hashlib.sha256(body).hexdigest()}"[:200]
    new = filled({"external_id": f"typebot-{result}", "page_url": told.get("page_url")})
    ours = f"/conversations/{call('/conversations', new, key)['id']}"
    for number, (author, text) in enumerate(told.get("messages", [])):
        if text:
            call(f"{ours}/messages", {"author": author, "text": text}, f"{key}-m{number}")
    markers = list(enumerate(told.get("markers", [])))
    for number, (name, edge) in markers:
        if edge == "start":
            call(f"{ours}/markers", {"name": name, "edge": edge}, f"{key}-s{number}")
    contact = filled(told.get("contact", {}))
    if "email" in contact or "phone" in contact:
        call(f"{ours}/contact", contact, f"{key}-c")
    for number, (name, edge) in markers:
        if edge == "end":
            call(f"{ours}/markers", {"name": name, "edge": edge}, f"{key}-e{number}")
    if told.get("close"):
        call(f"{ours}/close", {"reason": "bot_finished"}, f"{key}-close")


class Bridge(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        given = self.headers.get("authorization", "")
        status, text = 401, b"give the token of this bridge\n"
        if hmac.compare_digest(given.encode(), f"Bearer {TOKEN}".encode()):
            try:
                handle(json.loads(body), body)
                status, text = 200, b""
            except (Refused, ValueError, KeyError, TypeError) as error:
                status, text = 422, f"{error!r}\n".encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    HTTPServer(("", int(os.environ.get("PORT", "9002"))), Bridge).serve_forever()
