"""Lets the PyPI package `standardwebhooks` judge captured requests.

Reads the JSON file named by the first argument: a list of {"secret", "headers": [[name, value], ...], "body"}, the body
in hexadecimal. Prints a line for each, in their order: `accepted`, or `refused` and why.
"""

import json
import sys

from standardwebhooks.webhooks import Webhook


def verdict(request):
    headers = dict(request["headers"])
    if len(headers) != len(request["headers"]):
        return "refused: a header comes twice"
    try:
        Webhook(request["secret"]).verify(bytes.fromhex(request["body"]), headers)
    except Exception as error:  # Some malformed tokens raise what the package does not name.
        return f"refused: {type(error).__name__}: {error}".replace("\n", " ")
    return "accepted"


with open(sys.argv[1], encoding="utf-8") as file:
    for request in json.load(file):
        print(verdict(request))
