import { type ChildProcess, execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { onCleanup } from './cleanup.ts';
import { describeIf } from './describe-if.ts';
import type { Launcher } from './processes.ts';

/** A host with its own network: a Linux network namespace. */
export interface Host {
  address: string;
  /** Command prefix that runs a program on the host. */
  command: readonly [string, ...string[]];
  /** Runs Node on the host. */
  launcher: Launcher;
  /** Makes a port of the host reachable from the test. Returns its URL. */
  expose(port: number): Promise<string>;
  /** Cuts the host off from the network, or connects it again. */
  setLink(state: 'down' | 'up'): void;
}

/** The networks disappear after this time even if the tests are killed. */
const LIFETIME_SECONDS = 600;
/** A user namespace allows network namespaces without root. */
const NETWORK = ['unshare', '--user', '--map-root-user', '--net'] as const;

function whyImpossible(): string | undefined {
  const [program, ...args] = NETWORK;
  const { status, stderr, error } = spawnSync(program, [...args, 'ip', 'link', 'add', 'hub', 'type', 'bridge'], {
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return `several hosts need Linux, unshare, iproute2 and unprivileged user namespaces: ${(error?.message ?? stderr).trim()}`;
}

/** `describe` for tests that need several hosts. */
export const describeWithHosts = describeIf(whyImpossible());

/** Starts a process that keeps a network namespace alive. Returns its process id when the namespace is set up. */
async function createNamespace(command: readonly string[], setUp: string): Promise<number> {
  const [program = '', ...args] = [...command, 'sh', '-c', `${setUp} && echo ready && exec sleep ${LIFETIME_SECONDS}`];
  const holder = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onCleanup(() => holder.kill('SIGKILL'));
  const ready = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => undefined)]);
  if (!ready || !holder.pid) throw new Error(`the network namespace could not be created: ${command.join(' ')}`);
  return holder.pid;
}

/** Starts hosts that share a network. They are stopped after the tests of the file. */
export async function startHosts(count: number): Promise<Host[]> {
  const inside = (pid: number) => ['nsenter', '-t', String(pid), '-U', '-n', '--preserve-credentials'] as const;
  const hub = inside(
    await createNamespace(
      NETWORK,
      'ip link add hub type bridge && ip addr add 10.77.0.1/24 dev hub && ip link set hub up',
    ),
  );
  const run = ([program, ...start]: readonly [string, ...string[]], line: string) =>
    execFileSync(program, [...start, ...line.split(' ')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const relay = startRelay(hub);
  const hosts: Host[] = [];
  for (let index = 0; index < count; index += 1) {
    const pid = await createNamespace([...hub, 'unshare', '--net'], 'ip link set lo up');
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

/**
 * Starts a relay process inside the network. The test opens a listening socket outside and sends it to the relay. A socket stays
 * in the network in which it was created, so the relay forwards between both networks.
 */
function startRelay([program, ...args]: Launcher) {
  const relay: ChildProcess = fork(join(import.meta.dirname, 'relay.mjs'), {
    execPath: program,
    execArgv: [...args, process.execPath],
  });
  onCleanup(() => relay.kill('SIGKILL'));
  // One at a time, since the relay's message does not say which server it has taken over.
  const oneAtATime = pLimit(1);
  const expose = async (host: string, port: number): Promise<string> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: localPort } = server.address() as AddressInfo;
    const taken = once(relay, 'message');
    relay.send({ host, port }, server);
    await taken;
    server.close();
    return `http://127.0.0.1:${localPort}`;
  };
  return (host: string, port: number) => oneAtATime(expose, host, port);
}
