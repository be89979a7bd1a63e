import type { AcceptedBatch } from '../../src/api/routes/process-images.ts';
import { jpeg } from './pictures.ts';
import { fetchRaw, multipart } from './raw.ts';

/** Uploads one picture under several names and waits until it is finished. */
export async function uploadNamed(api: string, ...sent: string[]) {
  const content = await jpeg(32, 32);
  const answer = await fetch(`${api}/process-images`, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=x', Prefer: 'wait=60' },
    body: new Uint8Array(multipart(...sent.map((name) => [name, content] as const))),
  });
  return { status: answer.status, body: (await answer.json()) as AcceptedBatch & { code?: string } };
}

/** Fetches a file and checks that its name in the header is one name, within one line. */
export async function checkSaving(url: string): Promise<void> {
  const { status, headers } = await fetchRaw(url);
  expect(status).toBe(200);
  expect(headers.map(([name]) => name)).not.toContain('Set-Cookie');
  const dispositions = headers.filter(([name]) => name === 'Content-Disposition');
  expect(dispositions).toEqual([['Content-Disposition', expect.stringMatching(DISPOSITION)]]);
  const [, , token, quoted, encoded] = DISPOSITION.exec(dispositions[0]?.[1] ?? '') ?? [];
  checkName(encoded ? decodeURIComponent(encoded) : (token ?? quoted?.replace(/\\(.)/g, '$1') ?? ''));
}

/** RFC 6266, section 4.1, in the ASCII of a token, a quoted string and an extended value. */
const DISPOSITION =
  /^(inline|attachment); filename=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[ !#-[\]-~]|\\["\\])+)")(?:; filename\*=UTF-8''([\w!#$&+.^`|~%-]+))?$/;

/** A name that leads nowhere but to a file of that name. */
export function checkName(name: string): void {
  expect(name).toMatch(/^[^/\\\p{Cc}]+$/u);
  expect(['.', '..']).not.toContain(name);
}
