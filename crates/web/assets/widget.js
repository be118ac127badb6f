// Leadpost chat widget. On a page:
//
//   <script src="…/widget.js" data-bot="PUBLIC_KEY" async></script>
//
// Attributes of the script tag, all optional:
//   data-color="#rrggbb"  data-position="left|right"  data-dir="ltr|rtl"  data-lang="de"  data-theme="light|dark"
//   data-texts='{"send":"Senden"}'  data-open (opens at once)  data-preview (our own pages only)
//   data-draft (with it: what is not published yet, for who is signed in)
// CSS custom properties of the page: --leadpost-color, --leadpost-on-color (text upon it), --leadpost-radius,
//   --leadpost-font, --leadpost-z, --leadpost-inset (distance from the edges).
// Texts: `texts` below; the bot's own come before them, then window.leadpostTexts, then data-texts.
// API: window.Leadpost = { open(), close(), toggle(), prefill({name: value}), end(), on(event, listener) -> off() },
//   events open, close, message, state. Before the script is there, calls wait in
//   (window.leadpost = window.leadpost || []).push(['prefill', {plan: 'pro'}]).
// Made for browsers from spring 2023 on; in an older one there is no button, and the page is as it was.
// A page with a content security policy must allow this script's origin in script-src and connect-src, and nothing
//   else: there is no inline style, no markup from strings, no font, image or frame.
//
// The file is served without the lines that begin with two slashes, without indentation, and with the style sheet
// closed up (see assets.rs), so a comment has a line of its own and no string may depend on how its lines are indented.
(() => {
  'use strict';
  const TAG = 'leadpost-chat';
  const script = document.currentScript || document.querySelector('script[data-bot]');
  // A script tag that is there twice makes one widget.
  if (!script || customElements.get(TAG)) return;
  customElements.define(TAG, class extends HTMLElement {});

  const data = script.dataset;
  const endpoint = new URL(script.src).origin + '/w/' + encodeURIComponent(data.bot) + '/';
  const preview = 'preview' in data || undefined;
  // Nothing of a draft is kept: loading the page again begins with what it has become.
  const draft = 'draft' in data || undefined;
  const LIMIT = 4000;

  const texts = {
    chat: 'Chat',
    open: 'Open chat',
    close: 'Close chat',
    unread: '{n} new',
    online: 'Online',
    away: 'We reply as soon as we can',
    queued: 'Finding someone for you…',
    typing: '{name} is typing…',
    you: 'You',
    operator: 'Support',
    placeholder: 'Write a message…',
    choices: 'Answers to choose from',
    skip: 'Skip',
    send: 'Send',
    left: '{n} left',
    tooLong: 'Too long by {n}',
    sending: 'Sending…',
    unsent: 'Not sent yet – will be sent',
    failed: 'Could not be sent',
    offline: 'You are offline. What you write is sent when you are back.',
    trouble: 'No connection. Trying again…',
    unavailable: 'This chat is not available right now.',
    end: 'End chat',
    endAsk: 'End this chat?',
    endNo: 'Keep chatting',
    ended: 'Chat ended',
    again: 'Write a message to start a new chat.',
  };
  const say = (name, value) => texts[name].replace(/\{\w+\}/, () => value);

  const parsed = (json, otherwise) => {
    try {
      return JSON.parse(json) || otherwise;
    } catch {
      return otherwise;
    }
  };

  // ---- What the browser keeps, for all tabs of the site: {token, live, conversation, seen}, and unsent messages ----

  const KEY = 'leadpost:' + data.bot + (preview ? '/preview' : '');
  // Each unsent message has a key of its own: tabs that change one list at the same time would lose some.
  const UNSENT = KEY + '#';
  let store = {};
  try {
    store = (draft ? 0 : localStorage) || store;
  } catch {}
  const put = (key, value) => {
    const text = JSON.stringify(value);
    try {
      store[key] = text;
    } catch {
      // Full, or forbidden: this page still works, the next one begins anew.
      store = { ...store, [key]: text };
    }
  };
  const kept = () => parsed(store[KEY], {});
  const keep = (change) => put(KEY, { ...kept(), ...change });
  // Messages that the server has not confirmed, oldest first, for their ids begin with the time.
  const outbox = () => Object.keys(store).filter((key) => key.startsWith(UNSENT)).sort().map((key) => parsed(store[key])).filter(Boolean);
  const drop = (id) => delete store[UNSENT + id];

  // Whether this tab shows the panel, kept so that the next page of the site shows it too.
  const panelKept = (value) => {
    try {
      return value === undefined ? sessionStorage.getItem(KEY) : sessionStorage.setItem(KEY, value);
    } catch {}
  };

  // ---- State ----

  let config = {};
  let state = 'none';
  let operator = null;
  let typing = false;
  let cursor;
  // The messages that are shown, by seq; those of conversations before this one are only in the list.
  const known = new Map();
  // Bubbles of messages that are not confirmed, by client id.
  const pending = new Map();

  // Something was asked of the server, or is about to be.
  let started = false;
  let opened = false;
  // The server said that there is no chat here.
  let gone = false;
  // The last call did not get through.
  let down = false;
  // What the page knows of its visitor: all of it, and what the server has not got.
  let prefilled;
  let variables;
  // The token that this tab goes by; another tab may get a new one.
  let { token } = kept();

  const listeners = {};
  const emit = (event, detail) => (listeners[event] || []).forEach((listener) => queueMicrotask(() => listener(detail)));

  // ---- Calls ----

  const call = async (verb, body, signal = AbortSignal.timeout(20000)) => {
    // The session shows who tries a draft: cookies go to this script's own pages, as is usual, and else nowhere.
    // A string goes as text/plain, which spares the browser's preflight request.
    const response = await fetch(endpoint + verb, { method: 'POST', credentials: draft ? undefined : 'omit', body: JSON.stringify({ preview, draft, ...body }), signal });
    if (response.ok) return response;
    throw Object.assign(new Error(verb), {
      status: response.status,
      wait: response.headers.get('retry-after') * 1000,
    });
  };
  const update = async (verb, body) => (await call(verb, { token, cursor, ...body })).json();

  // Not before this instant, as the server asked.
  let until = 0;

  // Draws the conclusions from a failed call; answers how many milliseconds to wait before the next one.
  const fail = ({ status, wait }, tries) => {
    // The token is not known any more: the next opening makes a new visitor, who says what is unsent.
    if (status === 401) {
      opened = false;
      cursor = undefined;
      keep({ token: (token = undefined) });
    }
    gone = status === 403 || status === 404;
    down = status !== 401 && status !== 429;
    until = wait ? Date.now() + wait : 0;
    paint();
    return wait || (status === 401 && !tries ? 0 : pause(tries));
  };
  // 1 s, 2 s, 4 s … 30 s, give or take a quarter, so that visitors do not come back all at once.
  const pause = (tries) => Math.min(30000, 1000 * 2 ** tries) * (0.75 + Math.random() / 2);

  // ---- Opening and sending: one loop, so that the server gets everything once and in order ----

  let busy = false;
  let tries = 0;
  let timer;

  const sync = async () => {
    if (!started || busy || gone) return;
    clearTimeout(timer);
    let wait = until - Date.now();
    if (wait > 0) {
      timer = setTimeout(sync, wait);
      return paint();
    }
    busy = true;
    paint();
    try {
      for (let entry; !opened || (entry = outbox()[0]); ) await (opened ? deliver(entry) : enter());
      tries = 0;
      down = false;
    } catch (error) {
      wait = fail(error, tries++);
      timer = setTimeout(sync, wait);
    }
    busy = false;
    paint();
    listen();
  };

  // Calls with what the page says about itself and its visitor; variables go once.
  const introduce = async (verb, body) => {
    const sent = variables;
    const answer = await update(verb, { variables, page_url: location.href.split('#')[0], ...body });
    if (variables === sent) variables = undefined;
    return answer;
  };

  const enter = async () => {
    const answer = await introduce('open', { cursor: undefined, variables: prefilled });
    opened = true;
    config = answer.config;
    token = answer.token;
    keep({ token });
    dress();
    apply({ ...answer, reset: true });
  };

  const deliver = async ({ label, ...entry }) => {
    try {
      apply(await introduce('messages', entry));
    } catch (error) {
      // What the server will never take is not tried again.
      if (![400, 413, 422].includes(error.status)) throw error;
      const { node, note } = pending.get(entry.id);
      pending.delete(entry.id);
      write(note, say('failed'));
      node.classList.add('failed');
    }
    drop(entry.id);
    paint();
  };

  const post = (what) => {
    const id = unique();
    put(UNSENT + id, { id, question: asked()?.question, ...what });
    paint();
    scroll();
    sync();
  };
  // Works on pages without TLS too, where there is no randomUUID.
  const unique = () => Date.now() + '-' + crypto.getRandomValues(new Uint32Array(4)).join('-');

  // ---- Listening: a stream; where it does not work, questions every three seconds ----

  let stream;
  // The stream delivers.
  let alive = false;
  // How often in a row the stream gave nothing.
  let misses = 0;
  let ticks = 0;
  // The page was out of sight for a minute, or left: other tabs need the connection more.
  let asleep = false;
  let poller;
  let nap;

  const wanted = () => opened && !gone && !asleep && (shown || kept().live);

  const listen = async () => {
    if (!wanted()) return stream?.abort();
    if (stream) return;
    poller ||= setInterval(poll, 3000);
    const mine = (stream = new AbortController());
    let heard = false;
    let wait = 0;
    let watch;
    // The server gives a sign of life every 15 seconds.
    const patience = () => {
      clearTimeout(watch);
      watch = setTimeout(() => mine.abort(), 35000);
    };
    patience();
    try {
      const { body } = await call('stream', { token, cursor }, mine.signal);
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = '', chunk; !(chunk = await reader.read()).done; ) {
        patience();
        heard = alive = true;
        misses = 0;
        if (down) paint((down = false));
        const events = (rest + chunk.value).split('\n\n');
        rest = events.pop();
        events.forEach(receive);
      }
    } catch (error) {
      wait = error.wait;
      if (error.status && error.status !== 429 && error.status < 500) fail(error, 0);
    }
    clearTimeout(watch);
    misses += !heard && wanted();
    alive = typing = false;
    stream = undefined;
    paint();
    setTimeout(opened ? listen : sync, wait || pause(Math.max(0, misses - 1)));
  };

  let rests;
  const receive = (event) => {
    const fields = Object.fromEntries(event.split('\n').map((line) => line.split(/: ?(.*)/s)));
    const value = parsed(fields.data);
    if (!value) return;
    if (fields.event !== 'typing') return apply(value);
    paint((typing = value.typing));
    // Who goes on typing says so again; who stops need not say it.
    clearTimeout(rests);
    rests = setTimeout(() => paint((typing = false)), 6000);
  };

  const poll = async () => {
    if (alive) ticks = 0;
    // The first time may be in between two streams; a closed panel asks only now and then.
    if (alive || !wanted() || busy || Date.now() < until || (shown ? !ticks++ : ++ticks % 10)) return;
    try {
      const answer = await update('updates');
      down = false;
      apply(answer);
    } catch (error) {
      fail(error, 0);
      if (!opened) sync();
    }
  };

  const wake = () => {
    asleep = false;
    clearTimeout(nap);
    sync();
    listen();
  };
  const sleep = () => {
    asleep = true;
    stream?.abort();
  };

  // ---- What the server says ----

  const apply = (news) => {
    const before = state;
    // A history that comes back is not read out by screen readers, and is no news for the page.
    const quiet = news.reset && (news.conversation ? news.conversation === kept().conversation : list.querySelector('.m'));
    if (quiet) list.setAttribute('aria-live', 'off');
    if (news.reset) {
      list.replaceChildren(dots);
      known.clear();
      pending.clear();
    }
    const { conversation } = kept();
    if (news.conversation && news.conversation !== conversation) {
      keep({ conversation: news.conversation, seen: 0 });
      // A new conversation may count anew; what is shown of the one before stays above it.
      if (conversation && !news.reset) {
        known.clear();
        for (const node of list.children) node.seq = -1;
      }
    }
    ({ state, operator, typing, cursor } = { ...news, cursor: news.cursor || cursor });
    keep({ live: !['none', 'closed'].includes(state) });
    const follow = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    for (const message of news.messages) {
      if (known.has(message.seq)) continue;
      known.set(message.seq, message);
      show(message);
      if (!quiet) emit('message', message);
    }
    if (before !== state) emit('state', { state, operator });
    paint();
    if (follow || news.reset) scroll();
    if (quiet) setTimeout(() => list.setAttribute('aria-live', 'polite'), 500);
  };

  // What the bot waits for: what its last message asks.
  const asked = () => {
    const last = [...known.values()].filter(({ author }) => author === 'bot').sort((a, b) => b.seq - a.seq)[0];
    return state === 'bot' || state === 'none' ? last?.ask : undefined;
  };

  const unread = () => [...known.values()].filter(({ author, seq }) => author !== 'visitor' && seq > (kept().seen || 0)).length;

  // ---- Elements, always made from text, never from markup ----

  // `h('a.b', {href: '/'}, 'text')`
  const h = (name, attributes, ...children) => {
    const [tag, ...classes] = name.split('.');
    const node = document.createElement(tag);
    node.classList.add(...classes);
    for (const key in attributes) {
      if (key.startsWith('on')) node.addEventListener(key.slice(2), attributes[key]);
      else node.setAttribute(key, attributes[key]);
    }
    node.append(...children);
    return node;
  };
  const icon = (path) => {
    const [svg, line] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', true);
    line.setAttribute('d', path);
    svg.append(line);
    return svg;
  };

  // Changes a label only when it is another: screen readers speak on every change.
  const label = (node, text) => node.getAttribute('aria-label') !== text && node.setAttribute('aria-label', text);
  const write = (node, text) => node.textContent !== text && (node.textContent = text);

  const root = h('div.lp');
  const badge = h('span.badge', { 'aria-hidden': true });
  const launcher = h('button.launch', { type: 'button', 'aria-expanded': false, 'aria-controls': 'panel', onclick: () => toggle() },
    icon('M7 4h10a4 4 0 0 1 4 4v5a4 4 0 0 1-4 4h-5l-5 4v-4a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z'), icon('M6 9.5l6 6 6-6'), badge);
  const avatar = h('span.avatar', { 'aria-hidden': true });
  const title = h('h2', { id: 'title' });
  const status = h('p.status');
  const dots = h('div.dots', { 'aria-hidden': true }, h('i'), h('i'), h('i'));
  const list = h('div.list', { role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions', tabindex: 0 }, dots);
  const banner = h('p.banner', { role: 'status' });
  const tray = h('div.tray', { role: 'group' });
  const counter = h('p.counter', { id: 'counter' });
  const field = h('textarea', { id: 'field', rows: 1, 'aria-describedby': 'counter', enterkeyhint: 'send', oninput: () => typed(), onkeydown: (event) => {
    // Enter also ends a composition of an input method (229), which must not send half a word.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      submit();
    }
  } });
  const sendButton = h('button.send', { type: 'submit' }, icon('M4 12l16-8-6 16-3-6.5zM11 13.5L20 4'));
  const endButton = h('button.head', { type: 'button', onclick: () => question(true) }, icon('M9 4H5v16h4M14 8l4 4-4 4M18 12H9'));
  const closeButton = h('button.head', { type: 'button', onclick: () => close() }, icon('M6 6l12 12M18 6L6 18'));
  const endYes = h('button.chip', { type: 'button', onclick: () => end() });
  const endNo = h('button.chip', { type: 'button', onclick: () => question(false) });
  const endAsk = h('span', { id: 'ask' });
  const confirm = h('div.confirm', { role: 'group', 'aria-labelledby': 'ask', hidden: '' }, endAsk, endYes, endNo);
  // The choices come after the field, so that Tab leads from it to them; they are shown above it.
  const form = h('form', { onsubmit: (event) => { event.preventDefault(); submit(); } },
    field, tray, sendButton, counter);
  const panel = h('section.panel', { id: 'panel', role: 'dialog', 'aria-labelledby': 'title', tabindex: -1, hidden: '', onkeydown: (event) => {
    if (event.key !== 'Escape' || event.isComposing) return;
    event.stopPropagation();
    if (confirm.hidden) close();
    else question(false);
  // No header element: in here it would count as the page's banner, of which there is one.
  } }, h('div.top', {}, avatar, h('div.who', {}, title, status), endButton, closeButton), confirm, banner, list, form);

  const linked = (text) => text.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}])/).map((part, index) =>
    index % 2 ? h('a', { href: part, target: '_blank', rel: 'noopener nofollow' }, part) : part);

  const when = (at) => {
    const date = new Date(at);
    const today = date.toDateString() === new Date().toDateString();
    const form = { timeStyle: 'short', dateStyle: today ? undefined : 'short' };
    try {
      return date.toLocaleString(data.lang || [], form);
    } catch {
      return date.toLocaleString([], form);
    }
  };

  const bubble = ({ author, name, text, at }) => {
    const who = author === 'visitor' ? say('you') : name || (author === 'operator' ? say('operator') : config.name || say('chat'));
    const note = h('span.note');
    const time = h('time', { 'aria-hidden': true }, at ? when(at) : '');
    const node = author === 'system'
      ? h('div.m.system', { dir: 'auto' }, text)
      : h('div.m.' + author, {}, h('span.face', { 'aria-hidden': true }, initial(who)), h('span.name', { dir: 'auto' }, who),
        h('div.text', { dir: 'auto' }, ...linked(text)), time, note);
    return { node, note, time };
  };
  const initial = (name) => [...name.trim()][0]?.toUpperCase() || '';

  // Puts a node where its seq belongs; what is not confirmed stays last.
  const place = (node, seq) => {
    node.seq = seq;
    const next = [...list.children].find((other) => other !== node && other.seq > seq) || dots;
    if (node.nextSibling !== next) list.insertBefore(node, next);
  };

  const show = (message) => {
    const id = message.client_id;
    const waiting = pending.get(id);
    drop(id);
    if (waiting) {
      // The bubble that is there becomes the message: it is neither moved nor read out again.
      pending.delete(id);
      waiting.note.textContent = '';
      waiting.time.textContent = when(message.at);
    }
    place((waiting || bubble(message)).node, message.seq);
  };

  const paintPending = () => {
    const entries = outbox();
    for (const [id, { node }] of pending) {
      if (entries.some((entry) => entry.id === id)) continue;
      node.remove();
      pending.delete(id);
    }
    for (const { id, text, label } of entries) {
      if (!pending.has(id)) {
        pending.set(id, bubble({ author: 'visitor', text: text || label }));
        place(pending.get(id).node, Infinity);
      }
      write(pending.get(id).note, say(busy ? 'sending' : 'unsent'));
    }
  };

  // ---- Painting: everything but the messages follows from the state ----

  let line;
  const paint = () => {
    const name = operator?.name || config.name || say('chat');
    write(title, name);
    write(avatar, initial(name));
    write(status, gone || !opened ? '' : typing ? say('typing', name) : state === 'queued' ? say('queued') : say(operator || config.online ? 'online' : 'away'));
    status.classList.toggle('on', !!(opened && (operator || config.online)));
    endButton.hidden = !kept().live || !opened;
    if (endButton.hidden) confirm.hidden = true;

    const away = !navigator.onLine;
    write(banner, gone ? say('unavailable') : away ? say('offline') : down ? say('trouble') : '');
    form.hidden = gone;

    paintPending();
    dots.classList.toggle('on', typing || (busy && ['bot', 'none'].includes(state) && !away && !down));
    paintEnd();
    paintTray();
    paintLauncher();
  };

  const paintEnd = () => {
    if (state === 'closed' && !pending.size) {
      if (line?.isConnected) return;
      line = h('div.m.system.end', {}, h('span', {}, say('ended')), h('small', {}, say('again')));
      place(line, Math.max(0, ...known.keys()) + 0.5);
    } else if (line) {
      // The next chat has begun below it.
      line.lastChild.remove();
      line = undefined;
    }
  };

  let trayKey = '';
  const paintTray = () => {
    const ask = pending.size ? undefined : asked();
    const key = ask ? JSON.stringify(ask) : '';
    if (key === trayKey) return;
    trayKey = key;
    const inside = holdsFocus(tray);
    const chip = (text, what, more = '') => h('button.chip' + more, { type: 'button', dir: 'auto', onclick: () => post(what) }, text);
    tray.replaceChildren(...(ask?.choices || []).map(({ value, label }) => chip(label, { choice: value, label })));
    if (ask?.optional) tray.append(chip(say('skip'), { skip: true, label: say('skip') }, '.ghost'));
    if (inside) focus();
    // Keyboards of phones suit what is asked.
    const kind = ask?.kind;
    field.inputMode = { phone: 'tel', number: 'decimal', link: 'url' }[kind] || (kind === 'email' ? kind : 'text');
    field.autocomplete = { phone: 'tel', email: kind, name: kind }[kind] || 'off';
    if (key) scroll();
  };

  const paintLauncher = () => {
    if (shown && opened && !document.hidden) {
      const seen = Math.max(0, ...known.keys());
      if (seen > (kept().seen || 0)) keep({ seen });
    }
    const count = shown ? 0 : unread();
    write(badge, count ? String(Math.min(count, 99)) : '');
    label(launcher, shown ? say('close') : say('open') + (count ? ', ' + say('unread', count) : ''));
  };

  const holdsFocus = (node) => node.contains(root.getRootNode().activeElement);
  // Where one writes; but on a touch screen its keyboard would cover what was said.
  const focus = () => (matchMedia('(pointer:coarse)').matches ? panel : field).focus({ preventScroll: true });
  const scroll = () => { list.scrollTop = list.scrollHeight; };

  // The words that do not change, and the looks that page and bot chose.
  const dress = () => {
    const theme = config.theme || {};
    Object.assign(texts, config.texts, window.leadpostTexts, parsed(data.texts));
    root.dir = data.dir || theme.dir || document.documentElement.dir || 'ltr';
    root.dataset.side = data.position || theme.position || (root.dir === 'rtl' ? 'left' : 'right');
    if (data.lang) root.lang = data.lang;
    if (data.color) host.style.setProperty('--leadpost-color', data.color);
    if (theme.color) root.style.setProperty('--bot-color', theme.color);
    label(list, say('chat'));
    label(tray, say('choices'));
    label(field, say('placeholder'));
    field.placeholder = say('placeholder');
    for (const [button, text] of [[sendButton, 'send'], [endButton, 'end'], [closeButton, 'close']]) {
      label(button, say(text));
      button.title = say(text);
    }
    for (const [node, text] of [[endAsk, 'endAsk'], [endYes, 'end'], [endNo, 'endNo']]) write(node, say(text));
    // Text upon the colour is black or white, whichever can be read (WCAG 2 contrast).
    root.style.removeProperty('--on-color');
    const [red, green, blue] = (getComputedStyle(launcher).backgroundColor.match(/[\d.]+/g) || []).map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    root.style.setProperty('--on-color', 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.19 ? '#111' : '#fff');
  };

  const darkness = matchMedia('(prefers-color-scheme:dark)');
  const light = () => { root.dataset.theme = data.theme || (darkness.matches ? 'dark' : 'light'); };

  // The panel of a phone fills what its keyboard leaves.
  const fit = () => {
    const { height, offsetTop } = visualViewport;
    root.style.setProperty('--height', height + 'px');
    root.style.setProperty('--top', offsetTop + 'px');
  };

  // ---- The composer ----

  let told = 0;
  const typed = () => {
    const left = LIMIT - [...field.value.trim()].length;
    write(counter, left > 200 ? '' : left < 0 ? say('tooLong', -left) : say('left', left));
    counter.classList.toggle('over', left < 0);
    field.setAttribute('aria-invalid', left < 0);
    sendButton.disabled = left < 0 || left === LIMIT;
    field.style.height = 'auto';
    field.style.height = field.scrollHeight + 2 + 'px';
    // A person at the other end sees that something is coming.
    if (left < LIMIT && ['queued', 'agent'].includes(state) && opened && Date.now() - told > 3000) {
      told = Date.now();
      call('typing', { token }).catch(() => {});
    }
  };

  const submit = () => {
    const text = field.value.trim();
    if (!text || [...text].length > LIMIT) return;
    field.value = '';
    typed();
    // The button that was pressed can take no focus now.
    field.focus();
    post({ text });
  };

  const question = (asking) => {
    confirm.hidden = !asking;
    if (asking) endNo.focus();
    else focus();
  };

  const end = async () => {
    if (!kept().live) return;
    if (!confirm.hidden) question(false);
    try {
      apply(await update('end'));
    } catch (error) {
      fail(error, 0);
    }
  };

  // ---- Panel and page ----

  let shown = false;

  const start = () => {
    started = true;
    sync();
    listen();
  };

  // Opens the panel; `quietly` where nobody asked for it, so that the page keeps the focus.
  const open = (quietly) => {
    if (shown) return;
    if (!panel.parentNode) {
      root.prepend(panel);
      dress();
    }
    shown = true;
    panel.hidden = false;
    typed();
    launcher.setAttribute('aria-expanded', true);
    panelKept(1);
    fit();
    paint();
    scroll();
    if (quietly !== true) focus();
    start();
    emit('open');
  };

  const close = () => {
    if (!shown) return;
    const inside = holdsFocus(panel);
    shown = false;
    panel.hidden = confirm.hidden = true;
    launcher.setAttribute('aria-expanded', false);
    panelKept('');
    paint();
    if (inside) launcher.focus();
    listen();
    emit('close');
  };

  const toggle = () => (shown ? close() : open());

  const api = {
    open: () => open(),
    close,
    toggle,
    end,
    prefill: (values) => {
      for (const name in values) {
        if (/string|number|boolean/.test(typeof values[name])) variables = { ...variables, [name]: values[name] };
      }
      prefilled = { ...prefilled, ...variables };
    },
    on: (event, listener) => {
      (listeners[event] ||= []).push(listener);
      return () => { listeners[event] = listeners[event].filter((other) => other !== listener); };
    },
  };

  const CSS = `
    :host { all: initial !important; position: fixed !important; z-index: var(--leadpost-z, 2147483000) !important; }
    .lp {
    all: initial;
    --c: var(--leadpost-color, var(--bot-color, #4353e0));
    --on: var(--leadpost-on-color, var(--on-color, #fff));
    --bg: #fff;
    --fg: #1a1d24;
    --soft: #f1f3f7;
    --line: #dfe3ea;
    --mute: #5b6473;
    --warn: #fff3de;
    --warned: #6b4200;
    --bad: #b42318;
    --far: var(--leadpost-inset, 20px);
    --r: var(--leadpost-radius, 18px);
    scrollbar-color: var(--line) transparent;
    overflow-wrap: anywhere;
    color: var(--fg);
    font: 400 15px/1.45 var(--leadpost-font, system-ui, sans-serif);
    }
    .lp[data-theme=dark] {
    --bg: #17191f;
    --fg: #eceef3;
    --soft: #262a33;
    --line: #3a3f4b;
    --mute: #a7afbd;
    --warn: #3b2c10;
    --warned: #ffd89b;
    --bad: #ff9c92;
    }
    :where(.lp *) { box-sizing: border-box; margin: 0; font: inherit; color: inherit; }
    .lp [hidden] { display: none; }
    button { border: 0; padding: 0; background: none; cursor: pointer; }
    :focus-visible { outline: 2px solid var(--fg); outline-offset: 2px; }
    svg { display: block; width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
    .launch {
    position: fixed;
    bottom: calc(var(--far) + env(safe-area-inset-bottom, 0px));
    width: 58px;
    height: 58px;
    background: var(--c);
    color: var(--on);
    box-shadow: 0 8px 24px #0004, 0 2px 6px #0002;
    transition: transform .15s;
    }
    .launch:hover { transform: scale(1.06); }
    .launch svg { width: 28px; height: 28px; }
    .launch[aria-expanded=false] svg + svg, .launch[aria-expanded=true] svg:first-child { display: none; }
    .badge { position: absolute; top: -3px; inset-inline-end: -3px; min-width: 22px; padding: 0 6px; border-radius: 11px; background: #c9251b; color: #fff; font: 600 12px/22px sans-serif; text-align: center; }
    .badge:empty { display: none; }
    .panel {
    position: fixed;
    bottom: calc(var(--far) + 72px + env(safe-area-inset-bottom, 0px));
    display: flex;
    flex-direction: column;
    width: 384px;
    height: min(640px, 100vh - 2*var(--far) - 72px);
    overflow: hidden;
    border-radius: var(--r);
    background: var(--bg);
    box-shadow: 0 24px 64px #0004, 0 4px 16px #0002, 0 0 0 1px #0001;
    animation: rise .22s cubic-bezier(.2, .8, .2, 1);
    }
    @keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.98); } }
    [data-side=right] > * { right: calc(var(--far) + env(safe-area-inset-right, 0px)); }
    [data-side=left] > * { left: calc(var(--far) + env(safe-area-inset-left, 0px)); }
    .top { display: flex; align-items: center; gap: 4px; padding-block: 16px; padding-inline: 18px 12px; background: var(--c); color: var(--on); }
    .top :focus-visible { outline-color: var(--on); }
    .avatar, .face, .head, .send, .launch { display: grid; place-content: center; flex: none; border-radius: 50%; font-weight: 600; }
    .avatar { width: 42px; height: 42px; background: var(--on); color: var(--c); font-size: 18px; }
    .who { flex: 1; min-width: 0; padding: 0 8px; }
    h2, .status { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    h2 { font-size: 17px; font-weight: 650; line-height: 1.25; }
    .status { font-size: 13px; }
    .status.on::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-inline: 2px 6px; border-radius: 50%; background: #3ddc84; box-shadow: 0 0 0 1.5px var(--on); }
    .head { width: 38px; height: 38px; }
    .head:hover { background: color-mix(in srgb, var(--on) 16%, transparent); }
    .confirm { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 12px 16px; border-bottom: 1px solid var(--line); }
    .confirm span { flex: 1 0 100%; font-weight: 600; }
    span + .chip { border-color: var(--c); background: var(--c); color: var(--on); }
    .banner { background: var(--warn); color: var(--warned); font-size: 13px; text-align: center; }
    .banner:not(:empty) { padding: 8px 16px; }
    .list { display: flex; flex-direction: column; flex: 1; overflow: hidden auto; scrollbar-width: thin; overscroll-behavior: contain; padding: 16px; outline-offset: -3px; }
    .m:first-child { margin-top: auto; }
    .m { position: relative; display: grid; width: fit-content; max-width: 82%; margin-top: 14px; animation: rise .2s; }
    .bot, .operator { grid-template-columns: 28px auto; column-gap: 8px; }
    .visitor { margin-inline-start: auto; justify-items: end; }
    .bot + .bot, .operator + .operator, .visitor + .visitor { margin-top: 4px; }
    .face { grid-row: 2; width: 28px; height: 28px; background: var(--soft); color: var(--mute); font-size: 12px; }
    .name { grid-column: 2; justify-self: start; padding-bottom: 3px; color: var(--mute); font-size: 12px; }
    .visitor .face { display: none; }
    .bot + .bot .face, .operator + .operator .face { visibility: hidden; }
    .visitor .name, .bot + .bot .name, .operator + .operator .name { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    .text { grid-area: 2/2; min-width: 0; padding: 9px 14px; border-radius: 18px; border-start-start-radius: 6px; background: var(--soft); white-space: pre-wrap; unicode-bidi: plaintext; }
    .visitor .text { grid-column: 1; border-start-start-radius: 18px; border-end-end-radius: 6px; background: var(--c); color: var(--on); }
    time { position: absolute; bottom: 10px; inset-inline-start: 100%; width: max-content; max-width: 62px; padding: 0 8px; color: var(--mute); font-size: 11px; line-height: 1.2; overflow-wrap: normal; opacity: 0; }
    .visitor time { inset-inline: auto 100%; text-align: end; }
    .m:hover time { opacity: 1; }
    .note { grid-row: 3; padding-top: 3px; color: var(--mute); font-size: 12px; }
    .note:empty { display: none; }
    .m.system { width: auto; max-width: none; color: var(--mute); font-size: 13px; text-align: center; }
    .end span { display: flex; align-items: center; gap: 12px; }
    .end span::before, .end span::after { content: ""; flex: 1; height: 1px; background: var(--line); }
    .dots { display: none; gap: 4px; width: fit-content; margin: 14px 36px 0; padding: 14px; border-radius: 18px; background: var(--soft); }
    .dots.on { display: flex; }
    .dots i { width: 7px; height: 7px; border-radius: 50%; background: var(--mute); animation: blink 1.2s infinite; }
    .dots i + i { animation-delay: .15s; }
    .dots i + i + i { animation-delay: .3s; }
    @keyframes blink { 50% { opacity: .25; } }
    form { display: grid; grid-template: auto auto auto / 1fr auto; gap: 0 8px; align-items: end; padding: 10px 12px 12px; padding-bottom: calc(12px + env(safe-area-inset-bottom, 0px)); border-top: 1px solid var(--line); }
    textarea { grid-area: 2/1; max-height: 132px; padding: 10px 14px; border: 1px solid var(--mute); border-radius: 22px; background: var(--bg); resize: none; overflow: hidden auto; scrollbar-width: thin; }
    textarea:not(:placeholder-shown) { unicode-bidi: plaintext; }
    textarea:focus-visible { border-color: transparent; outline-offset: -1px; }
    ::placeholder { color: var(--mute); opacity: 1; }
    .tray { grid-area: 1/1/auto/3; display: flex; flex-wrap: wrap; gap: 8px; max-height: 33vh; overflow: auto; margin: -6px -4px 6px; padding: 6px 4px; }
    .tray:empty { display: none; }
    .chip { min-height: 38px; padding: 7px 16px; border: 1px solid color-mix(in srgb, var(--c) 60%, var(--mute)); border-radius: 20px; background: color-mix(in srgb, var(--c) 8%, var(--bg)); font-weight: 500; font-size: 14px; text-align: start; }
    .chip:hover { text-decoration: underline; }
    .ghost { border-color: var(--mute); background: none; color: var(--mute); }
    .send { grid-area: 2/2; width: 44px; height: 44px; background: var(--c); color: var(--on); }
    .send:disabled { background: var(--soft); color: var(--mute); cursor: default; }
    [dir=rtl] form svg, [dir=rtl] .head { transform: scaleX(-1); }
    .counter { grid-column: 1/3; padding-inline: 14px; color: var(--mute); font-size: 12px; }
    .counter:not(:empty) { padding-top: 6px; }
    .failed .note, .over { color: var(--bad); }
    @media (max-width: 480px), (max-height: 480px) {
    .panel { inset: var(--top, 0) 0 auto !important; width: auto; height: var(--height, 100vh); border-radius: 0; }
    .launch[aria-expanded=true] { display: none; }
    .top { padding-top: calc(12px + env(safe-area-inset-top, 0px)); padding-bottom: 12px; }
    textarea { font-size: 16px; }
    }
    @media (prefers-reduced-motion) { .lp * { animation: none !important; transition: none !important; } }
    @media (forced-colors: active) { .launch, .send, .text, .panel { border: 1px solid; } }
    @media print { .lp { display: none; } }
  `;

  // ---- The beginning: a button, and nothing more until somebody wants it ----

  const host = document.createElement(TAG);
  const begin = () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    const shadow = host.attachShadow({ mode: 'open' });
    shadow.adoptedStyleSheets = [sheet];
    root.append(launcher);
    shadow.append(root);
    document.body.append(host);
    light();
    dress();
    paintLauncher();

    darkness.addEventListener('change', light);
    for (const event of ['resize', 'scroll']) visualViewport.addEventListener(event, fit);
    addEventListener('online', () => {
      misses = tries = 0;
      wake();
    });
    addEventListener('offline', paint);
    addEventListener('pagehide', sleep);
    addEventListener('pageshow', wake);
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) nap = setTimeout(sleep, 60000);
      else wake();
    });
    // Another tab has begun, or has got another token: this one goes along.
    addEventListener('storage', ({ key }) => {
      if (!key?.startsWith(KEY)) return;
      const theirs = kept();
      const another = theirs.token && theirs.token !== token;
      token = theirs.token || token;
      if (started && another) {
        opened = false;
        stream?.abort();
        sync();
      }
      if (theirs.live && !started) start();
      paint();
    });

    window.Leadpost = api;
    const calls = window.leadpost || [];
    window.leadpost = { push: ([name, ...values]) => api[name]?.(...values) };
    calls.forEach(window.leadpost.push);

    if ('open' in data || (panelKept() && kept().live && innerWidth > 480)) open(true);
    else if (kept().live || outbox().length) start();
  };
  if (document.body) begin();
  else addEventListener('DOMContentLoaded', begin);
})();
