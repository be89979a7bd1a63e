import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Output } from '../../src/imaging/options.ts';
import { type FormatName, formatNames } from '../../src/shared/setting-types.ts';
import { openLocalStorage } from '../../src/storage/local/local-storage.ts';
import { allocator } from '../../src/worker/allocator.ts';
import { createChildRunner } from '../../src/worker/child-runner.ts';
import type { Outcome } from '../../src/worker/outcome.ts';
import { environment } from '../../tests/support/environment.ts';

/** The watermark of the operator that {@link createMeasuredChild} offers. */
export const WATERMARK = 'logo';

/** Seconds after which a child ends. More than the default, since the machine may be busy: the default is compared with the CPU time. */
const TIMEOUT_SECONDS = 600;
/** Milliseconds after that, when a silent child is ended. */
const MARGIN_MS = 10_000;
/** Units of the times in /proc/<pid>/stat (proc(5)); 100 a second on every common Linux. */
const TICKS_PER_SECOND = 100;

/** What processing a file took. */
export interface Measured {
  outcome: Outcome;
  /** Seconds of all threads of the child; `undefined` if it ended. */
  cpuSeconds: number | undefined;
  /** Highest resident memory of the child in MiB; `undefined` if it ended. */
  peakMb: number | undefined;
}

/** A child process that processes images as a worker lets it, with the default limit of memory. It is replaced when it ends. */
export interface MeasuredChild {
  run(file: Buffer, format: FormatName, outputs: Output[]): Promise<Measured>;
  close(): void;
}

/** Creates a {@link MeasuredChild}. Measures only on Linux. */
export async function createMeasuredChild(): Promise<MeasuredChild> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const [uploadDir, processedDir, watermarks] = ['uploads', 'processed', 'watermarks.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await sharp({ create: { width: 800, height: 400, channels: 4, background: '#3080ff80' } })
    .png()
    .toFile(join(folder, 'logo.png'));
  writeFileSync(watermarks, JSON.stringify({ [WATERMARK]: 'logo.png' }));
  const storage = openLocalStorage({ uploadDir, processedDir, minFreeDiskBytes: 0 });
  const id = randomUUID();
  const settings = {
    ACCEPTED_FORMATS: formatNames.join(),
    UPLOAD_DIR: uploadDir,
    PROCESSED_DIR: processedDir,
    WATERMARKS_FILE: watermarks,
    JOB_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS),
  };
  const runner = createChildRunner({
    concurrency: 1,
    responseTimeoutMs: TIMEOUT_SECONDS * 1000 + MARGIN_MS,
    environment: { ...process.env, ...allocator, ...environment(settings), MEASURED_CHILD: id },
  });
  let pid: number | undefined;

  async function runOnce(file: Buffer, format: FormatName, outputs: Output[]): Promise<Outcome> {
    const batchId = randomUUID();
    const incoming = await storage.originals.receive();
    await incoming.add(
      0,
      (async function* () {
        yield file;
      })(),
      0,
    );
    await incoming.commit(batchId);
    const payload = { batchId, index: 0, originalName: 'a', format, outputs };
    const outcome = await runner.run(payload, new AbortController().signal, () => {});
    await storage.originals.remove(batchId);
    rmSync(processedDir, { recursive: true, force: true });
    return outcome;
  }

  return {
    async run(file, format, outputs) {
      if (pid === undefined || !isAlive(pid)) {
        // The first image of a child also loads libvips.
        const first = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
          .jpeg()
          .toBuffer();
        await runOnce(first, 'jpeg', [{ options: {} }]);
        pid = findChild(id);
      }
      const before = cpuOf(pid);
      // Restarts the peak of the resident memory (proc(5)).
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
      const outcome = await runOnce(file, format, outputs);
      if (!isAlive(pid)) return { outcome, cpuSeconds: undefined, peakMb: undefined };
      return { outcome, cpuSeconds: cpuOf(pid) - before, peakMb: peakOf(pid) };
    },
    close() {
      runner.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Finds the process with this id in its environment. This process has it too, but only in its memory. */
function findChild(id: string): number {
  const found = readdirSync('/proc').find((name) => {
    try {
      return (
        /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'latin1').includes(id) && isAlive(Number(name))
      );
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('the child process cannot be started');
  return Number(found);
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
}
