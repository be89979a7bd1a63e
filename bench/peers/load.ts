import { alternate, median, percentile } from '../measure.ts';
import { deliverAll, type Times } from './deliver.ts';
import { type Running, rootsOf, type Upload } from './peer.ts';
import { sampleMemory, usage } from './process-tree.ts';
import { FILES } from './uploads.ts';

const CLIENTS = 4;
/** Loops process a quarter of the images: they are slow, and have no queue to fill. */
const LOOP_SHARE = 4;
const none = { cpuMs: 0, written: 0, peak: 0, times: [] as Times[] };

export interface Percentiles {
  p50: number;
  p99: number;
}

export interface Latencies {
  responseMs: Percentiles;
  fetchedMs: Percentiles;
}

/** The figures of a peer while clients keep all cores busy. */
export interface LoadFigures extends Latencies {
  imagesPerSecond: number;
  cpuMsPerImage: number;
  bytesWrittenPerImage: number;
  peakMemoryMiB: number;
}

const percentiles = (values: readonly number[]): Percentiles => ({
  p50: percentile(values, 50),
  p99: percentile(values, 99),
});

export function latencies(times: readonly Times[]): Latencies {
  return {
    responseMs: percentiles(times.map(({ responseMs }) => responseMs)),
    fetchedMs: percentiles(times.flatMap(({ fetchedMs }) => fetchedMs)),
  };
}

/** Measures peers under load, in turn. */
export async function measureLoad(
  running: readonly Running[],
  upload: Upload,
  { uploads, rounds }: { uploads: number; rounds: number },
): Promise<LoadFigures[]> {
  const imagesOf = ({ use }: Running) => FILES * Math.ceil(typeof use === 'function' ? uploads / LOOP_SHARE : uploads);
  const samples = running.map(() => ({ ...none, times: [] as Times[] }));
  const candidates = running.map((peer, at) => async (round: number) => {
    const [roots, images] = [rootsOf(peer), imagesOf(peer)];
    const batch = Array<Upload>(images / FILES).fill(upload);
    const [before, endSampling, begin] = [usage(roots), sampleMemory(roots), performance.now()];
    const times = await deliverAll(peer, batch, { clients: CLIENTS, pollMs: 100 });
    const seconds = (performance.now() - begin) / 1000;
    const [peak, after, sample] = [endSampling(), usage(roots), samples[at]];
    if (round >= 0 && sample) {
      sample.cpuMs += after.cpuMs - before.cpuMs;
      sample.written += after.writtenBytes - before.writtenBytes;
      sample.peak = Math.max(sample.peak, peak);
      sample.times.push(...times);
    }
    return images / seconds;
  });
  const rates = await alternate(candidates, { rounds });
  return running.map((peer, at): LoadFigures => {
    const { cpuMs, written, peak, times } = samples[at] ?? none;
    const images = imagesOf(peer) * rounds;
    return {
      imagesPerSecond: median(rates[at]),
      cpuMsPerImage: cpuMs / images,
      bytesWrittenPerImage: written / images,
      peakMemoryMiB: peak,
      ...latencies(times),
    };
  });
}
