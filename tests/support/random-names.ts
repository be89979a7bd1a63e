import type { Random } from './random.ts';
import { escaped } from './saved-names.ts';

/** A file name as a client sends it. */
export interface SentName {
  /** The parameter of the part's header that contains the name. */
  parameter: string;
  /** The name that the API must return if it accepts the file; `undefined` where the header form does not define it. */
  returnedAs: string | undefined;
}

/** The pieces of which random names consist. */
const pieces = [
  ...['a', 'photo', ' ', '.', '..', '... ', '-', '~1', '$', '%', '`', ';', '=', '__proto__'],
  ...['.jpg', '.PNG', '.tar.gz', '.unfinished', 'manifest.json', 'MANIFEST.JSON', 'processed-'],
  ...['../', '..\\', '/', '\\', 'C:\\', 'A: ', 'a:b', '//host/share/', '\\\\?\\'],
  ...['CON', 'prn', 'Aux', 'NUL', 'COM1', 'com¹', 'LPT9', 'lpt³', 'CONIN$', 'conout$'],
  ...['<', '>', ':', '"', "'", '|', '?', '*', '<\u0338', '\r\n', '\r', '\n', '\t', '\0', '\x7f', '\u0085'],
  ...['%2e%2e%2f', '%22', '%0A', '%00', '%E0', '%', "filename*=UTF-8''%E0"],
  ...['\ud83d', '\udc00', '\ufffe', '\uffff', '\ufeff', '\u00ad', '\u200b', '\u200c', '\u200d', '\u2028', '\u2029'],
  ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202e', '\u2066', '\u2069', '\u00a0', '\u3000'],
  ...['📷', '👨‍👩‍👧', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '写真', 'می\u200cخواهم', '한', '\u1112\u1161\u11ab', 'é', 'e\u0301', '\u0301', '\u0958'],
  ...['ß', 'ẞ', 'SS', 'İ', 'ı', 'ſ', 'ς', 'Σ', 'ﬁ', '\u01f0', '\u212a', '\u2126'],
];

/** Length of the longest names in UTF-16 code units: 8 KB or more. */
const LONG = 8192;

/** Changes after which some file systems, or readers, take a name for the same. */
const variations: ((name: string) => string)[] = [
  (name) => name.toUpperCase(),
  (name) => name.toLowerCase(),
  (name) => name.normalize('NFC'),
  (name) => name.normalize('NFD'),
  (name) => `${name}.`,
  (name) => `folder/${name}`,
  (name) => `\u200b${name}`,
  (name) => name,
];

/** Generates file names that break rules of headers, archives and file systems. A quarter resembles an earlier name. */
export function randomNames(random: Random, count: number): SentName[] {
  const names: string[] = [];
  const pick = <T>(list: readonly T[]) => list[random(list.length)] as T;
  for (let index = 0; index < count; index += 1) {
    const isLike = index > 0 && random(4) === 0;
    const fresh = Array.from({ length: 1 + random(8) }, () => pick(pieces)).join('');
    const name = isLike ? pick(variations)(pick(names.slice(-10))) : fresh;
    names.push(random(50) === 0 ? name.padStart(random(LONG), pick(pieces)) : name);
  }
  return names.map((name) => (random(10) === 0 ? rawForm(name) : pick(forms)(name)));
}

const percent = (bytes: Buffer) => bytes.toString('hex').replace(/../g, '%$&');
/** multer decodes the escapes of browsers in each header form. */
const decoded = (name: string) =>
  name.replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%22/g, '"').toWellFormed();

/** The forms in which clients write names into a header. */
const forms: ((name: string) => SentName)[] = [
  // Within quotes a backslash may escape the next character.
  (name) => ({
    parameter: `filename="${escaped(name)}"`,
    returnedAs: name.includes('\\') ? undefined : decoded(name),
  }),
  (name) => ({ parameter: `filename*=UTF-8''${percent(Buffer.from(name))}`, returnedAs: decoded(name) }),
  (name) => ({ parameter: `filename*=utf16le''${percent(Buffer.from(name, 'utf16le'))}`, returnedAs: decoded(name) }),
];

/** A name without any escaping: many of these make an invalid header. */
const rawForm = (name: string): SentName => ({ parameter: `filename="${name}"`, returnedAs: undefined });
