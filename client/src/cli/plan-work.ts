import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { hashContent } from '../hash.ts';
import { openLocalFile } from '../local-files.ts';
import type { FileRecord, Journal, Plan, PlannedFile } from './journal.ts';
import type { OutputNames } from './output-names.ts';
import type { SourceFile } from './source-files.ts';

/** What is left to do. */
export interface Work {
  /** Files that ended in an earlier run. */
  ended: FileRecord[];
  /** Batches that were sent, or that may have been sent, with the files that have not ended. */
  plans: Map<Plan, { isSent: boolean; wanted: Set<string> }>;
  /** Files that must be sent. */
  fresh: SourceFile[];
}

/** Rules for {@link findWork}. */
export interface WorkRules {
  outFolder: string;
  /** Identifies the options of the service. Files that were processed with other options are processed again. */
  options: string;
  /** Whether to send files again that have failed. */
  retryFailed: boolean;
}

/** Returns the name of a file in the journal: its path relative to the output folder. Both can be moved together. */
export function sourceKey(outFolder: string, { path }: Pick<SourceFile, 'path'>): string {
  return relative(outFolder, path).split(sep).join('/');
}

/** Compares the files on the disk with the journal. */
export async function findWork(
  files: readonly SourceFile[],
  journal: Journal,
  { outFolder, options, retryFailed }: WorkRules,
): Promise<Work> {
  const work: Work = { ended: [], plans: new Map(), fresh: [] };
  const byKey = new Map(files.map((file) => [sourceKey(outFolder, file), file]));
  const isUnchanged = async (record: FileRecord) => {
    const file = byKey.get(record.source);
    return file !== undefined && (await hasContent(file, record));
  };
  for (const [key, file] of byKey) {
    const plan = journal.planOf(key);
    const record = plan?.files.get(key);
    if (!plan || !record || plan.options !== options || !(await isUnchanged(record))) {
      work.fresh.push(file);
    } else if (record.outputs?.every((output) => existsSync(join(outFolder, output)))) {
      work.ended.push(record);
    } else if (record.failure) {
      if (retryFailed) work.fresh.push(file);
      else work.ended.push(record);
    } else {
      const entry = work.plans.get(plan) ?? { isSent: true, wanted: new Set() };
      entry.wanted.add(key);
      entry.isSent &&= record.batchId !== undefined;
      work.plans.set(plan, entry);
    }
  }
  // A batch that may have been sent is sent again with the same files, so that the service recognizes it.
  for (const [plan, entry] of work.plans) {
    if (entry.isSent) continue;
    const records = [...plan.files.values()];
    if ((await Promise.all(records.map(isUnchanged))).every(Boolean)) continue;
    for (const key of entry.wanted) {
      if (plan.files.get(key)?.batchId !== undefined) continue;
      entry.wanted.delete(key);
      const file = byKey.get(key);
      if (file) work.fresh.push(file);
    }
    entry.isSent = true;
    if (entry.wanted.size === 0) work.plans.delete(plan);
  }
  work.fresh.sort((one, other) => (one.path < other.path ? -1 : 1));
  return work;
}

/** Plans a batch and writes it to the journal. */
export async function planBatch(
  files: readonly SourceFile[],
  {
    journal,
    names,
    outFolder,
    options,
  }: { journal: Journal; names: OutputNames } & Pick<WorkRules, 'outFolder' | 'options'>,
): Promise<Plan | undefined> {
  const planned: PlannedFile[] = [];
  for (const { path, relativePath, size, mtimeMs } of files) {
    const source = sourceKey(outFolder, { path });
    planned.push({ source, size, mtimeMs, hash: await hashFile(path), target: names.targetOf(source, relativePath) });
  }
  await journal.append({ type: 'planned', plan: randomUUID(), salt: randomUUID(), options, files: planned });
  return journal.planOf(planned[0]?.source ?? '');
}

/** A file that was only touched or copied has another time, but the same content. */
async function hasContent({ path, size, mtimeMs }: SourceFile, record: FileRecord): Promise<boolean> {
  if (size !== record.size) return false;
  return mtimeMs === record.mtimeMs || (await hashFile(path)) === record.hash;
}

async function hashFile(path: string): Promise<string> {
  return hashContent((await openLocalFile(path)).blob);
}
