// The chat that is open: who it is with, what was said, the reply box, and what can be done with it.

import { clock, find, h, plural, write } from '/pages/dom.js';
import { REASONS, nameOf } from '/pages/list.js';
import { Texts } from '/pages/texts.js';

const ASKS = {
  name: 'asks for the name', email: 'asks for an e-mail address', phone: 'asks for a phone number', number: 'asks for a number',
  date: 'asks for a date', link: 'asks for a link', confirm: 'asks for yes or no', choice: 'offers a choice', consent: 'asks for consent',
};

// The server takes no more.
const LONGEST = 4000;

// Where phones show the keyboard at once, it must not come up unasked.
const typesByHand = () => matchMedia('(pointer: fine)').matches;

export class Chat {
  #desk;
  #texts;
  #shown;
  // How many messages of the thread stand in the log.
  #count = 0;
  #pending = new Map();
  #drafts = new Map();
  // Whether the newest message is in sight, so that it stays so.
  #atEnd = true;

  constructor(desk, leave) {
    this.#desk = desk;
    // Each is a form or a link that works without this.
    const does = (id, work) => find(id).addEventListener('click', (event) => {
      event.preventDefault();
      work();
    });
    does('back', () => leave());
    does('accept', () => this.#accept());
    does('hand-back', () => this.#act('hand-back'));
    this.#texts = new Texts((text) => this.#insert(text));
    does('transfer', () => this.#askWhere());
    does('close', () => find('close-dialog').showModal());
    find('close-dialog').addEventListener('close', ({ target }) => target.returnValue === 'yes' && this.#act('close'));
    find('transfer-dialog').addEventListener('close', ({ target }) => this.#transfer(target));
    for (const dialog of document.querySelectorAll('dialog')) {
      // Esc answers as it did the last time, unless that is forgotten.
      dialog.addEventListener('cancel', () => (dialog.returnValue = ''));
    }
    find('dismiss').addEventListener('click', () => this.tell(''));
    find('composer').addEventListener('submit', (event) => { event.preventDefault(); this.#send(); });
    find('field').addEventListener('keydown', (event) => this.#key(event));
    find('field').addEventListener('input', () => this.#typed());
    const log = find('log');
    log.addEventListener('scroll', () => (this.#atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60));
    // A keyboard that comes up, a notice, a longer reply box: each takes room.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(log);
  }

  // ---- What an operator does ----

  async #accept() {
    const id = this.#shown;
    this.tell('');
    if (!(await this.#desk.act(id, 'accept')) || id !== this.#shown) return;
    this.paint();
    this.focusField();
  }

  async #act(verb, body) {
    this.tell('');
    await this.#desk.act(this.#shown, verb, body);
  }

  async #askWhere() {
    const desk = this.#desk;
    await desk.readDepartments();
    const it = desk.conversations.get(this.#shown);
    const choices = desk.departments.filter((department) => !department.disabled).map(({ id, name }) => {
      const there = desk.countFor(id);
      const who = there ? plural(there, 'operator is here', 'operators are here') : 'nobody is here';
      return h('option', { value: id, selected: id === it?.department_id }, `${name} – ${who}`);
    });
    find('department').replaceChildren(...choices);
    find('transfer-dialog').returnValue = '';
    find('transfer-dialog').showModal();
  }

  #transfer({ returnValue }) {
    const department_id = find('department').value;
    if (returnValue === 'yes' && department_id) this.#act('transfer', { department_id });
  }

  #key(event) {
    if (this.#texts.press(event)) return;
    // Enter also ends a composition of an input method, which must not send half a word.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      this.#send();
    }
  }

  // A canned text takes the place of what it was looked for with.
  #insert(text) {
    const field = find('field');
    const looked = /^\/\S*$/.test(field.value.trim());
    const before = looked ? '' : field.value && !/\s$/.test(field.value) ? field.value + ' ' : field.value;
    this.#setDraft(before + text);
    field.focus();
  }

  #typed() {
    this.#fit();
    this.#texts.look(find('field').value);
    this.#drafts.set(this.#shown, find('field').value);
    if (find('field').value.trim() && !this.#texts.open) this.#desk.sayTyping(this.#shown);
  }

  #fit() {
    const field = find('field');
    field.rows = Math.min(8, Math.max(1, field.value.split('\n').length));
  }

  #send() {
    const text = find('field').value.trim();
    const length = [...text].length;
    if (length > LONGEST) this.tell(`A reply can have at most ${LONGEST} characters; this one has ${length}. Send it in parts.`);
    if (!text || length > LONGEST) return;
    this.tell('');
    this.#setDraft('');
    this.#desk.reply(this.#shown, text);
    this.#toEnd();
  }

  #setDraft(text) {
    find('field').value = text;
    this.#drafts.set(this.#shown, text);
    this.#fit();
  }

  focusField() {
    if (!find('composer').hidden && typesByHand()) find('field').focus();
  }

  // Says what went wrong, above the messages.
  tell(text) {
    find('notice').hidden = !text;
    write(find('notice-text'), text);
  }

  // ---- Painting ----

  paint() {
    const it = this.#desk.conversations.get(this.#desk.opened);
    // What the server wrote stays until its messages are read here.
    const id = this.#desk.opened;
    if (id && !this.#shown && id === find('chat').dataset.id && !this.#desk.threads.get(id)?.length && this.#desk.missing !== id) return;
    const unknown = !this.#desk.opened ? 'No chat is open' : this.#desk.opened === this.#desk.missing ? 'This chat is not there, or not any more' : 'Opening the chat…';
    find('console').classList.toggle('in-chat', !!this.#desk.opened);
    find('nothing').hidden = !!it;
    find('chat').hidden = !it;
    write(find('nothing-title'), unknown);
    if (!it) {
      this.#shown = undefined;
      return;
    }
    if (this.#shown !== it.id) this.#change(it);
    this.#paintHead(it);
    this.#paintLog(it);
    this.#paintFoot(it);
    if (!document.hidden) this.#desk.markSeen(it.id);
  }

  // Another chat: its history is not read out, what is said from now on is.
  #change(it) {
    this.#shown = it.id;
    this.tell('');
    const log = find('log');
    log.setAttribute('aria-live', 'off');
    log.replaceChildren();
    [this.#count, this.#pending, this.#atEnd] = [0, new Map(), true];
    setTimeout(() => log.setAttribute('aria-live', 'polite'), 800);
    // What the server put into the box, or what was typed before this ran, is kept.
    const written = it.id === find('chat').dataset.id ? find('field').value : '';
    find('chat').dataset.id = it.id;
    for (const node of find('chat').querySelectorAll('[data-verb]')) {
      node.setAttribute(node.localName === 'a' ? 'href' : 'action', `/conversations/${it.id}/${node.dataset.verb}`);
    }
    this.#setDraft(this.#drafts.get(it.id) || written);
  }

  #paintHead(it) {
    const desk = this.#desk;
    write(find('who'), nameOf(desk, it));
    find('tried-out').hidden = !it.preview;
    const contact = desk.contacts.get(it.contact_id) ?? {};
    const department = desk.departments.find(({ id }) => id === it.department_id)?.name;
    const facts = [stateOf(desk, it), department, contact.email, contact.phone, `since ${clock(it.opened_at, true)}`];
    write(find('facts'), facts.filter(Boolean).join(' · '));
    paintPage(find('page'), it.page_url);
    const mine = desk.isMine(it);
    const over = it.state === 'closed';
    find('hand-back').hidden = !mine || it.state !== 'agent' || !it.version;
    find('transfer').hidden = over;
    find('close').hidden = over;
  }

  #paintLog(it) {
    const log = find('log');
    const thread = this.#desk.threads.get(it.id) ?? [];
    const waiting = this.#pending.values().next().value?.node ?? null;
    const fresh = thread.slice(this.#count);
    const visitor = this.#desk.contacts.get(it.contact_id)?.name || BY.visitor;
    for (const by of log.querySelectorAll('.m.visitor .by bdi')) write(by, visitor);
    for (const message of fresh) log.insertBefore(bubble(message, visitor), waiting);
    this.#count = thread.length;
    const more = this.#paintPending(it.id);
    if (this.#atEnd && (fresh.length || more)) this.#toEnd();
    const typing = this.#desk.isTyping(it.id) && it.state !== 'closed';
    write(find('typing'), typing ? `${nameOf(this.#desk, it)} is typing…` : '');
  }

  // Replies that are not confirmed, below the rest. Answers whether there is one that was not there.
  #paintPending(id) {
    const entries = this.#desk.outbox.get(id) ?? [];
    let more = false;
    for (const [entry, { node }] of this.#pending) {
      if (entries.includes(entry)) continue;
      node.remove();
      this.#pending.delete(entry);
    }
    for (const entry of entries) {
      if (!this.#pending.has(entry)) {
        this.#pending.set(entry, this.#pendingBubble(id, entry));
        more = true;
      }
      const { node, note, again, drop } = this.#pending.get(entry);
      node.classList.toggle('failed', !!entry.error);
      write(note, entry.error ? `Not sent: ${entry.error}` : entry.sending ? 'Sending…' : 'Waiting to be sent');
      again.hidden = !entry.error;
      drop.hidden = !entry.error;
    }
    return more;
  }

  #pendingBubble(id, entry) {
    const note = h('span', { role: 'status' });
    const again = h('button.link', { type: 'button', onclick: () => this.#desk.flush(id) }, 'Try again');
    const drop = h('button.link', { type: 'button', onclick: () => this.#desk.discard(id, entry) }, 'Discard');
    const node = h('div.m.operator.pending', {}, h('span.by', {}, 'You'), h('div.text', { dir: 'auto' }, entry.text), h('div.note', {}, note, again, drop));
    find('log').append(node);
    return { node, note, again, drop };
  }

  #paintFoot(it) {
    const mine = it.state === 'agent' && this.#desk.isMine(it);
    find('composer').hidden = !mine;
    find('instead').hidden = mine;
    find('accept').hidden = !['queued', 'bot'].includes(it.state);
    write(find('accept'), it.state === 'bot' ? 'Take over from the bot' : 'Accept');
    write(find('instead-text'), instead(it));
  }

  #toEnd() {
    find('log').scrollTop = find('log').scrollHeight;
  }
}

function stateOf(desk, it) {
  switch (it.state) {
    case 'queued': return 'Waiting';
    case 'agent': return desk.isMine(it) ? 'With you' : `With ${it.operator?.name ?? 'another operator'}`;
    case 'bot': return 'With the bot';
    default: return `Over: ${REASONS[it.close_reason] ?? it.close_reason}`;
  }
}

function instead(it) {
  switch (it.state) {
    case 'queued': return 'The visitor is waiting. Accept the chat to reply.';
    case 'agent': return `${it.operator?.name ?? 'Another operator'} has accepted this chat and replies.`;
    case 'bot': return 'The bot is replying.';
    default: return `This chat ended${it.closed_at ? `, ${clock(it.closed_at)}` : ''}. If the visitor writes again, a new one begins.`;
  }
}

// The page where the chat began; only addresses of the web become links.
function paintPage(node, text) {
  const url = text && URL.canParse(text) ? new URL(text) : undefined;
  const links = url && ['http:', 'https:'].includes(url.protocol);
  node.parentElement.hidden = !links;
  if (!links) return;
  write(node, url.host + (url.pathname === '/' ? '' : url.pathname));
  if (node.href !== url.href) node.href = url.href;
}

const BY = { visitor: 'Visitor', bot: 'Bot', operator: 'Operator', system: '' };

function bubble({ author, name, text, at, ask }, visitor) {
  const time = h('time', { datetime: at, title: at }, clock(at));
  if (author === 'system') return h('div.m.system', {}, h('span', { dir: 'auto' }, text), ' ', time);
  const by = author === 'visitor' ? visitor : name || BY[author];
  const kind = author === 'bot' && name ? ' (bot)' : '';
  const node = h('div.m.' + author, {}, h('span.by', {}, h('bdi', {}, by + kind), ' ', time), h('div.text', { dir: 'auto' }, text));
  if (ask?.choices?.length) {
    const choices = ask.choices.map(({ label }) => h('li', { dir: 'auto' }, label));
    node.append(h('ul.choices', { 'aria-label': 'Choices offered' }, ...choices));
  } else if (ASKS[ask?.kind]) {
    node.append(h('span.asks', {}, ASKS[ask.kind] + (ask.optional ? ', may be skipped' : '')));
  }
  return node;
}
