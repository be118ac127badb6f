# The part between the marks is quoted by README.md; what follows it runs the test's cases.
# begin
import base64, hashlib, hmac, re, time

def verify(secret: str, headers, body: bytes) -> bool:
    """headers: names in lower case. body: the bytes as they came, never parsed JSON."""
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id or not re.fullmatch("[0-9]{1,12}", timestamp):
        return False
    if abs(int(time.time()) - int(timestamp)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(mac)
    tokens = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(token.encode(), expected) for token in tokens)
# end

import json, sys

for case in json.load(sys.stdin.buffer):
    print("true" if verify(case["secret"], case["headers"], case["body"].encode()) else "false")
