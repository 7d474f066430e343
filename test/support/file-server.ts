import { createServer } from 'node:http';
import { type Listening, whenListening } from './listen.ts';

export type FileServer = Listening;

/** Serves the same few bytes, which begin like an MP4, at every path on loopback; `/missing…` is not there. */
export async function serveFile(bytes: Uint8Array = smallMp4()): Promise<FileServer> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/missing')) return response.writeHead(404).end();
    if (request.url?.startsWith('/broken')) return response.writeHead(500).end();
    const [first, last] = rangeOf(request.headers.range, bytes.byteLength);
    response
      .writeHead(request.headers.range ? 206 : 200, {
        'content-type': 'video/mp4',
        'content-length': last - first + 1,
        'content-range': `bytes ${first}-${last}/${bytes.byteLength}`,
        etag: '"the-same"',
      })
      .end(bytes.subarray(first, last + 1));
  });
  return whenListening(server.listen(0, '127.0.0.1'));
}

function rangeOf(header = '', size: number): [first: number, last: number] {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header) ?? [];
  return [Number(first ?? 0), last ? Math.min(Number(last), size - 1) : size - 1];
}

/** Begins like an MP4, which is all that a copy looks at. */
export const smallMp4 = (bytes = 2000): Uint8Array =>
  Buffer.concat([Buffer.from('\0\0\0\x14ftypisom\0\0\0\0isom', 'latin1'), Buffer.alloc(bytes - 20, 7)]);
