import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formBody } from '../client.ts';
import { deliverAll, type Times } from './deliver.ts';
import { countFsyncs } from './fsyncs.ts';
import { type Latencies, type LoadFigures, latencies, measureLoad } from './load.ts';
import { type Loss, measureLoss } from './loss.ts';
import { type Peer, type Running, rootsOf, type Upload } from './peer.ts';
import { killTrees } from './process-tree.ts';
import { createUpload, FILES, type Kind } from './uploads.ts';

export interface Figures extends Pick<Peer, 'name' | 'what' | 'versions' | 'acknowledges'> {
  isServer: boolean;
  load: Record<Kind, LoadFigures>;
  /** One photograph at a time, without other load. */
  alone: Latencies;
  fsyncsPerImage: number | undefined;
  /** After kill -9 of all its processes but Redis, and of Redis too. */
  killed: Loss | undefined;
  killedWithRedis: Loss | undefined;
}

/** Amount of work. */
interface Size {
  uploads: number;
  rounds: number;
  alone: number;
  killed: number;
}

const sizes: Record<'full' | 'quick', Size> = {
  full: { uploads: 12, rounds: 3, alone: 40, killed: 8 },
  quick: { uploads: 4, rounds: 1, alone: 5, killed: 4 },
};

/** Has each peer process one photograph at a time. */
async function measureAlone(running: readonly Running[], photograph: Upload, count: number): Promise<Latencies[]> {
  const figures: Latencies[] = [];
  for (const peer of running) {
    const times: Times[] = [];
    // The first is a warm-up.
    for (let at = -1; at < count; at += 1) {
      const [time] = await deliverAll(peer, [photograph], { clients: 1, pollMs: 10 });
      if (at >= 0 && time) times.push(time);
    }
    figures.push(latencies(times));
  }
  return figures;
}

/** Counts the fsyncs for an image. */
async function measureFsyncs(running: readonly Running[], upload: Upload, root: string) {
  const counts: (number | undefined)[] = [];
  for (const [at, peer] of running.entries()) {
    const work = () => deliverAll(peer, [upload, upload], { clients: 2, pollMs: 100 });
    const count = await countFsyncs(rootsOf(peer), join(root, `strace-${at}`), work);
    counts.push(count === undefined ? undefined : count / (2 * FILES));
  }
  return counts;
}

/** Runs all measurements. */
export async function measurePeers(
  peers: readonly Peer[],
  { isQuick, root, say }: { isQuick: boolean; root: string; say: (line: string) => void },
): Promise<Figures[]> {
  const size = sizes[isQuick ? 'quick' : 'full'];
  const originals = join(root, 'originals');
  await mkdir(originals, { recursive: true });
  const [mixed, large] = [await createUpload(originals, 'mixed'), await createUpload(originals, 'large')];
  const photograph = { files: large.files.slice(0, 1), body: formBody([await readFile(large.files[0] ?? '')]) };
  const running: Running[] = [];
  for (const peer of peers) running.push(await peer.start(join(root, peer.name), originals));

  say('alone');
  const alone = await measureAlone(running, photograph, size.alone);
  say('under load, mixed images');
  const underMixed = await measureLoad(running, mixed, size);
  say('under load, JPEG of 0.8 MB');
  const underLarge = await measureLoad(running, large, size);
  say('fsyncs');
  const fsyncs = await measureFsyncs(running, large, root);
  for (const peer of running) killTrees(rootsOf(peer));

  say('killed in the middle');
  const uploads = Array<Upload>(size.killed).fill(large);
  const lossOf = async (peer: Peer, at: number, withRedis: boolean) => {
    // A peer without results acknowledges nothing and stores nothing. A second row is only for those with Redis.
    if (!running[at]?.results || (withRedis && !running[at]?.redis)) return undefined;
    const folder = join(root, `killed-${at}-${withRedis}`);
    await mkdir(folder);
    return measureLoss(peer, { folder, originals, uploads, withRedis });
  };
  // All at once: nothing here is timed, and most of it is waiting.
  const [killed, killedWithRedis] = await Promise.all(
    [false, true].map((withRedis) => Promise.all(peers.map((peer, at) => lossOf(peer, at, withRedis)))),
  );
  return peers.map(({ name, what, versions, acknowledges }, at) => ({
    ...{ name, what, versions, acknowledges, isServer: typeof running[at]?.use !== 'function' },
    load: { mixed: underMixed[at] as LoadFigures, large: underLarge[at] as LoadFigures },
    alone: alone[at] as Latencies,
    fsyncsPerImage: fsyncs[at],
    killed: killed?.[at],
    killedWithRedis: killedWithRedis?.[at],
  }));
}
