// Live pages: one stream of changes for a whole browser, shared by its tabs. It says what kinds of things changed; the
// parts of the page that show them (data-live="webhooks deliveries") are fetched anew and put in place.

import { read, replace } from "./page.js";

const CHANNEL = "leadpost-live";
const parts = () => [...document.querySelectorAll("[data-live][id]")];
const channel = new BroadcastChannel(CHANNEL);
let waiting = new Set();
let timer;

/** What somebody is filling in is not taken away from under them. */
function busy(part) {
  const field = document.activeElement;
  const writing = part.contains(field) && field.matches("input:not([type=checkbox]), textarea, select");
  return writing || part.querySelector("dialog[open]");
}

function touched(nouns) {
  for (const part of parts()) {
    if (part.dataset.live.split(" ").some((noun) => nouns.includes(noun))) waiting.add(part.id);
  }
  if (waiting.size > 0 && !document.hidden) timer ??= setTimeout(look, 200);
}

async function look() {
  const ids = waiting;
  waiting = new Set();
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "manual" });
    // Signed out in another tab, or gone: what is shown stays until somebody does something.
    if (!response.ok) return;
    const page = await read(response);
    for (const id of ids) {
      const old = document.getElementById(id);
      const fresh = page.getElementById(id);
      if (old && fresh && !busy(old) && !old.isEqualNode(fresh)) replace(old, fresh);
    }
  } catch {
    // Offline: the stream comes back, and everything counts as changed then.
  } finally {
    // A busy account is looked at once a second, not more.
    timer = setTimeout(() => {
      timer = undefined;
      if (waiting.size > 0) touched([]);
    }, 1000);
  }
}

/** Holds the stream for all tabs, for as long as this tab is there. */
function hold() {
  return new Promise(() => {
    const stream = new EventSource("/live");
    let lost = false;
    stream.addEventListener("error", () => (lost = true));
    stream.addEventListener("open", () => {
      if (lost) tell("webhooks events deliveries conversations recoveries chatbots");
      lost = false;
    });
    stream.addEventListener("changed", (event) => tell(event.data));
  });
}

function tell(data) {
  channel.postMessage(data);
  touched(data.split(" "));
}

if (parts().length > 0) {
  channel.addEventListener("message", (event) => touched(event.data.split(" ")));
  document.addEventListener("visibilitychange", () => touched([]));
  if (navigator.locks) navigator.locks.request(CHANNEL, hold);
  else hold();
}
