// A search that one look did not finish goes on by itself, part by part, and shows how far it came; without this there is
// a link. What is looked through is a part with data-further, what was found are the children of its [data-rows].

import { announce, read, replace } from "./page.js";

// What one sitting looks through, and what one page shows.
const MOST = 50_000;
const FULL = 50;

const rows = (part) => part.querySelector("[data-rows]");

/** Puts what an earlier part found before what a later one did, and adds up how many were looked at. */
function join(part, fresh) {
  const found = rows(part);
  if (found?.children.length) {
    const more = rows(fresh);
    fresh.querySelector(".nobody")?.remove();
    if (more) more.prepend(...found.cloneNode(true).children);
    else fresh.querySelector(".empty").replaceWith(found.closest("table").cloneNode(true));
  }
  const [before, now] = [part, fresh].map((it) => it.querySelector("[data-looked]"));
  if (!before || !now) return;
  now.dataset.looked = Number(before.dataset.looked) + Number(now.dataset.looked);
  now.textContent = Number(now.dataset.looked).toLocaleString("en-US");
}

async function look(id) {
  for (;;) {
    const part = document.getElementById(id);
    const link = part.querySelector("a[rel=next]");
    const looked = Number(part.querySelector("[data-looked]")?.dataset.looked);
    if (!("further" in part.dataset) || !link || looked >= MOST || rows(part)?.children.length >= FULL) break;
    const response = await fetch(link.href, { headers: { accept: "text/html" }, redirect: "error" });
    if (!response.ok) break;
    const fresh = (await read(response)).getElementById(id);
    if (!fresh) break;
    join(part, fresh);
    replace(part, fresh);
  }
  const count = rows(document.getElementById(id))?.children.length ?? 0;
  announce(count === 1 ? "1 found" : `${count} found`);
}

for (const part of document.querySelectorAll("[data-further][id]")) {
  // Offline or signed out: the link is still there.
  look(part.id).catch(() => {});
}
