import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { temporaryFolder } from './cleanup.ts';

const parts = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src', 'scripts', 'dist'];

/**
 * Copies the project, with its build, into a temporary folder and links the installed packages. Commands that run there cannot disturb a
 * service that runs in the project folder.
 */
export async function copyOfProject(): Promise<string> {
  const folder = await temporaryFolder();
  for (const part of parts)
    await cp(join(projectRoot, part), join(folder, part), { recursive: true, preserveTimestamps: true });
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  for (const name of ['uploads', 'processed']) await mkdir(join(folder, name));
  return folder;
}
