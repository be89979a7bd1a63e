import { execFileSync } from 'node:child_process';
import { inflateRawSync } from 'node:zlib';
import { findProgram } from '../../scripts/install.ts';

/** Reads the entries of a zip in the order of its central directory (APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16). */
export function readZip(zip: Buffer): { name: string; content: Buffer }[] {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  let at = zip.readUInt32LE(end + 16);
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const [method, size] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const local = zip.readUInt32LE(at + 42);
    const name = zip.toString('utf8', at + 46, at + 46 + Number(nameLength));
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const stored = zip.subarray(start, start + size);
    at += 46 + Number(nameLength) + Number(extraLength) + Number(commentLength);
    return { name, content: method === 0 ? stored : inflateRawSync(stored) };
  });
}

/** Unpacks an archive into a folder, with Python or else with `unzip`. */
export function unzip(archive: string, folder: string): void {
  const python = findProgram('python3');
  if (python) execFileSync(python, ['-m', 'zipfile', '-e', archive, folder]);
  else execFileSync('unzip', ['-q', archive, '-d', folder]);
}
