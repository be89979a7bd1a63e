import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { createMetricsSum } from '../../src/shared/metrics-sum.ts';

/** Returns the metrics of a process with this many uploads, of which each took a second, and the memory. */
async function metricsOf(uploads: number, memory: number) {
  const registers = [new Registry()];
  new Counter({ name: 'uploads', help: 'h', registers }).inc(uploads);
  new Gauge({ name: 'memory', help: 'h', registers }).set(memory);
  const seconds = new Histogram({ name: 'seconds', help: 'h', buckets: [2], registers });
  for (let upload = 0; upload < uploads; upload += 1) seconds.observe(1);
  // As a message to another process.
  return JSON.parse(JSON.stringify(await registers[0]?.getMetricsAsJSON()));
}

test('adds the metrics of processes, and keeps the counts of a process that ended, but not its memory', async () => {
  const sum = createMetricsSum();
  sum.update(1, await metricsOf(2, 100));
  sum.update(2, await metricsOf(3, 100));
  sum.keepCounts(2);
  sum.keepCounts(3);
  const first = (await sum.read()).text;
  for (const line of ['uploads 5', 'memory 100', 'seconds_bucket{le="2"} 5', 'seconds_count 5']) {
    expect(first).toContain(`${line}\n`);
  }
  sum.update(4, await metricsOf(1, 50));
  sum.update(1, await metricsOf(4, 110));
  const { text } = await sum.read();
  for (const line of ['uploads 8', 'memory 160', 'seconds_bucket{le="2"} 8', 'seconds_sum 8']) {
    expect(text).toContain(`${line}\n`);
  }
});
