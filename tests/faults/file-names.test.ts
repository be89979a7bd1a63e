import { readdir } from 'node:fs/promises';
import { faultTest } from '../support/fault.ts';
import { fetchRaw } from '../support/raw.ts';
import { checkName, checkSaving, escaped, uploadAs, uploadNamed } from '../support/saved-names.ts';
import { ownService } from '../support/service.ts';
import { ID_FILE, storedNames } from '../support/whole.ts';
import { readZip } from '../support/zip.ts';

/** Names before the client escapes them. */
const names = [
  '../../etc/passwd',
  '/etc/passwd',
  '..\\..\\Windows\\win.ini',
  'C:\\Users\\me\\photo.jpg',
  'a/..',
  '..',
  '.',
  '...',
  'line\r\nSet-Cookie: a=b.jpg',
  'a"quoted\'; filename=b.jpg',
  `${'long'.repeat(256)}.jpg`,
  'right-to-left\u202Egpj.exe',
  'line separator\u2028.jpg',
  '\u{1F468}\u200D\u{1F469}\u200D\u{1F467} photo.jpg',
  '__proto__',
  'constructor.jpg',
  '.unfinished',
  '0.unfinished',
  'manifest.json',
  'MANIFEST.JSON',
  '%2e%2e%2fetc%2fpasswd',
  '<script>alert(1)<script>.jpg',
  '=cmd|calc.jpg',
  'CON',
  'lpt1.tar.gz',
  'A: sunset.jpg',
  'a:b',
  'photo...',
];

/** Header parameters with a lone surrogate, and the names that the API returns for them. */
const broken = {
  "filename*=utf16le''%00%D8%61%00": '\ufffda',
  "filename*=utf16le''%61%00%3D%D8": 'a\ufffd',
};

/** Maximum number of files in one upload. */
const MAX_FILES = 10;
type Uploaded = Awaited<ReturnType<typeof uploadAs>>;
const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

faultTest(
  'File names with paths, line breaks, quotes or bidirectional control characters, of 1 KB, or equal to names that the service uses',
  'Returned exactly as sent; never part of a path in the storage or in an archive, never unescaped in a header',
  async () => {
    const { startApi, startWorker, uploadDir, processedDir } = await ownService();
    const [{ url }] = [await startApi(), await startWorker()];
    for (let from = 0; from < names.length; from += MAX_FILES) {
      const given = names.slice(from, from + MAX_FILES);
      await checkBatch(url, await uploadNamed(url, ...given.map(escaped)), given);
    }
    await checkBatch(url, await uploadAs(url, ...Object.keys(broken)), Object.values(broken));
    // Names that make a part's header invalid are refused, and no files remain.
    for (const raw of ['nul\0.jpg', 'a\r\nSet-Cookie: a=b.jpg', 'a\nb.jpg', 'a\rb.jpg'])
      expect(await uploadNamed(url, raw)).toMatchObject({ status: 400, body: { code: 'MALFORMED_MULTIPART' } });

    const originals = (await readdir(uploadDir, { recursive: true })).filter((entry) => entry !== ID_FILE);
    for (const entry of originals) expect(entry).toMatch(new RegExp(`^${UUID}(/\\d)?$`));
    const results = await storedNames(processedDir);
    for (const entry of results) expect(entry).toMatch(new RegExp(`^processed-${UUID}-\\d\\.jpg$`));
    const repaired = Object.keys(broken).length;
    expect(results).toHaveLength(names.length + repaired);
    return `${names.length} names returned, ${repaired} with U+FFFD for a lone surrogate, 4 that are invalid in a header refused`;
  },
);

async function checkBatch(url: string, { status, body }: Uploaded, given: readonly string[]): Promise<void> {
  expect([status, body.status]).toEqual([202, 'completed']);
  expect(body.files?.map(({ originalName }) => originalName)).toEqual(given);
  for (const { jobId, resultUrl } of body.files ?? [])
    for (const path of [resultUrl, `${resultUrl}?download=1`, `/jobs/${jobId}/original`]) await checkSaving(url + path);
  const archive = await fetchRaw(`${url}${body.links?.archive}`);
  expect(archive.status).toBe(200);
  checkArchive(archive.body, given);
}

function checkArchive(zip: Buffer, given: readonly string[]): void {
  const entries = readZip(zip);
  expect(new Set(entries.map(({ name }) => name.toLowerCase())).size).toBe(given.length + 1);
  for (const { name } of entries) checkName(name);
  const manifest = JSON.parse(String(entries.find(({ name }) => name === 'manifest.json')?.content));
  expect(manifest.files.map(({ originalName }: { originalName: string }) => originalName)).toEqual(given);
}
