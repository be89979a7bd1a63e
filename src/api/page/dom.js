// Small helpers for elements and texts.

export const $ = (id) => document.getElementById(id);

/** Creates an element with properties and children. */
export function createElement(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Creates a button. `label` is for screen readers, if the text alone does not say enough. */
export function createButton(textContent, onClick, label) {
  const button = createElement('button', { type: 'button', className: 'button', textContent });
  if (label) button.setAttribute('aria-label', label);
  button.addEventListener('click', onClick);
  return button;
}

/** Formats a file size. */
export function formatSize(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

export const images = (count) => `${count} ${count === 1 ? 'image' : 'images'}`;

/** Formats a time relative to now in the language of the browser, such as "5 minutes ago". */
export function formatAgo(time) {
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
  const seconds = (new Date(time).getTime() - Date.now()) / 1000;
  for (const [unit, length] of [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ]) {
    if (Math.abs(seconds) >= length) return format.format(Math.round(seconds / length), unit);
  }
  return format.format(Math.round(Math.min(0, seconds)), 'second');
}

/** Formats a duration, such as "2 min 5 s". */
export function formatDuration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Copies text, and says so on the button for two seconds. */
export async function copyText(text, button) {
  button.dataset.label ??= button.textContent;
  await navigator.clipboard.writeText(text);
  button.textContent = 'Copied';
  setTimeout(() => {
    button.textContent = button.dataset.label;
  }, 2000);
}

/** Shows an error where the person is, and moves the focus to it. */
export function showError(message, near = 'error') {
  $(near).textContent = message;
  $(near).hidden = !message;
  if (message) $(near).focus();
}
