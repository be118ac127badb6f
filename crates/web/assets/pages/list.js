// The lists of chats beside the chat that is open, and moving between them with keys.

import { NEWEST } from '/pages/desk.js';
import { ago, arrange, find, h, plural, write } from '/pages/dom.js';

// Each list: which chats, in which order, and what to say when there is none.
const SECTIONS = [
  {
    id: 'pending',
    holds: (it) => it.state === 'queued',
    order: (a, b) => (a.queued_at < b.queued_at ? -1 : 1),
    empty: (desk) => (desk.here
      ? 'Nobody is waiting. A chat appears here when a bot hands it over.'
      : 'Nobody is waiting. Bots hand chats over only while somebody is here: switch on “I am here”.'),
  },
  {
    id: 'mine',
    holds: (it, desk) => it.state === 'agent' && desk.isMine(it),
    order: newest,
    empty: () => 'You have no chat. Accept one that is pending.',
  },
  {
    id: 'others',
    holds: (it, desk) => it.state === 'agent' && !desk.isMine(it),
    order: newest,
    empty: () => 'No other operator has a chat.',
  },
  { id: 'bot', wants: 'bot', holds: (it) => it.state === 'bot', order: newest, empty: () => 'No visitor is talking with a bot.' },
  { id: 'closed', wants: 'closed', holds: (it) => it.state === 'closed', order: newest, empty: () => 'No chat is over yet.' },
];

function newest(a, b) {
  return a.active_at > b.active_at ? -1 : 1;
}

// What a visitor is called: by name, by how to reach them, or by the end of the chat's id.
export function nameOf(desk, it) {
  const contact = desk.contacts.get(it.contact_id) ?? {};
  return contact.name || contact.email || contact.phone || `Visitor ${it.id.slice(-4).toUpperCase()}`;
}

export class ChatList {
  #desk;
  #choose;
  #items = new Map();

  constructor(desk, choose) {
    this.#desk = desk;
    this.#choose = choose;
    for (const { id, wants } of SECTIONS.filter((section) => section.wants)) {
      const part = find(id);
      part.addEventListener('toggle', () => desk.want(wants, part.open));
      if (part.open && !('settled' in part.dataset)) desk.want(wants, true);
    }
  }

  paint() {
    const all = [...this.#desk.conversations.values()];
    // What the server wrote stays until there is something newer.
    if (this.#desk.live === null && !this.#desk.trouble) return;
    for (const section of SECTIONS) {
      // An older page of a list is what was asked for.
      if ('settled' in find(section.id).dataset) continue;
      // A long list is the server's until it is read here.
      if (section.wants && !this.#desk.wanted.has(section.wants)) continue;
      const chats = all.filter((it) => section.holds(it, this.#desk)).sort(section.order);
      const part = find(section.id);
      arrange(part.querySelector('ul'), chats.map((it) => this.#item(it)));
      const note = part.querySelector('.empty');
      note.hidden = chats.length > 0;
      write(note, section.empty(this.#desk));
      write(part.querySelector('.count'), String(chats.length));
      if (section.wants) this.#paintOlder(part, section, chats);
    }
    for (const id of this.#items.keys()) if (!this.#desk.conversations.has(id)) this.#items.delete(id);
  }

  // What is older than the newest that are read is on pages of its own.
  #paintOlder(part, { wants }, chats) {
    const older = part.querySelector('.older') ?? h('p.older', {}, h('a', {}, 'Older'));
    older.hidden = chats.length < NEWEST;
    const oldest = chats.map(({ id }) => id).sort()[0];
    if (oldest) older.firstElementChild.setAttribute('href', `/conversations?state=${wants}&after=${oldest}`);
    if (!older.isConnected) part.append(older);
  }

  #item(it) {
    let item = this.#items.get(it.id);
    if (!item) {
      const parts = { name: h('span.name', { dir: 'auto' }), time: h('span.time'), words: h('span.words', { dir: 'auto' }), mark: h('span.mark') };
      const link = { href: `/conversations/${it.id}`, 'data-id': it.id, onclick: (event) => this.#click(event, it.id) };
      const button = h('a.item', link, ...Object.values(parts));
      item = { ...parts, button, node: h('li', {}, button) };
      this.#items.set(it.id, item);
    }
    const desk = this.#desk;
    const waits = it.state === 'queued';
    write(item.name, nameOf(desk, it));
    write(item.time, ago(waits ? it.queued_at : it.active_at));
    item.time.title = waits ? 'waiting since then' : 'last message';
    write(item.words, words(desk, it));
    const unread = desk.unread(it);
    const counts = waits || desk.isMine(it);
    const mark = !counts || unread === 0 ? '' : unread === undefined ? 'New' : String(unread);
    write(item.mark, mark);
    if (unread) item.mark.setAttribute('aria-label', plural(unread, 'new message', 'new messages'));
    else item.mark.removeAttribute('aria-label');
    item.button.classList.toggle('unread', mark !== '');
    if (it.id === desk.opened) item.button.setAttribute('aria-current', 'true');
    else item.button.removeAttribute('aria-current');
    return item.node;
  }

  // With a key held down, a link opens where the browser puts it.
  #click(event, id) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#choose(id);
  }

  // The links that can be seen, from top to bottom.
  #buttons() {
    return [...find('lists').querySelectorAll('.item')].filter((button) => button.offsetParent);
  }

  // Goes up or down from the button that has the focus, or else from the chat that is open.
  move(step) {
    const buttons = this.#buttons();
    const at = buttons.findIndex((button) => button === document.activeElement);
    const from = at >= 0 ? at : buttons.findIndex((button) => button.dataset.id === this.#desk.opened);
    const to = from < 0 ? (step > 0 ? 0 : buttons.length - 1) : from + step;
    buttons[Math.max(0, Math.min(buttons.length - 1, to))]?.focus();
  }

  focus(id) {
    const buttons = this.#buttons();
    (buttons.find((button) => button.dataset.id === id) ?? buttons[0] ?? find('lists')).focus();
  }
}

function words(desk, it) {
  if (desk.outbox.get(it.id)?.some((entry) => entry.error)) return 'A reply of yours was not sent';
  if (desk.isTyping(it.id)) return 'is typing…';
  if (it.state === 'closed') return REASONS[it.close_reason] ?? 'Over';
  const who = it.state === 'agent' && !desk.isMine(it) && it.operator ? `${it.operator.name} · ` : '';
  const text = it.last?.text ?? plural(it.message_count, 'message', 'messages');
  return who + (it.last?.author === 'operator' && !who ? 'You: ' : '') + text;
}

export const REASONS = {
  visitor_ended: 'The visitor ended it',
  operator_closed: 'Closed by the operator',
  bot_finished: 'The bot came to its end',
  idle_bot: 'The visitor did not answer the bot any more',
  idle_agent: 'Nobody wrote any more',
  no_agent: 'No operator came',
  admin_closed: 'Closed by somebody else',
};
