// Links with data-window open the page behind them as a window over this one. Its form is sent from there; what was
// wrong is shown in the window, and where the server sends one on to is where one goes. Without scripts, and in a new
// tab, the same links are pages.

import { read } from "./page.js";

async function open(link) {
  const response = await fetch(link.href, { headers: { accept: "text/html" } });
  const content = response.ok && !response.redirected && (await read(response)).querySelector("#content");
  if (!content) return location.assign(link.href);
  const dialog = document.createElement("dialog");
  dialog.className = "window";
  fill(dialog, content);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  dialog.addEventListener("submit", (event) => send(event, dialog, link.href));
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      dialog.close();
    }
  });
  dialog.showModal();
  focus(dialog);
}

function fill(dialog, content) {
  dialog.replaceChildren(...[...document.importNode(content, true).childNodes]);
  const heading = dialog.querySelector("h1");
  if (heading) {
    heading.id = "window-title";
    dialog.setAttribute("aria-labelledby", "window-title");
  }
}

function focus(dialog) {
  const wrong = dialog.querySelector("[aria-invalid=true]");
  (wrong ?? dialog.querySelector("input:not([type=hidden]), select, textarea, button"))?.focus();
}

async function send(event, dialog, from) {
  const form = event.target;
  if (form.method !== "post" || form.target) return;
  event.preventDefault();
  const button = event.submitter;
  const data = new FormData(form, button);
  if (button) button.disabled = true;
  try {
    const action = new URL(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? from, from);
    const response = await fetch(action, { method: "POST", body: new URLSearchParams(data) });
    if (response.redirected) return location.assign(response.url);
    const content = (await read(response)).querySelector("main");
    if (content) fill(dialog, content);
    focus(dialog);
  } catch {
    const problem = document.createElement("p");
    problem.className = "problem";
    problem.setAttribute("role", "alert");
    problem.textContent = "The server cannot be reached. Nothing was sent; try again.";
    form.append(problem);
  } finally {
    if (button?.isConnected) button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-window]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link).catch(() => location.assign(link.href));
});
