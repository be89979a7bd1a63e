import { readFile, writeFile } from 'node:fs/promises';
import { formatJson, readExamples, readmePath, runExamples } from './readme-example.ts';

// tsx scripts/write-examples.ts [URL of a running service]: runs the commands of the README, and writes their responses into it.

const examples = await readExamples();
const responses = await runExamples(examples, process.argv[2] ?? 'http://localhost:3000');
const idIn = (json: string) => (JSON.parse(json) as { batchId: string }).batchId;
const before = idIn(examples[0]?.json ?? '');
let readme = await readFile(readmePath, 'utf8');
for (const [index, { json }] of examples.entries()) readme = readme.replace(json, `${formatJson(responses[index])}\n`);
await writeFile(readmePath, readme.replaceAll(before, idIn(JSON.stringify(responses[0]))));
