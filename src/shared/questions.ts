import type { ChildProcess } from 'node:child_process';

/** The process at the other end of an IPC channel: a child process, or the parent, through `process`. */
export type Channel = ChildProcess | NodeJS.Process;

interface Question {
  question: string;
  id: number;
  details: unknown;
}

interface Answer {
  answerTo: number;
  value?: unknown;
  problem?: string;
}

let lastId = 0;

/**
 * Asks the process at the other end of a channel.
 *
 * @param timeoutMs milliseconds to wait for the answer; without it there is no limit
 * @param details passed to the function that answers, as JSON
 * @throws {Error} if the other process cannot answer, does not answer in time, or ends
 */
export function ask(
  channel: Channel,
  question: string,
  { timeoutMs, details }: { timeoutMs?: number; details?: unknown } = {},
): Promise<unknown> {
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    const end = (answer: Answer) => {
      if (timer) clearTimeout(timer);
      channel.off('message', onMessage).off('disconnect', onDisconnect);
      if (answer.problem === undefined) resolve(answer.value);
      else reject(new Error(answer.problem));
    };
    const fail = (problem: string) => end({ answerTo: id, problem });
    const timer = timeoutMs && setTimeout(() => fail(`a process did not respond within ${timeoutMs} ms`), timeoutMs);
    const onMessage = (message: unknown) => (message as Answer).answerTo === id && end(message as Answer);
    const onDisconnect = () => fail('a process has ended');
    channel.on('message', onMessage).on('disconnect', onDisconnect);
    const message: Question = { question, id, details };
    channel.send?.(message, undefined, undefined, (error) => error && fail(error.message));
  });
}

/** Answers a question of the process at the other end of a channel, whenever it asks. */
export function answer(channel: Channel, question: string, respond: (details: never) => unknown): void {
  channel.on('message', async (message: unknown) => {
    const { question: asked, id, details } = message as Question;
    if (asked !== question) return;
    const reply: Answer = { answerTo: id };
    try {
      reply.value = await respond(details as never);
    } catch (error) {
      reply.problem = error instanceof Error ? error.message : String(error);
    }
    // The other process may have ended.
    channel.send?.(reply, undefined, undefined, () => undefined);
  });
}
