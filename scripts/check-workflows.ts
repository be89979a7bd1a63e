import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from '@actions/languageservice';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { projectRoot } from '../src/shared/setting-types.ts';

// Part of `npm run check`: validates the GitHub Actions workflows with the parser of GitHub's editor extension.

const folder = '.github/workflows';
for (const name of readdirSync(join(projectRoot, folder))) {
  const path = join(folder, name);
  const document = TextDocument.create(`file:///${path}`, 'yaml', 0, readFileSync(join(projectRoot, path), 'utf8'));
  for (const { range, message } of await validate(document)) {
    console.error(`${path}:${range.start.line + 1}: ${message}`);
    process.exitCode = 1;
  }
}
