import { join, relative } from 'node:path';
import { forEachConcurrently } from '../concurrency.ts';
import { isGone } from '../errors.ts';
import type { Http } from '../http.ts';
import { processImages } from '../process-images.ts';
import type { FileStatus } from '../types.ts';
import { formFields } from '../upload-body.ts';
import { watchBatch } from '../watch-batch.ts';
import type { Failure, FileRecord, Journal, Plan } from './journal.ts';
import type { OutputNames } from './output-names.ts';
import { findWork, planBatch, sourceKey } from './plan-work.ts';
import type { Progress } from './progress.ts';
import type { Outcome, PushOptions } from './push-options.ts';
import { saveResults } from './save-results.ts';
import type { SourceFile } from './source-files.ts';

/** What a run works with. */
export interface RunParts {
  outFolder: string;
  journal: Journal;
  names: OutputNames;
  progress: Progress;
}

/** One run of `push`: which files have ended, and what is left to do. */
export class PushRun {
  readonly outcomes: Outcome[] = [];
  readonly #ended = new Set<string>();
  readonly #sent = new Map<Plan, { sentBytes: number; knownBytes: number }>();
  readonly #http: Http;
  readonly #options: PushOptions;
  readonly #parts: RunParts;
  /** Identifies the options of the service. */
  readonly #optionsText: string;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;

  constructor(http: Http, options: PushOptions, parts: RunParts) {
    this.#http = http;
    this.#options = options;
    this.#parts = parts;
    this.#optionsText = JSON.stringify(formFields(options.service).sort());
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  hasEnded(file: SourceFile): boolean {
    return this.#ended.has(sourceKey(this.#parts.outFolder, file));
  }

  /** Processes files. Returns the number of those whose batch was deleted meanwhile. */
  async pass(files: readonly SourceFile[]): Promise<number> {
    const { outFolder, journal } = this.#parts;
    const rules = { outFolder, options: this.#optionsText, retryFailed: this.#options.retryFailed };
    const { ended, plans, fresh } = await findWork(files, journal, rules);
    for (const record of ended) this.#end(record, true);
    const self = this;
    async function* units(): AsyncGenerator<() => Promise<void>> {
      for (const [plan, { isSent, wanted }] of plans) {
        yield () => (isSent ? self.#follow(plan, wanted) : self.#send(plan, wanted));
      }
      for (let start = 0; start < fresh.length; start += self.#options.batchSize) {
        const batch = fresh.slice(start, start + self.#options.batchSize);
        const plan = await planBatch(batch, { ...self.#parts, options: rules.options });
        if (plan) yield () => self.#send(plan, new Set(plan.files.keys()));
      }
    }
    try {
      await forEachConcurrently(this.#options.concurrency, units(), (unit) => unit());
    } catch (error) {
      this.#stop.abort(error);
      throw error;
    }
    return files.filter((file) => !this.hasEnded(file)).length;
  }

  /** Sends a batch. If it was sent before, the service recognizes it by its key. */
  async #send(plan: Plan, wanted: ReadonlySet<string>): Promise<void> {
    const { outFolder, journal } = this.#parts;
    const records = [...plan.files.values()];
    const inputs = records.map(({ source, hash }) => {
      const path = join(outFolder, source);
      return { name: source.split('/').at(-1) ?? '', data: path, hash };
    });
    const processed = processImages(this.#http, inputs, {
      ...this.#options.service,
      batchSize: inputs.length,
      salt: plan.salt,
      signal: this.#signal,
      onUploadProgress: (sent) => this.#showSent(plan, sent),
      onBatch: ({ batchId, indexes }) => {
        const sources = indexes.flatMap((index) => records[index]?.source ?? []);
        return journal.append({ type: 'accepted', plan: plan.id, batchId, sources });
      },
    });
    await this.#unlessGone(plan, wanted, async () => {
      for await (const { index, ...image } of processed) {
        const record = records[index];
        if (record && wanted.has(record.source)) await this.#settle(plan, record, image);
      }
    });
  }

  /** Waits for the batches of a plan that the service has accepted. */
  async #follow(plan: Plan, wanted: ReadonlySet<string>): Promise<void> {
    for (const [batchId, sources] of plan.batches) {
      const pending = new Set(sources.filter((source) => wanted.has(source)));
      if (pending.size === 0) continue;
      await this.#unlessGone(plan, pending, async () => {
        for await (const { files } of watchBatch(this.#http, batchId, this.#signal)) {
          for (const [position, file] of files.entries()) {
            const source = sources[position] ?? '';
            const record = plan.files.get(source);
            const hasEnded = file.state === 'completed' || file.state === 'failed';
            if (record && hasEnded && pending.has(source)) await this.#settle(plan, record, file);
          }
        }
      });
    }
  }

  /** Saves the results of a file, or notes why it has none. */
  async #settle(
    plan: Plan,
    record: FileRecord,
    { jobId, result, failure }: { jobId: string | null } & Pick<FileStatus, 'result'> & { failure: Failure | null },
  ): Promise<void> {
    if (this.#ended.has(record.source)) return;
    const { journal, outFolder: folder } = this.#parts;
    const { source, target } = record;
    if (jobId !== null && result) {
      const place = { folder, target, signal: this.#signal };
      const outputs = await saveResults(this.#http, { jobId, result }, place);
      await journal.append({ type: 'saved', plan: plan.id, source, jobId, outputs });
    } else {
      const reason = failure ?? { code: 'INTERNAL_ERROR', message: 'the service reported no reason' };
      // A file that cannot be read is not noted, so that the next run reads it again.
      if (reason.code !== 'INPUT_UNREADABLE') {
        await journal.append({ type: 'failed', plan: plan.id, source, jobId, failure: reason });
      }
      record.failure = reason;
    }
    this.#end(record, false);
  }

  #end(record: FileRecord, isResumed: boolean): void {
    const { source, batchId = null, jobId = null, failure = null } = record;
    if (this.#ended.has(source)) return;
    this.#ended.add(source);
    const here = (path: string) => relative('', join(this.#parts.outFolder, path));
    const outputs = (record.outputs ?? []).map(here);
    const state = failure ? 'failed' : 'completed';
    const outcome: Outcome = { source: here(source), state, outputs, batchId, jobId, failure, isResumed };
    this.outcomes.push(outcome);
    this.#options.report(outcome);
    this.#parts.progress.ended(this.#ended.size);
  }

  /** Notes that files must be sent again if the service has deleted their batch. */
  async #unlessGone(plan: Plan, wanted: ReadonlySet<string>, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!isGone(error)) throw error;
      const sources = [...wanted].filter((source) => !this.#ended.has(source));
      await this.#parts.journal.append({ type: 'gone', plan: plan.id, sources });
    }
  }

  #showSent(plan: Plan, sent: { sentBytes: number; knownBytes: number }): void {
    this.#sent.set(plan, sent);
    const all = [...this.#sent.values()];
    const sum = (count: (one: typeof sent) => number) => all.reduce((total, one) => total + count(one), 0);
    this.#parts.progress.sent(
      sum(({ sentBytes }) => sentBytes),
      sum(({ knownBytes }) => knownBytes),
    );
  }
}
