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

export function clock(at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString([], today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });
}

// 'just now', '4 min', '3 h', or the day.
export function ago(at) {
  const minutes = Math.floor((Date.now() - new Date(at)) / 60000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  return new Date(at).toLocaleDateString([], { day: 'numeric', month: 'short' });
}

export const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
