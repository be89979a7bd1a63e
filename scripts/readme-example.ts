import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { projectRoot } from '../src/shared/setting-types.ts';

// The example of the README: its commands and the JSON that the service responds.

/** The README. */
export const readmePath = join(projectRoot, 'README.md');

/** A curl command of the README and the JSON after it. */
export interface Example {
  command: string;
  /** As it is written. */
  json: string;
}

/** Reads the commands of the README that have a JSON response. */
export async function readExamples(): Promise<Example[]> {
  const readme = await readFile(readmePath, 'utf8');
  const blocks = readme.matchAll(/^```bash\n(curl [^\n]+)\n```\n\n```json\n(.*?\n)```$/gms);
  return Array.from(blocks, ([, command = '', json = '']) => ({ command, json }));
}

/** Sends the requests of the README's commands, each with the batch of the first response, and returns the responses in order. */
export async function runExamples(examples: readonly Example[], service: string): Promise<object[]> {
  const responses: { batchId?: string }[] = [];
  for (const { command } of examples) {
    const [, path = ''] = /http:\/\/localhost:3000(\S+)/.exec(command) ?? [];
    const [, header, value] = /-H '([^:]+): ([^']+)'/.exec(command) ?? [];
    const [, field, file] = /-F (\w+)=@(\S+)/.exec(command) ?? [];
    const url = service + path.replace(/(?<=\/batches\/)[^/]+/, responses[0]?.batchId ?? '');
    const init: RequestInit = { headers: header && value ? { [header]: value } : {} };
    if (field && file) {
      const body = new FormData();
      body.append(field, await openAsBlob(join(projectRoot, file)), basename(file));
      Object.assign(init, { method: 'POST', body });
    }
    const response = await fetch(url, init);
    if (!response.ok) throw new Error(`${command}: ${response.status} ${await response.text()}`);
    responses.push((await response.json()) as object);
  }
  return responses;
}

/** Maximum characters of a line. */
const WIDTH = 110;

/** Writes JSON with as many members on a line as fit, so that the README stays short. */
export function formatJson(value: unknown, indent = '', prefix = ''): string {
  const short = inOneLine(value);
  if (typeof value !== 'object' || value === null || indent.length + prefix.length + short.length <= WIDTH)
    return short;
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const members = Object.entries(value).map(([name, member]) => {
    const key = isList ? '' : `${JSON.stringify(name)}: `;
    return key + formatJson(member, inner, key);
  });
  const lines: string[] = [];
  for (const [index, member] of members.entries()) {
    const text = index < members.length - 1 ? `${member},` : member;
    const last = lines.at(-1) ?? '';
    const fits = !`${last}${text}`.includes('\n') && `${inner}${last} ${text}`.length <= WIDTH;
    if (last !== '' && fits) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  }
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return `${open}\n${lines.map((line) => inner + line).join('\n')}\n${indent}${close}`;
}

function inOneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`;
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${inOneLine(member)}`);
  return members.length > 0 ? `{ ${members.join(', ')} }` : '{}';
}
