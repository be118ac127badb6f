// An export with progress: the file is read as it comes, counted, and saved at the end. Without this, the form is a
// download of the browser.

const form = document.querySelector('form[data-export]');
const [part, words, bar, stop] = ['[data-progress]', '[data-words]', 'progress', '[data-stop]'].map((it) => form.querySelector(it));
let attempt;

// How many contacts a file has so far: rows of CSV end outside of quotes, contacts of JSON begin with their id.
class Count {
  rows = 0;
  #quoted = false;
  #rest = '';

  csv(text) {
    for (const c of text) {
      if (c === '"') this.#quoted = !this.#quoted;
      else if (c === '\n' && !this.#quoted) this.rows++;
    }
  }

  json(text) {
    const parts = (this.#rest + text).split('{"id":"con_');
    this.rows += parts.length - 1;
    this.#rest = parts.at(-1).slice(-11);
  }
}

function tell(text, value) {
  part.hidden = false;
  words.textContent = text;
  const all = Number(form.dataset.count);
  if (value === undefined) bar.hidden = true;
  else if (all && !form.q.value.trim()) [bar.hidden, bar.max, bar.value] = [false, all, Math.min(value, all)];
  else {
    bar.hidden = false;
    bar.removeAttribute('value');
  }
}

async function run() {
  const format = new FormData(form).get('format');
  const query = new URLSearchParams({ format });
  if (form.q.value.trim()) query.set('q', form.q.value.trim());
  attempt = new AbortController();
  const response = await fetch(form.action + '?' + query, { signal: attempt.signal, cache: 'no-store' });
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `the server answered ${response.status}`);
  const [count, pieces, decoder] = [new Count(), [], new TextDecoder()];
  const reader = response.body.getReader();
  for (let chunk; !(chunk = await reader.read()).done; ) {
    pieces.push(chunk.value);
    count[format](decoder.decode(chunk.value, { stream: true }));
    const rows = Math.max(0, format === 'csv' ? count.rows - 1 : count.rows);
    tell(`${rows.toLocaleString('en')} contacts so far…`, rows);
  }
  save(new Blob(pieces, { type: response.headers.get('content-type') }), `contacts.${format}`);
  return Math.max(0, format === 'csv' ? count.rows - 1 : count.rows);
}

function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('[type=submit]');
  [button.disabled, stop.hidden] = [true, false];
  tell('The export begins…', 0);
  try {
    const rows = await run();
    tell(`Done: ${rows.toLocaleString('en')} contacts are saved.`);
  } catch (error) {
    tell(error.name === 'AbortError' ? 'Stopped. Nothing was saved.' : `The export was cut off, and nothing was saved: ${error.message}. Try again.`);
  } finally {
    [button.disabled, stop.hidden] = [false, true];
  }
});
stop.addEventListener('click', () => attempt?.abort());
