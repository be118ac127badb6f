// What every page of the dashboard has: live parts, windows, buttons that copy, and a menu that fits the screen.

import "./further.js";
import "./live.js";
import "./window.js";
import { announce } from "./page.js";

// <button data-copy="#id"> copies the text or the value of that element.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  const text = source.value ?? source.textContent;
  try {
    await navigator.clipboard.writeText(text);
    const words = button.textContent;
    button.textContent = "Copied";
    announce("Copied");
    setTimeout(() => (button.textContent = words), 2000);
  } catch {
    // Not allowed, or plain http: it is selected, to be copied by hand.
    getSelection().selectAllChildren(source);
    announce("Selected: press Ctrl+C to copy");
  }
});

// <select data-submit>, <input data-submit>: a filter that is chosen is applied at once.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// A form that comes back is gone on with at what is wrong first, as in a window.
document.querySelector("main [aria-invalid=true]")?.focus();

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post" || event.target.target) return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// The menu stands open beside the page where there is room, and closed above it on a phone.
const wide = matchMedia("(min-width: 900px)");
const menu = document.querySelector("details.menu");
const fit = () => menu && (menu.open = wide.matches);
wide.addEventListener("change", fit);
fit();
