import { spawnSync } from 'node:child_process';
import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../../scripts/install.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { describeIf } from '../support/describe-if.ts';

describeIf(findProgram('git') ? undefined : 'there is no git')('the pre-commit hook', () => {
  test('refuses a commit only if Biome would change a staged file', async () => {
    const folder = await temporaryFolder();
    for (const name of ['.editorconfig', '.githooks', '.gitignore', 'biome.json', 'package.json']) {
      await cp(join(projectRoot, name), join(folder, name), { recursive: true });
    }
    await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
    // When the tests run inside a git hook, git's own variables would point to this repository.
    const withoutGit = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
    const env = { ...Object.fromEntries(withoutGit), GIT_CONFIG_GLOBAL: '/dev/null' };
    const run = (program: string, ...args: string[]) =>
      spawnSync(program, args, { cwd: folder, env, encoding: 'utf8' });
    run('git', 'init', '--quiet');
    run('git', 'config', 'user.name', 'test');
    run('git', 'config', 'user.email', 'test@localhost');
    expect(run('npm', 'run', 'hooks')).toMatchObject({ status: 0 });

    const commit = async (name: string, content: string) => {
      await writeFile(join(folder, name), content);
      run('git', 'add', name);
      return run('git', 'commit', '--message', name);
    };
    expect(await commit('good.ts', 'export const text = 1;\n')).toMatchObject({ status: 0 });
    // A file type that Biome does not check.
    expect(await commit('notes.md', 'text\n')).toMatchObject({ status: 0 });
    const refused = await commit('bad.ts', 'export const  text = "x"\n');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('bad.ts');
    // bad.ts is no longer staged.
    run('git', 'reset', '--quiet');
    expect(await commit('good.ts', 'export const text = 2;\n')).toMatchObject({ status: 0 });
  });
});
