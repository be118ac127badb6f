// Lets the npm package `standardwebhooks` judge captured requests.
//
// Reads the JSON file named by the first argument: a list of {"secret", "headers": [[name, value], ...], "body"}, the body
// in hexadecimal. The second argument is the node_modules folder that has the package. Prints a line for each
// request, in their order: `accepted`, or `refused` and why.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [requests, modules] = process.argv.slice(2);
const { Webhook } = createRequire(join(modules, "/"))(join(modules, "standardwebhooks"));

function verdict({ secret, headers, body }) {
  const named = Object.fromEntries(headers);
  if (Object.keys(named).length !== headers.length) {
    return "refused: a header comes twice";
  }
  try {
    new Webhook(secret).verify(Buffer.from(body, "hex"), named);
  } catch (error) {
    return `refused: ${error.name}: ${error.message}`.replaceAll("\n", " ");
  }
  return "accepted";
}

const lines = JSON.parse(readFileSync(requests, "utf8")).map(verdict);
console.log(lines.join("\n"));
