// The page at /. It uses only the public API. This file has the form, and connects what a person does: choose, send, follow, look.
import { call } from '/page/api.js';
import { createChooser } from '/page/choose.js';
import { $, createElement, formatDuration, formatSize, images, showError } from '/page/dom.js';
import { showInTab } from '/page/follow.js';
import { markInvalid, updateEstimate } from '/page/options.js';
import { addRecent, checkRecent, showRecent } from '/page/recent.js';
import { createSender, forgetUnsent, loadUnsent, toGroups } from '/page/send.js';

const form = $('upload');

/** The module that shows batches. It is loaded after the form, so that the form is ready sooner on a slow connection. */
let batchModule;
function loadBatchModule() {
  batchModule ??= import('/page/batch.js').then(
    (loaded) => {
      loaded.setReprocess(chooseAgain);
      return loaded;
    },
    (error) => {
      batchModule = undefined;
      throw error;
    },
  );
  return batchModule;
}

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

/** Batches whose images, or some of them, are processed again with other options. Without them the chosen images are uploaded. */
let sources = [];

/** Returns the names and values of the options that are set. */
const optionEntries = () => [...new FormData(form)].filter(([, value]) => typeof value === 'string' && value !== '');

function showSend() {
  const count = chooser.ready().length;
  $('send').disabled = count === 0 && sources.length === 0;
  $('send').textContent = sources.length > 0 ? 'Process again' : count > 1 ? `Process ${count} images` : 'Process';
}

/** Shows the form for images of batches, or without batches for images to choose. */
function setSources(given, total = 0) {
  sources = given;
  const isAgain = given.length > 0;
  $('source').hidden = !isAgain;
  $('source').textContent = isAgain ? `Choose other options for ${images(total)} of the batch.` : '';
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
  if (sources.length > 0) {
    const { copyBatches } = await loadBatchModule();
    const problem = await copyBatches('reprocess', sources, optionEntries());
    if (!problem) return;
    showError(problem);
    return markInvalid(problem);
  }
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
    showError(
      `The upload was cancelled. ${accepted.length === 1 ? 'A batch' : `${accepted.length} batches`} sent before will be processed.`,
    );
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

// ---- Navigation: the ids are in the address, so that a reload or a link opens the batches again

/** Shows the form for images of batches that are processed again. */
async function chooseAgain(given, total) {
  (await loadBatchModule()).closeBatches();
  form.hidden = false;
  setSources(given, total);
  $('options').querySelector('summary').focus();
}

async function navigate() {
  setSources([]);
  const hash = location.hash.slice(1);
  form.hidden = Boolean(hash || sender);
  $('batch').hidden = !hash;
  if (!hash && !batchModule) return;
  const { closeBatches, openBatches } = await loadBatchModule();
  if (hash !== location.hash.slice(1)) return;
  closeBatches();
  if (hash) openBatches(hash);
}

const showIncomplete = () => showError('The page could not be loaded completely. Reload it to try again.');

addEventListener('hashchange', () => {
  navigate().catch(showIncomplete);
  // The element that had the focus is hidden now.
  if (!sender) $(location.hash ? 'batch-title' : 'files').focus();
});
showRecent();
navigate().catch(showIncomplete);
// With an API key the list comes from the service. The first request asks for the key.
showOffer().then(
  async () => {
    await loadBatchModule().catch(() => undefined);
    await showRecent();
    await checkRecent();
  },
  () => showError('The settings of the service could not be loaded. Reload the page to try again.'),
);
