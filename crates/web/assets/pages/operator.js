// The operators' page: signing in, and how its parts hang together.

import { call, hasKey, keepKey, takeKeyFromAddress } from '/pages/api.js';
import { Chat } from '/pages/chat.js';
import { Desk } from '/pages/desk.js';
import { find, write } from '/pages/dom.js';
import { ChatList } from '/pages/list.js';

const TITLE = document.title;
let [desk, list, chat] = [];

// ---- Signing in and out ----

function showSignIn(problem = '') {
  desk = undefined;
  find('app').hidden = true;
  find('sign-in').hidden = false;
  write(find('sign-in-problem'), problem);
  document.title = TITLE;
  find('key').focus();
}

async function signIn(text) {
  const button = find('sign-in-button');
  button.disabled = true;
  write(find('sign-in-problem'), '');
  keepKey(text);
  try {
    // Whoever signs in is here. A key that may not answer chats is refused at once, and not at the first click.
    await call('PUT', '/operators/me');
    find('key').value = '';
    begin();
  } catch (failure) {
    if (failure.locked) keepKey('');
    showSignIn(failure.message);
  } finally {
    button.disabled = false;
  }
}

function signOut(problem) {
  const leaving = desk;
  if (leaving && !problem) call('DELETE', '/operators/me').catch(() => {});
  leaving?.stop();
  keepKey('');
  // What was on the screen is not for the next one who sits there: the page begins anew.
  if (problem) sessionStorage.setItem('leadpost.problem', problem);
  history.replaceState(null, '', location.pathname);
  location.reload();
}

function begin() {
  find('sign-in').hidden = true;
  find('app').hidden = false;
  desk = new Desk();
  list = new ChatList(desk, choose);
  chat = new Chat(desk, leave);
  desk.on('change', paintSoon);
  desk.on('failed', (failure) => chat.tell(failure.message));
  desk.on('locked', (failure) => signOut(failure.message));
  desk.start();
  desk.open(chatInAddress());
}

// ---- Which chat is open is in the address, so that going back and loading anew do what one expects ----

function chatInAddress() {
  const name = location.hash.slice(1);
  return /^conv_\w+$/.test(name) ? name : null;
}

async function choose(id) {
  if (id !== desk.opened) history.pushState(null, '', '#' + id);
  await show(id);
}

async function show(id) {
  await desk.open(id);
  if (id && id === desk.opened) {
    paint();
    if (find('composer').hidden) find('who').focus();
    else chat.focusField();
  }
}

function leave() {
  const id = desk.opened;
  history.pushState(null, '', location.pathname);
  desk.open(null);
  paint();
  list.focus(id);
}

// ---- Painting, at most once a frame ----

let frame;
function paintSoon() {
  // A page in the background has no frames, but a title.
  if (document.hidden) paint();
  else frame ??= requestAnimationFrame(paint);
}

function paint() {
  frame = undefined;
  if (!desk) return;
  const pending = [...desk.conversations.values()].filter((it) => it.state === 'queued').length;
  const title = pending ? `(${pending}) ${TITLE}` : TITLE;
  if (document.title !== title) document.title = title;
  find('here').checked = desk.here;
  write(find('me'), desk.me?.name ?? '');
  write(find('here-note'), desk.here ? 'Bots can hand chats over to you.' : 'Bots do not hand chats over to you.');
  paintConnection();
  list.paint();
  chat.paint();
}

function paintConnection() {
  const text = desk.trouble
    ? `${desk.trouble} What you see may be old; it is read again every few seconds.`
    : desk.live === false ? 'Live updates are interrupted. The lists are read every 5 seconds meanwhile.' : '';
  // The first moment of a page is no interruption.
  const shown = text && (desk.trouble || performance.now() > 4000) ? text : '';
  write(find('connection'), shown);
  find('connection').hidden = !shown;
}

// ---- Keys ----

const typesIn = (node) => node.matches('input:not([type=checkbox]), textarea, select');

function press(event) {
  if (!desk || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector('dialog[open]')) return;
  const { key, target } = event;
  if (key === 'Escape') {
    if (!desk.opened) return;
    leave();
  } else if (typesIn(target)) {
    return;
  } else if (key === 'j' || key === 'k') {
    list.move(key === 'j' ? 1 : -1);
  } else if ((key === 'ArrowDown' || key === 'ArrowUp') && !find('chat').contains(target)) {
    list.move(key === 'ArrowDown' ? 1 : -1);
  } else if (key === 'r' && !find('composer').hidden) {
    find('field').focus();
  } else {
    return;
  }
  event.preventDefault();
}

find('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = find('key').value.trim();
  // Headers take nothing else, and no key has anything else.
  if (/^[\x21-\x7e]+$/.test(text)) signIn(text);
  else write(find('sign-in-problem'), text ? 'This is no API key: a key has no spaces or special letters.' : 'Enter an API key.');
});
find('sign-out').addEventListener('click', () => signOut());
find('here').addEventListener('change', ({ target }) => desk.setHere(target.checked));
addEventListener('keydown', press);
addEventListener('popstate', () => desk && show(chatInAddress()));
addEventListener('hashchange', () => takeKeyFromAddress() && location.reload());
addEventListener('online', () => desk?.hurry());
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !desk) return;
  desk.hurry();
  paint();
});

takeKeyFromAddress();
const problem = sessionStorage.getItem('leadpost.problem') ?? '';
sessionStorage.removeItem('leadpost.problem');
if (hasKey()) begin();
else showSignIn(problem);
