import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/shared/config.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { settingDescriptions } from '../../src/shared/settings.ts';
import { environment } from '../support/environment.ts';

// The deployment files are not run here. These tests check that they match the service.

const read = (name: string) => readFileSync(join(projectRoot, name), 'utf8');

/** Expects every name to be a setting of the service, with a valid value. */
function expectSettings(given: Record<string, string>): void {
  const { NODE_ENV: _, ...settings } = given;
  for (const name of Object.keys(settings)) expect(Object.keys(settingDescriptions)).toContain(name);
  expect(() => loadConfig(environment(settings))).not.toThrow();
}

interface Container {
  command: string[];
  ports: { name: string; containerPort: number }[];
  env?: { name: string; value: string }[];
  livenessProbe: { httpGet: { path: string; port: string } };
  readinessProbe: { httpGet: { path: string; port: string } };
}
interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: {
    selector?: { matchLabels?: Record<string, string> };
    template: { metadata: { labels: Record<string, string> }; spec: { containers: Container[] } };
    scaleTargetRef: { name: string };
    triggers: { metadata: { query: string } }[];
  };
}

const folder = 'deploy/kubernetes';
const manifests = readdirSync(join(projectRoot, folder))
  .flatMap((name) => parseAllDocuments(read(join(folder, name))))
  .map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });

test('the Dockerfile copies existing files, uses valid settings, and starts the built API', () => {
  const file = read('Dockerfile');
  for (const [, names = ''] of file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const name of names.split(' ')) {
      expect({ name, exists: existsSync(join(projectRoot, name)) }).toEqual({ name, exists: true });
      expect(read('.dockerignore').split('\n')).toContain(`!${name}`);
    }
  }
  const [, variables = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(file) ?? [];
  expectSettings(Object.fromEntries(variables.split(/[\s\\]+/).map((pair) => pair.split('=') as [string, string])));
  expect(file).toMatch(/^CMD \["node", "dist\/api\/main\.js"\]$/m);
  expect(file).toMatch(/^USER node$/m);
});

test('compose.yaml uses valid settings, and publishes its port on the loopback address only', () => {
  const { services } = parse(read('compose.yaml'), { merge: true }) as {
    services: Record<string, { environment?: Record<string, string>; command?: string[]; ports?: string[] }>;
  };
  expect(Object.keys(services)).toEqual(['api', 'worker', 'redis']);
  for (const name of ['api', 'worker']) {
    const given = Object.entries(services[name]?.environment ?? {});
    expectSettings(Object.fromEntries(given.map(([key, value]) => [key, value.replace(/^\$\{\w+:-\}$/, '')])));
  }
  expect(services.worker?.command).toEqual(['node', 'dist/worker/main.js']);
  expect(services.api?.ports).toEqual(['127.0.0.1:3000:3000']);
  expect(services.redis?.command).toEqual(expect.arrayContaining(['--appendonly', 'yes', 'noeviction']));
});

test('the Kubernetes deployments use valid probes and settings, and scale by an exported metric', () => {
  const deployments = manifests.filter(({ kind }) => kind === 'Deployment');
  expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual(['api', 'worker']);
  for (const { spec, metadata } of deployments) {
    expect(spec.template.metadata.labels).toMatchObject(spec.selector?.matchLabels ?? { none: '' });
    const [container] = spec.template.spec.containers;
    expect(container?.livenessProbe.httpGet.path).toBe('/healthz');
    expect(container?.readinessProbe.httpGet.path).toBe('/readyz');
    const port = container?.ports.find(({ name }) => name === container.readinessProbe.httpGet.port)?.containerPort;
    const settings = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    expectSettings(settings);
    const config = loadConfig(environment(settings));
    expect(port).toBe(metadata.name === 'worker' ? config.workerPort : config.port);
  }
  const [scaled] = manifests.filter(({ kind }) => kind === 'ScaledObject');
  expect(scaled?.spec.scaleTargetRef.name).toBe('worker');
  const metric = /queue_waiting_files/;
  expect(scaled?.spec.triggers[0]?.metadata.query).toMatch(metric);
  expect(read('src/api/metrics.ts')).toMatch(metric);
  const kustomization = parse(read(`${folder}/kustomization.yaml`)) as {
    resources: string[];
    configMapGenerator: { literals: string[] }[];
  };
  for (const name of kustomization.resources) expect(existsSync(join(projectRoot, folder, name))).toBe(true);
  const literals = kustomization.configMapGenerator.flatMap(({ literals: all }) => all);
  expectSettings(Object.fromEntries(literals.map((pair) => pair.split('=') as [string, string])));
});

test.each(['api', 'worker'])('the systemd unit of the %s starts it with valid settings', (name) => {
  const unit = read(`deploy/systemd/async-image-${name}.service`);
  const given = [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
  expectSettings(Object.fromEntries(given));
  expect(unit).toContain(`ExecStart=/usr/bin/node dist/${name}/main.js`);
});

test('CI tests every supported version of Node.js, and .nvmrc and the Dockerfile use the latest', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const supported = engines.node.split('||').map((range) => Number(/\d+/.exec(range)?.[0]));
  const ci = parse(read('.github/workflows/ci.yml')) as {
    jobs: { test: { strategy: { matrix: { node: number[] } } } };
  };
  expect(ci.jobs.test.strategy.matrix.node).toEqual(supported);
  const latest = supported.at(-1);
  expect(read('.nvmrc')).toBe(`${latest}\n`);
  expect(read('Dockerfile')).toContain(`FROM node:${latest}-`);
});

test('the client has the version of the service and supports the same versions of Node.js', () => {
  const [root, client] = ['package.json', 'client/package.json'].map((name) => JSON.parse(read(name)));
  expect([client.version, client.engines]).toEqual([root.version, root.engines]);
});

test('.editorconfig matches biome.json', () => {
  const { formatter } = JSON.parse(read('biome.json')) as { formatter: { indentStyle: string; lineWidth: number } };
  expect(read('.editorconfig')).toContain(`indent_style = ${formatter.indentStyle}\n`);
  expect(read('.editorconfig')).toContain(`max_line_length = ${formatter.lineWidth}\n`);
});
