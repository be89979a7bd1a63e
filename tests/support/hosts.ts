import { type ChildProcess, execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { onCleanup } from './cleanup.ts';
import { describeIf } from './describe-if.ts';
import type { Launcher } from './processes.ts';

/** A machine of its own, as far as its network goes. */
export interface Host {
  address: string;
  /** What a program and its arguments are put after, to run there. */
  command: readonly [string, ...string[]];
  /** Runs Node there. */
  launcher: Launcher;
  /** Makes a port of it reachable from here; returns the URL. */
  expose(port: number): Promise<string>;
  /** Takes the cable out, and puts it back. */
  setLink(state: 'down' | 'up'): void;
}

/** Seconds after which a network is gone by itself, whatever becomes of the tests. */
const LIFE_SECONDS = 600;
/** A user namespace makes networks possible without being root. */
const NETWORK = ['unshare', '--user', '--map-root-user', '--net'] as const;

function whyImpossible(): string | undefined {
  const [program, ...args] = NETWORK;
  const { status, stderr, error } = spawnSync(program, [...args, 'ip', 'link', 'add', 'hub', 'type', 'bridge'], {
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return `several hosts take Linux, unshare, iproute2 and unprivileged user namespaces: ${(error?.message ?? stderr).trim()}`;
}

/** `describe` for tests with several hosts. */
export const describeWithHosts = describeIf(whyImpossible());

/** Starts a program that holds a network namespace, and waits until it is set up. */
async function hold(command: readonly string[], setUp: string): Promise<number> {
  const [program = '', ...args] = [...command, 'sh', '-c', `${setUp} && echo ready && exec sleep ${LIFE_SECONDS}`];
  const holder = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onCleanup(() => holder.kill('SIGKILL'));
  const ready = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => undefined)]);
  if (!ready || !holder.pid) throw new Error(`no network: ${command.join(' ')}`);
  return holder.pid;
}

/** Starts hosts that reach each other over a network of their own; they are gone after the tests of this file. */
export async function startHosts(count: number): Promise<Host[]> {
  const inside = (pid: number) => ['nsenter', '-t', String(pid), '-U', '-n', '--preserve-credentials'] as const;
  const hub = inside(
    await hold(NETWORK, 'ip link add hub type bridge && ip addr add 10.77.0.1/24 dev hub && ip link set hub up'),
  );
  const run = ([program, ...start]: readonly [string, ...string[]], line: string) =>
    execFileSync(program, [...start, ...line.split(' ')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const relay = startRelay(hub);
  const hosts: Host[] = [];
  for (let index = 0; index < count; index += 1) {
    const pid = await hold([...hub, 'unshare', '--net'], 'ip link set lo up');
    const [address, link, command] = [`10.77.0.${10 + index}`, `host${index}`, inside(pid)];
    run(hub, `ip link add ${link} type veth peer name eth0 netns ${pid}`);
    run(hub, `ip link set ${link} master hub up`);
    run(command, `ip addr add ${address}/24 dev eth0`);
    run(command, 'ip link set eth0 up');
    hosts.push({
      address,
      command,
      launcher: [...command, process.execPath],
      expose: (port) => relay(address, port),
      setLink: (state) => void run(hub, `ip link set ${link} ${state}`),
    });
  }
  return hosts;
}

/** Starts what passes connections on into the network: a socket stays in the network that it was made in, whoever has it. */
function startRelay([program, ...args]: Launcher) {
  const relay: ChildProcess = fork(join(import.meta.dirname, 'relay.mjs'), {
    execPath: program,
    execArgv: [...args, process.execPath],
  });
  onCleanup(() => relay.kill('SIGKILL'));
  // One after the other, since the answer does not say which one was taken.
  const oneAtATime = pLimit(1);
  const passOn = async (host: string, port: number): Promise<string> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: here } = server.address() as AddressInfo;
    const taken = once(relay, 'message');
    relay.send({ host, port }, server);
    await taken;
    server.close();
    return `http://127.0.0.1:${here}`;
  };
  return (host: string, port: number) => oneAtATime(passOn, host, port);
}
