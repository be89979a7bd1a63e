import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../src/shared/config.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { settingDescriptions } from '../../src/shared/settings.ts';
import { defaultRedisTimeout, environment } from '../support/environment.ts';

const read = (name: string) => readFile(join(projectRoot, name), 'utf8');

test('uses the documented defaults, and parses lists of Redis nodes', () => {
  const config = loadConfig(environment());
  expect(config).toMatchObject({ port: 3000, maxFiles: 10, maxFileBytes: 5 * 1024 * 1024, maxPixels: 50_000_000 });
  expect(config.acceptedFormats).toEqual(['jpeg', 'png', 'webp', 'gif', 'avif']);
  const { host, port, isNamed, ...others } = config.redis;
  expect({ host, port, isNamed }).toEqual({ host: 'localhost', port: 6379, isNamed: false });
  expect(others).toMatchObject({ password: undefined, url: undefined, isTls: false, sentinels: [], cluster: [] });
  for (const wrong of ['here', 'here:', 'a:1,b', ':1']) {
    expect(() => loadConfig(environment({ REDIS_CLUSTER: wrong }))).toThrow(/REDIS_CLUSTER must be .*host:port/);
  }
  expect(loadConfig(environment({ REDIS_SENTINELS: 'a:1, [::1]:2' })).redis.sentinels).toEqual([
    { host: 'a', port: 1 },
    { host: '::1', port: 2 },
  ]);
  expect(config.workerConcurrency).toBe(Math.max(1, availableParallelism() - 1));
  expect(config.apiProcesses).toBe(Math.ceil(availableParallelism() / 8));
  expect(config.uploadDir).toBe(join(projectRoot, 'uploads'));
  expect(Object.isFrozen(config)).toBe(true);
});

test('reports every invalid setting at once, by name', () => {
  const load = () =>
    loadConfig(environment({ PORT: '70000', MAX_FILES: 'ten', ACCEPTED_FORMATS: 'jpeg,svg', LOG_LEVEL: 'loud' }));
  expect(load).toThrow(ConfigError);
  for (const name of ['PORT', 'MAX_FILES', 'ACCEPTED_FORMATS', 'LOG_LEVEL']) expect(load).toThrow(name);
  expect(load).toThrow('PORT must be a whole number from 0 to 65535, not "70000"');
});

test('does not show a password in the error of an invalid setting', () => {
  const load = () => loadConfig(environment({ REDIS_URL: 'http://user:hunter2@host' }));
  expect(load).toThrow('REDIS_URL must look like');
  expect(load).not.toThrow('hunter2');
});

test('parses the name, the optional prefix and the credentials of a bucket', () => {
  const of = (STORAGE_URL: string, more = {}) => loadConfig(environment({ STORAGE_URL, ...more })).s3;
  expect(loadConfig(environment()).s3).toBeUndefined();
  expect(of('s3://my-bucket')).toMatchObject({ name: 'my-bucket', prefix: '', credentials: undefined });
  expect(of('s3://my-bucket/a folder/in it/')).toMatchObject({ name: 'my-bucket', prefix: 'a folder/in it' });
  expect(of('s3://b.example', { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' })?.credentials).toEqual({
    accessKeyId: 'id',
    secretAccessKey: 'secret',
  });
  for (const wrong of ['my-bucket', 's3://', 's3://key:secret@host/x', 'https://example.com/x'])
    expect(() => of(wrong)).toThrow('STORAGE_URL must');
});

test('treats Redis as named when any of its settings is set', () => {
  expect(loadConfig(environment({ REDIS_PORT: '6380' })).redis.isNamed).toBe(true);
  expect(loadConfig(environment({ REDIS_PASSWORD: '' })).redis.isNamed).toBe(false);
});

test('.env.example lists every setting, each commented out with its meaning and default', async () => {
  const example = await read('.env.example');
  const listed = [...example.matchAll(/^# (.+)\n# ([A-Z_\d]+)=(.*)$/gm)].map(([, meaning, name, value]) => ({
    name,
    meaning,
    value,
  }));
  const names = Object.keys(settingDescriptions);
  expect(listed.map(({ name }) => name)).toEqual(names);
  for (const { name, meaning } of listed)
    expect(`${name}: ${meaning}`).toBe(`${name}: ${settingDescriptions[name ?? '']}`);

  const asListed = Object.fromEntries(listed.map(({ name, value }) => [name, value ?? '']));
  const { redis: listedRedis, environment: _listed, ...rest } = loadConfig(environment(asListed));
  const { redis, environment: _unlisted, ...defaults } = loadConfig(environment(defaultRedisTimeout));
  expect(rest).toEqual(defaults);
  expect(listedRedis).toEqual({ ...redis, isNamed: true });
});
