import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../src/shared/setting-types.ts';
import { REFERENCE_FOLDER, referenceFiles } from './reference/files.ts';

// `npm run docs`: generates docs/reference/, .env.example and the types of client/ from the schemas of the source code.

mkdirSync(join(projectRoot, REFERENCE_FOLDER), { recursive: true });
for (const [path, content] of Object.entries(referenceFiles())) writeFileSync(join(projectRoot, path), content);
