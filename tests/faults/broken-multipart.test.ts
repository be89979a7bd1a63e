import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { quickest, until } from '../support/processes.ts';
import { openSocket } from '../support/raw.ts';
import { errorLines, ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

const LIMIT_MS = sized(10_000, 1000);
const FILE = 'Content-Disposition: form-data; name="images"; filename="a.jpg"';
const field = (name: string) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n1\r\n`;
/** A valid form. Each form below has one defect. */
const GOOD = `--x\r\n${FILE}\r\n\r\nIMAGE\r\n--x--\r\n`;
/** The same with a second file. */
const TWO = GOOD.replace('--x--', `--x\r\n${FILE}\r\n\r\nIMAGE\r\n--x--`);
const goodWith = (headers: string) => GOOD.replace('\r\n\r\n', `\r\n${headers}\r\n\r\n`);
const LONG = 'b'.repeat(200);
const MANY = 10_000;
const MEGABYTE = 1_000_000;

/** Forms that are refused: the defect, the parameter of the content type, the body, and the error code. */
const refused: [defect: string, boundary: string, body: string, code?: string][] = [
  ['another boundary than in the header', 'boundary=y', GOOD],
  ['a boundary longer than in the header', 'boundary=', GOOD.replaceAll('--x', '--xx')],
  ['a boundary shorter than in the header', 'boundary=xx', GOOD],
  ['no boundary', '', GOOD.replaceAll('--x', '--')],
  ['an empty boundary', 'boundary=""', GOOD.replaceAll('--x', '--')],
  ['a quoted boundary without its end', 'boundary="x', GOOD],
  ['two boundaries', 'boundary=y; boundary=x', GOOD],
  ['a long boundary that never comes', `boundary=${LONG}`, GOOD],
  [
    'a form within a part',
    'boundary=y',
    `--y\r\nContent-Disposition: form-data; name="images"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n${GOOD}\r\n--y--\r\n`,
    'UNEXPECTED_FIELD',
  ],
  ['thousands of fields', 'boundary=x', field('width').repeat(MANY) + GOOD],
  [
    'thousands of empty files',
    'boundary=x',
    GOOD.slice(0, -7).replace('IMAGE', '').repeat(MANY) + GOOD,
    'TOO_MANY_FILES',
  ],
  ['thousands of parts without headers', 'boundary=x', '--x\r\n\r\n\r\n'.repeat(MANY) + GOOD],
  ['thousands of parts without a disposition', 'boundary=x', '--x\r\nX-A: b\r\n\r\na\r\n'.repeat(MANY) + GOOD],
  ['thousands of beginnings', 'boundary=x', '--x\r\n'.repeat(MANY) + GOOD],
  ['line breaks alone', 'boundary=x', '\r\n'.repeat(MEGABYTE)],
  ['thousands of headers in a part', 'boundary=x', goodWith('X-A: b\r\n'.repeat(MANY).trimEnd())],
  ['a header of a megabyte', 'boundary=x', goodWith(`X-A: ${'b'.repeat(MEGABYTE)}`)],
  ['a header without an end', 'boundary=x', `--x\r\n${'b'.repeat(MEGABYTE)}`],
  ['a field name of a megabyte', 'boundary=x', field('b'.repeat(MEGABYTE)) + GOOD],
  ['a part without a disposition', 'boundary=x', GOOD.replace(FILE, 'Content-Type: image/jpeg')],
  ['no line between headers and content', 'boundary=x', GOOD.replace('\r\n\r\n', '\r\n')],
  ['line feeds without carriage returns', 'boundary=x', GOOD.replaceAll('\r\n', '\n')],
  ['no last boundary', 'boundary=x', GOOD.slice(0, -7)],
  ['half of the last boundary', 'boundary=x', GOOD.slice(0, -3)],
  ['the last boundary first', 'boundary=x', `--x--\r\n${GOOD}`],
  ['spaces after the first boundary', 'boundary=x', TWO.replace('--x\r\n', '--x  \r\n')],
  ['a tab after the second boundary', 'boundary=x', TWO.replace('\r\n--x\r\n', '\r\n--x\t\r\n')],
  ['spaces after each boundary', 'boundary=x', TWO.replaceAll('--x\r\n', '--x \r\n')],
  ['a space within the last boundary', 'boundary=x', TWO.replace('--x--', '--x --')],
  ['a line feed alone after a boundary', 'boundary=x', TWO.replace('\r\n--x\r\n', '\r\n--x\n')],
  ['a carriage return alone after a boundary', 'boundary=x', TWO.replace('\r\n--x\r\n', '\r\n--x\r')],
  ['a line in a file that begins with the boundary', 'boundary=x', GOOD.replace('IMAGE', 'IMAGE\r\n--xy\r\nmore')],
  ['a line in a file that begins with the last boundary', 'boundary=x', GOOD.replace('IMAGE', 'IMAGE\r\n--x--y')],
  [
    'another boundary within a parameter, and spaces after the real one',
    'a="; boundary=y"; boundary=x',
    TWO.replace('\r\n--x\r\n', '\r\n--x \r\n'),
  ],
  ['a field named like an object property', 'boundary=x', field('__proto__') + GOOD, 'UNEXPECTED_FIELD'],
  ['a field a thousand levels deep', 'boundary=x', field(`a${'[b]'.repeat(1000)}`) + GOOD, 'UNEXPECTED_FIELD'],
];

/** Unusual forms that are accepted. */
const accepted: [form: string, boundary: string, body: string][] = [
  ['a quoted boundary with a space', 'boundary="x y"', GOOD.replaceAll('--x', '--x y')],
  ['a boundary of 200 characters', `boundary=${LONG}`, GOOD.replaceAll('--x', `--${LONG}`)],
  ['spaces after the last boundary', 'boundary=x', GOOD.replace('--x--', '--x-- \t')],
  ['no line break after the last boundary', 'boundary=x', GOOD.slice(0, -2)],
  ['a preamble and an epilogue', 'boundary=x', `one --x\r\nmore\r\n${GOOD}one --x\r\n-- x\r\nmore`],
  ['a file with text like boundaries', 'boundary=x', GOOD.replace('IMAGE', 'IMAGE\n--x\r\n --x\r\n-x\r\n--y\r\n--')],
  ['two boundaries of which the first counts', 'boundary=x; boundary=y', GOOD],
  ['unknown headers', 'boundary=x', goodWith('X-A: b\r\n'.repeat(20).trimEnd())],
];

/** Requests whose declared length is not the length of the body. `slow-connections` tests bodies that never end. */
const lengths: [defect: string, lines: string, body: string, isClosed?: boolean][] = [
  ['too short', 'Content-Length: 100', GOOD],
  ['too long, and the end of the connection', 'Content-Length: 99999', GOOD, true],
  ['too long, the form cut, and the end of the connection', 'Content-Length: 99999', GOOD.slice(0, -9), true],
  ['negative', 'Content-Length: -1', GOOD],
  ['no number', 'Content-Length: many', GOOD],
  ['twice', 'Content-Length: 100\r\nContent-Length: 200', GOOD],
  ['both a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked', `5\r\n--x--\r\n0\r\n\r\n`],
  ['a chunk whose length is no number', 'Transfer-Encoding: chunked', `zz\r\n${GOOD}\r\n0\r\n\r\n`],
  ['a chunk whose length is beyond all numbers', 'Transfer-Encoding: chunked', `${'f'.repeat(17)}\r\n${GOOD}`],
  ['a chunk longer than its declared length', 'Transfer-Encoding: chunked', `10\r\n${GOOD}\r\n0\r\n\r\n`],
  ['no last chunk, and the end of the connection', 'Transfer-Encoding: chunked', `5\r\n--x--\r\n`, true],
];

faultTest(
  `${refused.length} malformed forms and ${lengths.length} wrong body lengths: boundaries, thousands of parts and headers, nested forms`,
  'Each is refused within 1 s, with 400 and a problem document; no files remain',
  async () => {
    const { startApi, uploadDir } = await ownService();
    const api = await startApi();
    const image = (await jpeg(32, 32)).toString('latin1');
    let slowestMs = 0;

    /** Sends a whole request up to three times, until the response is in time. Returns its status and error code. */
    const sendRequest = async (lines: string, content: string, isClosed = false) => {
      let outcome: (string | undefined)[] = [];
      const ms = await quickest(LIMIT_MS, async () => {
        outcome = await sendOnce(lines, content, isClosed);
      });
      expect(ms).toBeLessThan(LIMIT_MS);
      slowestMs = Math.max(slowestMs, ms);
      return outcome;
    };
    const sendOnce = async (lines: string, content: string, isClosed: boolean) => {
      const socket = await openSocket(api.url);
      let response = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        response += text;
      });
      socket.write(`POST /process-images HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n${content}`, 'latin1');
      if (isClosed) socket.end();
      await until(() => socket.closed || /\}$/.test(response));
      socket.destroy();
      return [/^HTTP\/1.1 (\d+) /.exec(response)?.[1], /"code":"(\w+)"/.exec(response)?.[1]];
    };
    const sendForm = (boundary: string, body: string) => {
      const content = body.replaceAll('IMAGE', image);
      return sendRequest(
        `Content-Type: multipart/form-data; ${boundary}\r\nContent-Length: ${content.length}`,
        content,
      );
    };

    for (const [defect, boundary, body, code = 'MALFORMED_MULTIPART'] of refused)
      expect([defect, ...(await sendForm(boundary, body))]).toEqual([defect, '400', code]);
    for (const [defect, lines, body, isClosed] of lengths) {
      const head = `Content-Type: multipart/form-data; boundary=x\r\n${lines}`;
      expect([defect, ...(await sendRequest(head, body.replace('IMAGE', image), isClosed))]).toEqual([
        defect,
        '400',
        'BAD_REQUEST',
      ]);
    }
    await until(async () => (await storedNames(uploadDir)).length === 0);

    for (const [form, boundary, body] of accepted)
      expect([form, ...(await sendForm(boundary, body))]).toEqual([form, '202', undefined]);
    // A malformed request is not an error of the service.
    expect(errorLines(api.output())).toEqual([]);
    return `${refused.length + lengths.length} refused, the slowest in ${Math.ceil(slowestMs)} ms`;
  },
);
