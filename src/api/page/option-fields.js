// Builds a labelled control for each option from its JSON schema, so that a new option needs no change here.
import { createElement } from '/page/dom.js';

/** Labels of the options whose names say too little. */
const labels = {
  dpr: 'Pixels per screen pixel',
  crop: 'Use a part',
  trim: 'Trim edges',
  flip: 'Mirror top to bottom',
  flop: 'Mirror left to right',
  round: 'Round corners',
  pad: 'Padding',
  focus: 'Focus point',
  hue: 'Rotate hue',
  threshold: 'Black and white threshold',
  negate: 'Invert colours',
  median: 'Remove noise',
  maxBytes: 'Maximum bytes',
  effort: 'Encoding effort',
  colors: 'Number of colours',
  info: 'Describe the original',
  animated: 'Keep the animation',
  'watermark.color': 'Watermark colour',
  'watermark.scale': 'Watermark width',
};

/** Words for the values whose names say too little. */
const words = {
  true: 'yes',
  false: 'no',
  cover: 'crop',
  contain: 'pad',
  inside: 'fit inside',
  outside: 'cover, without cropping',
  fill: 'stretch',
  north: 'top',
  northeast: 'top right',
  east: 'right',
  southeast: 'bottom right',
  south: 'bottom',
  southwest: 'bottom left',
  west: 'left',
  northwest: 'top left',
  entropy: 'the part with the most detail',
  attention: 'the most salient part',
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  avif: 'AVIF',
  gif: 'GIF',
  original: 'same as the original',
  copyright: 'copyright and artist',
  'all-but-gps': 'all except the location',
};

/** Words in empty fields whose default is not a value that one could type. */
const placeholders = { height: 'automatic', rotate: 'none' };

/** Values that mean the same as another one. */
const synonyms = ['center'];

const isNumber = ({ type }) => type === 'integer' || type === 'number';

/**
 * Builds the controls of a set of options.
 *
 * @param properties JSON schemas by name of the option
 * @param prefix makes the ids unique if there are several sets
 * @returns the fields, and a `details` element for each group
 */
export function createOptionSet(properties, prefix = '') {
  const fields = Object.entries(properties).flatMap(([name, schema]) => {
    const leaves = schema.properties
      ? Object.entries(schema.properties).map(([member, inner]) => [`${name}.${member}`, inner])
      : [[name, schema]];
    return leaves.map(([path, leaf]) => ({ ...createField(path, leaf, prefix), group: schema['x-group'] }));
  });
  const groups = [...new Set(fields.map(({ group }) => group))].map((group) => {
    const legend = createElement('legend', { className: 'unseen', textContent: group });
    const elements = fields.filter((field) => field.group === group).map(({ element }) => element);
    const fieldset = createElement('fieldset', { className: 'fields' }, legend, ...elements);
    return createElement('details', {}, createElement('summary', { textContent: group }), fieldset);
  });
  return { fields, groups };
}

/** Builds the control of one option with its label and its description. */
export function createField(path, schema, prefix) {
  const id = `${prefix}${path.replace('.', '-')}`;
  const control = createControl(path, schema);
  control.id = id;
  const help = createElement('small', { id: `${id}-help` }, ...withCode(schema.description ?? ''));
  control.setAttribute('aria-describedby', help.id);
  const label = createElement('label', { htmlFor: id, textContent: labels[path] ?? toLabel(path) });
  const element = createElement('div', {}, label, control, help);
  const word = wordOf(schema);
  if (word) {
    control.setAttribute('list', `${id}-words`);
    element.append(createElement('datalist', { id: `${id}-words` }, createElement('option', { value: word })));
  }
  return { path, schema, control, element };
}

/** Returns the values that are set. A member of an option is in an object of its own. */
export function valuesOf(fields) {
  const values = {};
  for (const { path, schema, control } of fields) {
    if (control.value === '') continue;
    const [name, member] = path.split('.');
    const value = toValue(control.value, schema);
    if (member) values[name] = { ...values[name], [member]: value };
    else values[name] = value;
  }
  return values;
}

function toValue(text, { type }) {
  if (type === 'string') return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function createControl(path, schema) {
  const placeholder = placeholders[path] ?? String(schema['x-default'] ?? '');
  const choices = choicesOf(schema);
  if (choices) return createSelect(choices, schema['x-default']);
  if (isNumber(schema)) {
    const { minimum: min, maximum: max, type } = schema;
    return createElement('input', { type: 'number', min, max, step: type === 'integer' ? 1 : 'any', placeholder });
  }
  const control = createElement('input', { type: 'text', autocomplete: 'off', placeholder });
  if (schema.pattern) control.pattern = schema.pattern;
  if (schema.maxLength) control.maxLength = schema.maxLength;
  if (wordOf(schema)) checkNumberOrWord(control, schema.anyOf.find(isNumber), wordOf(schema));
  return control;
}

/** Returns the values to choose from, if the schema lists them. Beside words, `true` and `false` are only short for two of them. */
function choicesOf({ type, enum: values, anyOf = [] }) {
  const listed = values ?? anyOf.find((one) => one.enum)?.enum ?? (type === 'boolean' ? [true, false] : undefined);
  return listed?.filter((value) => !synonyms.includes(value));
}

/** Returns the word that a number can be replaced with. */
function wordOf({ anyOf = [] }) {
  return anyOf.find((one) => one.const)?.const;
}

function createSelect(values, preset) {
  const text = (value) => words[value] ?? String(value);
  const empty = preset === undefined ? 'default' : `${text(preset)} (default)`;
  return createElement(
    'select',
    {},
    createElement('option', { value: '', textContent: empty }),
    ...values.map((value) => createElement('option', { value: String(value), textContent: text(value) })),
  );
}

/** HTML has no input for a number or a word, so a text input checks its bounds itself. */
function checkNumberOrWord(control, { minimum, maximum }, word) {
  control.addEventListener('input', () => {
    const { value } = control;
    const isNumberInRange = /^\d+$/.test(value) && Number(value) >= minimum && Number(value) <= maximum;
    const isValid = value === '' || value === word || isNumberInRange;
    control.setCustomValidity(isValid ? '' : `Enter a whole number from ${minimum} to ${maximum}, or ${word}.`);
  });
}

/** `watermark.text` becomes `Watermark text`, and `keepMetadata` becomes `Keep metadata`. */
function toLabel(path) {
  const text = path.replace(/[A-Z.]/g, (found) => ` ${found.replace('.', '').toLowerCase()}`);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Splits a description at its backticks. */
function withCode(description) {
  return description
    .split('`')
    .map((text, index) => (index % 2 === 1 ? createElement('code', { textContent: text }) : text));
}
