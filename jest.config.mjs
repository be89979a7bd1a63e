import { isUnitTest, testFiles } from './tests/support/unit-tests.mjs';

/** Starting and stopping real Redis servers and processes takes long, above all on a small machine. */
const TEST_TIMEOUT_MS = 180_000;

const common = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
};

const patterns = (isWanted) => testFiles.filter(isWanted).map((name) => `**/tests/${name}`);

export default {
  projects: [
    { ...common, displayName: 'unit', testMatch: patterns(isUnitTest) },
    {
      ...common,
      displayName: 'service',
      testMatch: patterns((name) => !isUnitTest(name)),
      globalSetup: '<rootDir>/tests/support/build.ts',
    },
  ],
  testTimeout: TEST_TIMEOUT_MS,
  maxWorkers: 2,
};
