// The batch that is shown, or several that are shown as one: their status, and what can be done with them.
import { call, makeDownload } from '/page/api.js';
import { samples } from '/page/code-sample.js';
import { $, copyText, createElement, images } from '/page/dom.js';
import { askToNotify, canNotify, explainDelay, follow, notify, showInTab } from '/page/follow.js';
import { clearImages, showImages, showTools } from '/page/look.js';
import { addRecent, forgetRecent, recent } from '/page/recent.js';
import { say } from '/page/result.js';
import { setActions } from '/page/select.js';

let stopFollowing = () => {};
/** The batches on display: their ids, and the last status of each. */
let shown = { batchIds: [], names: [], statuses: new Map() };

/** Stops following what is shown. */
export function closeBatches() {
  stopFollowing();
  $('batch').hidden = true;
}

/** Shows batches: `hash` has their ids, separated by commas. */
export function openBatches(hash) {
  stopFollowing();
  const batchIds = hash.split(',');
  const { names = [], options } = recent().find((batch) => batch.hash === hash) ?? {};
  shown = { batchIds, names, statuses: new Map() };
  $('batch').hidden = false;
  $('batch-title').textContent = 'Batch';
  $('batch-wait').textContent = '';
  // Nothing of the batch that was shown before may stay.
  say('Loading …');
  $('batch-progress').hidden = true;
  for (const id of ['archives', 'cancel', 'retry', 'reprocess', 'delete', 'ask-notify']) $(id).hidden = true;
  clearImages();
  showTools(false);
  showSamples(names, options);

  const hasBegun = () => [...shown.statuses.values()].some(({ status }) => status !== 'waiting');
  const stopExplaining = explainDelay(
    () => shown.statuses.size === 0 || hasBegun(),
    (text) => {
      $('batch-wait').textContent = text;
    },
  );
  let wasRunning = false;
  const stop = follow(batchIds, {
    onStatus(status) {
      wasRunning ||= !status.status.startsWith('completed');
      shown.statuses.set(status.batchId, status);
      showImages(status);
      showBatches();
    },
    onMissing(batchId, message) {
      forgetRecent(batchId);
      say(message);
    },
    onConnection: (text) => {
      $('batch-wait').textContent = text;
    },
    onEnd() {
      stopExplaining();
      showInTab(undefined);
      if (wasRunning) notify($('batch-status').textContent);
    },
  });
  stopFollowing = () => {
    stop();
    stopExplaining();
    showInTab(undefined);
  };
}

/** Shows several batches as one. */
function showBatches() {
  const statuses = [...shown.statuses.values()];
  const count = (key) => statuses.reduce((sum, { progress }) => sum + progress[key], 0);
  const [total, completed, failed] = [count('total'), count('completed'), count('failed')];
  const isComplete = statuses.length === shown.batchIds.length;
  const hasEnded = isComplete && statuses.every(({ status }) => status.startsWith('completed'));
  const hasBegun = statuses.some(({ status }) => status !== 'waiting');
  const word = hasEnded ? (failed > 0 ? 'done, with errors' : 'done') : hasBegun ? 'in progress' : 'waiting';
  $('batch-title').textContent = `Batch of ${images(total)}: ${word}`;
  say(`${completed} done, ${failed} failed, ${total - completed - failed} remaining`);
  $('batch-progress').hidden = false;
  $('batch-progress').max = total;
  $('batch-progress').value = completed + failed;
  showInTab(hasEnded ? undefined : (completed + failed) / total);
  $('cancel').hidden = hasEnded;
  $('retry').hidden = !hasEnded || failed === 0;
  $('reprocess').hidden = !hasEnded;
  $('delete').hidden = !hasEnded;
  $('ask-notify').hidden = hasEnded || !canNotify() || Notification.permission === 'granted';
  showTools(completed + failed > 0);
  showArchives(hasEnded ? statuses.filter(({ progress }) => progress.completed > 0) : []);
}

function showArchives(statuses) {
  const list = $('archives');
  const ids = statuses.map(({ batchId }) => batchId).join();
  list.hidden = statuses.length === 0;
  if (list.dataset.ids === ids) return;
  list.dataset.ids = ids;
  list.replaceChildren(
    ...statuses.map(({ links }, at) => {
      const textContent = statuses.length === 1 ? 'Download all' : `Download part ${at + 1}`;
      const link = createElement('a', { href: links.archive, className: 'button archive', download: '', textContent });
      makeDownload(link, say);
      return link;
    }),
  );
}

/** Sends a request that changes something. Returns the body of the response, with `ok`. */
async function send(path, method, body) {
  const response = await call(path, { method, ...(body && { body }) }).catch(() => undefined);
  if (!response) return { ok: false, detail: 'The service is unreachable. Check that it is running, and try again.' };
  const text = await response.text();
  return { ...(text && JSON.parse(text)), ok: response.ok };
}

const pathOf = (batchId) => `/batches/${encodeURIComponent(batchId)}`;

/**
 * Makes a new batch of each source, and opens them.
 *
 * @param action `retry` or `reprocess`
 * @param sources `{ batchId, files }`: positions of files in the batch, or all without `files`
 * @returns the error message of the service, or none
 */
export async function copyBatches(action, sources, options = []) {
  const made = [];
  const remembered = action === 'reprocess' ? options : undefined;
  for (const { batchId, files } of sources) {
    const body = new URLSearchParams([...options, ...(files ? [['files', files.join(',')]] : [])]);
    const response = await send(`${pathOf(batchId)}/${action}`, 'POST', body);
    if (!response.ok) {
      if (made.length === 0) return response.detail;
      remember(made, remembered);
      return `Only ${made.length} of ${sources.length} batches could be made; see the recent batches. ${response.detail}`;
    }
    made.push(response);
  }
  location.hash = remember(made, remembered);
}

/** Returns the batches of files, with the positions of the files in them. A job id is a batch id and a position. */
function toSources(files) {
  const sources = new Map();
  for (const { jobId } of files) {
    const end = jobId.lastIndexOf('-');
    const batchId = jobId.slice(0, end);
    const source = sources.get(batchId) ?? { batchId, files: [] };
    source.files.push(Number(jobId.slice(end + 1)));
    sources.set(batchId, source);
  }
  return [...sources.values()];
}

/** Sets how the page asks for other options. `onReprocess` is called with sources and the number of their images. */
export function setReprocess(onReprocess) {
  $('reprocess').addEventListener('click', () => {
    const total = [...shown.statuses.values()].reduce((sum, { progress }) => sum + progress.total, 0);
    onReprocess(
      shown.batchIds.map((batchId) => ({ batchId })),
      total,
    );
  });
  setActions({
    onReprocess: (files) => onReprocess(toSources(files), files.length),
    onRetry: async (files) => say((await copyBatches('retry', toSources(files))) ?? ''),
    onDelete: deleteFiles,
  });
}

async function deleteFiles(files) {
  if (!confirm(`Delete ${images(files.length)} and the results? This cannot be undone.`)) return;
  for (const { jobId } of files) {
    const response = await send(`/jobs/${encodeURIComponent(jobId)}`, 'DELETE');
    if (!response.ok) return say(response.detail);
  }
  openBatches(shown.batchIds.join(','));
  $('batch-title').focus();
}

/** Lists batches that were made from those that are shown. Returns the hash that opens them. */
function remember(made, options) {
  const hash = made.map(({ batchId }) => batchId).join(',');
  const total = made.reduce((sum, { totalFiles }) => sum + totalFiles, 0);
  addRecent({
    hash,
    names: shown.names.length === total ? shown.names : [images(total)],
    total,
    options,
    at: Date.now(),
  });
  return hash;
}

$('cancel').addEventListener('click', async () => {
  $('batch-title').focus();
  for (const batchId of shown.batchIds) {
    const response = await send(`${pathOf(batchId)}/cancel`, 'POST');
    if (!response.ok) say(response.detail);
  }
});
$('retry').addEventListener('click', async () => {
  const failed = [...shown.statuses.values()].filter(({ progress }) => progress.failed > 0);
  const problem = await copyBatches(
    'retry',
    failed.map(({ batchId }) => ({ batchId })),
  );
  if (problem) say(problem);
});
$('delete').addEventListener('click', async () => {
  if (!confirm('Delete these images and their results? This cannot be undone.')) return;
  for (const batchId of shown.batchIds) {
    const response = await send(pathOf(batchId), 'DELETE');
    if (!response.ok) return say(response.detail);
    forgetRecent(batchId);
  }
  location.hash = '';
});
$('ask-notify').addEventListener('click', async () => {
  $('ask-notify').hidden = await askToNotify();
});
$('another').addEventListener('click', () => {
  location.hash = '';
});

// ---- The same request as a command or a program

let sample = 'curl';

function showSamples(names, options) {
  $('code-row').hidden = !options;
  if (!options) return;
  $('code-languages').replaceChildren(
    ...Object.keys(samples).map((language) => {
      const button = createElement('button', { type: 'button', className: 'button', textContent: language });
      button.setAttribute('aria-pressed', String(language === sample));
      button.addEventListener('click', () => {
        sample = language;
        showSamples(names, options);
        $('code-languages').querySelector('[aria-pressed="true"]').focus();
      });
      return button;
    }),
  );
  $('curl').textContent = samples[sample](names.slice(0, 10), options);
}

$('copy').addEventListener('click', ({ target }) => copyText($('curl').textContent, target));
