// The page at /. It uses only the public API. This file connects what a person does: choose, send, follow, look, recent.
import { call, makeDownload } from '/page/api.js';
import { createChooser } from '/page/choose.js';
import { samples } from '/page/code-sample.js';
import { $, createElement, formatDuration, formatSize, images, showError } from '/page/dom.js';
import { askToNotify, canNotify, explainDelay, follow, notify, showInTab } from '/page/follow.js';
import { clearImages, showImages, showTools } from '/page/look.js';
import { markInvalid, updateEstimate } from '/page/options.js';
import { addRecent, checkRecent, forgetRecent, recent, showRecent } from '/page/recent.js';
import { createSender, forgetUnsent, loadUnsent, toGroups } from '/page/send.js';

const form = $('upload');

/** Presets and limits of the service. */
let offer;
function getOffer() {
  offer ??= call('/presets').then(async (response) => {
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  });
  return offer;
}

const getLimits = async () => (await getOffer()).limits;

// ---- Choosing

const chooser = createChooser({ getLimits, onChange: showSend });

/** Batches whose images are processed again with other options; without them the chosen images are uploaded. */
let source = [];

/** Returns the names and values of the options that are set. */
const optionEntries = () => [...new FormData(form)].filter(([, value]) => typeof value === 'string' && value !== '');

function showSend() {
  const count = chooser.ready().length;
  $('send').disabled = count === 0 && source.length === 0;
  $('send').textContent = source.length > 0 ? 'Process again' : count > 1 ? `Process ${count} images` : 'Process';
}

/** Shows the form for the images of batches, or without batches for images to choose. */
function setSource(batchIds, total = 0) {
  source = batchIds;
  const isAgain = batchIds.length > 0;
  $('source').hidden = !isAgain;
  $('source').textContent = isAgain ? `Choose other options for the ${images(total)} of the batch.` : '';
  for (const id of ['drop', 'chosen', 'left-out']) $(id).hidden = isAgain;
  if (isAgain) $('options').open = true;
  showError('');
  if (!isAgain) chooser.show();
  showSend();
  updateEstimate();
}

/** Shows what the service offers. */
async function showOffer() {
  const { presets, presetsOnly, limits } = await getOffer();
  const names = Object.keys(presets);
  $('preset').append(...names.map((name) => createElement('option', { value: name, textContent: name })));
  $('preset-row').hidden = names.length === 0;
  $('options').hidden = presetsOnly;
  const { maxFiles, maxFileBytes } = limits;
  $('files-hint').textContent =
    `or drop or paste images or folders anywhere on this page; any number, of up to ${formatSize(maxFileBytes)} each. ` +
    `They are sent in batches of ${maxFiles}.`;
}

// ---- Sending

let sender;

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  showError('');
  if (source.length > 0) return sendAgain();
  const { maxFiles } = await getLimits();
  startSending(toGroups(chooser.ready(), optionEntries(), maxFiles));
});

function startSending(groups, batches = []) {
  form.hidden = true;
  $('batch').hidden = true;
  $('unsent').hidden = true;
  $('sending').hidden = false;
  for (const id of ['sending-retry', 'sending-skip', 'sending-resume']) $(id).hidden = true;
  $('sending-pause').hidden = false;
  showError('', 'sending-error');
  sender = createSender({
    groups,
    batches,
    onProgress({ sentBytes, totalBytes, secondsLeft, sentFiles, totalFiles }) {
      const share = totalBytes === 0 ? 1 : sentBytes / totalBytes;
      $('sending-bar').value = share;
      const left = secondsLeft === undefined ? '' : `, ${formatDuration(secondsLeft)} left`;
      $('sending-text').textContent = `${Math.floor(share * 100)} % of ${formatSize(totalBytes)}${left}`;
      $('sending-title').textContent = `Uploading: ${sentFiles} of ${images(totalFiles)} sent`;
      showInTab(share);
    },
    onWait: (text) => {
      $('sending-wait').textContent = text;
    },
    onRefused,
    onFailed(message) {
      showError(message, 'sending-error');
      $('sending-retry').hidden = false;
      $('sending-pause').hidden = true;
      $('sending-retry').onclick = () => {
        showError('', 'sending-error');
        $('sending-retry').hidden = true;
        $('sending-pause').hidden = false;
        sender.resume();
      };
    },
    onDone(batchIds) {
      sender = undefined;
      showInTab(undefined);
      const entries = groups.flatMap((group) => group.entries);
      const names = entries.map(({ file }) => file.name);
      const [{ options }] = groups;
      chooser.clear();
      if (batchIds.length === 0) return endSending();
      const hash = batchIds.join(',');
      addRecent({ hash, names, total: names.length, options, at: Date.now() });
      $('sending').hidden = true;
      location.hash = hash;
    },
  });
  $('sending-title').focus();
  sender.start();
}

/** Returns to the form, with what was chosen. */
function endSending() {
  sender = undefined;
  showInTab(undefined);
  $('sending').hidden = true;
  form.hidden = false;
}

/** The service refused a batch: an option, or one of its images. Nothing of it was accepted. */
function onRefused(group, { code, detail = 'The service refused the images.' }) {
  const refused = group.entries.filter(({ file }) => detail.includes(JSON.stringify(file.name)));
  if (code === 'INVALID_OPTION' || code === 'INVALID_PARAMETER' || refused.length === 0) {
    forgetUnsent();
    endSending();
    showError(detail);
    return markInvalid(detail);
  }
  showError(detail, 'sending-error');
  chooser.refuse(refused, 'was refused by the service');
  $('sending-pause').hidden = true;
  $('sending-skip').hidden = false;
  $('sending-skip').textContent = refused.length === 1 ? 'Skip it and continue' : `Skip ${refused.length} and continue`;
  $('sending-skip').onclick = () => {
    showError('', 'sending-error');
    $('sending-skip').hidden = true;
    $('sending-pause').hidden = false;
    sender.skip(group, refused);
    sender.resume();
  };
}

$('sending-pause').addEventListener('click', () => {
  sender.pause();
  $('sending-pause').hidden = true;
  $('sending-resume').hidden = false;
  $('sending-resume').focus();
  $('sending-wait').textContent = 'Paused.';
});
$('sending-resume').addEventListener('click', () => {
  $('sending-resume').hidden = true;
  $('sending-pause').hidden = false;
  $('sending-pause').focus();
  $('sending-wait').textContent = '';
  sender.resume();
});
$('sending-cancel').addEventListener('click', async () => {
  const accepted = await sender.cancel();
  endSending();
  if (accepted.length > 0)
    showError(`The upload was cancelled. The ${accepted.length} batches that were sent before are processed.`);
  else $('files').focus();
});
addEventListener('beforeunload', (event) => {
  if (sender?.isSending()) event.preventDefault();
});

loadUnsent().then((unsent) => {
  if (!unsent || location.hash) return;
  const total = unsent.groups.reduce((sum, { entries }) => sum + entries.length, 0);
  $('unsent').hidden = false;
  $('unsent-text').textContent = `${images(total)} of your last visit ${total === 1 ? 'was' : 'were'} not sent.`;
  $('unsent-resume').onclick = () => startSending(unsent.groups, unsent.batches);
  $('unsent-discard').onclick = () => {
    forgetUnsent();
    $('unsent').hidden = true;
    $('files').focus();
  };
});

/** Processes the images of the shown batches again. */
async function sendAgain() {
  const made = [];
  for (const batchId of source) {
    const response = await postAction(batchId, 'reprocess', new URLSearchParams(optionEntries()));
    if (!response.ok) {
      showError(response.detail);
      return markInvalid(response.detail);
    }
    made.push(response);
  }
  openMade(made, optionEntries());
}

// ---- Following

let stopFollowing = () => {};
/** The batches on display: their ids, and the last status of each. */
let shown = { batchIds: [], names: [], statuses: new Map() };

function openBatches(hash) {
  stopFollowing();
  const batchIds = hash.split(',');
  const { names = [], options } = recent().find((batch) => batch.hash === hash) ?? {};
  shown = { batchIds, names, statuses: new Map() };
  form.hidden = true;
  $('batch').hidden = false;
  $('batch-title').textContent = 'Batch';
  $('batch-wait').textContent = '';
  // Nothing of the batch that was shown before may stay.
  showMessage('Loading …');
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
      showMessage(message);
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

function showMessage(text) {
  $('batch-status').textContent = text;
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
  showMessage(`${completed} done, ${failed} failed, ${total - completed - failed} remaining`);
  $('batch-progress').hidden = false;
  $('batch-progress').max = total;
  $('batch-progress').value = completed + failed;
  showInTab(hasEnded ? undefined : (completed + failed) / total);
  $('cancel').hidden = hasEnded;
  $('retry').hidden = !hasEnded || failed === 0;
  $('reprocess').hidden = !hasEnded;
  $('delete').hidden = !hasEnded;
  $('ask-notify').hidden = hasEnded || !canNotify() || Notification.permission === 'granted';
  showTools(completed > 0);
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
      makeDownload(link, showMessage);
      return link;
    }),
  );
}

/** Sends an action of a batch. Returns the body of the response, with `ok`. */
async function postAction(batchId, action, body) {
  const path = `/batches/${encodeURIComponent(batchId)}/${action}`;
  const response = await call(path, { method: 'POST', ...(body && { body }) }).catch(() => undefined);
  if (!response) return { ok: false, detail: 'The service is unreachable. Check that it is running, and try again.' };
  return { ...(await response.json()), ok: response.ok };
}

/** Opens batches that were made from those that are shown. */
function openMade(made, options) {
  const hash = made.map(({ batchId }) => batchId).join(',');
  const total = made.reduce((sum, { totalFiles }) => sum + totalFiles, 0);
  addRecent({
    hash,
    names: shown.names.length === total ? shown.names : [images(total)],
    total,
    options,
    at: Date.now(),
  });
  location.hash = hash;
}

$('cancel').addEventListener('click', async () => {
  $('batch-title').focus();
  for (const batchId of shown.batchIds) {
    const response = await postAction(batchId, 'cancel');
    if (!response.ok) showMessage(response.detail);
  }
});
$('retry').addEventListener('click', async () => {
  const made = [];
  for (const { batchId, progress } of shown.statuses.values()) {
    if (progress.failed === 0) continue;
    const response = await postAction(batchId, 'retry');
    if (!response.ok) return showMessage(response.detail);
    made.push(response);
  }
  openMade(made);
});
$('reprocess').addEventListener('click', () => {
  const total = [...shown.statuses.values()].reduce((sum, { progress }) => sum + progress.total, 0);
  $('batch').hidden = true;
  form.hidden = false;
  setSource(shown.batchIds, total);
  $('options').querySelector('summary').focus();
});
$('delete').addEventListener('click', async () => {
  if (!confirm('Delete these images and their results? This cannot be undone.')) return;
  for (const batchId of shown.batchIds) {
    const response = await call(`/batches/${encodeURIComponent(batchId)}`, { method: 'DELETE' }).catch(() => undefined);
    if (!response?.ok) return showMessage('The batch could not be deleted. Try again later.');
    forgetRecent(batchId);
  }
  location.hash = '';
  $('files').focus();
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

$('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText($('curl').textContent);
  $('copy').textContent = 'Copied';
  setTimeout(() => {
    $('copy').textContent = 'Copy';
  }, 2000);
});

// ---- Navigation: the ids are in the address, so that a reload or a link opens the batches again

function navigate() {
  stopFollowing();
  setSource([]);
  const hash = location.hash.slice(1);
  if (hash) return openBatches(hash);
  $('batch').hidden = true;
  form.hidden = Boolean(sender);
}

addEventListener('hashchange', navigate);
showRecent();
navigate();
// With an API key the list comes from the service. The first request asks for the key.
showOffer().then(
  () => showRecent().then(checkRecent),
  () => showError('The settings of the service could not be loaded. Reload the page to try again.'),
);
