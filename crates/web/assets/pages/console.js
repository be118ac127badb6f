// The operators' console: how its parts hang together. The server has written the page; from here on it is kept up to
// date, and what is done goes out without leaving it.

import { call } from '/pages/api.js';
import { Chat } from '/pages/chat.js';
import { Desk, forget } from '/pages/desk.js';
import { find, write } from '/pages/dom.js';
import { ChatList, nameOf } from '/pages/list.js';
import { read, replace } from '/pages/page.js';

const TITLE = 'Conversations · Leadpost';
const { me, name } = find('console').dataset;
const desk = new Desk({ operator: me, name });
const list = new ChatList(desk, choose);
const chat = new Chat(desk, leave);

// ---- Which chat is open is in the address, so that going back and loading anew do what one expects ----

const pathOf = (id) => (id ? `/conversations/${id}` : '/conversations');

function chatInAddress() {
  return /^\/conversations\/(conv_\w+)$/.exec(location.pathname)?.[1] ?? null;
}

async function choose(id) {
  if (id !== desk.opened) history.pushState(null, '', pathOf(id));
  await show(id);
}

async function show(id) {
  readBeside(id);
  await desk.open(id);
  if (id && id === desk.opened) {
    paint();
    if (find('composer').hidden) find('who').focus();
    else chat.focusField();
  }
}

function leave() {
  const id = desk.opened;
  history.pushState(null, '', pathOf(null));
  desk.open(null);
  readBeside(null);
  paint();
  list.focus(id);
}

// What stands beside a chat, the way to it, and the texts filled in for its visitor, come as the server writes them.
async function readBeside(id) {
  for (const part of [find('beside'), find('texts')]) part.classList.add('stale');
  const response = await fetch(pathOf(id), { headers: { accept: 'text/html' } }).catch(() => undefined);
  if (!response?.ok || id !== desk.opened) return;
  const page = await read(response);
  if (id !== desk.opened) return;
  const parts = [page.getElementById('beside'), page.getElementById('texts'), page.querySelector('.crumbs')];
  [find('beside'), find('texts'), document.querySelector('.crumbs')].forEach((old, index) => {
    if (parts[index]) replace(old, parts[index]);
  });
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
  const all = [...desk.conversations.values()];
  // What waits for somebody: chats that nobody has, and words in one's own that were not read.
  const waiting = all.filter((it) => it.state === 'queued' || (it.state === 'agent' && desk.isMine(it) && desk.unread(it)));
  const opened = desk.conversations.get(desk.opened);
  const title = opened ? `${nameOf(desk, opened)} · ${TITLE}` : TITLE;
  const counted = waiting.length ? `(${waiting.length}) ${title}` : title;
  if (document.title !== counted) document.title = counted;
  if (waiting.length) navigator.setAppBadge?.(waiting.length).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
  find('here').checked = desk.here;
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
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector('dialog[open]')) return;
  const { key, target } = event;
  if (key === 'Escape') {
    if (!desk.opened) return;
    leave();
  } else if (typesIn(target)) {
    return;
  } else if (key === 'j' || key === 'k') {
    list.move(key === 'j' ? 1 : -1);
  } else if ((key === 'ArrowDown' || key === 'ArrowUp') && find('lists').contains(target)) {
    list.move(key === 'ArrowDown' ? 1 : -1);
  } else if (key === 'r' && !find('composer').hidden) {
    find('field').focus();
  } else {
    return;
  }
  event.preventDefault();
}

// ---- Beginning and end ----

// Whoever is not known any more signs in and comes back; what was not sent is kept in this tab.
function signIn() {
  location.assign('/sign-in?next=' + encodeURIComponent(location.pathname));
}

find('presence').hidden = false;
for (const help of document.querySelectorAll('.help.keyboard')) help.hidden = false;
find('here').addEventListener('change', ({ target }) => desk.setHere(target.checked));
document.querySelector('form.who')?.addEventListener('submit', () => {
  // What was typed is not for the next one who sits there.
  call('DELETE', '/operators/me').catch(() => {});
  desk.stop();
  forget();
});
desk.on('change', paintSoon);
desk.on('failed', (failure) => chat.tell(failure.message));
desk.on('locked', (failure) => (failure.status === 401 ? signIn() : chat.tell(failure.message)));
addEventListener('keydown', press);
addEventListener('popstate', () => show(chatInAddress()));
addEventListener('online', () => desk.hurry());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  desk.hurry();
  paint();
});
desk.start();
desk.open(chatInAddress());
