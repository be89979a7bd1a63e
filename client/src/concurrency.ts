/** Runs a function on each item, with at most `count` items at the same time. Rejects with the first error. */
export async function forEachConcurrently<T>(
  count: number,
  items: AsyncIterable<T> | Iterable<T>,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const remaining = (async function* () {
    yield* items;
  })();
  const lane = async () => {
    for (let next = await remaining.next(); !next.done; next = await remaining.next()) await run(next.value);
  };
  await Promise.all(Array.from({ length: count }, lane));
}
