import { isUnitTest, testFiles } from './tests/support/unit-tests.mjs';

/** Real Redis servers and processes take long to start and to end. A machine with half a core needs minutes for some tests. */
const TEST_TIMEOUT_MS = 600_000;

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
  // Test files wait for a large part of their time, so two at once would leave two cores partly idle.
  maxWorkers: 5,
};
