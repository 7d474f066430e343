/**
 * The bytes that a Range header asks for; undefined means all of them. As in S3, a header with several ranges or in
 * another unit is ignored.
 */
export function chooseRange(
  header: string | null,
  size: number,
): readonly [number, number] | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.replaceAll(' ', '') ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : [size - length, size - 1];
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : [start, end];
}

export const matchesAny = (header: string, etag: string): boolean =>
  header.split(',').some((candidate) => [`"${etag}"`, '*'].includes(candidate.trim()));

/** If-Range: without it, or when it still names this version, the range counts. */
export function isSameVersion(ifRange: string | null, head: { etag: string; lastModified: Date }): boolean {
  return ifRange === null || ifRange === `"${head.etag}"` || ifRange === head.lastModified.toUTCString();
}
