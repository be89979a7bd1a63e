// A process that makes one picture at a time, by the chain that it is started with, and tells how long each took.
import { configureSharp } from '../src/imaging/pipeline.ts';
import { limits, obvious, ours } from './chains.ts';

const work = process.argv[2] === 'ours' ? ours : obvious;
configureSharp(limits.acceptedFormats);
process.on('message', async (file: string) => {
  const begin = performance.now();
  await work(file);
  process.send?.(performance.now() - begin);
});
process.send?.('ready');
