/**
 * Returns a `describe` for tests that need something that a machine may lack. Without it the tests are skipped, with the reason
 * in their name. With `CI` set they fail instead.
 *
 * @param reason why the tests cannot run here; `undefined` if they can
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
