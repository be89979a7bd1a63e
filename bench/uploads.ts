import type { ChildProcess } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { uploadAll } from './client.ts';
import { median } from './measure.ts';
import { cpuMs } from './processes.ts';

const CLIENTS = 4;

/** A server that receives uploads, and what to send to it. */
export interface UploadTarget {
  url: string;
  process: ChildProcess;
  /** Folder with the received files, which is emptied after each round. */
  files: string;
  bodies: readonly Buffer[];
  /** Media type of the bodies; forms by default. */
  type?: string;
}

/**
 * Sends uploads to each target in turn, for several rounds.
 *
 * @returns for each target the medians of the uploads per second, and of the CPU milliseconds per upload
 */
export async function compareUploads(
  targets: readonly UploadTarget[],
  { isQuick, say }: { isQuick: boolean; say(line: string): void },
): Promise<{ rate: number; cost: number }[]> {
  const samples = targets.map(() => ({ rates: [] as number[], costs: [] as number[] }));
  for (let round = -1; round < (isQuick ? 2 : 9); round += 1) {
    say(`round ${round + 1}`);
    for (const [index, { url, process, files, bodies, type }] of targets.entries()) {
      const [begin, cpu] = [performance.now(), await cpuMs(process.pid)];
      await uploadAll(url, bodies, CLIENTS, type);
      const [seconds, used] = [(performance.now() - begin) / 1000, (await cpuMs(process.pid)) - cpu];
      for (const name of await readdir(files)) await rm(join(files, name), { recursive: true });
      // The first round warms up.
      if (round < 0) continue;
      samples[index]?.rates.push(bodies.length / seconds);
      samples[index]?.costs.push(used / bodies.length);
    }
  }
  return samples.map(({ rates, costs }) => ({ rate: median(rates), cost: median(costs) }));
}
