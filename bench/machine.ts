import { availableParallelism, cpus, totalmem } from 'node:os';

/** The machine of a run, for the reader of its results. */
export const machine = {
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  date: new Date().toISOString().slice(0, 10),
};

export function describeMachine(): string {
  const { cpu, cores, memoryGiB, node, date } = machine;
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}, ${date}`;
}
