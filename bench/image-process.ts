// Processes one image at a time with the pipeline given as its argument, and reports the time of each.
import { configureSharp } from '../src/imaging/configure-sharp.ts';
import { limits, plainSharp, servicePipeline } from './pipelines.ts';

const work = process.argv[2] === 'service' ? servicePipeline : plainSharp;
configureSharp(limits.acceptedFormats);
process.on('message', async (file: string) => {
  const [begin, before] = [performance.now(), process.cpuUsage()];
  await work(file);
  const { user, system } = process.cpuUsage(before);
  process.send?.({ ms: performance.now() - begin, cpuMs: (user + system) / 1000 });
});
process.send?.('ready');
