// A selection of images that have ended, and what can be done with it.
import { call, hasKey } from '/page/api.js';
import { $, copyText, createElement, images } from '/page/dom.js';
import { createDownload, outputsOf, say } from '/page/result.js';

/** Selected files by job id. */
const selected = new Map();

/** Creates the check box of a file. */
export function createCheck(file) {
  const { jobId, originalName } = file;
  const check = createElement('input', { type: 'checkbox', checked: selected.has(jobId) });
  check.setAttribute('aria-label', `Select ${originalName}`);
  check.addEventListener('change', () => {
    if (check.checked) selected.set(jobId, file);
    else selected.delete(jobId);
    showSelection();
  });
  return check;
}

/** Selects these files, and no others. */
export function select(files) {
  selected.clear();
  for (const file of files) selected.set(file.jobId, file);
  for (const check of $('results').querySelectorAll('input[type="checkbox"]')) {
    check.checked = selected.has(check.closest('li').dataset.jobId);
  }
  showSelection();
}

function showSelection() {
  const files = [...selected.values()];
  const hasResults = files.some(({ result }) => result);
  $('selection').hidden = files.length === 0;
  $('selection-count').textContent = `${images(files.length)} selected`;
  $('download-selected').hidden = !hasResults;
  $('copy-selected').hidden = !hasResults;
  $('retry-selected').hidden = !files.some(({ state }) => state === 'failed');
}

let actions;

/** Sets what the page does with files: `onReprocess`, `onRetry` and `onDelete`, each called with a list of files. */
export function setActions(given) {
  actions = given;
}

/** Retries those files that have failed. */
export const retry = (files) => actions.onRetry(files.filter(({ state }) => state === 'failed'));

$('reprocess-selected').addEventListener('click', () => actions.onReprocess([...selected.values()]));
$('retry-selected').addEventListener('click', () => retry([...selected.values()]));
$('delete-selected').addEventListener('click', () => actions.onDelete([...selected.values()]));
$('select-none').addEventListener('click', () => {
  select([]);
  $('batch-title').focus();
});
$('download-selected').addEventListener('click', async () => {
  for (const output of [...selected.values()].flatMap(outputsOf)) {
    createDownload(output).click();
    // Browsers drop downloads that begin at the same moment.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
});
$('copy-selected').addEventListener('click', async ({ target }) => {
  const addresses = [];
  for (const file of selected.values()) {
    if (file.result) addresses.push(await addressOf(file));
  }
  await copyText(addresses.join('\n'), target).catch(() => say(addresses.join(' ')));
});

/** Returns an address that others can open: a signed link where keys are in use, if the service makes them. */
async function addressOf({ jobId, result }) {
  const plain = location.origin + result.resultUrl;
  if (!hasKey()) return plain;
  const response = await call(`/jobs/${encodeURIComponent(jobId)}/links`, { method: 'POST' }).catch(() => undefined);
  return response?.ok ? (await response.json()).url : plain;
}
