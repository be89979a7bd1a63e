// Written by `npm run docs` from the OpenAPI document. Edit the source code of the service instead.

export interface paths {
    "/process-images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload images to be processed
         * @description Accepts 1 to 10 files of at most 5 MiB each (jpeg, png, webp, gif, avif; at most 50 MiB in all), and responds at once with the id of their batch. An upload is accepted whole or not at all. Without options each image is turned upright, put on white, resized to 512 pixels in width, converted to greyscale and stored as a JPEG of quality 80, without metadata. With `IMPORT_HOSTS` a JSON body names files by URL, which the service downloads; one that cannot be downloaded fails alone.
         */
        post: operations["processImages"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The batches of this client, newest first
         * @description With API keys: the batches of the key. Without: those that were sent from the address of the client. A page may have fewer batches than `limit`. It is the last one if `cursor` is `null`.
         */
        get: operations["listBatches"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{batchId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Status of a batch and of each of its files
         * @description With `Prefer: wait`, responds when the batch has ended. After that only `deletedAt` of its files can change.
         */
        get: operations["getBatch"];
        put?: never;
        post?: never;
        /**
         * Delete a batch with its files, and stop its running jobs
         * @description From then on every request for the batch responds 410.
         */
        delete: operations["removeBatch"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{batchId}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a batch: end its waiting files, and stop its running ones
         * @description These files fail with the code `CANCELLED`. Files that have ended stay as they are. It can be sent again, with the same result.
         */
        post: operations["cancelBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{batchId}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a new batch of all or some files that failed, with the same options
         * @description The new batch has its own originals, and the tags, the metadata and the webhook of this batch unless others are sent.
         */
        post: operations["retryBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{batchId}/reprocess": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a new batch of all or some files, with other options
         * @description Takes the options of an upload. The new batch has its own originals, and the tags, the metadata and the webhook of this batch unless others are sent.
         */
        post: operations["reprocessBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{batchId}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Status of a batch at each change, as Server-Sent Events
         * @description Each event carries the whole status, as `GET /batches/{batchId}` returns it. The last event is named `done`; after it the stream ends.
         */
        get: operations["watchBatch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{batchId}/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The webhook of a batch, with each attempt to deliver it
         * @description It is `pending` until the receiver has responded with 2xx, or no other attempt follows.
         */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{batchId}/webhooks/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deliver the webhook of a batch again, or at once if an attempt is pending
         * @description The new delivery has the same id and body as the first.
         */
        post: operations["redeliverWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{batchId}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All results of a batch as a zip, with a manifest.json that lists what failed and why
         * @description Responds 409 until the batch has ended. A file that failed or was deleted is only in the manifest. The archive is made while it is sent, so it has no length.
         */
        get: operations["getArchive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{jobId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Status of one file
         * @description With `Prefer: wait`, responds when the file has ended.
         */
        get: operations["getJob"];
        put?: never;
        post?: never;
        /**
         * Delete the original and the results of one file that has ended
         * @description The file stays in its batch, with its state and the facts of its result, and has `deletedAt`. Requests for its result or its original respond 410. If the storage fails, the request can be sent again, and finishes the deletion. It can also be sent again after a success, with the same response.
         */
        delete: operations["deleteFile"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{jobId}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The processed image
         * @description Without `variant`, the first result of the file. It never changes, so it may be cached.
         */
        get: operations["getResult"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{jobId}/original": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The file as it was uploaded
         * @description Original files are kept as long as their batch. A file that is imported by URL can be read once it was downloaded.
         */
        get: operations["getOriginal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{jobId}/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign a link to one file, with which anyone can read this file without a key
         * @description The link is valid for `expiresInSeconds` (60 to 604800), unless the batch is deleted before. It leads to the first result, to the one of a `variant`, or with `original: true` to the file as it was uploaded. The service stores nothing.
         */
        post: operations["createLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/presets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The named option sets and the limits of this service
         * @description An upload selects one with the field `preset`. The operator defines them in `PRESETS_FILE`.
         */
        get: operations["listPresets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Connected workers, waiting files and throughput
         * @description Says why a batch does not begin: no worker is connected, or other files wait before it. The values are those of the whole service. The cost does not depend on the number of files.
         */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics of this API in the text format of Prometheus
         * @description Each host has its own metrics: those of all API processes there. Without Redis, those of the queue are missing.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the process lives
         * @description Needs neither Redis nor the storage, so that an outage of those restarts no process.
         */
        get: operations["isAlive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the service can accept uploads
         * @description Uploads need Redis and the storage of its queue. A load balancer should send no requests to a process that is not ready.
         */
        get: operations["isReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    "batch.ended": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A batch has ended; sent to its `webhook` address and signed as Standard Webhooks 1.0.0 describes
         * @description The service sends it when the last file of a batch has ended. Its body is the same in each attempt.
         */
        post: operations["batchEnded"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        /**
         * @example {
         *       "type": "batch.completed",
         *       "timestamp": "2026-11-23T06:00:01.250Z",
         *       "data": {
         *         "batchId": "550e8400-e29b-41d4-a716-446655440000",
         *         "status": "completed",
         *         "progress": {
         *           "total": 2,
         *           "completed": 2,
         *           "failed": 0,
         *           "active": 0,
         *           "waiting": 0
         *         },
         *         "createdAt": "2026-11-23T06:00:00.000Z",
         *         "finishedAt": "2026-11-23T06:00:01.250Z",
         *         "tags": [
         *           "holiday"
         *         ],
         *         "metadata": {
         *           "order": 4711
         *         },
         *         "links": {
         *           "self": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *           "events": "/batches/550e8400-e29b-41d4-a716-446655440000/events",
         *           "archive": "/batches/550e8400-e29b-41d4-a716-446655440000/archive"
         *         }
         *       }
         *     }
         */
        WebhookEvent: {
            /**
             * @description How the batch ended
             * @enum {string}
             */
            type: "batch.completed" | "batch.completed-with-errors";
            /**
             * Format: date-time
             * @description When the last file ended
             */
            timestamp: string;
            data: components["schemas"]["EndedBatch"];
        };
        /**
         * @example {
         *       "batchId": "550e8400-e29b-41d4-a716-446655440000",
         *       "status": "completed",
         *       "progress": {
         *         "total": 2,
         *         "completed": 2,
         *         "failed": 0,
         *         "active": 0,
         *         "waiting": 0
         *       },
         *       "createdAt": "2026-11-23T06:00:00.000Z",
         *       "finishedAt": "2026-11-23T06:00:01.250Z",
         *       "tags": [
         *         "holiday"
         *       ],
         *       "metadata": {
         *         "order": 4711
         *       },
         *       "links": {
         *         "self": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *         "events": "/batches/550e8400-e29b-41d4-a716-446655440000/events",
         *         "archive": "/batches/550e8400-e29b-41d4-a716-446655440000/archive"
         *       }
         *     }
         */
        EndedBatch: {
            /**
             * Format: uuid
             * @description Id of the batch
             */
            batchId: string;
            status: components["schemas"]["BatchState"];
            progress: components["schemas"]["BatchProgress"];
            /**
             * Format: date-time
             * @description When the batch was accepted
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When the last file ended
             */
            finishedAt: string;
            /** @description As the client sent them */
            tags: string[];
            /** @description As the client sent it */
            metadata: {
                [key: string]: unknown;
            };
            links: components["schemas"]["BatchLinks"];
            /** @description With `links=signed`: in the order of the upload */
            files?: components["schemas"]["WebhookFile"][];
        };
        /**
         * @description `waiting`: nothing has started; `processing`: something has started and not everything has ended; `completed`: every file was processed; `completed-with-errors`: everything has ended, at least one file failed
         * @example completed
         * @enum {string}
         */
        BatchState: "waiting" | "processing" | "completed" | "completed-with-errors";
        /**
         * @example {
         *       "total": 2,
         *       "completed": 2,
         *       "failed": 0,
         *       "active": 0,
         *       "waiting": 0
         *     }
         */
        BatchProgress: {
            /** @description Files of the batch */
            total: number;
            /** @description Files with results */
            completed: number;
            /** @description Files that could not be processed */
            failed: number;
            /** @description Files that workers hold */
            active: number;
            /** @description Files that have not started */
            waiting: number;
        };
        /**
         * @example {
         *       "self": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *       "events": "/batches/550e8400-e29b-41d4-a716-446655440000/events",
         *       "archive": "/batches/550e8400-e29b-41d4-a716-446655440000/archive"
         *     }
         */
        BatchLinks: {
            /** @description Address below this service */
            self: string;
            /** @description Address below this service */
            events: string;
            /** @description Address below this service */
            archive: string;
        };
        /**
         * @example {
         *       "jobId": "550e8400-e29b-41d4-a716-446655440000-0",
         *       "originalName": "photo1.jpg",
         *       "state": "completed",
         *       "resultUrl": "https://images.example.com/jobs/550e8400-e29b-41d4-a716-446655440000-0/result?expires=1795413600&signature=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         *       "outputs": [
         *         {
         *           "name": "thumb",
         *           "resultUrl": "https://images.example.com/jobs/550e8400-e29b-41d4-a716-446655440000-0/result?variant=thumb&expires=1795413600&signature=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         *         }
         *       ]
         *     }
         */
        WebhookFile: {
            /** @description Opaque id of the file’s job */
            jobId: string;
            /** @description File name as the client sent it */
            originalName: string;
            state: components["schemas"]["JobState"];
            /** @description Absolute and signed: it needs no key; `null` if the file failed or was deleted */
            resultUrl: string | null;
            /** @description With `variants` */
            outputs?: components["schemas"]["WebhookOutput"][];
        };
        /**
         * @example completed
         * @enum {string}
         */
        JobState: "waiting" | "active" | "completed" | "failed";
        /**
         * @example {
         *       "name": "thumb",
         *       "resultUrl": "https://images.example.com/jobs/550e8400-e29b-41d4-a716-446655440000-0/result?variant=thumb&expires=1795413600&signature=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         *     }
         */
        WebhookOutput: {
            /** @description Name of the variant */
            name: string;
            /** @description Absolute and signed: it needs no key */
            resultUrl: string;
        };
        /**
         * @example {
         *       "batchId": "550e8400-e29b-41d4-a716-446655440000",
         *       "statusUrl": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *       "totalFiles": 2
         *     }
         */
        AcceptedBatch: {
            /**
             * Format: uuid
             * @description Id of the batch
             */
            batchId: string;
            status?: components["schemas"]["BatchState"];
            progress?: components["schemas"]["BatchProgress"];
            /**
             * Format: date-time
             * @description When the batch was accepted
             */
            createdAt?: string;
            /**
             * Format: date-time
             * @description When the last file ended; `null` until then
             */
            finishedAt?: string | null;
            /**
             * Format: date-time
             * @description When the batch was cancelled
             */
            cancelledAt?: string | null;
            /** @description As the client sent them */
            tags?: string[];
            /** @description As the client sent it */
            metadata?: {
                [key: string]: unknown;
            };
            /**
             * Format: uuid
             * @description Batch from which this one was made, by a retry or by other options
             */
            sourceBatchId?: string | null;
            /** @description In the order of the upload */
            files?: components["schemas"]["FileStatus"][];
            links?: components["schemas"]["BatchLinks"];
            /** @description Where to poll for the outcome */
            statusUrl: string;
            /** @description Files of the batch */
            totalFiles: number;
        };
        /**
         * @example {
         *       "jobId": "550e8400-e29b-41d4-a716-446655440000-0",
         *       "originalName": "photo1.jpg",
         *       "state": "completed",
         *       "result": {
         *         "originalName": "photo1.jpg",
         *         "outputPath": "processed/processed-550e8400-e29b-41d4-a716-446655440000-0.jpg",
         *         "width": 512,
         *         "height": 418,
         *         "bytes": 24518,
         *         "format": "jpeg",
         *         "placeholder": {
         *           "thumbHash": "HAiCAQR4eHiIB4eIeIiHiHB4dw==",
         *           "dominantColor": "#686868"
         *         },
         *         "dhash": "3a6c9d9e1e3c7870",
         *         "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result"
         *       },
         *       "failedReason": null,
         *       "failure": null,
         *       "deletedAt": null,
         *       "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result"
         *     }
         */
        FileStatus: {
            /** @description Opaque id of the file’s job */
            jobId: string;
            /** @description File name as the client sent it */
            originalName: string;
            state: components["schemas"]["JobState"];
            /** @description Set once the state is `completed` */
            result: components["schemas"]["Result"] | null;
            /** @description Why the file could not be processed; set once the state is `failed` */
            failedReason: string | null;
            /** @description The same with a stable code for programs; set once the state is `failed` */
            failure: components["schemas"]["Failure"] | null;
            /**
             * Format: date-time
             * @description When the original and the results of this file were deleted. Its state and its result stay
             */
            deletedAt: string | null;
            /** @description Address below this service, or a signed one with `links=signed` */
            resultUrl: string;
        };
        /**
         * @example {
         *       "originalName": "photo1.jpg",
         *       "outputPath": "processed/processed-550e8400-e29b-41d4-a716-446655440000-0.jpg",
         *       "width": 512,
         *       "height": 418,
         *       "bytes": 24518,
         *       "format": "jpeg",
         *       "placeholder": {
         *         "thumbHash": "HAiCAQR4eHiIB4eIeIiHiHB4dw==",
         *         "dominantColor": "#686868"
         *       },
         *       "dhash": "3a6c9d9e1e3c7870",
         *       "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result"
         *     }
         */
        Result: {
            /** @description File name as the client sent it */
            originalName: string;
            /** @description Where the result is: a path relative to the project, or `s3://…` in a bucket */
            outputPath: string;
            /** @description Width of the result in pixels */
            width: number;
            /** @description Height of the result in pixels */
            height: number;
            /** @description Size of the result in bytes */
            bytes: number;
            /** @description File format of the result; later versions may add formats */
            format: ("jpeg" | "png" | "webp" | "gif" | "avif" | "tiff") | string;
            placeholder: components["schemas"]["Placeholder"];
            /** @description Perceptual hash of the result; absent if an older version made it */
            dhash?: string;
            info?: components["schemas"]["ImageInfo"];
            /** @description With `variants`: each by its name; the fields above are those of the first */
            outputs?: components["schemas"]["Output"][];
            /** @description `true` if the result was taken from an earlier file with the same content and options */
            reused?: boolean;
            /** @description Address below this service, or a signed one with `links=signed` */
            resultUrl: string;
        };
        /**
         * @description Placeholders to show until the result has loaded
         * @example {
         *       "thumbHash": "HAiCAQR4eHiIB4eIeIiHiHB4dw==",
         *       "dominantColor": "#686868"
         *     }
         */
        Placeholder: {
            /** @description ThumbHash of the result */
            thumbHash: string;
            /** @description Most frequent colour of the result, as #rrggbb */
            dominantColor: string;
        };
        /**
         * @description With `info`: the original. Colours are those of the first frame
         * @example {
         *       "format": "jpeg",
         *       "width": 4000,
         *       "height": 3266,
         *       "orientation": 6,
         *       "frames": 1,
         *       "hasAlpha": false,
         *       "colorSpace": "rgb",
         *       "profile": "Display P3",
         *       "density": 72,
         *       "isGrayscale": false,
         *       "dominantColors": [
         *         {
         *           "color": "#2f4a6b",
         *           "share": 0.612
         *         },
         *         {
         *           "color": "#e8b27a",
         *           "share": 0.388
         *         }
         *       ],
         *       "thumbHash": "GggGBYBIqIiHeHdge3V3gAAAAAAA",
         *       "exif": {
         *         "make": "Canon",
         *         "model": "EOS R5",
         *         "takenAt": "2026-07-01T19:42:10+02:00",
         *         "exposureSeconds": 0.004,
         *         "fNumber": 2.8,
         *         "iso": 400,
         *         "focalLengthMm": 50
         *       }
         *     }
         */
        ImageInfo: {
            /**
             * @description File format
             * @enum {string}
             */
            format: "jpeg" | "png" | "webp" | "gif" | "avif" | "tiff" | "heic";
            /** @description Width in pixels, upright */
            width: number;
            /** @description Height in pixels, upright */
            height: number;
            /** @description EXIF orientation of the stored pixels; 1 if they are upright */
            orientation: number;
            /** @description Number of frames of an animation or pages of a TIFF, otherwise 1 */
            frames: number;
            /** @description Whether it has an alpha channel */
            hasAlpha: boolean;
            /**
             * @description Colour space of the stored pixels
             * @enum {string}
             */
            colorSpace: "rgb" | "gray" | "cmyk" | "other";
            /** @description Name of the embedded ICC profile */
            profile?: string;
            /** @description Pixels per inch */
            density?: number;
            /** @description Whether all of its colours are grey, whatever its colour space */
            isGrayscale: boolean;
            /** @description Up to five colours, the most frequent first; similar colours count as one */
            dominantColors: {
                color: string;
                /** @description Share of the visible pixels */
                share: number;
            }[];
            /** @description ThumbHash in the colours of the original */
            thumbHash: string;
            exif?: components["schemas"]["Exif"];
        };
        /**
         * @description What the camera wrote. Each field is absent if the file does not have it
         * @example {
         *       "make": "Canon",
         *       "model": "EOS R5",
         *       "takenAt": "2026-07-01T19:42:10+02:00",
         *       "exposureSeconds": 0.004,
         *       "fNumber": 2.8,
         *       "iso": 400,
         *       "focalLengthMm": 50
         *     }
         */
        Exif: {
            /** @description Manufacturer of the camera */
            make?: string;
            /** @description Model of the camera */
            model?: string;
            lens?: string;
            /** @description Local time of the camera in ISO 8601, with its offset from UTC if the camera wrote it */
            takenAt?: string;
            /** @description Exposure time in seconds */
            exposureSeconds?: number;
            fNumber?: number;
            /** @description Sensitivity */
            iso?: number;
            /** @description Focal length in millimetres */
            focalLengthMm?: number;
            /** @description Location in degrees, positive to the north and east; only with `keepMetadata=all` */
            gps?: {
                latitude: number;
                longitude: number;
            };
        };
        /**
         * @example {
         *       "name": "thumb",
         *       "outputPath": "processed/processed-550e8400-e29b-41d4-a716-446655440000-0-thumb.webp",
         *       "width": 160,
         *       "height": 131,
         *       "bytes": 3220,
         *       "format": "webp",
         *       "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result?variant=thumb"
         *     }
         */
        Output: {
            /** @description Name of the variant */
            name: string;
            /** @description Where the result is: a path relative to the project, or `s3://…` in a bucket */
            outputPath: string;
            /** @description Width of the result in pixels */
            width: number;
            /** @description Height of the result in pixels */
            height: number;
            /** @description Size of the result in bytes */
            bytes: number;
            /** @description File format of the result; later versions may add formats */
            format: ("jpeg" | "png" | "webp" | "gif" | "avif" | "tiff") | string;
            /** @description Address below this service, or a signed one with `links=signed` */
            resultUrl: string;
        };
        /**
         * @example {
         *       "code": "IMAGE_TRUNCATED",
         *       "message": "truncated JPEG"
         *     }
         */
        Failure: {
            code: components["schemas"]["FailureCode"];
            /** @description Why, for the person who sent the file */
            message: string;
        };
        /**
         * @example IMAGE_TRUNCATED
         * @enum {string}
         */
        FailureCode: "IMAGE_CORRUPT" | "IMAGE_TRUNCATED" | "IMAGE_TOO_LARGE" | "IMAGE_UNSUPPORTED" | "IMAGE_UNSUITABLE" | "OUTPUT_TOO_LARGE" | "TIMEOUT" | "OUT_OF_MEMORY" | "PROCESS_CRASHED" | "ORIGINAL_GONE" | "STORAGE_UNAVAILABLE" | "IMPORT_FAILED" | "IMPORT_TOO_LARGE" | "IMPORT_TIMEOUT" | "IMPORT_NOT_ALLOWED" | "CANCELLED" | "INTERNAL";
        /**
         * @example {
         *       "type": "about:blank",
         *       "title": "Not Found",
         *       "status": 404,
         *       "code": "BATCH_NOT_FOUND",
         *       "detail": "There is no batch \"550e8400-e29b-41d4-a716-446655440000\". Check the id."
         *     }
         */
        Problem: {
            /**
             * @description RFC 9457: the status says what kind of problem it is
             * @enum {string}
             */
            type: "about:blank";
            /** @description The status in words */
            title: string;
            /** @description Status code of the response */
            status: number;
            /**
             * @description Stable name of the problem, for programs
             * @enum {string}
             */
            code: "MULTIPART_REQUIRED" | "MALFORMED_MULTIPART" | "FILE_REQUIRED" | "UNEXPECTED_FIELD" | "TOO_MANY_FILES" | "EMPTY_FILE" | "INVALID_OPTION" | "INVALID_IDEMPOTENCY_KEY" | "INVALID_PARAMETER" | "UNAUTHORIZED" | "IMPORTS_DISABLED" | "LINKS_DISABLED" | "LINK_INVALID" | "LINK_EXPIRED" | "FILE_TOO_LARGE" | "REQUEST_TOO_LARGE" | "UNSUPPORTED_IMAGE_TYPE" | "BODY_TYPE_UNSUPPORTED" | "BODY_TOO_LARGE" | "CONTENT_ENCODING_UNSUPPORTED" | "BATCH_NOT_FOUND" | "JOB_NOT_FOUND" | "VARIANT_NOT_FOUND" | "WEBHOOK_NOT_FOUND" | "JOB_NOT_FINISHED" | "JOB_FAILED" | "BATCH_NOT_FINISHED" | "NOTHING_FAILED" | "BATCH_FINISHED" | "IDEMPOTENCY_KEY_IN_USE" | "BATCH_REMOVED" | "FILE_DELETED" | "FILE_GONE" | "PRECONDITION_FAILED" | "RANGE_NOT_SATISFIABLE" | "IDEMPOTENCY_KEY_REUSED" | "RATE_LIMITED" | "TOO_MANY_STREAMS" | "ROUTE_NOT_FOUND" | "BAD_REQUEST" | "METHOD_NOT_ALLOWED" | "REQUEST_TIMEOUT" | "HEADERS_TOO_LARGE" | "INTERNAL_ERROR" | "QUEUE_UNAVAILABLE" | "BACKLOG_FULL" | "DISK_LOW" | "STORAGE_UNAVAILABLE" | "STORAGE_FULL";
            /** @description What was wrong, with what, and what to do */
            detail: string;
            /**
             * Format: date-time
             * @description With `BATCH_REMOVED`: when it was removed
             */
            removedAt?: string;
            /**
             * Format: date-time
             * @description With `FILE_DELETED` of one file: when it was deleted
             */
            deletedAt?: string;
        };
        /**
         * @description Options of a result; each is optional
         * @example {
         *       "width": 128,
         *       "height": 128,
         *       "fit": "cover",
         *       "format": "webp"
         *     }
         */
        ImageOptions: {
            /** @description width in pixels; 512 if `height` is not set either */
            width?: number;
            /** @description height in pixels; by default the aspect ratio is kept */
            height?: number;
            /** @description device pixel ratio: factor of `width`, `height`, `pad`, `round` and the margin of `watermark` */
            dpr?: number;
            /**
             * @description how to fit the image to width and height, if both are set: crop it (`cover`, the default), pad it (`contain`), make it as large as possible within both (`inside`), as small as possible covering both (`outside`), or stretch it (`fill`)
             * @enum {string}
             */
            fit?: "cover" | "contain" | "inside" | "outside" | "fill";
            /**
             * @description part of the image that `cover` keeps, and place where `contain` puts the image; with `cover`, `entropy` keeps the part with the most detail and `attention` the most salient part
             * @enum {string}
             */
            position?: "centre" | "center" | "north" | "northeast" | "east" | "southeast" | "south" | "southwest" | "west" | "northwest" | "entropy" | "attention";
            /** @description point that `cover` keeps as near to the centre as it can, as `x,y` in per cent; needs width and height, instead of `position` */
            focus?: string;
            /** @description whether a smaller image is enlarged */
            enlarge?: boolean;
            /** @description part of the original to use: `x,y,width,height` in pixels or per cent, after `trim` */
            crop?: string;
            /** @description removes a border that has the colour of the top left pixel; the value is the allowed difference from it, such as 10 */
            trim?: number;
            /** @description clockwise rotation in degrees, after the EXIF orientation was applied; `background` fills the corners */
            rotate?: number;
            /** @description whether the image is mirrored top to bottom */
            flip?: boolean;
            /** @description whether the image is mirrored left to right */
            flop?: boolean;
            /** @description radius of rounded corners in pixels; `max` makes a circle or a pill */
            round?: number | "max";
            /** @description pixels added around the result: 1 to 4 numbers, as in CSS */
            pad?: string;
            /** @description colour behind transparent pixels, of `pad`, and around an image with the fit `contain`; by default white for JPEG, and transparent for other formats */
            background?: string;
            /** @description whether the result is grayscale */
            grayscale?: boolean;
            /** @description colour in which all brightnesses are drawn; needs `grayscale=false` */
            tint?: string;
            /** @description factor of the brightness */
            brightness?: number;
            /** @description factor of the contrast */
            contrast?: number;
            /** @description factor of the saturation; needs `grayscale=false` */
            saturation?: number;
            /** @description rotation of the hue in degrees; needs `grayscale=false` */
            hue?: number;
            /** @description number added to the lightness, which is 0 for black and 100 for white */
            lightness?: number;
            /** @description darkens the image by this gamma before the resize and brightens it after that, so that fine bright details keep their brightness */
            gamma?: number;
            /** @description whether the brightness is stretched to the full range from black to white */
            normalise?: boolean;
            /** @description makes pixels of this brightness or more white, and all others black */
            threshold?: number;
            /** @description whether the colours are inverted */
            negate?: boolean;
            /** @description radius (sigma) of a Gaussian blur, in pixels of the result */
            blur?: number;
            /** @description radius (sigma) of sharpening, in pixels of the result */
            sharpen?: number;
            /** @description side in pixels of a median filter, which removes noise */
            median?: number;
            /** @description image or text on the result: the name of an image of the operator, or a JSON object with `image` or `text`, and `color`, `position` (`southeast`), `opacity` (0.5), `scale` (25 per cent of the width), `margin` (16 pixels) and `tile` */
            watermark?: {
                /** @description name of an image of the operator (`WATERMARKS_FILE`) */
                image?: string;
                /** @description text instead of an image */
                text?: string;
                /** @description colour of the text; white by default */
                color?: string;
                /**
                 * @description where it lies; `southeast` by default
                 * @enum {string}
                 */
                position?: "centre" | "center" | "north" | "northeast" | "east" | "southeast" | "south" | "southwest" | "west" | "northwest";
                /** @description opacity from 0 to 1; 0.5 by default */
                opacity?: number;
                /** @description width in per cent of the width of the result; 25 by default */
                scale?: number;
                /** @description distance from the edges, or between tiles, in pixels; 16 by default */
                margin?: number;
                /** @description whether it is repeated over the whole result; `false` by default */
                tile?: boolean;
            };
            /**
             * @description file format of the result
             * @enum {string}
             */
            format?: "jpeg" | "png" | "webp" | "avif" | "gif" | "original";
            /** @description quality of JPEG, WebP and AVIF; 80 by default. `auto` chooses it by the format and the number of pixels */
            quality?: number | "auto";
            /** @description most bytes of the result: the highest quality from 10 to `quality` that fits is used */
            maxBytes?: number;
            /** @description whether WebP and AVIF keep every pixel */
            lossless?: boolean;
            /** @description whether JPEG and PNG can be shown before they are loaded completely */
            progressive?: boolean;
            /** @description effort to make WebP (4 by default) and AVIF (2) small, from 0 (fast) to 6 */
            effort?: number;
            /**
             * @description resolution of the colours of JPEG and AVIF; `4:2:0` stores a quarter of them
             * @enum {string}
             */
            chromaSubsampling?: "4:2:0" | "4:4:4";
            /** @description most colours of PNG and GIF, which then have a palette */
            colors?: number;
            /** @description metadata that are kept: `none` (the default, or `false`), `copyright` and artist, EXIF without the location and without XMP (`all-but-gps`), or all EXIF and XMP (`all`, or `true`) */
            keepMetadata?: boolean | ("none" | "copyright" | "all-but-gps" | "all");
            /** @description whether the colour profile is kept; otherwise the colours are converted to sRGB. Needs `grayscale=false` */
            keepProfile?: boolean;
            /** @description whether the status describes the original: its size, colours, camera and more */
            info?: boolean;
            /** @description whether an animation stays one, as GIF or WebP; otherwise the result is a still image */
            animated?: boolean;
            /** @description frame of an animation that becomes a still image, from 0 */
            frame?: number;
            /** @description sets of these options, each with a `name`: several results of each file */
            variants?: Record<string, never>[];
        } & {
            [key: string]: unknown;
        };
        /**
         * @example {
         *       "batches": [
         *         {
         *           "batchId": "550e8400-e29b-41d4-a716-446655440000",
         *           "status": "completed",
         *           "progress": {
         *             "total": 2,
         *             "completed": 2,
         *             "failed": 0,
         *             "active": 0,
         *             "waiting": 0
         *           },
         *           "createdAt": "2026-11-23T06:00:00.000Z",
         *           "finishedAt": "2026-11-23T06:00:01.250Z",
         *           "tags": [
         *             "holiday"
         *           ],
         *           "links": {
         *             "self": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *             "events": "/batches/550e8400-e29b-41d4-a716-446655440000/events",
         *             "archive": "/batches/550e8400-e29b-41d4-a716-446655440000/archive"
         *           }
         *         }
         *       ],
         *       "cursor": "c2NvcGU6MTc2Mzg3NjgwMDAwMDo1NTBlODQwMA"
         *     }
         */
        BatchList: {
            /** @description The newest first */
            batches: components["schemas"]["BatchSummary"][];
            /** @description Value of `cursor` for the next page; `null` on the last page */
            cursor: string | null;
        };
        /**
         * @example {
         *       "batchId": "550e8400-e29b-41d4-a716-446655440000",
         *       "status": "completed",
         *       "progress": {
         *         "total": 2,
         *         "completed": 2,
         *         "failed": 0,
         *         "active": 0,
         *         "waiting": 0
         *       },
         *       "createdAt": "2026-11-23T06:00:00.000Z",
         *       "finishedAt": "2026-11-23T06:00:01.250Z",
         *       "tags": [
         *         "holiday"
         *       ],
         *       "links": {
         *         "self": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *         "events": "/batches/550e8400-e29b-41d4-a716-446655440000/events",
         *         "archive": "/batches/550e8400-e29b-41d4-a716-446655440000/archive"
         *       }
         *     }
         */
        BatchSummary: {
            /**
             * Format: uuid
             * @description Id of the batch
             */
            batchId: string;
            status: components["schemas"]["BatchState"];
            progress: components["schemas"]["BatchProgress"];
            /**
             * Format: date-time
             * @description When the batch was accepted
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When the last file ended; `null` until then
             */
            finishedAt: string | null;
            /** @description As the client sent them */
            tags: string[];
            links: components["schemas"]["BatchLinks"];
        };
        /**
         * @example {
         *       "batchId": "550e8400-e29b-41d4-a716-446655440000",
         *       "status": "completed",
         *       "progress": {
         *         "total": 2,
         *         "completed": 2,
         *         "failed": 0,
         *         "active": 0,
         *         "waiting": 0
         *       },
         *       "createdAt": "2026-11-23T06:00:00.000Z",
         *       "finishedAt": "2026-11-23T06:00:01.250Z",
         *       "cancelledAt": null,
         *       "tags": [
         *         "holiday"
         *       ],
         *       "metadata": {
         *         "order": 4711
         *       },
         *       "sourceBatchId": null,
         *       "files": [
         *         {
         *           "jobId": "550e8400-e29b-41d4-a716-446655440000-0",
         *           "originalName": "photo1.jpg",
         *           "state": "completed",
         *           "result": {
         *             "originalName": "photo1.jpg",
         *             "outputPath": "processed/processed-550e8400-e29b-41d4-a716-446655440000-0.jpg",
         *             "width": 512,
         *             "height": 418,
         *             "bytes": 24518,
         *             "format": "jpeg",
         *             "placeholder": {
         *               "thumbHash": "HAiCAQR4eHiIB4eIeIiHiHB4dw==",
         *               "dominantColor": "#686868"
         *             },
         *             "dhash": "3a6c9d9e1e3c7870",
         *             "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result"
         *           },
         *           "failedReason": null,
         *           "failure": null,
         *           "deletedAt": null,
         *           "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result"
         *         },
         *         {
         *           "jobId": "550e8400-e29b-41d4-a716-446655440000-1",
         *           "originalName": "photo2.png",
         *           "state": "completed",
         *           "result": {
         *             "originalName": "photo2.png",
         *             "outputPath": "processed/processed-550e8400-e29b-41d4-a716-446655440000-1.jpg",
         *             "width": 512,
         *             "height": 418,
         *             "bytes": 24518,
         *             "format": "jpeg",
         *             "placeholder": {
         *               "thumbHash": "HAiCAQR4eHiIB4eIeIiHiHB4dw==",
         *               "dominantColor": "#686868"
         *             },
         *             "dhash": "3a6c9d9e1e3c7870",
         *             "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-1/result"
         *           },
         *           "failedReason": null,
         *           "failure": null,
         *           "deletedAt": null,
         *           "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-1/result"
         *         }
         *       ],
         *       "links": {
         *         "self": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *         "events": "/batches/550e8400-e29b-41d4-a716-446655440000/events",
         *         "archive": "/batches/550e8400-e29b-41d4-a716-446655440000/archive"
         *       }
         *     }
         */
        BatchStatus: {
            /**
             * Format: uuid
             * @description Id of the batch
             */
            batchId: string;
            status: components["schemas"]["BatchState"];
            progress: components["schemas"]["BatchProgress"];
            /**
             * Format: date-time
             * @description When the batch was accepted
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When the last file ended; `null` until then
             */
            finishedAt: string | null;
            /**
             * Format: date-time
             * @description When the batch was cancelled
             */
            cancelledAt: string | null;
            /** @description As the client sent them */
            tags: string[];
            /** @description As the client sent it */
            metadata: {
                [key: string]: unknown;
            };
            /**
             * Format: uuid
             * @description Batch from which this one was made, by a retry or by other options
             */
            sourceBatchId: string | null;
            /** @description In the order of the upload */
            files: components["schemas"]["FileStatus"][];
            links: components["schemas"]["BatchLinks"];
        };
        /**
         * @example {
         *       "webhookId": "msg_550e8400-e29b-41d4-a716-446655440000",
         *       "url": "https://example.com/webhook",
         *       "state": "delivered",
         *       "attempts": [
         *         {
         *           "at": "2026-11-23T06:00:01.300Z",
         *           "durationMs": 84,
         *           "statusCode": 200,
         *           "error": null
         *         }
         *       ],
         *       "nextAttemptAt": null
         *     }
         */
        Webhook: {
            /** @description Value of the header `webhook-id`, the same in each attempt */
            webhookId: string;
            /** @description Address that is called */
            url: string;
            /**
             * @description `pending`: the batch has not ended, or another attempt follows; `failed`: no other attempt follows
             * @enum {string}
             */
            state: "pending" | "delivered" | "failed";
            /** @description The oldest first, at most 100 */
            attempts: components["schemas"]["WebhookAttempt"][];
            /**
             * Format: date-time
             * @description When the next attempt begins; `null` if none follows
             */
            nextAttemptAt: string | null;
        };
        /**
         * @example {
         *       "at": "2026-11-23T06:00:01.300Z",
         *       "durationMs": 84,
         *       "statusCode": 200,
         *       "error": null
         *     }
         */
        WebhookAttempt: {
            /**
             * Format: date-time
             * @description When it began
             */
            at: string;
            /** @description Milliseconds until the response */
            durationMs: number;
            /** @description Of the response; `null` without a response */
            statusCode: number | null;
            /** @description Why there was no response */
            error: string | null;
        };
        /**
         * @example {
         *       "jobId": "550e8400-e29b-41d4-a716-446655440000-0",
         *       "state": "completed",
         *       "result": {
         *         "originalName": "photo1.jpg",
         *         "outputPath": "processed/processed-550e8400-e29b-41d4-a716-446655440000-0.jpg",
         *         "width": 512,
         *         "height": 418,
         *         "bytes": 24518,
         *         "format": "jpeg",
         *         "placeholder": {
         *           "thumbHash": "HAiCAQR4eHiIB4eIeIiHiHB4dw==",
         *           "dominantColor": "#686868"
         *         },
         *         "dhash": "3a6c9d9e1e3c7870",
         *         "resultUrl": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result"
         *       },
         *       "failedReason": null,
         *       "failure": null,
         *       "deletedAt": null,
         *       "progress": 100,
         *       "links": {
         *         "self": "/jobs/550e8400-e29b-41d4-a716-446655440000-0",
         *         "batch": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *         "result": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result",
         *         "original": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/original"
         *       }
         *     }
         */
        JobStatus: {
            /** @description Opaque id of the file’s job */
            jobId: string;
            state: components["schemas"]["JobState"];
            /** @description 0 at first, 10 if processing takes longer than a moment, 100 at the end */
            progress: number;
            /** @description Set once the state is `completed` */
            result: components["schemas"]["Result"] | null;
            /** @description Why the file could not be processed; set once the state is `failed` */
            failedReason: string | null;
            /** @description The same with a stable code for programs; set once the state is `failed` */
            failure: components["schemas"]["Failure"] | null;
            /**
             * Format: date-time
             * @description When the original and the results of this file were deleted. Its state and its result stay
             */
            deletedAt: string | null;
            links: components["schemas"]["JobLinks"];
        };
        /**
         * @example {
         *       "self": "/jobs/550e8400-e29b-41d4-a716-446655440000-0",
         *       "batch": "/batches/550e8400-e29b-41d4-a716-446655440000",
         *       "result": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/result",
         *       "original": "/jobs/550e8400-e29b-41d4-a716-446655440000-0/original"
         *     }
         */
        JobLinks: {
            /** @description Address below this service */
            self: string;
            /** @description Address below this service */
            batch: string;
            /** @description Address below this service, or a signed one with `links=signed` */
            result: string;
            /** @description Address below this service */
            original: string;
        };
        /**
         * @example {
         *       "url": "https://images.example.com/jobs/550e8400-e29b-41d4-a716-446655440000-0/result?expires=1795413600&signature=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         *       "expiresAt": "2026-11-23T06:00:00.000Z"
         *     }
         */
        Link: {
            /** @description Absolute address of the file, which needs no key */
            url: string;
            /**
             * Format: date-time
             * @description When the address stops working
             */
            expiresAt: string;
        };
        /**
         * @example {
         *       "presets": {
         *         "avatar": {
         *           "width": 128,
         *           "height": 128,
         *           "position": "attention"
         *         }
         *       },
         *       "presetsOnly": false,
         *       "watermarks": [
         *         "logo"
         *       ],
         *       "limits": {
         *         "maxFiles": 10,
         *         "maxFileBytes": 5242880,
         *         "acceptedFormats": [
         *           "jpeg",
         *           "png",
         *           "webp",
         *           "gif",
         *           "avif"
         *         ]
         *       }
         *     }
         */
        Presets: {
            /** @description Options of each preset, by its name */
            presets: {
                [key: string]: components["schemas"]["ImageOptions"];
            };
            /** @description Whether an upload may name a preset and set nothing else */
            presetsOnly: boolean;
            /** @description Names of the images that `watermark` can use */
            watermarks: string[];
            limits: components["schemas"]["Limits"];
        };
        /**
         * @description Limits of an upload
         * @example {
         *       "maxFiles": 10,
         *       "maxFileBytes": 5242880,
         *       "acceptedFormats": [
         *         "jpeg",
         *         "png",
         *         "webp",
         *         "gif",
         *         "avif"
         *       ]
         *     }
         */
        Limits: {
            /** @description Most files of an upload */
            maxFiles: number;
            /** @description Most bytes of a file */
            maxFileBytes: number;
            /** @description Formats that a file may have */
            acceptedFormats: ("jpeg" | "png" | "webp" | "gif" | "avif" | "tiff" | "heic")[];
        };
        /**
         * @example {
         *       "workers": 2,
         *       "waitingFiles": 340,
         *       "activeFiles": 8,
         *       "filesPerSecond": 21.5,
         *       "oldestBatchAgeSeconds": 18.2
         *     }
         */
        ServiceStatus: {
            /** @description Connected workers. A worker that was killed counts for up to 30 seconds. `null`: unknown, because only workers of an older version have used this queue */
            workers: number | null;
            /** @description Files of all clients that wait to be processed */
            waitingFiles: number;
            /** @description Files that workers hold */
            activeFiles: number;
            /** @description Files that ended per second in the last minute; `null` until this API has measured it */
            filesPerSecond: number | null;
            /** @description Age of the oldest unfinished batch; `null` if there is none */
            oldestBatchAgeSeconds: number | null;
        };
        /**
         * @example {
         *       "status": "ok"
         *     }
         */
        Health: {
            /**
             * @description Always `ok`
             * @enum {string}
             */
            status: "ok";
        };
        /**
         * @example {
         *       "images": [
         *         "photo.jpg"
         *       ],
         *       "width": 300,
         *       "format": "webp",
         *       "tags": "holiday,2026"
         *     }
         */
        ProcessImagesForm: {
            /** @description the images, each of at most 5 MiB */
            images: string[];
            /** @description width in pixels; 512 if `height` is not set either */
            width?: number;
            /** @description height in pixels; by default the aspect ratio is kept */
            height?: number;
            /** @description device pixel ratio: factor of `width`, `height`, `pad`, `round` and the margin of `watermark` */
            dpr?: number;
            /**
             * @description how to fit the image to width and height, if both are set: crop it (`cover`, the default), pad it (`contain`), make it as large as possible within both (`inside`), as small as possible covering both (`outside`), or stretch it (`fill`)
             * @enum {string}
             */
            fit?: "cover" | "contain" | "inside" | "outside" | "fill";
            /**
             * @description part of the image that `cover` keeps, and place where `contain` puts the image; with `cover`, `entropy` keeps the part with the most detail and `attention` the most salient part
             * @enum {string}
             */
            position?: "centre" | "center" | "north" | "northeast" | "east" | "southeast" | "south" | "southwest" | "west" | "northwest" | "entropy" | "attention";
            /** @description point that `cover` keeps as near to the centre as it can, as `x,y` in per cent; needs width and height, instead of `position` */
            focus?: string;
            /** @description whether a smaller image is enlarged */
            enlarge?: boolean;
            /** @description part of the original to use: `x,y,width,height` in pixels or per cent, after `trim` */
            crop?: string;
            /** @description removes a border that has the colour of the top left pixel; the value is the allowed difference from it, such as 10 */
            trim?: number;
            /** @description clockwise rotation in degrees, after the EXIF orientation was applied; `background` fills the corners */
            rotate?: number;
            /** @description whether the image is mirrored top to bottom */
            flip?: boolean;
            /** @description whether the image is mirrored left to right */
            flop?: boolean;
            /** @description radius of rounded corners in pixels; `max` makes a circle or a pill */
            round?: number | "max";
            /** @description pixels added around the result: 1 to 4 numbers, as in CSS */
            pad?: string;
            /** @description colour behind transparent pixels, of `pad`, and around an image with the fit `contain`; by default white for JPEG, and transparent for other formats */
            background?: string;
            /** @description whether the result is grayscale */
            grayscale?: boolean;
            /** @description colour in which all brightnesses are drawn; needs `grayscale=false` */
            tint?: string;
            /** @description factor of the brightness */
            brightness?: number;
            /** @description factor of the contrast */
            contrast?: number;
            /** @description factor of the saturation; needs `grayscale=false` */
            saturation?: number;
            /** @description rotation of the hue in degrees; needs `grayscale=false` */
            hue?: number;
            /** @description number added to the lightness, which is 0 for black and 100 for white */
            lightness?: number;
            /** @description darkens the image by this gamma before the resize and brightens it after that, so that fine bright details keep their brightness */
            gamma?: number;
            /** @description whether the brightness is stretched to the full range from black to white */
            normalise?: boolean;
            /** @description makes pixels of this brightness or more white, and all others black */
            threshold?: number;
            /** @description whether the colours are inverted */
            negate?: boolean;
            /** @description radius (sigma) of a Gaussian blur, in pixels of the result */
            blur?: number;
            /** @description radius (sigma) of sharpening, in pixels of the result */
            sharpen?: number;
            /** @description side in pixels of a median filter, which removes noise */
            median?: number;
            /** @description image or text on the result: the name of an image of the operator, or a JSON object with `image` or `text`, and `color`, `position` (`southeast`), `opacity` (0.5), `scale` (25 per cent of the width), `margin` (16 pixels) and `tile` */
            watermark?: {
                /** @description name of an image of the operator (`WATERMARKS_FILE`) */
                image?: string;
                /** @description text instead of an image */
                text?: string;
                /** @description colour of the text; white by default */
                color?: string;
                /**
                 * @description where it lies; `southeast` by default
                 * @enum {string}
                 */
                position?: "centre" | "center" | "north" | "northeast" | "east" | "southeast" | "south" | "southwest" | "west" | "northwest";
                /** @description opacity from 0 to 1; 0.5 by default */
                opacity?: number;
                /** @description width in per cent of the width of the result; 25 by default */
                scale?: number;
                /** @description distance from the edges, or between tiles, in pixels; 16 by default */
                margin?: number;
                /** @description whether it is repeated over the whole result; `false` by default */
                tile?: boolean;
            };
            /**
             * @description file format of the result
             * @enum {string}
             */
            format?: "jpeg" | "png" | "webp" | "avif" | "gif" | "original";
            /** @description quality of JPEG, WebP and AVIF; 80 by default. `auto` chooses it by the format and the number of pixels */
            quality?: number | "auto";
            /** @description most bytes of the result: the highest quality from 10 to `quality` that fits is used */
            maxBytes?: number;
            /** @description whether WebP and AVIF keep every pixel */
            lossless?: boolean;
            /** @description whether JPEG and PNG can be shown before they are loaded completely */
            progressive?: boolean;
            /** @description effort to make WebP (4 by default) and AVIF (2) small, from 0 (fast) to 6 */
            effort?: number;
            /**
             * @description resolution of the colours of JPEG and AVIF; `4:2:0` stores a quarter of them
             * @enum {string}
             */
            chromaSubsampling?: "4:2:0" | "4:4:4";
            /** @description most colours of PNG and GIF, which then have a palette */
            colors?: number;
            /** @description metadata that are kept: `none` (the default, or `false`), `copyright` and artist, EXIF without the location and without XMP (`all-but-gps`), or all EXIF and XMP (`all`, or `true`) */
            keepMetadata?: boolean | ("none" | "copyright" | "all-but-gps" | "all");
            /** @description whether the colour profile is kept; otherwise the colours are converted to sRGB. Needs `grayscale=false` */
            keepProfile?: boolean;
            /** @description whether the status describes the original: its size, colours, camera and more */
            info?: boolean;
            /** @description whether an animation stays one, as GIF or WebP; otherwise the result is a still image */
            animated?: boolean;
            /** @description frame of an animation that becomes a still image, from 0 */
            frame?: number;
            /** @description JSON array of up to 8 sets of these options, each with a `name`: several results of each file. Options beside it apply to each variant that does not set them itself. */
            variants?: string;
            /** @description a named set of options; see `GET /presets` */
            preset?: string;
            /** @description up to 10 words by which `GET /batches` finds the batch, comma-separated or in repeated fields */
            tags?: string;
            /** @description JSON object of at most 4 KiB, which is returned with the batch */
            metadata?: string;
            /** @description URL to call when the batch has ended */
            webhook?: string;
        };
        /**
         * @example {
         *       "files": [
         *         {
         *           "url": "https://images.example.com/photo.jpg"
         *         }
         *       ],
         *       "options": {
         *         "width": 300
         *       }
         *     }
         */
        ProcessImagesJson: {
            /** @description the images to download */
            files: {
                /** @description where the service downloads the file */
                url: string;
                /** @description file name; by default the last part of the URL */
                name?: string;
            }[];
            options?: components["schemas"]["ImageOptions"];
            /** @description several results of each file, as in a form */
            variants?: unknown[];
            /** @description a named set of options; see `GET /presets` */
            preset?: string;
            /** @description up to 10 words by which `GET /batches` finds the batch, comma-separated or in repeated fields */
            tags?: unknown[];
            /** @description JSON object of at most 4 KiB, which is returned with the batch */
            metadata?: Record<string, never>;
            /** @description URL to call when the batch has ended */
            webhook?: string;
        };
        /**
         * @example {
         *       "files": [
         *         0
         *       ],
         *       "tags": "again"
         *     }
         */
        RetryBatchForm: {
            /** @description positions of failed files in the batch, from 0; by default all that were not deleted */
            files?: number[];
            /** @description up to 10 words by which `GET /batches` finds the batch, comma-separated or in repeated fields */
            tags?: string;
            /** @description JSON object of at most 4 KiB, which is returned with the batch */
            metadata?: string;
            /** @description URL to call when the batch has ended */
            webhook?: string;
        };
        /**
         * @example {
         *       "width": 300,
         *       "format": "webp"
         *     }
         */
        ReprocessBatchForm: {
            /** @description positions of the files in the batch, from 0; by default all that were not deleted */
            files?: number[];
            /** @description width in pixels; 512 if `height` is not set either */
            width?: number;
            /** @description height in pixels; by default the aspect ratio is kept */
            height?: number;
            /** @description device pixel ratio: factor of `width`, `height`, `pad`, `round` and the margin of `watermark` */
            dpr?: number;
            /**
             * @description how to fit the image to width and height, if both are set: crop it (`cover`, the default), pad it (`contain`), make it as large as possible within both (`inside`), as small as possible covering both (`outside`), or stretch it (`fill`)
             * @enum {string}
             */
            fit?: "cover" | "contain" | "inside" | "outside" | "fill";
            /**
             * @description part of the image that `cover` keeps, and place where `contain` puts the image; with `cover`, `entropy` keeps the part with the most detail and `attention` the most salient part
             * @enum {string}
             */
            position?: "centre" | "center" | "north" | "northeast" | "east" | "southeast" | "south" | "southwest" | "west" | "northwest" | "entropy" | "attention";
            /** @description point that `cover` keeps as near to the centre as it can, as `x,y` in per cent; needs width and height, instead of `position` */
            focus?: string;
            /** @description whether a smaller image is enlarged */
            enlarge?: boolean;
            /** @description part of the original to use: `x,y,width,height` in pixels or per cent, after `trim` */
            crop?: string;
            /** @description removes a border that has the colour of the top left pixel; the value is the allowed difference from it, such as 10 */
            trim?: number;
            /** @description clockwise rotation in degrees, after the EXIF orientation was applied; `background` fills the corners */
            rotate?: number;
            /** @description whether the image is mirrored top to bottom */
            flip?: boolean;
            /** @description whether the image is mirrored left to right */
            flop?: boolean;
            /** @description radius of rounded corners in pixels; `max` makes a circle or a pill */
            round?: number | "max";
            /** @description pixels added around the result: 1 to 4 numbers, as in CSS */
            pad?: string;
            /** @description colour behind transparent pixels, of `pad`, and around an image with the fit `contain`; by default white for JPEG, and transparent for other formats */
            background?: string;
            /** @description whether the result is grayscale */
            grayscale?: boolean;
            /** @description colour in which all brightnesses are drawn; needs `grayscale=false` */
            tint?: string;
            /** @description factor of the brightness */
            brightness?: number;
            /** @description factor of the contrast */
            contrast?: number;
            /** @description factor of the saturation; needs `grayscale=false` */
            saturation?: number;
            /** @description rotation of the hue in degrees; needs `grayscale=false` */
            hue?: number;
            /** @description number added to the lightness, which is 0 for black and 100 for white */
            lightness?: number;
            /** @description darkens the image by this gamma before the resize and brightens it after that, so that fine bright details keep their brightness */
            gamma?: number;
            /** @description whether the brightness is stretched to the full range from black to white */
            normalise?: boolean;
            /** @description makes pixels of this brightness or more white, and all others black */
            threshold?: number;
            /** @description whether the colours are inverted */
            negate?: boolean;
            /** @description radius (sigma) of a Gaussian blur, in pixels of the result */
            blur?: number;
            /** @description radius (sigma) of sharpening, in pixels of the result */
            sharpen?: number;
            /** @description side in pixels of a median filter, which removes noise */
            median?: number;
            /** @description image or text on the result: the name of an image of the operator, or a JSON object with `image` or `text`, and `color`, `position` (`southeast`), `opacity` (0.5), `scale` (25 per cent of the width), `margin` (16 pixels) and `tile` */
            watermark?: {
                /** @description name of an image of the operator (`WATERMARKS_FILE`) */
                image?: string;
                /** @description text instead of an image */
                text?: string;
                /** @description colour of the text; white by default */
                color?: string;
                /**
                 * @description where it lies; `southeast` by default
                 * @enum {string}
                 */
                position?: "centre" | "center" | "north" | "northeast" | "east" | "southeast" | "south" | "southwest" | "west" | "northwest";
                /** @description opacity from 0 to 1; 0.5 by default */
                opacity?: number;
                /** @description width in per cent of the width of the result; 25 by default */
                scale?: number;
                /** @description distance from the edges, or between tiles, in pixels; 16 by default */
                margin?: number;
                /** @description whether it is repeated over the whole result; `false` by default */
                tile?: boolean;
            };
            /**
             * @description file format of the result
             * @enum {string}
             */
            format?: "jpeg" | "png" | "webp" | "avif" | "gif" | "original";
            /** @description quality of JPEG, WebP and AVIF; 80 by default. `auto` chooses it by the format and the number of pixels */
            quality?: number | "auto";
            /** @description most bytes of the result: the highest quality from 10 to `quality` that fits is used */
            maxBytes?: number;
            /** @description whether WebP and AVIF keep every pixel */
            lossless?: boolean;
            /** @description whether JPEG and PNG can be shown before they are loaded completely */
            progressive?: boolean;
            /** @description effort to make WebP (4 by default) and AVIF (2) small, from 0 (fast) to 6 */
            effort?: number;
            /**
             * @description resolution of the colours of JPEG and AVIF; `4:2:0` stores a quarter of them
             * @enum {string}
             */
            chromaSubsampling?: "4:2:0" | "4:4:4";
            /** @description most colours of PNG and GIF, which then have a palette */
            colors?: number;
            /** @description metadata that are kept: `none` (the default, or `false`), `copyright` and artist, EXIF without the location and without XMP (`all-but-gps`), or all EXIF and XMP (`all`, or `true`) */
            keepMetadata?: boolean | ("none" | "copyright" | "all-but-gps" | "all");
            /** @description whether the colour profile is kept; otherwise the colours are converted to sRGB. Needs `grayscale=false` */
            keepProfile?: boolean;
            /** @description whether the status describes the original: its size, colours, camera and more */
            info?: boolean;
            /** @description whether an animation stays one, as GIF or WebP; otherwise the result is a still image */
            animated?: boolean;
            /** @description frame of an animation that becomes a still image, from 0 */
            frame?: number;
            /** @description JSON array of up to 8 sets of these options, each with a `name`: several results of each file. Options beside it apply to each variant that does not set them itself. */
            variants?: string;
            /** @description a named set of options; see `GET /presets` */
            preset?: string;
            /** @description up to 10 words by which `GET /batches` finds the batch, comma-separated or in repeated fields */
            tags?: string;
            /** @description JSON object of at most 4 KiB, which is returned with the batch */
            metadata?: string;
            /** @description URL to call when the batch has ended */
            webhook?: string;
        };
        /**
         * @example {
         *       "expiresInSeconds": 86400
         *     }
         */
        CreateLinkForm: {
            /** @description Name of the variant; the first result by default */
            variant?: string;
            /** @description `true`: the original instead of a result */
            original?: boolean;
            /** @description Seconds for which the link is valid */
            expiresInSeconds: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    processImages: {
        parameters: {
            query?: {
                /** @description name of an image that is the whole body; otherwise taken from `Content-Disposition` */
                name?: string;
                /** @description the options, each as its own parameter: `?width=300&format=webp` */
                options?: {
                    /** @description width in pixels; 512 if `height` is not set either */
                    width?: number;
                    /** @description height in pixels; by default the aspect ratio is kept */
                    height?: number;
                    /** @description device pixel ratio: factor of `width`, `height`, `pad`, `round` and the margin of `watermark` */
                    dpr?: number;
                    /**
                     * @description how to fit the image to width and height, if both are set: crop it (`cover`, the default), pad it (`contain`), make it as large as possible within both (`inside`), as small as possible covering both (`outside`), or stretch it (`fill`)
                     * @enum {string}
                     */
                    fit?: "cover" | "contain" | "inside" | "outside" | "fill";
                    /**
                     * @description part of the image that `cover` keeps, and place where `contain` puts the image; with `cover`, `entropy` keeps the part with the most detail and `attention` the most salient part
                     * @enum {string}
                     */
                    position?: "centre" | "center" | "north" | "northeast" | "east" | "southeast" | "south" | "southwest" | "west" | "northwest" | "entropy" | "attention";
                    /** @description point that `cover` keeps as near to the centre as it can, as `x,y` in per cent; needs width and height, instead of `position` */
                    focus?: string;
                    /** @description whether a smaller image is enlarged */
                    enlarge?: boolean;
                    /** @description part of the original to use: `x,y,width,height` in pixels or per cent, after `trim` */
                    crop?: string;
                    /** @description removes a border that has the colour of the top left pixel; the value is the allowed difference from it, such as 10 */
                    trim?: number;
                    /** @description clockwise rotation in degrees, after the EXIF orientation was applied; `background` fills the corners */
                    rotate?: number;
                    /** @description whether the image is mirrored top to bottom */
                    flip?: boolean;
                    /** @description whether the image is mirrored left to right */
                    flop?: boolean;
                    /** @description radius of rounded corners in pixels; `max` makes a circle or a pill */
                    round?: number | "max";
                    /** @description pixels added around the result: 1 to 4 numbers, as in CSS */
                    pad?: string;
                    /** @description colour behind transparent pixels, of `pad`, and around an image with the fit `contain`; by default white for JPEG, and transparent for other formats */
                    background?: string;
                    /** @description whether the result is grayscale */
                    grayscale?: boolean;
                    /** @description colour in which all brightnesses are drawn; needs `grayscale=false` */
                    tint?: string;
                    /** @description factor of the brightness */
                    brightness?: number;
                    /** @description factor of the contrast */
                    contrast?: number;
                    /** @description factor of the saturation; needs `grayscale=false` */
                    saturation?: number;
                    /** @description rotation of the hue in degrees; needs `grayscale=false` */
                    hue?: number;
                    /** @description number added to the lightness, which is 0 for black and 100 for white */
                    lightness?: number;
                    /** @description darkens the image by this gamma before the resize and brightens it after that, so that fine bright details keep their brightness */
                    gamma?: number;
                    /** @description whether the brightness is stretched to the full range from black to white */
                    normalise?: boolean;
                    /** @description makes pixels of this brightness or more white, and all others black */
                    threshold?: number;
                    /** @description whether the colours are inverted */
                    negate?: boolean;
                    /** @description radius (sigma) of a Gaussian blur, in pixels of the result */
                    blur?: number;
                    /** @description radius (sigma) of sharpening, in pixels of the result */
                    sharpen?: number;
                    /** @description side in pixels of a median filter, which removes noise */
                    median?: number;
                    /** @description image or text on the result: the name of an image of the operator, or a JSON object with `image` or `text`, and `color`, `position` (`southeast`), `opacity` (0.5), `scale` (25 per cent of the width), `margin` (16 pixels) and `tile` */
                    watermark?: {
                        /** @description name of an image of the operator (`WATERMARKS_FILE`) */
                        image?: string;
                        /** @description text instead of an image */
                        text?: string;
                        /** @description colour of the text; white by default */
                        color?: string;
                        /**
                         * @description where it lies; `southeast` by default
                         * @enum {string}
                         */
                        position?: "centre" | "center" | "north" | "northeast" | "east" | "southeast" | "south" | "southwest" | "west" | "northwest";
                        /** @description opacity from 0 to 1; 0.5 by default */
                        opacity?: number;
                        /** @description width in per cent of the width of the result; 25 by default */
                        scale?: number;
                        /** @description distance from the edges, or between tiles, in pixels; 16 by default */
                        margin?: number;
                        /** @description whether it is repeated over the whole result; `false` by default */
                        tile?: boolean;
                    };
                    /**
                     * @description file format of the result
                     * @enum {string}
                     */
                    format?: "jpeg" | "png" | "webp" | "avif" | "gif" | "original";
                    /** @description quality of JPEG, WebP and AVIF; 80 by default. `auto` chooses it by the format and the number of pixels */
                    quality?: number | "auto";
                    /** @description most bytes of the result: the highest quality from 10 to `quality` that fits is used */
                    maxBytes?: number;
                    /** @description whether WebP and AVIF keep every pixel */
                    lossless?: boolean;
                    /** @description whether JPEG and PNG can be shown before they are loaded completely */
                    progressive?: boolean;
                    /** @description effort to make WebP (4 by default) and AVIF (2) small, from 0 (fast) to 6 */
                    effort?: number;
                    /**
                     * @description resolution of the colours of JPEG and AVIF; `4:2:0` stores a quarter of them
                     * @enum {string}
                     */
                    chromaSubsampling?: "4:2:0" | "4:4:4";
                    /** @description most colours of PNG and GIF, which then have a palette */
                    colors?: number;
                    /** @description metadata that are kept: `none` (the default, or `false`), `copyright` and artist, EXIF without the location and without XMP (`all-but-gps`), or all EXIF and XMP (`all`, or `true`) */
                    keepMetadata?: boolean | ("none" | "copyright" | "all-but-gps" | "all");
                    /** @description whether the colour profile is kept; otherwise the colours are converted to sRGB. Needs `grayscale=false` */
                    keepProfile?: boolean;
                    /** @description whether the status describes the original: its size, colours, camera and more */
                    info?: boolean;
                    /** @description whether an animation stays one, as GIF or WebP; otherwise the result is a still image */
                    animated?: boolean;
                    /** @description frame of an animation that becomes a still image, from 0 */
                    frame?: number;
                    /** @description JSON array of up to 8 sets of these options, each with a `name`: several results of each file. Options beside it apply to each variant that does not set them itself. */
                    variants?: string;
                    /** @description a named set of options; see `GET /presets` */
                    preset?: string;
                    /** @description up to 10 words by which `GET /batches` finds the batch, comma-separated or in repeated fields */
                    tags?: string;
                    /** @description JSON object of at most 4 KiB, which is returned with the batch */
                    metadata?: string;
                    /** @description URL to call when the batch has ended */
                    webhook?: string;
                };
                /** @description `signed`: the webhook of the batch, and the status in the response, have signed URLs of the results */
                links?: "signed";
            };
            header?: {
                /** @description `wait=30` (RFC 7240): respond when it is finished, or after 30 seconds; at most 60 */
                Prefer?: string;
                /** @description A string that the client chooses, such as a random UUID. If the client repeats a request with the same key within 24 hours (or within the retention time, if that is shorter), it gets the first response again, and no second batch is made */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["ProcessImagesForm"];
                "application/json": components["schemas"]["ProcessImagesJson"];
                "image/*": string;
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description The batch was accepted; with `Prefer: wait`, its status as well */
            202: {
                headers: {
                    /** @description The status URL */
                    Location?: string;
                    /** @description Seconds after which the client can poll again; only while the batch is not finished */
                    "Retry-After"?: number;
                    /** @description `true`; only while the response repeats an earlier one */
                    "Idempotent-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedBatch"];
                };
            };
            /** @description `INVALID_PARAMETER`, `INVALID_OPTION`, `INVALID_IDEMPOTENCY_KEY`, `FILE_REQUIRED`, `UNEXPECTED_FIELD`, `TOO_MANY_FILES`, `EMPTY_FILE`, `MALFORMED_MULTIPART`, `INVALID_PARAMETER`, `BAD_REQUEST` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINKS_DISABLED`, `IMPORTS_DISABLED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `REQUEST_TIMEOUT` */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `IDEMPOTENCY_KEY_IN_USE` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FILE_TOO_LARGE`, `REQUEST_TOO_LARGE`, `BODY_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `MULTIPART_REQUIRED`, `UNSUPPORTED_IMAGE_TYPE`, `CONTENT_ENCODING_UNSUPPORTED` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `IDEMPOTENCY_KEY_REUSED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE`, `BACKLOG_FULL`, `DISK_LOW`, `STORAGE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `STORAGE_FULL` */
            507: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listBatches: {
        parameters: {
            query?: {
                /** @description One or several statuses, comma-separated; all by default */
                status?: string;
                /** @description A tag that the batches have */
                tag?: string;
                /** @description Created at this time or later */
                from?: string;
                /** @description Created before this time */
                to?: string;
                /** @description Maximum number of batches, up to 100; 20 by default */
                limit?: string;
                /** @description `cursor` of the previous page; the other parameters except `limit` must stay the same */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the list */
            200: {
                headers: {
                    /** @description The next page, as `rel="next"` (RFC 8288); only while there is one */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchList"];
                };
            };
            /** @description `INVALID_PARAMETER` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBatch: {
        parameters: {
            query?: {
                /** @description `signed`: each `resultUrl` and `links.result` is an absolute URL that needs no key, valid for a day or until the batch expires */
                links?: "signed";
            };
            header?: {
                /** @description `wait=30` (RFC 7240): respond when it is finished, or after 30 seconds; at most 60 */
                Prefer?: string;
            };
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Status of the batch */
            200: {
                headers: {
                    /** @description Seconds after which the client can poll again; only while the batch is not finished */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchStatus"];
                };
            };
            /** @description `INVALID_PARAMETER` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINKS_DISABLED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE`, `STORAGE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All files have ended */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchStatus"];
                };
            };
            /** @description Some files are still running, and will be stopped */
            202: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchStatus"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_FINISHED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retryBatch: {
        parameters: {
            query?: {
                /** @description `signed`: the webhook of the batch, and the status in the response, have signed URLs of the results */
                links?: "signed";
            };
            header?: {
                /** @description `wait=30` (RFC 7240): respond when it is finished, or after 30 seconds; at most 60 */
                Prefer?: string;
                /** @description A string that the client chooses, such as a random UUID. If the client repeats a request with the same key within 24 hours (or within the retention time, if that is shorter), it gets the first response again, and no second batch is made */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RetryBatchForm"];
                "multipart/form-data": components["schemas"]["RetryBatchForm"];
                "application/x-www-form-urlencoded": components["schemas"]["RetryBatchForm"];
            };
        };
        responses: {
            /** @description The batch was accepted; with `Prefer: wait`, its status as well */
            202: {
                headers: {
                    /** @description The status URL */
                    Location?: string;
                    /** @description Seconds after which the client can poll again; only while the batch is not finished */
                    "Retry-After"?: number;
                    /** @description `true`; only while the response repeats an earlier one */
                    "Idempotent-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedBatch"];
                };
            };
            /** @description `INVALID_PARAMETER`, `INVALID_OPTION`, `INVALID_IDEMPOTENCY_KEY`, `BAD_REQUEST` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINKS_DISABLED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `IDEMPOTENCY_KEY_IN_USE`, `BATCH_NOT_FINISHED`, `NOTHING_FAILED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED`, `FILE_DELETED`, `FILE_GONE` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BODY_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BODY_TYPE_UNSUPPORTED`, `CONTENT_ENCODING_UNSUPPORTED` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `IDEMPOTENCY_KEY_REUSED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE`, `BACKLOG_FULL`, `DISK_LOW`, `STORAGE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `STORAGE_FULL` */
            507: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reprocessBatch: {
        parameters: {
            query?: {
                /** @description `signed`: the webhook of the batch, and the status in the response, have signed URLs of the results */
                links?: "signed";
            };
            header?: {
                /** @description `wait=30` (RFC 7240): respond when it is finished, or after 30 seconds; at most 60 */
                Prefer?: string;
                /** @description A string that the client chooses, such as a random UUID. If the client repeats a request with the same key within 24 hours (or within the retention time, if that is shorter), it gets the first response again, and no second batch is made */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReprocessBatchForm"];
                "multipart/form-data": components["schemas"]["ReprocessBatchForm"];
                "application/x-www-form-urlencoded": components["schemas"]["ReprocessBatchForm"];
            };
        };
        responses: {
            /** @description The batch was accepted; with `Prefer: wait`, its status as well */
            202: {
                headers: {
                    /** @description The status URL */
                    Location?: string;
                    /** @description Seconds after which the client can poll again; only while the batch is not finished */
                    "Retry-After"?: number;
                    /** @description `true`; only while the response repeats an earlier one */
                    "Idempotent-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedBatch"];
                };
            };
            /** @description `INVALID_PARAMETER`, `INVALID_OPTION`, `INVALID_IDEMPOTENCY_KEY`, `BAD_REQUEST` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINKS_DISABLED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `IDEMPOTENCY_KEY_IN_USE`, `BATCH_NOT_FINISHED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED`, `FILE_DELETED`, `FILE_GONE` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BODY_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BODY_TYPE_UNSUPPORTED`, `CONTENT_ENCODING_UNSUPPORTED` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `IDEMPOTENCY_KEY_REUSED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE`, `BACKLOG_FULL`, `DISK_LOW`, `STORAGE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `STORAGE_FULL` */
            507: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    watchBatch: {
        parameters: {
            query?: {
                /** @description `signed`: each `resultUrl` and `links.result` is an absolute URL that needs no key, valid for a day or until the batch expires */
                links?: "signed";
            };
            header?: never;
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description `INVALID_PARAMETER` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINKS_DISABLED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED`, `TOO_MANY_STREAMS` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND`, `WEBHOOK_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redeliverWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook will be delivered */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND`, `WEBHOOK_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FINISHED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getArchive: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the batch, from the response to its upload */
                batchId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The archive */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": string;
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_NOT_FINISHED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: {
                /** @description `signed`: each `resultUrl` and `links.result` is an absolute URL that needs no key, valid for a day or until the batch expires */
                links?: "signed";
            };
            header?: {
                /** @description `wait=30` (RFC 7240): respond when it is finished, or after 30 seconds; at most 60 */
                Prefer?: string;
            };
            path: {
                /** @description Id of the file’s job, from the status of its batch */
                jobId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Status of the file */
            200: {
                headers: {
                    /** @description Seconds after which the client can poll again; only while the batch is not finished */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobStatus"];
                };
            };
            /** @description `INVALID_PARAMETER` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINKS_DISABLED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the file’s job, from the status of its batch */
                jobId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FINISHED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE`, `STORAGE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getResult: {
        parameters: {
            query?: {
                /** @description Name of the variant */
                variant?: string;
                /** @description `1`: as an attachment, to be saved */
                download?: "0" | "1";
                /** @description Of a signed link: when it expires, in seconds since 1970 */
                expires?: string;
                /** @description Of a signed link, which needs no key; it covers the path and the other parameters */
                signature?: string;
            };
            header?: never;
            path: {
                /** @description Id of the file’s job, from the status of its batch */
                jobId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes, with a strong `ETag`; conditional and range requests work */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/*": string;
                };
            };
            /** @description The requested range */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/*": string;
                };
            };
            /** @description With S3 storage and `STORAGE_REDIRECT`: the file is at a signed address, valid for five minutes, or until the link expires */
            302: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not changed */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `INVALID_PARAMETER` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINK_INVALID`, `LINK_EXPIRED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FOUND`, `VARIANT_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FINISHED`, `JOB_FAILED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED`, `FILE_DELETED`, `FILE_GONE` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PRECONDITION_FAILED` */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RANGE_NOT_SATISFIABLE` */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE`, `STORAGE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOriginal: {
        parameters: {
            query?: {
                /** @description `1`: as an attachment, to be saved */
                download?: "0" | "1";
                /** @description Of a signed link: when it expires, in seconds since 1970 */
                expires?: string;
                /** @description Of a signed link, which needs no key; it covers the path and the other parameters */
                signature?: string;
            };
            header?: never;
            path: {
                /** @description Id of the file’s job, from the status of its batch */
                jobId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes, with a strong `ETag`; conditional and range requests work */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/*": string;
                };
            };
            /** @description The requested range */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/*": string;
                };
            };
            /** @description With S3 storage and `STORAGE_REDIRECT`: the file is at a signed address, valid for five minutes, or until the link expires */
            302: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not changed */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `INVALID_PARAMETER` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINK_INVALID`, `LINK_EXPIRED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FINISHED`, `JOB_FAILED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED`, `FILE_DELETED`, `FILE_GONE` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PRECONDITION_FAILED` */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RANGE_NOT_SATISFIABLE` */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE`, `STORAGE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createLink: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the file’s job, from the status of its batch */
                jobId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateLinkForm"];
                "multipart/form-data": components["schemas"]["CreateLinkForm"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateLinkForm"];
            };
        };
        responses: {
            /** @description The link */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Link"];
                };
            };
            /** @description `BAD_REQUEST`, `INVALID_OPTION` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LINKS_DISABLED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FOUND`, `VARIANT_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `JOB_NOT_FINISHED`, `JOB_FAILED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BATCH_REMOVED`, `FILE_DELETED` */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BODY_TOO_LARGE` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `BODY_TYPE_UNSUPPORTED`, `CONTENT_ENCODING_UNSUPPORTED` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPresets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The presets */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Presets"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The status of the service */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceStatus"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `INTERNAL_ERROR` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    isAlive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description `BAD_REQUEST` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    isReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description `BAD_REQUEST` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `QUEUE_UNAVAILABLE`, `STORAGE_UNAVAILABLE` */
            503: {
                headers: {
                    /** @description Seconds after which the client can try again */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    batchEnded: {
        parameters: {
            query?: never;
            header: {
                /** @description The same in each attempt */
                "webhook-id": string;
                /** @description Time of the attempt in seconds since 1970 */
                "webhook-timestamp": string;
                /** @description `v1,` and a signature for each secret, separated by spaces */
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"];
            };
        };
        responses: {
            /** @description The receiver wants no further attempts */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The webhook is delivered */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The webhook is sent again, after `Retry-After` if there is one */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
