import { createPartCounter } from '../../../src/api/upload/part-counter.ts';

const type = (parameters: string) => `multipart/form-data; ${parameters}`;

/** Counts the parts and stray boundaries of a body that arrives in pieces. */
function count(contentType: string, pieces: Iterable<string | Buffer>) {
  const counter = createPartCounter(contentType);
  for (const piece of pieces) counter.push(Buffer.from(piece as string));
  return [counter.parts, counter.strayBoundaries];
}

test.each([
  ['parts', 'a\r\n--x\r\nb\r\n--x\r\n\r\n--x--\r\n', 2, 0],
  ['empty parts without a preamble', '--x\r\n--x\r\n--x--\r\n', 2, 0],
  ['spaces after a boundary', '--x\r\na\r\n--x  \r\nb\r\n--x--\r\n', 1, 1],
  ['a tab after a boundary', '--x\t\r\na\r\n--x--\r\n', 0, 1],
  ['a lone carriage return or line feed after a boundary', '--x\ra\r\n--x\nb\r\n--x\r\r\nc\r\n--x--\r\n', 0, 3],
  ['more after a boundary', '--x\r\na\r\n--xy\r\n--x-\r\nb\r\n--x -- \r\n--x--\r\n', 1, 3],
  ['more after the last boundary', '--x\r\na\r\n--x--y\r\n--x---\r\n--x--\r\n', 1, 2],
  ['white space and line breaks after the last boundary', '--x\r\na\r\n--x-- \t\r\n--x--\t\r\n--x--\nb', 1, 0],
  ['text like boundaries within lines', '--x\r\na\n--x\r\n --x\r\n-x\r\n--y\r\n--\r\n--x--', 1, 0],
])('counts %s, wherever the body is split', (_case, body, parts, strays) => {
  const expected = [parts, strays];
  expect(count(type('boundary=x'), [body])).toEqual(expected);
  expect(count(type('boundary=x'), body)).toEqual(expected);
  for (let at = 0; at <= body.length; at += 1) {
    const [first, rest] = [body.slice(0, at), body.slice(at)];
    expect([at, ...count(type('boundary=x'), [first, rest])]).toEqual([at, ...expected]);
    expect([at, ...count(type('boundary=x'), [first, '', ...rest])]).toEqual([at, ...expected]);
    expect([at, ...count(type('boundary=x'), [...first, rest])]).toEqual([at, ...expected]);
  }
});

test.each([
  ['boundary=x'],
  ['boundary="x"'],
  ['Boundary=x ; charset=utf-8'],
  ['charset="a; boundary=y";boundary=x'],
  ['charset="\\"; boundary=y" ; boundary="x"'],
  ['boundary=x; boundary=y'],
])('uses the same boundary as the parser for %p', (parameters) => {
  expect(count(type(parameters), ['--x\r\n\r\n--x \r\n\r\n--x--'])).toEqual([1, 1]);
});

test.each(['charset=utf-8', 'boundary=', 'boundary=""', 'boundary="x', 'boundary="\\x"; boundary=x'])(
  'finds no boundary in %p',
  (parameters) => {
    expect(createPartCounter(type(parameters)).hasBoundary).toBe(false);
  },
);
