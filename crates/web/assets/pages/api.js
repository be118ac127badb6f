// The API as the console uses it, with the session of whoever is signed in: one call, the stream, and failures in words.

const WORDS = {
  network: 'The server cannot be reached. Check your connection.',
  unauthorized: 'You are not signed in any more. Sign in again.',
  role_missing: 'You may not answer chats any more. Ask an owner or an admin.',
  not_accepted: 'You have not accepted this chat, or not any more. Accept it first.',
  conversation_closed: 'This chat is over.',
  not_found: 'This is not there any more.',
  too_many_requests: 'That was more than the server lets one do at once. Wait a moment, then try again.',
  busy: 'The server is busy. Try again in a moment.',
  unavailable: 'The server cannot get at its data right now. Try again in a moment.',
};

// `status` 0: there was no answer.
export class Failure extends Error {
  constructor(status, code, detail) {
    super(WORDS[code] ?? sentence(detail || `The server answered ${status}.`));
    Object.assign(this, { status, code });
  }

  static async of(response) {
    const problem = await response.json().catch(() => ({}));
    return new Failure(response.status, problem.code, problem.detail);
  }

  // Whether who asks is to blame, so that no other call will do better.
  get locked() {
    return this.status === 401 || this.code === 'role_missing';
  }

  // Whether the same call may succeed later.
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');

async function ask(method, path, body, signal) {
  const headers = body ? { 'content-type': 'application/json' } : {};
  const options = { method, headers, body: body && JSON.stringify(body), signal, cache: 'no-store', credentials: 'same-origin' };
  const response = await fetch('/api/v1' + path, options).catch(() => {
    throw new Failure(0, 'network');
  });
  if (!response.ok) throw await Failure.of(response);
  return response;
}

export async function call(method, path, body) {
  const response = await ask(method, path, body, AbortSignal.timeout(15000));
  if (response.status === 204) return undefined;
  return response.json().catch(() => {
    throw new Failure(0, 'network');
  });
}

// The server gives a sign of life every 15 seconds; a stream that is silent for longer is dead.
const PATIENCE = 40000;

// Follows the conversations until whoever is signed in is not any more. `on.up()` when it runs, `on.down(failure)` when not, `on.beat()`
// with every sign of life, `on.event(name, data)`. Answers `{ stop, hurry }`.
export function follow(on) {
  let [stopped, tries, attempt] = [false, 0, undefined];
  let hurry = () => {};
  const pause = () => new Promise((resolve) => {
    const delay = Math.min(30000, 1000 * 2 ** tries++) * (0.75 + Math.random() / 2);
    const timer = setTimeout(resolve, delay);
    hurry = () => { clearTimeout(timer); tries = 0; resolve(); };
  });
  const run = async () => {
    while (!stopped) {
      attempt = new AbortController();
      const failure = await listen(attempt, () => { tries = 0; on.up(); }, on).catch((error) => error);
      if (stopped) return;
      on.down(failure);
      if (failure?.locked) return;
      await pause();
    }
  };
  run();
  return { stop: () => { stopped = true; attempt.abort(); hurry(); }, hurry: () => hurry() };
}

async function listen(attempt, up, on) {
  let watch;
  const patience = () => {
    clearTimeout(watch);
    watch = setTimeout(() => attempt.abort(), PATIENCE);
  };
  patience();
  try {
    const { body } = await ask('GET', '/conversations/stream', undefined, attempt.signal);
    up();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = '', chunk; !(chunk = await reader.read()).done; ) {
      patience();
      on.beat();
      const events = (rest + chunk.value).split('\n\n');
      rest = events.pop();
      events.forEach((text) => receive(text, on));
    }
  } finally {
    clearTimeout(watch);
  }
}

function receive(text, on) {
  const fields = Object.fromEntries(text.split('\n').map((line) => line.split(/: ?(.*)/s)));
  if (fields.event) on.event(fields.event, JSON.parse(fields.data || '{}'));
}
