// The part between the marks is quoted by README.md; what follows it runs the test's cases.
// begin
const { createHmac, timingSafeEqual } = require("node:crypto");

// headers: names in lower case, as req.headers has them. body: the Buffer as it came, never parsed JSON.
function verify(secret, headers, body) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!id || !/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Math.floor(Date.now() / 1000) - Number(timestamp)) > 300) return false;
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const expected = Buffer.from(`v1,${mac}`);
  return (headers["webhook-signature"] ?? "").split(" ").some((token) => {
    const given = Buffer.from(token);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
// end

for (const { secret, headers, body } of JSON.parse(require("node:fs").readFileSync(0, "utf8"))) {
  console.log(verify(secret, headers, Buffer.from(body)));
}
