/** Real Redis servers and real processes take their time to start and to end, the more so on a small machine. */
const TEST_LIMIT_MS = 180_000;

export default {
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  testTimeout: TEST_LIMIT_MS,
  globalSetup: '<rootDir>/tests/support/build.ts',
  maxWorkers: 2,
};
