import { posix } from 'node:path';

/** Chooses where the results of files go. */
export interface OutputNames {
  /**
   * Returns the path of a file's results below the output folder, without variant and extension. A file keeps it for ever. `a.jpg` gets
   * `a`. If another file has that, as `a.png` would, it gets `a.jpg`, and then `a.jpg-2`.
   */
  targetOf(source: string, relativePath: string): string;
}

/**
 * Creates a chooser of names.
 *
 * @param taken targets of earlier runs, by source
 * @param variants names of the variants, which are appended to the target
 */
export function createOutputNames(taken: ReadonlyMap<string, string>, variants: readonly string[]): OutputNames {
  const targets = new Map(taken);
  const used = new Set<string>();
  // Compares without case, because the file systems of macOS and Windows do.
  const namesOf = (target: string) =>
    ['', ...variants.map((name) => `-${name}`)].map((suffix) => `${target}${suffix}`.toLowerCase());
  for (const target of targets.values()) for (const name of namesOf(target)) used.add(name);

  return {
    targetOf(source, relativePath) {
      const known = targets.get(source);
      if (known !== undefined) return known;
      const { dir, name, base } = posix.parse(relativePath);
      const candidates = [name, base, ...Array.from({ length: used.size + 1 }, (_, index) => `${base}-${index + 2}`)];
      const target = candidates
        .map((candidate) => posix.join(dir, candidate))
        .find((candidate) => !namesOf(candidate).some((taken) => used.has(taken)));
      if (target === undefined) throw new Error(`There is no free name for the results of ${relativePath}.`);
      targets.set(source, target);
      for (const name of namesOf(target)) used.add(name);
      return target;
    },
  };
}

/** Returns the names of the variants in the options of the service. */
export function variantNames(variants: unknown): string[] {
  const list = typeof variants === 'string' ? (JSON.parse(variants) as unknown) : variants;
  return Array.isArray(list) ? list.map(({ name }: { name?: unknown }) => String(name)) : [];
}
