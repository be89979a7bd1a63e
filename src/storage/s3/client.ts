import type { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import pLimit from 'p-limit';
import type { BucketConfig } from '../../shared/config.ts';
import type { OpenFile, SignedAnswer } from '../storage.ts';

/** Milliseconds in which a bucket's server must take a connection, answer, and take what is sent and answer. */
const [CONNECTION_MS, ANSWER_MS, SENDING_MS] = [2000, 8000, 30_000];
/** Files that are removed at the same time. */
const REMOVALS = 16;
/** A request that is not answered is made once more; a job then waits, and leaves its child to others. */
const ATTEMPTS = 2;
/** Seconds for which a signed address can be used: long enough to follow a redirect, and no longer. */
const SIGNED_SECONDS = 300;

// On Node 20 every process would print that releases of the SDK from 2027 on need Node 22. Which release is used is decided by our
// lock file, not by the operator.
// biome-ignore lint/style/noProcessEnv: the SDK has no other switch.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** What is done with a bucket. Keys are relative to the configured prefix; all of it fails with the SDK's own errors. */
export interface BucketClient {
  put(key: string, content: Uint8Array): Promise<void>;
  /** Stores what comes, of whatever length; no more than a few mebibytes of it are held. */
  stream(key: string, content: Readable): Promise<void>;
  /** @throws an error with the `status` of the answer, such as 404 or 416 */
  open(key: string, range?: string): Promise<OpenFile>;
  copy(from: string, to: string): Promise<void>;
  /** Removing what is not there is no fault. */
  remove(keys: readonly string[]): Promise<void>;
  /** What there is under a prefix, a page at a time. */
  list(prefix: string): AsyncIterable<{ key: string; changedAt: number }[]>;
  /** An address at which whoever has it can read for a while, answered with these headers. */
  sign(key: string, answer: SignedAnswer): Promise<string>;
  /** Address of an object for people, `s3://…`. */
  address(key: string): string;
}

/** Makes what a bucket is used by. It asks nothing of the bucket yet. */
export function createBucketClient({
  name: Bucket,
  prefix,
  endpoint,
  region,
  credentials,
}: BucketConfig): BucketClient {
  const client = new S3Client({
    region,
    maxAttempts: ATTEMPTS,
    ...(credentials && { credentials }),
    // Servers other than AWS's seldom have a host name for each bucket, nor do all of them know its newer checksums.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A server that does not know the question would keep every larger file waiting for its answer.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: CONNECTION_MS,
      requestTimeout: SENDING_MS,
      throwOnRequestTimeout: true,
      // Clients that read slowly must not keep the others from the bucket.
      httpAgent: { maxSockets: Number.POSITIVE_INFINITY },
      httpsAgent: { maxSockets: Number.POSITIVE_INFINITY },
    },
  });
  const quick = { requestTimeout: ANSWER_MS };
  const removals = pLimit(REMOVALS);
  const whole = (key: string) => (prefix === '' ? key : `${prefix}/${key}`);
  const object = (key: string) => ({ Bucket, Key: whole(key) });

  return {
    address: (key) => `s3://${Bucket}/${whole(key)}`,

    async put(key, content) {
      await client.send(new PutObjectCommand({ ...object(key), Body: content }));
    },

    async stream(key, content) {
      // One part after the other: it comes no faster from a client, and several would be held at once.
      await new Upload({ client, params: { ...object(key), Body: content }, queueSize: 1 }).done();
    },

    async open(key, range) {
      try {
        const { Body, ContentLength, ContentRange } = await client.send(
          new GetObjectCommand({ ...object(key), Range: range }),
          quick,
        );
        return { content: Body as Readable, length: ContentLength ?? 0, range: ContentRange };
      } catch (error) {
        throw Object.assign(error as Error, { status: (error as S3ServiceException).$metadata?.httpStatusCode });
      }
    },

    async copy(from, to) {
      const CopySource = [Bucket, ...whole(from).split('/')].map(encodeURIComponent).join('/');
      await client.send(new CopyObjectCommand({ ...object(to), CopySource }));
    },

    // One by one: for the request that removes many at once, servers disagree on the checksum that it must have.
    async remove(keys) {
      await removals.map(keys, (key) => client.send(new DeleteObjectCommand(object(key)), quick));
    },

    async *list(below) {
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: whole(below) })) {
        yield Contents.map(({ Key = '', LastModified }) => ({
          key: prefix === '' ? Key : Key.slice(prefix.length + 1),
          changedAt: LastModified?.getTime() ?? 0,
        }));
      }
    },

    sign(key, { method, type, disposition }) {
      const input = { ...object(key), ResponseContentType: type, ResponseContentDisposition: disposition };
      const command = method === 'HEAD' ? new HeadObjectCommand(input) : new GetObjectCommand(input);
      return getSignedUrl(client, command, { expiresIn: SIGNED_SECONDS });
    },
  };
}
