import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { temporaryFolder } from './cleanup.ts';

const parts = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src', 'scripts'];

/**
 * A copy of the project with what is installed here: what its commands build, store or start cannot meet a service that
 * runs in the project itself.
 */
export async function copyOfProject(): Promise<string> {
  const folder = await temporaryFolder();
  for (const part of parts)
    await cp(join(projectRoot, part), join(folder, part), { recursive: true, preserveTimestamps: true });
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  for (const name of ['uploads', 'processed']) await mkdir(join(folder, name));
  return folder;
}
