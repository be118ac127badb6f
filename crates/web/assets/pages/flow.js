// The flow's pages: fields that belong to a choice show with it, what is typed is checked while it is typed, a file
// fills the JSON, and one comes back to the step that was changed.

import { announce } from "./page.js";

const WAIT = 450;
const timers = new WeakMap();

// <… data-when="type=number date">: there only while the field of that name has one of these values.
function fit(form) {
  for (const part of form.querySelectorAll("[data-when]")) {
    const [name, values] = part.dataset.when.split("=");
    const value = form.elements[name]?.value;
    part.hidden = value !== undefined && !values.split(" ").includes(value);
  }
}

function fitAll() {
  for (const form of document.querySelectorAll("form.step-form")) fit(form);
}

function mark(field, message) {
  const id = field.id + "-problem";
  let line = document.getElementById(id);
  if (!message) {
    line?.remove();
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    return;
  }
  if (!line) {
    line = document.createElement("p");
    line.className = "problem";
    line.id = id;
    field.closest(".field").append(line);
  }
  line.textContent = message;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", id);
}

function words(problem) {
  return (problem.line ? "Line " + problem.line + ", " : "") + (problem.pointer ? problem.pointer + ": " : "") + problem.message;
}

function show(form, checked) {
  const fields = [...form.querySelectorAll("[data-pointer]")];
  const left = [];
  for (const problem of checked.problems) {
    if (!fields.some((field) => field.dataset.pointer === problem.pointer)) left.push(problem);
  }
  for (const field of fields) {
    mark(field, checked.problems.find((problem) => problem.pointer === field.dataset.pointer)?.message);
  }
  const list = document.createElement("ul");
  list.className = "problems";
  for (const problem of left) {
    const line = document.createElement("li");
    line.textContent = fields.length ? problem.message : words(problem);
    list.append(line);
  }
  const place = form.querySelector("[data-problems]");
  const count = checked.problems.length;
  if (left.length) place.replaceChildren(list);
  else place.replaceChildren();
  if (!count) announce(checked.elsewhere ? "Nothing wrong here" : "The flow makes sense");
}

async function check(form) {
  const body = new URLSearchParams(new FormData(form));
  const ticket = {};
  timers.set(form, ticket);
  try {
    const response = await fetch(form.dataset.check, { method: "POST", body });
    if (response.ok && timers.get(form) === ticket) show(form, await response.json());
  } catch {
    // Offline: the next key is the next try, and saving checks again.
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches(".step-form")) fit(form);
  if (!form?.dataset.check) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => check(form), WAIT));
});

// Forms come in windows, too.
new MutationObserver(fitAll).observe(document.body, { childList: true, subtree: true });
fitAll();

const load = document.querySelector("[data-import]");
if (load) {
  load.hidden = false;
  load.querySelector("input").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    const text = document.getElementById("flow");
    text.value = await file.text();
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });
}

const at = new URLSearchParams(location.search).get("at");
if (at && !location.hash) {
  const step = document.getElementById("node-" + at);
  step?.classList.add("here");
  step?.scrollIntoView({ block: "center" });
  step?.focus({ preventScroll: true });
}

// The colour's own picker beside its text, and how well the button is seen on a white page (WCAG 2.2, 1.4.11).
function light(color) {
  const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
  const linear = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

for (const picker of document.querySelectorAll("[data-color-of]")) {
  const text = document.getElementById(picker.dataset.colorOf);
  const hint = document.querySelector("[data-contrast]");
  const valid = () => /^#[0-9a-f]{6}$/i.test(text.value);
  const tell = () => {
    if (!valid()) return (hint.textContent = text.value ? "A colour is # and six digits, such as #0b57d0." : "The built-in colour is used.");
    const ratio = 1.05 / (light(text.value) + 0.05);
    hint.textContent = "Against a white page " + (ratio < 3 ? "only " : "") + ratio.toFixed(1) + " to 1" + (ratio < 3 ? "; 3 is wanted for the button to be seen." : ", which is enough.");
  };
  picker.hidden = false;
  picker.value = valid() ? text.value : "#4353e0";
  picker.addEventListener("input", () => {
    text.value = picker.value;
    tell();
  });
  text.addEventListener("input", () => {
    if (valid()) picker.value = text.value;
    tell();
  });
}
