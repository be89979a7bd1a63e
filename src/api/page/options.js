// The options of an upload. Their form is built from the OpenAPI document when a user opens it.
import { call } from '/page/api.js';
import { $, createElement } from '/page/dom.js';
import { estimateSize } from '/page/estimate.js';
import { createField, createOptionSet, valuesOf } from '/page/option-fields.js';

const form = $('upload');

/** Fields of the options that apply to every result. */
let common = [];
/** Additional sizes: the fields of each, and their element. */
let variants = [];
let presets = {};

// ---- Building the form

let isBuilt = false;
$('options').addEventListener('toggle', async () => {
  if (!$('options').open || isBuilt) return;
  isBuilt = true;
  await build().catch(() => {
    isBuilt = false;
    $('options-status').textContent = 'The options could not be loaded. Close them, and open them again.';
  });
});

async function build() {
  $('options-status').textContent = 'Loading …';
  const [{ components }, list] = await Promise.all(['/openapi.json', '/presets'].map(load));
  const { properties } = components.schemas.ProcessImagesForm;
  const options = Object.fromEntries(Object.entries(properties).filter(([, schema]) => schema['x-group']));
  offerWatermarks(options.watermark.properties, list.watermarks);
  presets = list.presets;
  const { fields, groups } = createOptionSet(options);
  common = fields;
  for (const { path, control } of fields) if (!path.includes('.')) control.name = path;
  groups[0].open = true;
  $('option-groups').replaceChildren(...groups);
  $('add-variant').addEventListener('click', () => addVariant(options));
  $('add-variant').hidden = false;
  $('options-status').textContent = '';
  updateEstimate();
}

async function load(path) {
  const response = await call(path);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

/** The document cannot list the images of the operator. */
function offerWatermarks(members, names) {
  if (names.length > 0) members.image.enum = names;
  else delete members.image;
}

// ---- Additional sizes

let addedVariants = 0;

function addVariant(options) {
  addedVariants += 1;
  const name = `size-${addedVariants}`;
  const nameField = createField('name', { type: 'string', description: 'name of the result' }, `${name}-`);
  Object.assign(nameField.control, { required: true, value: name });
  const { fields, groups } = createOptionSet(options, `${name}-`);
  const title = `Size ${addedVariants}`;
  const remove = createElement('button', { type: 'button', className: 'button', textContent: `Remove ${title}` });
  const legend = createElement('legend', { textContent: title });
  const element = createElement('fieldset', { className: 'variant' }, legend, nameField.element, ...groups, remove);
  const variant = { fields: [nameField, ...fields], element };
  const change = (list) => {
    variants = list;
    $('variants').replaceChildren(...variants.map((one) => one.element));
    $('variants-hint').hidden = variants.length === 0;
    updateEstimate();
  };
  remove.addEventListener('click', () => {
    change(variants.filter((other) => other !== variant));
    $('add-variant').focus();
  });
  change([...variants, variant]);
  nameField.control.select();
}

form.addEventListener('formdata', ({ formData }) => {
  for (const [name, value] of Object.entries(valuesOf(common))) {
    if (typeof value === 'object') formData.set(name, JSON.stringify(value));
  }
  const sets = variants.map(({ fields }) => valuesOf(fields));
  if (sets.length > 0) formData.set('variants', JSON.stringify(sets));
});

// ---- Invalid values

/** Marks the fields that an error of the service names, as in `width must be …; variants[0].fit must be …`, and focuses the first. */
export function markInvalid(detail) {
  const named = [
    ...common.map(({ path, control }) => [path, control]),
    ...variants.flatMap(({ fields }, index) =>
      fields.map(({ path, control }) => [`variants[${index}].${path}`, control]),
    ),
  ];
  const controls = detail.split('; ').flatMap((problem) => {
    const [name] = problem.split(' ');
    const [, control] =
      named.find(([path]) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`)) ?? [];
    return control ? [control] : [];
  });
  for (const control of controls) mark(control);
  controls[0]?.focus();
}

function mark(control) {
  control.setAttribute('aria-invalid', 'true');
  for (let at = control.closest('details'); at; at = at.parentElement.closest('details')) at.open = true;
}

// The browser focuses an invalid field only if it is visible, so its group is opened before.
form.addEventListener('invalid', ({ target }) => mark(target), true);
form.addEventListener('submit', () => {
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
});
form.addEventListener('input', ({ target }) => {
  target.removeAttribute('aria-invalid');
  updateEstimate();
});

// ---- Size of the results

/** Shows the size that the results of the first chosen image will have. */
export function updateEstimate() {
  const image = $('chosen').hidden ? undefined : $('chosen').querySelector('img');
  const natural = { width: image?.naturalWidth, height: image?.naturalHeight };
  const fields = [...common, ...variants.flatMap((variant) => variant.fields)];
  const isKnown = fields.length > 0 && natural.width && fields.every(({ control }) => control.validity.valid);
  const sizes = isKnown ? estimates(natural) : [];
  $('estimate').hidden = sizes.length === 0 || sizes.includes(undefined);
  $('estimate').textContent =
    `The first image has ${natural.width}×${natural.height} pixels. Its ` +
    `${sizes.length > 1 ? 'results have' : 'result has'} ${sizes.join(', ')} pixels.`;
}

function estimates(natural) {
  const { variants: ofPreset = [{}], ...shared } = { ...presets[$('preset').value], ...valuesOf(common) };
  const sets = variants.length > 0 ? variants.map(({ fields }) => valuesOf(fields)) : ofPreset;
  return sets.map(({ name, ...own }) => {
    const options = { ...shared, ...own };
    const size = estimateSize(natural, options);
    // How much of the image `trim` leaves depends on its pixels.
    const about = options.trim === undefined ? '' : 'about ';
    return size && `${name ? `${name}: ` : ''}${about}${size.width}×${size.height}`;
  });
}

// The size of an image is known once it is loaded. This event does not bubble.
$('chosen').addEventListener('load', updateEstimate, true);
