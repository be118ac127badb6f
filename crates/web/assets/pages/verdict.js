// <input data-verdict="/path"> asks the server about a URL while it is typed: whether it may be called, and if not, by
// which rule. What it says stands in the element that describes the field.

const WAIT = 350;
let timer;
let asking;

async function judge(field) {
  asking?.abort();
  const place = document.getElementById(`${field.id}-verdict`);
  const url = field.value.trim();
  if (!place) return;
  if (!url) return show(place, "", "");
  asking = new AbortController();
  try {
    const address = `${field.dataset.verdict}?url=${encodeURIComponent(url)}`;
    const response = await fetch(address, { signal: asking.signal, redirect: "manual" });
    // Signed out, or busy: the form's own answer will say it.
    if (!response.ok) return show(place, "", "");
    const { kind, text } = await response.json();
    if (field.value.trim() === url) show(place, kind, text);
  } catch (failure) {
    if (failure.name !== "AbortError") show(place, "", "");
  }
}

function show(place, kind, text) {
  place.dataset.kind = kind;
  place.textContent = text;
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-verdict]")) return;
  // What was wrong with what was there before is no longer so.
  field.removeAttribute("aria-invalid");
  field.setAttribute("aria-describedby", `${field.id}-verdict`);
  const problem = document.getElementById(`${field.id}-problem`);
  if (problem) problem.hidden = true;
  clearTimeout(timer);
  timer = setTimeout(() => judge(field), WAIT);
});
