import { test } from 'vitest';

/** Titles of tests that an emulator cannot show, each with the reason; they appear as skipped, never in silence. */
export type Gaps = Readonly<Record<string, string>>;

export type Check = (title: string, body: () => Promise<void>) => void;

export const checker =
  (gaps: Gaps = {}): Check =>
  (title, body) => {
    const reason = gaps[title];
    if (reason === undefined) test(title, body);
    else test.skip(`${title} (not shown here: ${reason})`, body);
  };

let count = 0;

/** A name that nothing else in the store has, so that tests may share one. */
export const fresh = (name: string): string => `${name}-${process.pid}-${Date.now().toString(36)}-${count++}`;

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return (await bytesOf(body)).toString();
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
