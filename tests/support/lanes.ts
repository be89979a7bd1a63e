/** Does something with each of many items, with some of them at a time. */
export async function inLanes<T>(
  count: number,
  items: AsyncIterable<T> | Iterable<T>,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const rest = (async function* () {
    yield* items;
  })();
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let next = await rest.next(); !next.done; next = await rest.next()) await act(next.value);
    }),
  );
}
