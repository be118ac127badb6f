// What the page knows: conversations, their messages, who is there, and what is on its way to the server. Shows nothing;
// whoever shows listens for `change` (anything), `failed` (a failure to be told) and `locked` (whoever asks may not).

import { call, follow } from '/pages/api.js';

const PRESENCE = 20000;
const POLL = 5000;
const TYPING = 5000;
// The API gives no more at once.
// How many of the long lists are read.
export const NEWEST = 50;
const LIMITS = { queued: 500, agent: 500, bot: NEWEST, closed: NEWEST };

const PREFIX = 'leadpost.desk.';

// Forgets what this tab keeps of whoever was signed in.
export function forget() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
}

// Works on pages without TLS too, where there is no randomUUID.
const unique = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export class Desk extends EventTarget {
  // By id, as the API shows them, and with `last`, the last message, and `readAt`, when that was.
  conversations = new Map();
  // The messages of chats that were opened, by id.
  threads = new Map();
  contacts = new Map();
  departments = [];
  operators = [];
  me;
  here;
  // null until the first list is there; then whether the stream runs.
  live = null;
  trouble = '';
  // Which of the longer lists are looked at.
  wanted = new Set();
  opened = null;
  // The last one that was asked for and is not there.
  missing = null;
  // How many of the visitor's messages were seen, by conversation.
  seen;
  typing = new Map();
  // Replies that the server has not confirmed: `{client_id, text, sending, error}` by conversation.
  outbox;

  #stream;
  #timers = [];
  #reading = new Map();
  #flushing = new Map();
  #presentAt = -Infinity;
  #typedAt = -Infinity;

  // `me`: `{operator, name}`. What is kept in the tab is kept for them alone.
  constructor(me) {
    super();
    this.me = me;
    this.here = this.#kept('here', true);
    this.seen = this.#kept('seen', {});
    this.outbox = new Map(Object.entries(this.#kept('outbox', {})));
  }

  #kept(name, otherwise) {
    return JSON.parse(sessionStorage.getItem(`${PREFIX}${this.me.operator}.${name}`) ?? 'null') ?? otherwise;
  }

  #keep(name, value) {
    sessionStorage.setItem(`${PREFIX}${this.me.operator}.${name}`, JSON.stringify(value));
  }

  on(name, listener) {
    this.addEventListener(name, ({ detail }) => listener(detail));
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #changed() {
    this.#emit('change');
  }

  // Runs something that may fail; a failure is told, and answered as undefined.
  async #try(work, quietly) {
    try {
      return await work();
    } catch (failure) {
      if (failure.locked) this.#emit('locked', failure);
      else if (!quietly) this.#emit('failed', failure);
      if (failure.status === undefined) throw failure;
      return undefined;
    }
  }

  // ---- Beginning and end ----

  async start() {
    await this.#arrive();
    await this.refresh();
    this.#stream = follow({
      up: () => {
        this.live = true;
        this.refresh();
        this.flushAll();
      },
      down: (failure) => {
        this.live = false;
        if (failure?.locked) this.#emit('locked', failure);
        this.#changed();
      },
      // Timers of a page in the background run once a minute; what the stream brings is not held up.
      beat: () => this.#keepPresent(),
      event: (name, data) => this.#hear(name, data),
    });
    this.#timers = [
      setInterval(() => this.#keepPresent(), POLL),
      setInterval(() => this.live || this.refresh(), POLL),
      setInterval(() => this.#changed(), 15000),
    ];
    for (const entries of this.outbox.values()) entries.forEach((entry) => (entry.sending = false));
    this.flushAll();
  }

  stop() {
    this.#stream?.stop();
    this.#timers.forEach(clearInterval);
  }

  hurry() {
    this.#stream?.hurry();
    this.#keepPresent();
  }

  // ---- Being there ----

  async setHere(here) {
    this.here = here;
    this.#keep('here', here);
    this.#changed();
    if (here) await this.#arrive();
    else await this.#try(() => call('DELETE', '/operators/me'));
    this.#readOperators();
  }

  #keepPresent() {
    if (this.here && Date.now() - this.#presentAt >= PRESENCE) this.#arrive();
  }

  async #arrive() {
    if (!this.here) return;
    this.#presentAt = Date.now();
    const me = await this.#try(() => call('PUT', '/operators/me'), true);
    if (!me) this.#presentAt = -Infinity;
    this.#changed();
  }

  async #readOperators() {
    const page = await this.#try(() => call('GET', '/operators?limit=500'), true);
    if (page) this.operators = page.items;
    this.#changed();
  }

  // How many take chats of a department.
  countFor(department) {
    const takes = ({ departments }) => !departments.length || departments.includes(department);
    return this.operators.filter(takes).length;
  }

  // ---- Lists ----

  async refresh() {
    const began = performance.now();
    const states = ['queued', 'agent', ...this.wanted];
    try {
      const pages = await Promise.all(states.map((state) => call('GET', `/conversations?state=${state}&limit=${LIMITS[state]}`)));
      const items = pages.flatMap((page) => page.items);
      const listed = new Set(items.map((item) => item.id));
      items.forEach((item) => this.#put(item, began));
      for (const [id, it] of this.conversations) {
        const gone = states.includes(it.state) && !listed.has(id) && it.readAt < began && id !== this.opened;
        if (gone) this.conversations.delete(id);
      }
      this.trouble = '';
      this.live ??= false;
      this.#readOperators();
      this.#readLast();
      if (this.opened) this.read(this.opened);
      if (!this.departments.length) this.readDepartments();
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      if (failure.locked) this.#emit('locked', failure);
      this.trouble = failure.message;
    }
    this.#changed();
  }

  async readDepartments() {
    const page = await this.#try(() => call('GET', '/departments?limit=500'), true);
    if (page) this.departments = page.items;
    this.#changed();
  }

  // Longer lists are read only while somebody looks at them.
  want(state, wanted) {
    if (wanted === this.wanted.has(state)) return;
    if (wanted) this.wanted.add(state);
    else this.wanted.delete(state);
    if (wanted) this.refresh();
  }

  // Takes what the server said. What is older than what is known does not count: every change says something.
  #put(item, readAt = performance.now()) {
    const known = this.conversations.get(item.id);
    if (known && (known.message_count > item.message_count || (known.state === 'closed' && item.state !== 'closed'))) return;
    const { messages, markers, more_messages, ...it } = item;
    // Whichever answer brings it first: what was being typed has been said.
    if (it.reply_count > (known?.reply_count ?? 0)) this.typing.delete(it.id);
    this.conversations.set(it.id, { ...it, last: messages?.at(-1) ?? known?.last, readAt });
    // What was said before the page was there is not new, but for those who wait.
    if (known?.state === 'bot' && it.state === 'queued' && it.id !== this.opened) delete this.seen[it.id];
    if (this.seen[it.id] === undefined && it.state !== 'queued') this.#see(it.id, it.reply_count);
    if (it.contact_id && !this.contacts.has(it.contact_id)) this.#readContact(it.contact_id);
  }

  async #readContact(id) {
    this.contacts.set(id, {});
    try {
      this.contacts.set(id, await call('GET', `/contacts/${id}`));
    } catch (failure) {
      // The next answer about a chat of theirs asks again, unless there is nobody to be asked for.
      if (failure.passing) this.contacts.delete(id);
    }
    this.#changed();
  }

  // The last words of every chat that waits or is held, for the list.
  #readLast() {
    for (const it of this.conversations.values()) {
      const behind = (it.last?.number ?? 0) < it.message_count;
      if (behind && ['queued', 'agent'].includes(it.state)) this.read(it.id);
    }
  }

  // ---- One conversation ----

  #hear(name, { id, state }) {
    if (name === 'lost') this.refresh();
    else if (name === 'typing') this.#hearTyping(id);
    else if (id === this.opened || ['queued', 'agent'].includes(state) || this.wanted.has(state)) this.read(id);
    else if (this.conversations.delete(id)) this.#changed();
  }

  #hearTyping(id) {
    this.typing.set(id, Date.now() + TYPING);
    setTimeout(() => this.#changed(), TYPING + 50);
    this.#changed();
  }

  isTyping(id) {
    return (this.typing.get(id) ?? 0) > Date.now();
  }

  // Reads what is new; asked again meanwhile, it reads once more.
  async read(id) {
    if (this.#reading.has(id)) return this.#reading.set(id, true);
    this.#reading.set(id, false);
    await this.#flushing.get(id);
    await this.#try(() => this.#readOnce(id).catch((failure) => this.#miss(id, failure)), true);
    const again = this.#reading.get(id);
    this.#reading.delete(id);
    this.#changed();
    if (again) await this.read(id);
  }

  #miss(id, failure) {
    if (failure.status !== 404) throw failure;
    this.conversations.delete(id);
    this.missing = id;
  }

  async #readOnce(id) {
    const thread = this.threads.get(id);
    const known = this.conversations.get(id);
    const last = known?.last?.number ?? Math.max(0, (known?.message_count ?? 0) - 1);
    for (let more = true; more; ) {
      const after = thread ? (thread.at(-1)?.number ?? 0) : last;
      const detail = await call('GET', `/conversations/${id}?after_number=${after}`);
      this.#put(detail);
      thread?.push(...detail.messages.filter(({ number }) => number > (thread.at(-1)?.number ?? 0)));
      more = thread && detail.more_messages;
    }
  }

  async open(id) {
    this.opened = id;
    if (id && !this.threads.has(id)) this.threads.set(id, []);
    this.#changed();
    if (id) await this.read(id);
  }

  // ---- What was seen ----

  #see(id, count) {
    if (this.seen[id] === count) return;
    this.seen[id] = count;
    this.#keep('seen', this.seen);
  }

  markSeen(id) {
    const it = this.conversations.get(id);
    if (it) this.#see(id, it.reply_count);
  }

  // How many messages were not seen; undefined: nobody looked at this chat yet.
  unread(it) {
    return this.seen[it.id] === undefined ? undefined : Math.max(0, it.reply_count - this.seen[it.id]);
  }

  // ---- What an operator does ----

  isMine(it) {
    return !!this.me && it.operator?.operator === this.me.operator;
  }

  // Answers whether it was done.
  async act(id, verb, body) {
    const done = await this.#try(async () => {
      const answer = await call('POST', `/conversations/${id}/${verb}`, body);
      if (answer) this.#put(answer);
      return true;
    });
    await this.read(id);
    return done ?? false;
  }

  sayTyping(id) {
    if (Date.now() - this.#typedAt < 3000) return;
    this.#typedAt = Date.now();
    call('POST', `/conversations/${id}/typing`).catch(() => {});
  }

  reply(id, text) {
    this.outbox.set(id, [...(this.outbox.get(id) ?? []), { client_id: unique(), text }]);
    return this.flush(id);
  }

  discard(id, entry) {
    this.#keepOutbox(id, this.outbox.get(id).filter((other) => other !== entry));
    this.#changed();
  }

  #keepOutbox(id, entries) {
    if (entries.length) this.outbox.set(id, entries);
    else this.outbox.delete(id);
    this.#keep('outbox', Object.fromEntries(this.outbox));
  }

  // What was refused for good is tried again only by hand.
  flushAll() {
    for (const [id, [first]] of this.outbox) if (first.passing !== false) this.flush(id);
  }

  // Sends what waits, in order. One that fails stays, and those behind it wait; sent again, the server takes it once.
  async flush(id) {
    if (this.#flushing.has(id)) return;
    const work = this.#send(id);
    this.#flushing.set(id, work);
    await work;
    this.#flushing.delete(id);
    await this.read(id);
  }

  async #send(id) {
    for (let entry; (entry = this.outbox.get(id)?.[0]); ) {
      Object.assign(entry, { sending: true, error: '' });
      this.#keepOutbox(id, this.outbox.get(id));
      this.#changed();
      const { client_id, text } = entry;
      const failure = await call('POST', `/conversations/${id}/reply`, { text, client_id }).then(() => {}, (error) => error);
      entry.sending = false;
      if (failure) {
        Object.assign(entry, { error: failure.message, passing: failure.passing });
        this.#keepOutbox(id, this.outbox.get(id));
        if (failure.locked) this.#emit('locked', failure);
        return;
      }
      this.#keepOutbox(id, this.outbox.get(id).filter((other) => other !== entry));
    }
  }
}
