import { faultTest } from '../support/fault.ts';
import { fetchRaw } from '../support/raw.ts';
import { checkSaving, uploadNamed } from '../support/saved-names.ts';
import { ownService } from '../support/service.ts';
import { readZip } from '../support/zip.ts';

faultTest(
  'A file name of 2,000 emoji (8 KB)',
  'Clients that accept 16 KB of headers can download its files; its name in the archive has at most 255 bytes',
  async () => {
    const { startApi, startWorker } = await ownService();
    const [{ url }] = [await startApi(), await startWorker()];
    const { status, body } = await uploadNamed(url, `${'\u{1F4F7}'.repeat(2000)}.jpg`);
    expect([status, body.status]).toEqual([202, 'completed']);
    await checkSaving(`${url}${body.files?.[0]?.resultUrl}`);
    const lengths = readZip((await fetchRaw(`${url}${body.links?.archive}`)).body).map(({ name }) =>
      Buffer.byteLength(name),
    );
    expect(Math.max(...lengths)).toBeLessThanOrEqual(255);
    return `a name of ${Math.max(...lengths)} bytes in the archive`;
  },
);
