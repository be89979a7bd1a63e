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
import type { S3Config } from '../../shared/config.ts';
import type { OpenFile, SignedResponse } from '../storage.ts';

/** Time limit for connecting to the S3 server. */
const CONNECTION_TIMEOUT_MS = 2000;
/** Time limit for reading or removing one object. */
const RESPONSE_TIMEOUT_MS = 8000;
/** Time limit for all other requests. An upload must be sent and acknowledged within it. */
const UPLOAD_TIMEOUT_MS = 30_000;
/** Objects that are removed at the same time. */
const MAX_CONCURRENT_REMOVALS = 16;
/** The SDK retries a failed request only once. After that the job is delayed, so that its child process is free for other jobs. */
const MAX_ATTEMPTS = 2;
/** How long a signed address is valid, in seconds: enough to follow a redirect. */
const SIGNED_ADDRESS_SECONDS = 300;

// On Node 20 the SDK would print in every process that its releases from 2027 on need Node 22. Our lock file decides which release is
// used, so the operator can do nothing about it.
// biome-ignore lint/style/noProcessEnv: the SDK has no other switch.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** The operations on a bucket. Keys are relative to the configured prefix. All operations throw the errors of the SDK. */
export interface BucketClient {
  put(key: string, content: Uint8Array): Promise<void>;
  /** Stores a stream of unknown length. At most a few mebibytes of it are in memory. */
  stream(key: string, content: Readable): Promise<void>;
  /** @throws an error with the `status` of the response, such as 404 or 416 */
  open(key: string, range?: string): Promise<OpenFile>;
  copy(from: string, to: string): Promise<void>;
  /** Removes objects. Keys that do not exist are ignored. */
  remove(keys: readonly string[]): Promise<void>;
  /** Lists the objects under a prefix, page by page. `changedAt` is in milliseconds since 1970. */
  list(prefix: string): AsyncIterable<{ key: string; changedAt: number }[]>;
  /** Returns an address from which anyone can read the object, for {@link SIGNED_ADDRESS_SECONDS} at most, with the given response headers. */
  sign(key: string, response: SignedResponse): Promise<string>;
  /** Returns the `s3://` address of an object, for messages. */
  address(key: string): string;
}

/** Creates a client for a bucket. Sends no request yet. */
export function createBucketClient({ name: Bucket, prefix, endpoint, region, credentials }: S3Config): BucketClient {
  const client = new S3Client({
    region,
    maxAttempts: MAX_ATTEMPTS,
    ...(credentials && { credentials }),
    // Few servers other than AWS have a host name for each bucket, and some do not support the newer checksums.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A server that does not support `Expect: 100-continue` would delay every larger file.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: UPLOAD_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      // With a limit, clients that download slowly could use all sockets and block the others.
      httpAgent: { maxSockets: Number.POSITIVE_INFINITY },
      httpsAgent: { maxSockets: Number.POSITIVE_INFINITY },
    },
  });
  const quick = { requestTimeout: RESPONSE_TIMEOUT_MS };
  const removals = pLimit(MAX_CONCURRENT_REMOVALS);
  const withPrefix = (key: string) => (prefix === '' ? key : `${prefix}/${key}`);
  const object = (key: string) => ({ Bucket, Key: withPrefix(key) });

  return {
    address: (key) => `s3://${Bucket}/${withPrefix(key)}`,

    async put(key, content) {
      await client.send(new PutObjectCommand({ ...object(key), Body: content }));
    },

    async stream(key, content) {
      // Parts are uploaded one after another. Parallel parts would need more memory and would not be faster, since the client is slower.
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
      const CopySource = [Bucket, ...withPrefix(from).split('/')].map(encodeURIComponent).join('/');
      await client.send(new CopyObjectCommand({ ...object(to), CopySource }));
    },

    // Objects are removed one by one, since servers require different checksums for the request that removes many objects.
    async remove(keys) {
      await removals.map(keys, (key) => client.send(new DeleteObjectCommand(object(key)), quick));
    },

    async *list(below) {
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: withPrefix(below) })) {
        yield Contents.map(({ Key = '', LastModified }) => ({
          key: prefix === '' ? Key : Key.slice(prefix.length + 1),
          changedAt: LastModified?.getTime() ?? 0,
        }));
      }
    },

    sign(key, { method, type, disposition, expiresAt = Number.POSITIVE_INFINITY }) {
      const input = { ...object(key), ResponseContentType: type, ResponseContentDisposition: disposition };
      const command = method === 'HEAD' ? new HeadObjectCommand(input) : new GetObjectCommand(input);
      const signingDate = new Date();
      // The signature has the date in whole seconds, rounded down. 0 seconds would be invalid.
      const secondsLeft = Math.max(1, Math.ceil((expiresAt - signingDate.getTime()) / 1000));
      return getSignedUrl(client, command, { signingDate, expiresIn: Math.min(SIGNED_ADDRESS_SECONDS, secondsLeft) });
    },
  };
}
