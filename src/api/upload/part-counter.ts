/** Counts the parts of a multipart body, chunk by chunk. */
export interface PartCounter {
  push(chunk: Buffer): void;
  /** Number of parts so far. */
  readonly parts: number;
  /** Number of lines so far that start with the boundary, but continue with something other than a line break or the final `--`. */
  readonly strayBoundaries: number;
  /** Whether the `Content-Type` contains a boundary. Without one the body cannot be parsed. */
  readonly hasBoundary: boolean;
}

/** Matches the first `boundary` parameter, which the parser uses. The quoted value of an earlier parameter may contain that word. */
const BOUNDARY =
  /^[^;]*(?:;\s*(?!boundary=)[^=";\s]+=(?:"(?:[^"\\]|\\.)*"|[^";\s]+)\s*)*;\s*boundary=(?:"([^"\\]+)"|([^";,\s]+))/i;
/** Characters that may follow the final `--`: white space and line breaks. */
const SPACES = Buffer.from(' \t\r\n');
/** Number of bytes after a boundary that identify its kind: `\r\n`, or `--` and one more byte. */
const LOOKAHEAD = 3;

/**
 * Creates a counter of the parts of a body. The parser silently skips a part that it cannot parse, so we count the parts to detect that
 * one is missing.
 *
 * The parser ends a part at each line that starts with the boundary. If more follows in that line, it drops everything up to the next
 * boundary. RFC 2046 (section 5.1.1) allows white space there, and a file may contain such a line.
 *
 * @param contentType the `Content-Type` header of the body
 */
export function createPartCounter(contentType: string): PartCounter {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const [overlap, partHead, end] = [delimiter.length + LOOKAHEAD - 1, '\r\n', '--'];
  // The first delimiter may be at the very start of the body, without a line break before it.
  let tail: Buffer = Buffer.from('\r\n');
  let [parts, strayBoundaries] = [0, 0];
  const count = (text: Buffer) => {
    // A boundary too close to the end of the text is counted with the next chunk.
    for (
      let at = text.indexOf(delimiter);
      at !== -1 && at + overlap < text.length;
      at = text.indexOf(delimiter, at + 1)
    ) {
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
      const seam = Buffer.concat([tail, chunk.subarray(0, overlap)]);
      count(seam);
      count(chunk);
      tail =
        chunk.length >= overlap
          ? chunk.subarray(chunk.length - overlap)
          : seam.subarray(Math.max(0, seam.length - overlap));
    },
    get parts() {
      return parts;
    },
    get strayBoundaries() {
      return strayBoundaries;
    },
  };
}
