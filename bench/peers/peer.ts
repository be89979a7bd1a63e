/** Images that a client sends together, as a form for servers and as files for programs that read files. */
export interface Upload {
  files: readonly string[];
  body: Buffer;
}

/** Whether an image can be fetched: its URL once it can, and `gone` if it never will. */
export type ImageState = { url: string } | 'pending' | 'gone';

/** How a client uses a server. */
export interface Server<Sent = unknown> {
  /** Sends an upload. Resolves when the server has acknowledged it. */
  send(upload: Upload): Promise<Sent>;
  /** Returns the state of each image of an upload. */
  find(sent: Sent): Promise<ImageState[]>;
}

/** A started peer. */
export interface Running {
  /** The roots of its process trees, without Redis. */
  processes(): number[];
  redis?(): number;
  /** The folder of its results, unless it stores none. */
  results?: string;
  /** A server, or a loop over files that resolves when all have been processed. */
  use: Server | ((files: readonly string[]) => Promise<void>);
  /** Starts again what has been killed, with the same folders. */
  restart?(): Promise<void>;
}

/** A way to process images. */
export interface Peer {
  name: string;
  /** Its programs, and how they are used. */
  what: string;
  versions: string;
  /** Whether its response acknowledges the images. */
  acknowledges: boolean;
  /** @param originals the folder of all files that uploads name */
  start(folder: string, originals: string): Promise<Running>;
}

/** Returns the roots of all process trees of a peer. */
export const rootsOf = ({ processes, redis }: Running): number[] => [...processes(), ...(redis ? [redis()] : [])];
