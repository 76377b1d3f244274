/** Work on several things at once whose results come in the order of the things. */

/**
 * At most `width` are worked on or wait for being taken. Ends with the first error, in order; what is under way then is
 * left to end by itself.
 */
export async function* inOrder<In, Out>(
  source: AsyncIterable<In> | Iterable<In>,
  width: number,
  work: (item: In) => Promise<Out>,
): AsyncGenerator<Out, void> {
  const begun: Promise<Out>[] = [];
  for await (const item of source) {
    const result = work(item);
    result.catch(() => {});
    if (begun.push(result) >= width) yield await (begun.shift() as Promise<Out>);
  }
  for (const result of begun) yield await result;
}
