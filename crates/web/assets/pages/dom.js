// Elements, always made from text, never from markup; and how times are told.

// `h('p.note.small', { id: 'x', onclick: f }, 'text', node)`; an attribute that is false or undefined is left out.
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split('.');
  const node = document.createElement(tag);
  node.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== ''));
  return node;
}

export const find = (id) => document.getElementById(id);

// Changes a text only when it is another: screen readers speak on every change.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Puts `nodes` under `parent`, in that order, moving only those that stand elsewhere, so that the focus stays.
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}

// Days and hours are those of the account, as the server writes them; of the browser, where it does not know that zone.
let format;
function parts(at) {
  const options = { hourCycle: 'h23', year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' };
  try {
    format ??= new Intl.DateTimeFormat('en-US', { ...options, timeZone: find('console')?.dataset.zone });
  } catch {
    format = new Intl.DateTimeFormat('en-US', options);
  }
  return Object.fromEntries(format.formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
}

// '14:03:22' today, unless the day is to be said in any case; else '4 Mar, 14:03', or with the year.
export function clock(at, dated = false) {
  const [it, now] = [parts(at), parts(Date.now())];
  const year = it.year === now.year ? '' : ` ${it.year}`;
  const today = !year && it.month === now.month && it.day === now.day;
  const time = `${it.hour}:${it.minute}`;
  return today && !dated ? `${time}:${it.second}` : `${it.day} ${it.month}${year}, ${time}`;
}

// 'just now', '4 min', '3 h', or the day.
export function ago(at) {
  const minutes = Math.floor((Date.now() - new Date(at)) / 60000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  const { day, month } = parts(at);
  return `${day} ${month}`;
}

export const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
