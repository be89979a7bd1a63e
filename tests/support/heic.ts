import { readFileSync } from 'node:fs';

type FixtureName = 'halves' | 'quadrants' | '10-bit' | 'flat';

/** Reads a file of `tests/fixtures/heic`. */
export function heicFile(name: FixtureName): Buffer<ArrayBuffer> {
  return readFileSync(new URL(`../fixtures/heic/${name}.heic`, import.meta.url));
}

/** An image as HEVC codes it. */
interface Coded {
  /** The box with the parameters of the decoder. */
  config: Buffer;
  data: Buffer;
  width: number;
  height: number;
}

/**
 * Returns a coded image of a file by `heif-enc`.
 *
 * @param index 0 for the image, 1 for its alpha channel
 */
export function codedImage(name: FixtureName, index: 0 | 1 = 0): Coded {
  const file = heicFile(name);
  const [location = Buffer.alloc(0)] = boxes(file, 'iloc');
  const config = boxes(file, 'hvcC')[index];
  const size = boxes(file, 'ispe')[index];
  if (!config || !size) throw new Error(`${name}.heic has no image ${index}`);
  // 16 bytes precede the entries of 18 bytes each, which have the offset in the middle and the length at the end.
  const entry = 16 + 18 * index;
  const start = location.readUInt32BE(entry + 4);
  const data = file.subarray(start, start + location.readUInt32BE(entry + 14));
  return { config, data, width: size.readUInt32BE(12), height: size.readUInt32BE(16) };
}

/** Finds all boxes of a type, by its name. */
function boxes(file: Buffer, type: string): Buffer[] {
  const found: Buffer[] = [];
  for (let at = file.indexOf(type); at !== -1; at = file.indexOf(type, at + 4)) {
    found.push(file.subarray(at - 4, at - 4 + file.readUInt32BE(at - 4)));
  }
  return found;
}

const u16 = (...values: number[]) => Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
const u32 = (...values: number[]) =>
  Buffer.concat(values.map((value) => u16(Math.floor(value / 65_536), value % 65_536)));
const text = (value: string) => Buffer.from(value, 'latin1');

/** Encodes a box (ISO/IEC 14496-12, section 4.2). */
function box(type: string, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([u32(body.length + 8), text(type), body]);
}

/** The properties of an image that change how it is shown. */
export const properties = {
  /** Turns the image anticlockwise. */
  rotation: (degrees: 0 | 90 | 180 | 270) => box('irot', Buffer.from([degrees / 90])),
  /** Exchanges top and bottom, or left and right. */
  mirror: (exchanged: 'top and bottom' | 'left and right') =>
    box('imir', Buffer.from([exchanged === 'top and bottom' ? 0 : 1])),
  profile: (icc: Buffer) => box('colr', text('prof'), icc),
  /** Colour primaries, transfer function and matrix by number (ITU-T H.273), full range. */
  colours: (primaries: number, transfer: number, matrix: number) =>
    box('colr', text('nclx'), u16(primaries, transfer, matrix), Buffer.from([128])),
};

/** What {@link makeHeic} puts into a file. */
interface HeicContent {
  image: Coded;
  alpha?: Coded;
  /** Makes an image that shows `image` in each cell. All cells share its data. */
  grid?: { columns: number; rows: number; width: number; height: number };
  /** Size that the file declares, if it is not the real one. */
  declared?: { width: number; height: number };
  /** See {@link properties}. */
  properties?: Buffer[];
  exif?: Buffer;
  xmp?: string;
}

interface Item {
  type: string;
  /** What the item info has after the type and an empty name. */
  info?: Buffer;
  data: Buffer;
  properties: Buffer[];
  references?: Buffer;
}

/** Encodes a HEIC (ISO/IEC 23008-12). Its primary image is item 1. */
export function makeHeic(content: HeicContent): Buffer {
  const items = listItems(content);
  // Items share their data and their properties if these are the same object.
  const data = Buffer.concat([...new Set(items.map((item) => item.data))]);
  const shared = [...new Set(items.flatMap((item) => item.properties))];
  const location = (start: number) => {
    const entries = items.map((item, index) =>
      Buffer.concat([u16(index + 1, 0, 1), u32(start + data.indexOf(item.data), item.data.length)]),
    );
    return box('iloc', u32(0), u16(0x4400, items.length), ...entries);
  };
  const infos = items.map(({ type, info = Buffer.alloc(0) }, index) =>
    box('infe', u32(0x02_00_00_00), u16(index + 1, 0), text(`${type}\0`), info),
  );
  const associations = items.map((item, index) => {
    const indexes = item.properties.map((property) => {
      const number = shared.indexOf(property) + 1;
      // A reader must understand all properties except sizes and colours.
      return /ispe|colr|auxC/.test(property.toString('latin1', 4, 8)) ? number : number | 128;
    });
    return Buffer.concat([u16(index + 1), Buffer.from([indexes.length, ...indexes])]);
  });
  const meta = (start: number) =>
    box(
      'meta',
      u32(0),
      box('hdlr', u32(0, 0), text('pict'), Buffer.alloc(13)),
      box('pitm', u32(0), u16(1)),
      location(start),
      box('iinf', u32(0), u16(items.length), ...infos),
      box('iprp', box('ipco', ...shared), box('ipma', u32(0, items.length), ...associations)),
      box('iref', u32(0), ...items.flatMap(({ references }) => references ?? [])),
    );
  const type = box('ftyp', text('heic'), u32(0), text('mif1heic'));
  return Buffer.concat([type, meta(type.length + meta(0).length + 8), box('mdat', data)]);
}

function listItems({ image, alpha, grid, declared, properties: shown = [], exif, xmp }: HeicContent): Item[] {
  const sizeOf = ({ width, height }: { width: number; height: number }) => box('ispe', u32(0, width, height));
  const coded = ({ config, data, ...size }: Coded) => ({ type: 'hvc1', data, properties: [config, sizeOf(size)] });
  const items: Item[] = [];
  if (grid) {
    const { columns, rows, width, height } = grid;
    const cell = coded(image);
    const cells = Array.from({ length: columns * rows }, (_, index) => index + 2);
    items.push(
      {
        type: 'grid',
        // Version 0, and sizes of 32 bits.
        data: Buffer.concat([Buffer.from([0, 1, rows - 1, columns - 1]), u32(width, height)]),
        properties: [sizeOf(declared ?? grid), ...shown],
        references: box('dimg', u16(1, cells.length, ...cells)),
      },
      ...cells.map(() => cell),
    );
  } else {
    const item = coded({ ...image, ...declared });
    items.push({ ...item, properties: [...item.properties, ...shown] });
  }
  const refer = (type: string) => box(type, u16(items.length + 1, 1, 1));
  if (alpha) {
    const { type, data, properties: own } = coded(alpha);
    const kind = box('auxC', u32(0), text('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0'));
    items.push({ type, data, properties: [...own, kind, ...shown], references: refer('auxl') });
  }
  // The offset of the block in the item precedes it.
  if (exif)
    items.push({ type: 'Exif', data: Buffer.concat([u32(0), exif]), properties: [], references: refer('cdsc') });
  if (xmp !== undefined) {
    const info = text('application/rdf+xml\0');
    items.push({ type: 'mime', info, data: Buffer.from(xmp), properties: [], references: refer('cdsc') });
  }
  return items;
}
