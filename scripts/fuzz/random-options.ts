import { z } from 'zod';
import { MAX_SIDE } from '../../src/imaging/option-values.ts';
import { commonOptions, type Output } from '../../src/imaging/options.ts';
import { MAX_VARIANTS, toOutputs } from '../../src/imaging/outputs.ts';
import type { Random } from '../../tests/support/random.ts';
import { WATERMARK } from './measured-child.ts';

/** The parts of a JSON schema that the options use. */
interface Schema {
  type?: string;
  const?: string;
  enum?: string[];
  anyOf?: Schema[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
}

const schemas = (z.toJSONSchema(commonOptions) as Schema).properties ?? {};
/** Most options of a set. */
const MAX_OPTIONS = 12;

/** Generates text values, whose schema is a pattern, by option name. */
const texts: Record<string, (random: Random) => string | undefined> = {
  focus: (random) => `${percent(random)},${percent(random)}`,
  crop: (random) => [0, 1, 2, 3].map((at) => length(random, at > 1)).join(),
  pad: (random) => Array.from({ length: 1 + random(4) }, () => side(random) - 1).join(),
  background: colour,
  tint: colour,
  color: colour,

  text: (random) => Array.from({ length: 1 + random(100) }, () => pick(random, [...'aW é&<漢אﷺ🏴'])).join(''),
};

/**
 * Generates options of an upload that the API accepts: any number of them, in a fifth of the cases with variants. Half of the numbers are
 * at a bound.
 */
export function randomOutputs(random: Random): { given: Record<string, unknown>; outputs: Output[] } {
  for (;;) {
    // Few random options allow an animation.
    const animation = random(6) === 0 ? { animated: true, format: pick(random, ['gif', 'webp', 'original']) } : {};
    const given: Record<string, unknown> = { ...randomOptions(random), ...animation };
    if (random(5) === 0) {
      const names = Array.from({ length: 1 + random(MAX_VARIANTS) }, (_, at) => `v${at}`);
      given.variants = names.map((name) => ({ name, ...randomOptions(random, 4) }));
    }
    const result = toOutputs(given, [WATERMARK]);
    if ('outputs' in result) return { given, outputs: result.outputs };
  }
}

function randomOptions(random: Random, most = MAX_OPTIONS): Record<string, unknown> {
  const names = Object.keys(schemas);
  const chosen = new Set(Array.from({ length: random(most + 1) }, () => pick(random, names)));
  return Object.fromEntries([...chosen].map((name) => [name, randomValue(name, schemas[name] ?? {}, random)]));
}

function randomValue(name: string, schema: Schema, random: Random): unknown {
  if (schema.anyOf) return randomValue(name, pick(random, schema.anyOf), random);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return pick(random, schema.enum);
  if (schema.type === 'boolean') return random(4) > 0;
  if (schema.type === 'object') return randomWatermark(schema.properties ?? {}, random);
  if (schema.type === 'integer' || schema.type === 'number') return numberFrom(schema, random);
  const text = texts[name];
  if (!text) throw new Error(`texts needs a generator for ${name}`);
  return text(random);
}

function randomWatermark(properties: Record<string, Schema>, random: Random): unknown {
  const members = Object.entries(properties).filter(([name]) => name !== 'image' && name !== 'text' && random(2) > 0);
  const values = members.map(([name, schema]) => [name, randomValue(name, schema, random)]);
  const what = random(2) > 0 ? { image: WATERMARK } : { text: randomValue('text', properties.text ?? {}, random) };
  return { ...what, ...Object.fromEntries(values) };
}

function numberFrom({ type, minimum = 0, maximum = 0 }: Schema, random: Random): number {
  if (random(2) > 0) return random(2) > 0 ? minimum : maximum;
  // Evenly on a logarithmic scale, so that small numbers occur too.
  const value = minimum + (maximum - minimum + 1) ** (random(1000) / 1000) - 1;
  return type === 'integer' ? Math.round(value) : Math.min(maximum, Number(value.toFixed(3)));
}

function percent(random: Random): number {
  return pick(random, [0, 100, random(101)]);
}

function side(random: Random): number {
  return 1 + Math.floor(MAX_SIDE ** (random(1001) / 1000));
}

function length(random: Random, isSize: boolean): string {
  const least = isSize ? 1 : 0;
  return random(2) > 0 ? `${Math.max(least, percent(random))}%` : String(Math.max(least, side(random) - 1));
}

function colour(random: Random): string {
  return pick(random, ['white', 'black', '#f80', `#${random(0xffffff).toString(16).padStart(6, '0')}`]);
}

/** Returns a random element of a list that is not empty. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)] as T;
}
