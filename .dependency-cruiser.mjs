/** The import rules between the folders, each with its reason. */

/** The folders that a folder may import. */
const folders = {
  api: {
    may: ['queue', 'imaging/(formats|options|outputs|presets)', 'network/allowed-address', 'storage', 'shared'],
    why: 'the API never loads libvips and does not depend on the worker',
  },
  worker: { may: ['queue', 'imaging', 'network', 'storage', 'shared'], why: 'the worker does not depend on HTTP' },
  queue: {
    may: ['imaging/(options|info-schema)', 'shared'],
    why: 'the API and the worker share this contract, so it must load neither of them',
  },
  imaging: { may: ['shared'], why: 'image processing depends neither on the queue nor on the storage' },
  network: { may: ['shared'], why: 'which addresses are safe does not depend on the purpose of a request' },
  storage: { may: ['shared'], why: 'storing a file does not depend on its purpose' },
  shared: { may: [], why: 'every other folder imports it' },
};

/** The folders that may import a package. */
const packages = {
  'express|compression|express-rate-limit|rate-limit-redis|cors|multer|swagger-ui-express|helmet|pino-http|content-disposition|yazl|@bull-board/express':
    {
      only: 'api',
      why: 'only the API handles HTTP',
    },
  'bullmq|ioredis': { only: 'queue|worker', why: 'no other folder depends on the queue library' },
  '@aws-sdk/.+': { only: 'storage', why: 'no other folder depends on the kind of storage' },
  'undici|ipaddr.js': { only: 'network', why: 'every request to an address that a client chose must be checked' },
  sharp: { only: 'imaging', why: 'untrusted images can crash libvips, so one folder alone loads it' },
  'libheif-js': { only: 'imaging', why: 'it is optional, and blocks the thread that calls it' },
};

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'files that import each other cannot be understood or tested alone',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...Object.entries(folders).map(([folder, { may, why }]) => ({
      name: `${folder}-imports`,
      comment: why,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: [folder, ...may].map((name) => `^src/${name}`) },
    })),
    ...Object.entries(packages).map(([names, { only, why }]) => ({
      name: `only-${only}-imports-${names}`.replaceAll('|', '-'),
      comment: why,
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${only})/` },
      to: { path: `^node_modules/(${names})/` },
    })),
    {
      name: 'api-never-reaches-decoders',
      comment: 'an image that crashes a decoder must not crash the API',
      severity: 'error',
      from: { path: '^src/api/' },
      to: { path: '^node_modules/(sharp|libheif-js)/', reachable: true },
    },
    {
      name: 'only-storage-touches-files',
      comment: 'atomic writes and path containment are in one folder; the configuration reads its own files',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(storage/|shared/(config|watermarks))' },
      to: { path: '^(node:)?fs(/promises)?$' },
    },
    {
      name: 'service-alone',
      comment: 'the service runs without its tests, scripts, benchmarks and client',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(tests|scripts|bench|client)/' },
    },
    {
      name: 'client-alone',
      comment: 'the client is a package of its own; it knows the service only from the OpenAPI document',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^(src|tests|scripts|bench)/' },
    },
    {
      name: 'client-library-without-program',
      comment: 'the library does not depend on its command-line program',
      severity: 'error',
      from: { path: '^client/src/[^/]+$' },
      to: { path: '^client/src/cli/' },
    },
    {
      name: 'client-library-without-node',
      comment: 'the library runs in browsers too; only the program and one file of the library need Node.js',
      severity: 'error',
      from: { path: '^client/src/', pathNot: '^client/src/(cli/|local-files)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'client-declared-dependencies',
      comment: 'the client imports only packages that its package.json lists under dependencies',
      severity: 'error',
      from: { path: '^client/src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'] },
    },
    {
      name: 'declared-dependencies',
      comment:
        'the service imports only packages that package.json lists under dependencies (log-lines.ts never runs from dist/)',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/shared/log-lines' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'every import leads to an existing file or package',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    // The web page runs in the browser: its imports are URLs of the service.
    exclude: { path: '^src/api/page/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
