// Sends chosen images in as many batches as the service needs, one after another.
import { upload } from '/page/api.js';
import { del, get, set } from '/page/idb-keyval.js';

/** Key of the files that are not sent yet, so that the page continues after a reload. */
const UNSENT = 'unsent';
/** Seconds before each retry after a network error. */
const RETRY_SECONDS = [1, 2, 4, 8];

/**
 * @typedef {object} Group the images of one batch
 * @property {string} key idempotency key: a retry makes no second batch
 * @property {import('./choose.js').Chosen[]} entries
 * @property {[string, string][]} options
 */

/** Divides images into the batches that the service takes. */
export function toGroups(entries, options, maxFiles) {
  const groups = [];
  for (let at = 0; at < entries.length; at += maxFiles) {
    groups.push({ key: crypto.randomUUID(), entries: entries.slice(at, at + maxFiles), options });
  }
  return groups;
}

/** Returns what an earlier visit has not sent; `undefined` if there is nothing. */
export async function loadUnsent() {
  const unsent = await get(UNSENT).catch(() => undefined);
  if (!unsent?.groups?.length) return undefined;
  const groups = unsent.groups.map(({ key, files, options }) => ({
    key,
    options,
    entries: files.map((file) => ({ file, preview: URL.createObjectURL(file) })),
  }));
  return { groups, batches: unsent.batches };
}

export const forgetUnsent = () => del(UNSENT).catch(() => undefined);

function saveUnsent(groups, batches) {
  if (groups.length === 0) return forgetUnsent();
  const stored = groups.map(({ key, entries, options }) => ({ key, options, files: entries.map(({ file }) => file) }));
  // Without storage, as in a private window, a reload loses what was not sent.
  return set(UNSENT, { groups: stored, batches }).catch(() => undefined);
}

const sizeOf = (entries) => entries.reduce((sum, { file }) => sum + file.size, 0);

/**
 * Creates a sender of groups.
 *
 * @param groups what to send
 * @param batches ids of the batches that were accepted before
 * @param onProgress called with `{ sentBytes, totalBytes, secondsLeft, sentFiles, totalFiles }`
 * @param onWait called with a sentence while it waits, and without one when it goes on
 * @param onRefused called with the group and the problem (RFC 9457) if the service refuses it; `resume` goes on with what `skip` leaves
 * @param onFailed called when the service stays unreachable; `resume` tries again
 * @param onDone called with the ids of all batches
 */
export function createSender({ groups, batches = [], onProgress, onWait, onRefused, onFailed, onDone }) {
  const waiting = [...groups];
  const accepted = [...batches];
  const totalBytes = groups.reduce((sum, { entries }) => sum + sizeOf(entries), 0);
  const totalFiles = groups.reduce((sum, { entries }) => sum + entries.length, 0);
  let [doneBytes, doneFiles, runBytes, runMs] = [0, 0, 0, 0];
  let controller = new AbortController();
  let state = 'idle';

  function report(sentBytes = 0) {
    const secondsLeft =
      runMs > 500 && runBytes > 0 ? ((totalBytes - doneBytes - sentBytes) * runMs) / runBytes / 1000 : undefined;
    onProgress({ sentBytes: doneBytes + sentBytes, totalBytes, secondsLeft, sentFiles: doneFiles, totalFiles });
  }

  function bodyOf({ entries, options }) {
    const body = new FormData();
    for (const { file } of entries) body.append('images', file, file.name);
    for (const [name, value] of options) body.append(name, value);
    return body;
  }

  /** Sends a group. Returns the response; `undefined` if there was none. */
  async function send(group) {
    const begin = performance.now();
    const [bytesBefore, msBefore, size] = [runBytes, runMs, sizeOf(group.entries)];
    const onSent = (sent) => {
      runBytes = bytesBefore + Math.min(sent, size);
      runMs = msBefore + performance.now() - begin;
      report(Math.min(sent, size));
    };
    const { signal } = controller;
    return upload(bodyOf(group), { onProgress: onSent, signal, idempotencyKey: group.key }).catch(() => undefined);
  }

  /** Waits, unless it is paused meanwhile. */
  async function pauseFor(seconds, why) {
    const { signal } = controller;
    for (let left = seconds; left > 0 && !signal.aborted; left -= 1) {
      onWait(`${why} Trying again in ${left} s.`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    onWait('');
  }

  async function run() {
    if (state === 'running') return;
    state = 'running';
    controller = new AbortController();
    await saveUnsent(waiting, accepted);
    for (let failures = 0; waiting.length > 0 && state === 'running'; ) {
      const [group] = waiting;
      report();
      const response = await send(group);
      if (state !== 'running') return;
      if (response?.status === 202) {
        failures = 0;
        waiting.shift();
        accepted.push(response.body.batchId);
        doneBytes += sizeOf(group.entries);
        doneFiles += group.entries.length;
        await saveUnsent(waiting, accepted);
      } else if (response?.status === 429 || response?.status === 503) {
        await pauseFor(response.retryAfter || 5, response.body?.detail ?? 'The service is busy.');
      } else if (response && response.status < 500) {
        state = 'stopped';
        return onRefused(group, response.body ?? {});
      } else if (failures < RETRY_SECONDS.length) {
        await pauseFor(RETRY_SECONDS[failures], 'The service is unreachable.');
        failures += 1;
      } else {
        state = 'stopped';
        return onFailed(response?.body?.detail ?? 'The service is unreachable. Check that it is running.');
      }
    }
    if (waiting.length > 0) return;
    state = 'done';
    report();
    onDone(accepted);
  }

  return {
    start: run,
    /** Also after a refusal or a failure. */
    resume: run,
    isSending: () => state === 'running',
    pause() {
      state = 'paused';
      controller.abort();
    },
    /** Leaves out images that the service refused. What remains of their batch is sent as another one. */
    skip(group, entries) {
      const left = group.entries.filter((entry) => !entries.includes(entry));
      waiting.shift();
      if (left.length > 0) waiting.unshift({ ...group, key: crypto.randomUUID(), entries: left });
      doneBytes += sizeOf(entries);
    },
    /** Ends it for good. The batches that were accepted remain. */
    async cancel() {
      state = 'cancelled';
      controller.abort();
      await forgetUnsent();
      return accepted;
    },
  };
}
