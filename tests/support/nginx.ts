import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findNginx } from '../../scripts/nginx.ts';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { describeIf } from './describe-if.ts';
import { freePort } from './ports.ts';
import { endProcess, until } from './processes.ts';

/** `describe` for tests that need nginx. */
export const describeBehindNginx = describeIf(
  findNginx() ? undefined : 'nginx was not found, and could not be installed without a prompt',
);

/** Starts nginx as a reverse proxy of an API, with keep-alive connections to it. Returns its URL. */
export async function startNginx(api: string): Promise<string> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  const file = join(folder, 'nginx.conf');
  await writeFile(
    file,
    `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'errors')};
    events { worker_connections 64; }
    http {
      access_log off; ${temporary.join(' ')}
      upstream api { server ${new URL(api).host}; keepalive 4; }
      server {
        listen 127.0.0.1:${port};
        client_max_body_size 0;
        location / {
          proxy_pass http://api;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_request_buffering off;
        }
      }
    }`,
  );
  const server = spawn(findNginx() ?? '', ['-c', file, '-p', folder, '-e', join(folder, 'errors')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onCleanup(() => endProcess(server, 'SIGTERM'));
  const url = `http://127.0.0.1:${port}`;
  await until(() => {
    if (server.exitCode !== null) throw new Error('nginx has ended');
    return fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return url;
}
