// Canned texts in the reply box: `/` and the beginning of a title finds one, as does the list below the box. The server
// has filled in what they say to this visitor.

import { find } from '/pages/dom.js';

export class Texts {
  #insert;
  // Whether the list was opened by typing.
  open = false;

  constructor(insert) {
    this.#insert = insert;
    // The list is replaced with each chat; whoever listens stays.
    find('composer').addEventListener('click', (event) => {
      const link = event.target.closest('#texts a');
      if (!link) return;
      event.preventDefault();
      this.#take(link);
    });
  }

  #links() {
    return [...find('texts').querySelectorAll('a')];
  }

  #shown() {
    return this.#links().filter((link) => !link.parentElement.hidden);
  }

  // Shows the texts whose title begins words with what stands behind the `/`.
  look(typed) {
    const looked = /^\/(\S*)$/.exec(typed.trim())?.[1].toLowerCase();
    const links = this.#links();
    if (looked === undefined || links.length === 0) return this.close();
    this.open = true;
    for (const link of links) {
      const words = link.textContent.toLowerCase().split(/\s+/);
      link.parentElement.hidden = !words.some((_, index) => words.slice(index).join('').startsWith(looked));
    }
    find('texts').open = true;
    this.#mark(this.#shown()[0]);
  }

  close() {
    if (!this.open) return;
    this.open = false;
    for (const link of this.#links()) link.parentElement.hidden = false;
    this.#mark();
    find('texts').open = false;
  }

  #mark(chosen) {
    for (const link of this.#links()) link.classList.toggle('chosen', link === chosen);
    chosen?.scrollIntoView({ block: 'nearest' });
  }

  #take(link) {
    const text = link.dataset.text;
    this.close();
    find('texts').open = false;
    this.#insert(text);
  }

  // Keys of the reply box while the list is open. Answers whether one was for the list.
  press(event) {
    const links = this.open ? this.#shown() : [];
    if (links.length === 0) return false;
    const at = links.findIndex((link) => link.classList.contains('chosen'));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to !== undefined) this.#mark(links[(to + links.length) % links.length]);
    else if (event.key === 'Enter' || event.key === 'Tab') this.#take(links[Math.max(0, at)]);
    else if (event.key === 'Escape') this.close();
    else return false;
    event.preventDefault();
    return true;
  }
}
