// Recent batches: with an API key, or where the service knows the client, from the service; otherwise from this browser.
import { call, hasKey } from '/page/api.js';
import { $, createElement, formatAgo, images } from '/page/dom.js';

const RECENT_KEY = 'recent-batches';
const MAX_RECENT = 10;

const stateWords = {
  waiting: 'waiting',
  processing: 'in progress',
  completed: 'done',
  'completed-with-errors': 'done, with errors',
};

/** Returns what this browser remembers of the batches that it sent, newest first. */
export function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT_KEY)) ?? [];
  } catch {
    return [];
  }
}

function save(batches) {
  try {
    localStorage.setItem(RECENT_KEY, JSON.stringify(batches.slice(0, MAX_RECENT)));
  } catch {
    // The browser does not allow local storage. The batch is shown all the same.
  }
}

/** Remembers a batch, or several that are shown as one: `{ hash, names, total, options, at }`. */
export function addRecent(batch) {
  save([batch, ...recent().filter(({ hash }) => hash !== batch.hash)]);
  showRecent();
}

/** Forgets a batch that does not exist any more. */
export function forgetRecent(batchId) {
  save(recent().filter(({ hash }) => !hash.split(',').includes(batchId)));
  showRecent();
}

/** Lists the latest batches of this client. Names of files are known only of those that were sent from this browser. */
async function listBatches() {
  const query = new URLSearchParams({ limit: MAX_RECENT });
  if ($('recent-status').value) query.set('status', $('recent-status').value);
  if ($('recent-tag').value.trim()) query.set('tag', $('recent-tag').value.trim());
  const response = await call(`/batches?${query}`);
  if (!response.ok) throw new Error((await response.json()).detail);
  const { batches } = await response.json();
  return batches.map(({ batchId, tags, createdAt, status, progress: { total } }) => {
    const { names } = recent().find(({ hash }) => hash === batchId) ?? {};
    return {
      hash: batchId,
      names: names ?? [tags.join(', ') || images(total)],
      total: names ? total : 1,
      at: createdAt,
      status,
    };
  });
}

/** Shows the list. */
export async function showRecent() {
  const isFromService = hasKey();
  $('recent-error').hidden = true;
  const batches = isFromService
    ? await listBatches().catch(({ message }) => {
        $('recent-error').textContent = `The list could not be loaded: ${message}`;
        $('recent-error').hidden = false;
        return recent();
      })
    : recent();
  const isFiltered = isFromService && Boolean($('recent-status').value || $('recent-tag').value.trim());
  $('recent-title').textContent = isFromService ? 'Batches of this API key' : 'Recent batches';
  $('recent-hint').hidden = isFromService;
  $('forget').hidden = isFromService;
  $('recent-filters').hidden = !isFromService;
  $('recent-none').hidden = batches.length > 0 || !isFiltered;
  $('recent').hidden = batches.length === 0 && !isFiltered;
  $('recent-list').replaceChildren(
    ...batches.map(({ hash, names, total, at, status }) => {
      const more = total > 2 ? ` and ${total - 2} more` : '';
      const link = createElement('a', { href: `#${hash}`, textContent: `${names.slice(0, 2).join(', ')}${more}` });
      const time = createElement('time', { dateTime: new Date(at).toISOString(), textContent: formatAgo(at) });
      time.title = new Date(at).toLocaleString();
      return createElement('li', {}, link, ' · ', time, status ? ` · ${stateWords[status]}` : '');
    }),
  );
}

/** Removes from the list what was deleted meanwhile. */
export async function checkRecent() {
  if (hasKey()) return;
  for (const { hash } of recent()) {
    const [first] = hash.split(',');
    const response = await call(`/batches/${encodeURIComponent(first)}`).catch(() => undefined);
    if (response?.status === 404 || response?.status === 410) forgetRecent(first);
  }
}

$('forget').addEventListener('click', () => {
  localStorage.removeItem(RECENT_KEY);
  showRecent();
  $('files').focus();
});
$('recent-status').addEventListener('change', showRecent);
$('recent-tag').addEventListener('change', showRecent);
