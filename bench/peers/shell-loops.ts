import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { findProgram } from '../../scripts/install.ts';
import { endLater } from '../processes.ts';
import type { Peer } from './peer.ts';
import { programVersion } from './versions.ts';

/** vipsthumbnail cannot convert to grey, so a second program does. */
const vipsSteps = [
  'vipsthumbnail {} --size 512x -o "$1/{}.v"',
  'vips colourspace "$1/{}.v" "$1/{}.jpg[Q=80]" b-w',
  'rm "$1/{}.v"',
];

/** Debian 12 calls it `convert`, Debian 13 `magick` too. An absolute path skips wrappers of `convert`. */
export const findImageMagick = (): string | undefined => findProgram('magick', '/usr/bin/convert', 'convert');

/** A shell that processes a folder for each line that it reads, with as many processes as cores. */
function shellLoop(name: string, what: string, versions: string, command: string): Peer {
  const loop = `ls | xargs -P ${availableParallelism()} -I {} ${command}`;
  const script = `while read -r from to; do (cd "$from" && ${loop}); echo done; done`;
  return {
    name,
    what,
    versions,
    acknowledges: false,
    async start(folder) {
      const results = join(folder, 'processed');
      await mkdir(results, { recursive: true });
      // sharp sets VIPSHOME in this process to its own libvips. Debian's would look for its modules there.
      const env = { ...process.env, VIPSHOME: undefined };
      const shell = endLater(spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'], env }));
      const lines = createInterface({ input: shell.stdout });
      let runs = 0;
      return {
        processes: () => [shell.pid ?? 0],
        results,
        async use(files) {
          runs += 1;
          const from = join(folder, String(runs));
          await mkdir(from);
          for (const [at, file] of files.entries()) await link(file, join(from, `${runs}-${at}${extname(file)}`));
          shell.stdin.write(`${from} ${results}\n`);
          await once(lines, 'line');
          const made = (await readdir(results)).filter((name) => name.startsWith(`${runs}-`));
          if (made.length !== files.length) throw new Error(`${name} made ${made.length} of ${files.length} images`);
        },
      };
    },
  };
}

export function createShellLoops(): Peer[] {
  const processes = `${availableParallelism()} processes at once`;
  const imageMagick = findImageMagick() ?? 'convert';
  return [
    shellLoop(
      'vipsthumbnail',
      `\`xargs\` with \`vipsthumbnail\` and \`vips colourspace\`, ${processes}`,
      `libvips ${programVersion('vipsthumbnail', '--vips-version')}`,
      `sh -c '${vipsSteps.join(' && ')}' sh "$to"`,
    ),
    shellLoop(
      'ImageMagick',
      `\`xargs\` with \`convert\`, ${processes}`,
      `ImageMagick ${programVersion(imageMagick)}`,
      `${imageMagick} {} -resize 512 -colorspace Gray -quality 80 "$to/{}.jpg"`,
    ),
  ];
}
