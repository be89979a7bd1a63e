import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import GithubSlugger from 'github-slugger';
import { projectRoot } from '../../src/shared/setting-types.ts';

/** Folders without documents of the project. */
const SKIPPED = ['node_modules', '.git', '.redis', 'dist', 'coverage', 'uploads', 'processed'];

function markdownFiles(folder = projectRoot): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.includes(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Returns the text of a document without its code blocks, which can contain text that looks like links or headings. */
const proseOf = (path: string) => readFileSync(path, 'utf8').replace(/^```.*?^```$/gms, '');

/** Returns the anchors that GitHub generates for the headings of a document. */
function anchorsOf(path: string): string[] {
  const slugger = new GithubSlugger();
  const headings = proseOf(path).matchAll(/^#{1,6} (.+)$/gm);
  return Array.from(headings, ([, heading = '']) => slugger.slug(heading.replace(/\[(.*?)\]\(.*?\)/g, '$1')));
}

/** Returns the targets of the links and images of a document, except those on other hosts. */
function targetsOf(path: string): string[] {
  const links = proseOf(path).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g);
  return Array.from(links, ([, markdown, html]) => markdown ?? html ?? '').filter((to) => !/^[a-z]+:/.test(to));
}

describe('every relative link has an existing file and heading as its target', () => {
  test.each(markdownFiles().map((path) => relative(projectRoot, path)))('in %s', (name) => {
    const path = join(projectRoot, name);
    const broken = targetsOf(path).filter((target) => {
      const [file = '', anchor] = target.split('#');
      const to = file ? join(dirname(path), file) : path;
      return !existsSync(to) || (anchor !== undefined && !anchorsOf(to).includes(anchor));
    });
    expect(broken).toEqual([]);
  });
});
