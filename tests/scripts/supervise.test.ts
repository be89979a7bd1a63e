import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { supervise } from '../../scripts/supervise.ts';
import { until } from '../support/processes.ts';

const node = (code: string) => spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
const lives = 'console.log("ready"); setInterval(() => {}, 1000)';

test('what dies is started again, and says so; what is stopped stays stopped', async () => {
  const said: string[] = [];
  const children: ReturnType<typeof node>[] = [];
  const service = supervise(
    {
      name: 'service',
      start: () => {
        const child = node(lives);
        children.push(child);
        return child;
      },
      ready: async (child) => void (await once(child.stdout ?? child, 'data')),
    },
    (line) => said.push(line),
  );
  await service.ready;
  children[0]?.kill('SIGKILL');
  await until(() => said.includes('the service is back'));
  expect(said).toEqual(['the service ended (signal SIGKILL); it is started again in 1 s', 'the service is back']);
  await service.stop(5000);
  expect(children.map(({ signalCode }) => signalCode)).toEqual(['SIGKILL', 'SIGTERM']);
});

test('what does not end when asked is ended by force', async () => {
  const said: string[] = [];
  const service = supervise(
    {
      name: 'service',
      start: () => node(`process.on("SIGTERM", () => {}); ${lives}`),
      ready: async (child) => void (await once(child.stdout ?? child, 'data')),
    },
    (line) => said.push(line),
  );
  await service.ready;
  await service.stop(200);
  expect(said).toEqual(['the service did not end within 0.2 s and is ended by force']);
});

test('what never gets ready is not started again', async () => {
  const service = supervise(
    { name: 'service', start: () => node('process.exit(3)'), ready: () => new Promise(() => {}) },
    () => {},
  );
  await expect(service.ready).rejects.toThrow('The service ended before it was ready (exit code 3)');
  await service.stop(1000);
});
