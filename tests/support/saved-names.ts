import type { AcceptedBatch } from '../../src/api/routes/accepted-batch.ts';
import { jpeg } from './images.ts';
import { fetchRaw, multipartOf } from './raw.ts';

/** Uploads one image under several names, and waits until the batch is finished. */
export function uploadNamed(api: string, ...sent: string[]) {
  return uploadAs(api, ...sent.map((name) => `filename="${name}"`));
}

/** Like {@link uploadNamed}, with the names as header parameters as in {@link multipartOf}. */
export async function uploadAs(api: string, ...parameters: string[]) {
  const content = await jpeg(32, 32);
  const response = await fetch(`${api}/process-images`, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=x', Prefer: 'wait=60' },
    body: new Uint8Array(multipartOf(...parameters.map((parameter) => [parameter, content] as const))),
  });
  return { status: response.status, body: (await response.json()) as AcceptedBatch & { code?: string } };
}

/** Escapes a name as browsers do in a part's header (HTML, section 4.10.21.8). */
export const escaped = (name: string) => name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');

/** Fetches a file and checks that its `Content-Disposition` contains one safe file name. */
export async function checkSaving(url: string): Promise<void> {
  const { status, headers } = await fetchRaw(url);
  expect(status).toBe(200);
  expect(headers.map(([name]) => name)).not.toContain('Set-Cookie');
  const dispositions = headers.filter(([name]) => name === 'Content-Disposition');
  expect(dispositions).toEqual([['Content-Disposition', expect.stringMatching(DISPOSITION)]]);
  const [, , token, quoted, encoded] = DISPOSITION.exec(dispositions[0]?.[1] ?? '') ?? [];
  checkName(encoded ? decodeURIComponent(encoded) : (token ?? quoted?.replace(/\\(.)/g, '$1') ?? ''));
}

/** RFC 6266, section 4.1: a token or a quoted string in ASCII, and an extended value. */
const DISPOSITION =
  /^(inline|attachment); filename=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[ !#-[\]-~]|\\["\\])+)")(?:; filename\*=UTF-8''([\w!#$&+.^`|~%-]+))?$/;

/** Checks that a name contains no path and is a valid file name on Windows, macOS and Linux. */
export function checkName(name: string): void {
  expect(name).toMatch(/^[^<>:"/\\|?*\p{Cc}\p{Cs}\p{Bidi_Control}]+$/u);
  // "Naming Files, Paths, and Namespaces" of the Windows documentation.
  expect(name).not.toMatch(/[ .]$/);
  expect(name).not.toMatch(/^(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *(\.|$)/i);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
}
