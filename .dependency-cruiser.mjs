/** The rules between the rooms of src/, each with its reason. */

/** A room may import these rooms and no other. */
const rooms = {
  api: {
    may: ['queue', 'imaging/(formats|options|presets)', 'storage', 'shared'],
    why: 'the HTTP door never loads libvips and knows nothing of the worker',
  },
  worker: { may: ['queue', 'imaging', 'storage', 'shared'], why: 'the queue door knows nothing of HTTP' },
  queue: { may: ['imaging/options', 'shared'], why: 'the contract of both doors must not drag in either' },
  imaging: { may: ['shared'], why: 'the pure domain knows neither queue nor disk' },
  storage: { may: ['shared'], why: 'where bytes live does not depend on what they mean' },
  shared: { may: [], why: 'everything stands on it' },
};

/** A package may be imported by these rooms and no other. */
const packages = {
  'express|express-rate-limit|rate-limit-redis|cors|multer|swagger-ui-express|helmet|pino-http|content-disposition|yazl|@bull-board/express':
    {
      only: 'api',
      why: 'HTTP ends at the door',
    },
  'bullmq|ioredis': { only: 'queue|worker', why: 'nothing else depends on which queue this is' },
  '@aws-sdk/.+': { only: 'storage', why: 'nothing else depends on where files are kept' },
  sharp: { only: 'imaging', why: 'libvips is a risk that stays in one room' },
};

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'a circle is one room in disguise',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...Object.entries(rooms).map(([room, { may, why }]) => ({
      name: `${room}-imports`,
      comment: why,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: [room, ...may].map((name) => `^src/${name}`) },
    })),
    ...Object.entries(packages).map(([names, { only, why }]) => ({
      name: `only-${only}-imports-${names}`.replaceAll('|', '-'),
      comment: why,
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${only})/` },
      to: { path: `^node_modules/(${names})/` },
    })),
    {
      name: 'api-never-reaches-sharp',
      comment: 'an image that crashes libvips must not be able to crash the API',
      severity: 'error',
      from: { path: '^src/api/' },
      to: { path: '^node_modules/sharp/', reachable: true },
    },
    {
      name: 'only-storage-touches-files',
      comment: 'atomic writes and path containment are kept in one place; the configuration reads its own files',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(storage/|shared/config)' },
      to: { path: '^(node:)?fs(/promises)?$' },
    },
    {
      name: 'source-without-tests-or-scripts',
      comment: 'what ships stands alone',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(tests|scripts|bench)/' },
    },
    {
      name: 'declared-dependencies',
      comment:
        'what is imported is in package.json, and what ships is not among the development tools (log-lines.ts never runs from dist/)',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/shared/log-lines' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'an import that leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    // The page is the browser's: its imports are addresses of the service.
    exclude: { path: '^src/api/page/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
