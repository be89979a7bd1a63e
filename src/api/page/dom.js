// Helpers of all modules of the page.

export const $ = (id) => document.getElementById(id);

/** Creates an element with properties and children. */
export function createElement(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
