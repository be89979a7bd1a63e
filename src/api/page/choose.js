// Choosing images: files, folders, drops and the clipboard.
import { $, createButton, createElement, formatSize, images, showError } from '/page/dom.js';
import { inspectFile } from '/page/inspect-file.js';

/** @typedef {{ file: File, preview: string, problem?: string, note?: string }} Chosen */

/**
 * Creates the list of chosen images.
 *
 * @param getLimits returns a promise of the limits of the service
 * @param onChange called after each change
 */
export function createChooser({ getLimits, onChange }) {
  /** @type {Chosen[]} */
  let chosen = [];

  const keyOf = ({ name, size, lastModified }) => [name, size, lastModified].join('\n');

  // One choice after another, so that a file of two overlapping choices is found to be the same.
  let adding = Promise.resolve();
  function add(files) {
    adding = adding.catch(() => undefined).then(() => addNow(files));
    return adding;
  }

  async function addNow(files) {
    showError('');
    const limits = await getLimits();
    const known = new Set(chosen.map(({ file }) => keyOf(file)));
    for (const file of files) {
      const entry = { file, preview: '' };
      if (known.has(keyOf(file))) entry.problem = 'was chosen twice';
      else Object.assign(entry, await inspectFile(file, limits, formatSize));
      known.add(keyOf(file));
      if (!entry.problem) entry.preview = URL.createObjectURL(file);
      chosen.push(entry);
    }
    show();
  }

  function remove(entries) {
    for (const { preview } of entries) URL.revokeObjectURL(preview);
    chosen = chosen.filter((entry) => !entries.includes(entry));
    show();
  }

  function show() {
    $('chosen').replaceChildren(...chosen.map(renderRow));
    const left = chosen.filter(({ problem }) => problem).length;
    $('left-out').hidden = left === 0;
    $('left-out').textContent = `${images(left)} will be left out; the reason is beside ${left === 1 ? 'it' : 'each'}.`;
    $('clear').hidden = chosen.length < 2;
    onChange(ready());
  }

  function renderRow(entry) {
    const { file, preview, problem, note } = entry;
    const removeIt = () => {
      remove([entry]);
      $('files').focus();
    };
    const name = createElement('span', { className: 'name', textContent: `${file.name} · ${formatSize(file.size)}` });
    if (problem) name.append(createElement('span', { className: 'problem', textContent: `${file.name} ${problem}.` }));
    if (note === 'animation') {
      name.append(
        createElement('span', {
          className: 'hint',
          textContent: 'An animation: its first frame is used, unless the option Animated is on.',
        }),
      );
    }
    const picture = preview ? createElement('img', { src: preview, alt: '', loading: 'lazy', decoding: 'async' }) : '';
    const item = createElement('li', {}, picture, name, createButton('Remove', removeIt, `Remove ${file.name}`));
    item.classList.toggle('left-out', Boolean(problem));
    return item;
  }

  /** Entries that can be sent. */
  const ready = () => chosen.filter(({ problem }) => !problem);

  for (const id of ['files', 'folder']) {
    $(id).addEventListener('change', async ({ target }) => {
      const files = [...target.files];
      // Without this, choosing the same file again would fire no event.
      target.value = '';
      await add(files);
    });
  }
  $('clear').addEventListener('click', () => {
    remove(chosen);
    $('files').focus();
  });
  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0 || $('upload').hidden) return;
    event.preventDefault();
    add(files);
  });
  // The whole page is the target, since a file that is dropped beside a small one would replace the page.
  for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) {
    document.addEventListener(type, async (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      $('drop').classList.toggle('over', type === 'dragenter' || type === 'dragover');
      if (type === 'drop' && !$('upload').hidden) await add(await filesOf(event.dataTransfer));
    });
  }

  return {
    add,
    ready,
    /** Marks entries that the service refused. */
    refuse(entries, problem) {
      for (const entry of entries) entry.problem = problem;
      show();
    },
    clear: () => remove(chosen),
    show,
  };
}

/** Returns all files of a drop, also those in its folders. */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (entry instanceof File) return void found.push(entry);
  if (entry.isFile) return void found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
  const reader = entry.createReader();
  for (;;) {
    // A reader returns a hundred entries at a time, and none at the end.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const inner of some) if (!inner.name.startsWith('.')) await walk(inner, found);
  }
}
