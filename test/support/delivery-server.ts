import { createServer } from 'node:http';
import { smallMp4 } from './file-server.ts';
import { whenListening } from './listen.ts';

const jpeg = Buffer.concat([Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0', 'latin1'), Buffer.alloc(300, 1)]);
const zip = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(400, 2)]);

/** An API's storage: files by their paths, each of which may be taken away, and how often each was asked for. */
export async function deliveryServer() {
  const files = new Map<string, Uint8Array>();
  const refused = new Map<string, number>();
  const hashes = new Map<string, string>();
  const asked: string[] = [];
  const sent = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://here').pathname.slice(1);
    asked.push(path);
    const status = refused.get(path) ?? (files.has(path) ? 206 : 404);
    if (status !== 206) return response.writeHead(status).end();
    const bytes = files.get(path) ?? Buffer.alloc(0);
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const [first, last] = [Number(from), to === '' ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1)];
    sent.set(path, (sent.get(path) ?? 0) + last - first + 1);
    const head = { 'content-range': `bytes ${first}-${last}/${bytes.length}`, 'content-length': last - first + 1 };
    const hash = hashes.get(path);
    const told = hash === undefined ? {} : { 'x-goog-hash': `crc32c=${Buffer.from(hash, 'hex').toString('base64')}` };
    response.writeHead(206, { ...head, ...told, etag: `"${path}"` }).end(bytes.subarray(first, last + 1));
  });
  const listening = await whenListening(server.listen(0, '127.0.0.1'));
  const link = (path: string) => `${listening.url}/${path}?signature=secret`;
  return {
    ...listening,
    files,
    /** Paths that answer with a status of their own. */
    refused,
    /** CRC32C of the whole, where a path tells it. */
    hashes,
    /** Paths, in the order in which they were asked for. */
    asked,
    /** Bytes that were answered with at a path, since the files were made. */
    sentBytes: (path: string): number => sent.get(path) ?? 0,
    /** What an agent run tells of a video with all that may lie beside it. */
    output: (id: string, bytes: Uint8Array = smallMp4()) => {
      sent.clear();
      files.set(`${id}.mp4`, bytes).set(`${id}.jpg`, jpeg).set(`${id}.zip`, zip);
      return {
        ...{ id, nodeId: 'node-1', videoUrl: link(`${id}.mp4`) },
        ...{ thumbnailUrl: link(`${id}.jpg`), projectUrl: link(`${id}.zip`) },
      };
    },
  };
}

export type DeliveryServer = Awaited<ReturnType<typeof deliveryServer>>;
