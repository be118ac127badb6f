// Pages of this server, fetched and read: the one place that turns text into a document.

const policy = globalThis.trustedTypes?.createPolicy("leadpost", { createHTML: (text) => text });

/** The page that a response brings, as a document whose scripts do not run. */
export async function read(response) {
  const text = await response.text();
  return new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
}

/** Says something to whoever listens instead of looking. */
export function announce(text) {
  const status = document.getElementById("status");
  if (status) status.textContent = text;
}

/** Puts a part of a newer page into the place of the same part here, and keeps the focus and what is open. */
export function replace(old, fresh) {
  const focus = old.contains(document.activeElement) && document.activeElement.id;
  const open = new Set([...old.querySelectorAll("details[open][id]")].map((it) => it.id));
  const copy = document.importNode(fresh, true);
  for (const details of copy.querySelectorAll("details[id]")) {
    if (open.has(details.id)) details.open = true;
  }
  old.replaceWith(copy);
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
}
