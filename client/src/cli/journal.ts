import { type FileHandle, open, readFile } from 'node:fs/promises';

/** A file as it was when its batch was planned. */
export interface PlannedFile {
  /** Path relative to the output folder. */
  source: string;
  size: number;
  mtimeMs: number;
  /** Identifies the content; see `hashContent`. */
  hash: string;
  /** Output path below the output folder, without variant and extension. */
  target: string;
}

/** A failure as the service reports it. */
export interface Failure {
  code: string;
  message: string;
}

/** One line of the journal. */
export type JournalEntry =
  /** Written before a batch is sent. Its files, names, order, options and salt give the same `Idempotency-Key` when it is sent again. */
  | { type: 'planned'; plan: string; salt: string; options: string; files: PlannedFile[] }
  | { type: 'accepted'; plan: string; batchId: string; sources: string[] }
  | { type: 'saved'; plan: string; source: string; jobId: string; outputs: string[] }
  | { type: 'failed'; plan: string; source: string; jobId: string | null; failure: Failure }
  /** The service no longer has these files. They have to be sent again. */
  | { type: 'gone'; plan: string; sources: string[] };

/** What is known about a file of a plan. */
export interface FileRecord extends PlannedFile {
  batchId?: string;
  jobId?: string | null;
  outputs?: string[];
  failure?: Failure;
}

/** A batch that was sent or was about to be sent. */
export interface Plan {
  id: string;
  salt: string;
  options: string;
  files: Map<string, FileRecord>;
  /** Sources of each batch that the service has accepted, in the order of the batch. */
  batches: Map<string, string[]>;
}

/** Remembers on the disk what was sent and saved, so that an interrupted `push` can continue. */
export interface Journal {
  /** Returns the latest plan of a file that still counts. */
  planOf(source: string): Plan | undefined;
  /** Returns the targets that files have, by source. */
  targets(): Map<string, string>;
  /** Writes an entry and flushes it to the disk. */
  append(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

/** Opens a journal, and creates it if it does not exist. */
export async function openJournal(path: string): Promise<Journal> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const state = new JournalState();
  for (const entry of text.split('\n').flatMap(parseLine)) state.apply(entry);
  const file = await open(path, 'a');
  // A process that was killed may have left half a line.
  if (text !== '' && !text.endsWith('\n')) await file.appendFile('\n');

  let writing: Promise<void> = Promise.resolve();
  return {
    planOf: (source) => state.latest.get(source),
    targets: () => state.targets,
    append(entry) {
      state.apply(entry);
      writing = writing.then(() => write(file, entry));
      return writing;
    },
    async close() {
      await writing;
      await file.close();
    },
  };
}

async function write(file: FileHandle, entry: JournalEntry): Promise<void> {
  await file.appendFile(`${JSON.stringify(entry)}\n`);
  await file.datasync();
}

function parseLine(line: string): JournalEntry[] {
  try {
    return [JSON.parse(line) as JournalEntry];
  } catch {
    return [];
  }
}

class JournalState {
  readonly plans = new Map<string, Plan>();
  /** The latest plan of each file. */
  readonly latest = new Map<string, Plan>();
  readonly targets = new Map<string, string>();

  apply(entry: JournalEntry): void {
    if (entry.type === 'planned') {
      const { plan: id, salt, options } = entry;
      const files = new Map(entry.files.map((file): [string, FileRecord] => [file.source, { ...file }]));
      const plan: Plan = { id, salt, options, files, batches: new Map() };
      this.plans.set(id, plan);
      for (const { source, target } of entry.files) {
        this.latest.set(source, plan);
        this.targets.set(source, target);
      }
      return;
    }
    const plan = this.plans.get(entry.plan);
    if (!plan) return;
    if (entry.type === 'gone') {
      for (const source of entry.sources) if (this.latest.get(source) === plan) this.latest.delete(source);
      return;
    }
    if (entry.type === 'accepted') {
      plan.batches.set(entry.batchId, entry.sources);
      for (const source of entry.sources) Object.assign(plan.files.get(source) ?? {}, { batchId: entry.batchId });
      return;
    }
    const { type: _type, plan: _plan, source, ...outcome } = entry;
    Object.assign(plan.files.get(source) ?? {}, outcome);
  }
}
