/** Counts the parts of a multipart body as it passes by. */
export interface PartCounter {
  push(chunk: Buffer): void;
  /** Parts that have begun so far. */
  readonly parts: number;
  /** Lines so far that begin with the boundary but go on with something other than a line break or the final `--`. */
  readonly strayBoundaries: number;
  /** Whether the type names a boundary; without one nothing can be counted, nor read. */
  readonly hasBoundary: boolean;
}

/** Finds the first parameter `boundary`, which the parser takes. A quoted value of an earlier parameter may contain that word. */
const BOUNDARY =
  /^[^;]*(?:;\s*(?!boundary=)[^=";\s]+=(?:"(?:[^"\\]|\\.)*"|[^";\s]+)\s*)*;\s*boundary=(?:"([^"\\]+)"|([^";,\s]+))/i;
/** What may follow the final `--`: white space and line breaks. */
const SPACES = Buffer.from(' \t\r\n');
/** Bytes after a boundary that tell what it is: `\r\n`, or `--` and one byte more. */
const LOOKAHEAD = 3;

/**
 * The parser passes over a part that it cannot understand without a word; only counting tells that one is missing.
 *
 * The parser ends a part at each line that begins with the boundary. If more follows in that line, the parser drops everything
 * up to the next boundary. RFC 2046 (section 5.1.1) allows white space there, and a file may contain such a line.
 *
 * @param contentType of the body
 */
export function createPartCounter(contentType: string): PartCounter {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const [most, partHead, end] = [delimiter.length + LOOKAHEAD - 1, '\r\n', '--'];
  // The first delimiter may stand at the very beginning, with no line before it.
  let tail: Buffer = Buffer.from('\r\n');
  let [parts, strayBoundaries] = [0, 0];
  const count = (text: Buffer) => {
    // A boundary too near the end of the text is counted with the next chunk.
    for (let at = text.indexOf(delimiter); at !== -1 && at + most < text.length; at = text.indexOf(delimiter, at + 1)) {
      const from = at + delimiter.length;
      const next = text.toString('latin1', from, from + 2);
      if (next === partHead) parts += 1;
      else if (next !== end || !SPACES.includes(text[from + 2] ?? 0)) strayBoundaries += 1;
    }
  };
  return {
    hasBoundary: boundary !== undefined,
    push(chunk) {
      if (boundary === undefined) return;
      const seam = Buffer.concat([tail, chunk.subarray(0, most)]);
      count(seam);
      count(chunk);
      tail =
        chunk.length >= most ? chunk.subarray(chunk.length - most) : seam.subarray(Math.max(0, seam.length - most));
    },
    get parts() {
      return parts;
    },
    get strayBoundaries() {
      return strayBoundaries;
    },
  };
}
