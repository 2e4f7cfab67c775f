import { StringDecoder } from "node:string_decoder";

/** A slice has at most 1,000 endpoints, and the server's own storage takes no object above 1.5 MB. */
const longestLine = 16 * 1024 * 1024;

/**
 * The lines of a stream of UTF-8, those of one chunk together. What has no line end yet waits for it, and is dropped where
 * the stream ends before.
 *
 * @throws RangeError for a line that never ends
 */
export async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly string[]> {
  const decoder = new StringDecoder("utf8");
  let begun: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const [first = "", ...others] = decoder.write(chunk).split("\n");
    begun.push(first);
    length += first.length;
    if (length > longestLine) throw new RangeError(`a line of more than ${longestLine} characters`);
    const last = others.pop();
    if (last === undefined) continue;
    yield [begun.join(""), ...others].filter((line) => line.trim() !== "");
    begun = [last];
    length = last.length;
  }
}
