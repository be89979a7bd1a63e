// The same upload as a command or a program.
import { hasKey } from '/page/api.js';

const shell = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const quoted = (text) => JSON.stringify(text);
/** curl reads quotes and backslashes in a file name itself. */
const curlFile = (name) => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

function curl(names, options) {
  const parts = [
    ...(hasKey() ? ['-H "Authorization: Bearer $API_KEY"'] : []),
    ...names.map((name) => `-F ${shell(`images=@${curlFile(name)}`)}`),
    ...options.map(([name, value]) => `-F ${shell(`${name}=${value}`)}`),
  ];
  return `curl ${parts.join(' ')} ${location.origin}/process-images`;
}

function javascript(names, options) {
  const key = hasKey() ? ", headers: { Authorization: 'Bearer ' + process.env.API_KEY }" : '';
  return [
    "import { openAsBlob } from 'node:fs';",
    'const form = new FormData();',
    ...names.map((name) => `form.append('images', await openAsBlob(${quoted(name)}), ${quoted(name)});`),
    ...options.map(([name, value]) => `form.append(${quoted(name)}, ${quoted(value)});`),
    `const response = await fetch('${location.origin}/process-images', { method: 'POST', body: form${key} });`,
    'console.log(await response.json());',
  ].join('\n');
}

function python(names, options) {
  const key = hasKey() ? ', headers={"Authorization": f"Bearer {os.environ[\'API_KEY\']}"}' : '';
  return [
    ...(hasKey() ? ['import os'] : []),
    'import requests',
    `files = [${names.map((name) => `("images", open(${quoted(name)}, "rb"))`).join(', ')}]`,
    `options = {${options.map(([name, value]) => `${quoted(name)}: ${quoted(value)}`).join(', ')}}`,
    `response = requests.post("${location.origin}/process-images", files=files, data=options${key})`,
    'print(response.json())',
  ].join('\n');
}

/** Languages by name. */
export const samples = { curl, JavaScript: javascript, Python: python };
