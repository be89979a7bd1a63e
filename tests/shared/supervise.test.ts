import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { supervise } from '../../src/shared/supervise.ts';
import { until } from '../support/processes.ts';

const node = (code: string) => spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
const runs = 'console.log("ready"); setInterval(() => {}, 1000)';
const firstOutput = async (child: ReturnType<typeof node>) => void (await once(child.stdout, 'data'));

test('restarts a process that dies, but not one that it stops', async () => {
  const reports: string[] = [];
  const children: ReturnType<typeof node>[] = [];
  const service = supervise(
    {
      name: 'service',
      start: () => {
        const child = node(runs);
        children.push(child);
        return child;
      },
      ready: (child) => firstOutput(child as ReturnType<typeof node>),
    },
    (line) => reports.push(line),
  );
  await service.ready;
  children[0]?.kill('SIGKILL');
  await until(() => reports.includes('the service is ready again'));
  expect(reports).toEqual(['the service ended (signal SIGKILL); it restarts in 1 s', 'the service is ready again']);
  await service.stop(5000);
  expect(children.map(({ signalCode }) => signalCode)).toEqual(['SIGKILL', 'SIGTERM']);
});

test('kills a process that does not end after SIGTERM', async () => {
  const reports: string[] = [];
  const service = supervise(
    {
      name: 'service',
      start: () => node(`process.on("SIGTERM", () => {}); ${runs}`),
      ready: (child) => firstOutput(child as ReturnType<typeof node>),
    },
    (line) => reports.push(line),
  );
  await service.ready;
  await service.stop(200);
  expect(reports).toEqual(['the service did not end within 0.2 s and is killed']);
});

test('does not restart a process that ends before it is ready', async () => {
  const service = supervise(
    { name: 'service', start: () => node('process.exit(3)'), ready: () => new Promise(() => {}) },
    () => {},
  );
  await expect(service.ready).rejects.toThrow('The service ended before it was ready (exit code 3)');
  await service.stop(1000);
});
