/** Counts the parts of a multipart body as it passes by. */
export interface PartCounter {
  push(chunk: Buffer): void;
  /** Parts that have begun so far. */
  readonly parts: number;
  /** Whether the type names a boundary; without one nothing can be counted, nor read. */
  readonly hasBoundary: boolean;
}

/**
 * The parser passes over a part that it cannot understand without a word; only counting tells that one is missing.
 *
 * @param contentType of the body
 */
export function createPartCounter(contentType: string): PartCounter {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"\\]+)"|([^";,\s]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  const delimiter = Buffer.from(`\r\n--${boundary}\r\n`, 'latin1');
  // The first delimiter may stand at the very beginning, with no line before it.
  let tail: Buffer = Buffer.from('\r\n');
  let parts = 0;
  const count = (text: Buffer) => {
    // One delimiter may end with the line break that the next begins with.
    for (let at = text.indexOf(delimiter); at !== -1; at = text.indexOf(delimiter, at + delimiter.length - 2))
      parts += 1;
  };
  return {
    hasBoundary: boundary !== undefined,
    push(chunk) {
      if (boundary === undefined) return;
      // What could still become a delimiter, but never a whole one, which would be counted again.
      const most = delimiter.length - 1;
      const seam = Buffer.concat([tail, chunk.subarray(0, most)]);
      count(seam);
      count(chunk);
      tail =
        chunk.length >= most ? chunk.subarray(chunk.length - most) : seam.subarray(Math.max(0, seam.length - most));
    },
    get parts() {
      return parts;
    },
  };
}
