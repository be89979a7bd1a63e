import { MultiBar, Presets, type SingleBar } from 'cli-progress';

/** Shows how far `push` is. */
export interface Progress {
  sent(bytes: number, totalBytes: number): void;
  ended(files: number): void;
  stop(): void;
}

/** Creates progress bars in a terminal, and nothing elsewhere. */
export function createProgress(totalFiles: number, isShown: boolean): Progress {
  if (!isShown) return { sent: () => undefined, ended: () => undefined, stop: () => undefined };
  const bars = new MultiBar(
    { stream: process.stderr, format: '{name} {bar} {percentage}% {text}', hideCursor: true, clearOnComplete: false },
    Presets.shades_classic,
  );
  const processing = bars.create(totalFiles, 0, { name: 'Processing', text: `0 of ${totalFiles} files` });
  // There is nothing to send if all files were sent in an earlier run.
  let upload: SingleBar | undefined;
  return {
    sent(bytes, totalBytes) {
      upload ??= bars.create(1, 0, { name: 'Upload    ', text: '' });
      upload.setTotal(Math.max(totalBytes, 1));
      upload.update(bytes, { text: `${inMebibytes(bytes)} of ${inMebibytes(totalBytes)} MiB` });
    },
    ended: (files) => processing.update(files, { text: `${files} of ${totalFiles} files` }),
    stop: () => bars.stop(),
  };
}

function inMebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
