// A process that makes one picture at a time, by the chain that it is started with, and tells what each took.
import { configureSharp } from '../src/imaging/pipeline.ts';
import { limits, obvious, ours } from './chains.ts';

const work = process.argv[2] === 'ours' ? ours : obvious;
configureSharp(limits.acceptedFormats);
process.on('message', async (file: string) => {
  const [begin, before] = [performance.now(), process.cpuUsage()];
  await work(file);
  const { user, system } = process.cpuUsage(before);
  process.send?.({ ms: performance.now() - begin, cpuMs: (user + system) / 1000 });
});
process.send?.('ready');
