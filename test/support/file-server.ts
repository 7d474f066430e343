import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  readonly url: string;
  /** For `trustedHosts`. */
  readonly host: string;
  close(): Promise<void>;
}

/** Serves the same few bytes, which begin like an MP4, at every path on loopback; `/missing…` is not there. */
export async function serveFile(bytes: Uint8Array = smallMp4()): Promise<FileServer> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/missing')) return response.writeHead(404).end();
    if (request.url?.startsWith('/broken')) return response.writeHead(500).end();
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes.byteLength }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export const smallMp4 = (): Uint8Array =>
  Buffer.concat([Buffer.from('\0\0\0\x14ftypisom\0\0\0\0isom', 'latin1'), Buffer.alloc(2000, 7)]);
