import type { FormatName } from '../shared/config.ts';
import { fileExtension } from '../storage/results.ts';

/**
 * What a result is called when it is saved: as the original, with the extension of its own format. The last part of what
 * the client took for a name is kept, so that nothing in it leads elsewhere.
 *
 * @param variant name of the result where a file has several
 */
export function resultFileName(originalName: string, format: FormatName, variant?: string): string {
  const name = lastPart(originalName);
  const base = name.replace(/\.[^.]*$/, '') || name;
  return `${base}${variant === undefined ? '' : `-${variant}`}.${fileExtension(format)}`;
}

/** Last part of a name as a client wrote it, without control characters; never empty. */
export function lastPart(originalName: string): string {
  const part =
    originalName
      .split(/[/\\]/)
      .at(-1)
      ?.replace(/\p{Cc}/gu, '')
      .trim() ?? '';
  return part === '' || part === '.' || part === '..' ? 'image' : part;
}

/** Makes names different by a number where they would be the same, also for file systems that know no case. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const [, base = name, extension = ''] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? [];
    let unique = name;
    for (let number = 2; taken.has(unique.toLowerCase()); number += 1) unique = `${base} (${number})${extension}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
