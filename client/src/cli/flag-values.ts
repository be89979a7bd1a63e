import { InvalidArgumentError } from 'commander';

/** Parses a flag that is a count. */
export function toCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 to 9999.');
}

/** Parses a flag that is a number. The service checks its range. */
export function toNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new InvalidArgumentError('It must be a number.');
  return number;
}

/** Checks that a flag is JSON. The service checks its content. */
export function checkJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`It must be JSON (${error instanceof Error ? error.message : error}).`);
  }
}
