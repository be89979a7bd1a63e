/**
 * Makes a `describe` for tests that take more than every machine has. Where that is missing they are skipped and say why; in
 * CI that is a failure.
 *
 * @param reason why they cannot run here, if they cannot
 */
export function describeIf(reason: string | undefined) {
  return (name: string, tests: () => void): void => {
    if (!reason) describe(name, tests);
    else if (!process.env.CI) describe.skip(`${name} (skipped: ${reason})`, tests);
    else {
      test(name, () => {
        throw new Error(reason);
      });
    }
  };
}
