import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';

export interface Listening {
  readonly url: string;
  /** Host and port. */
  readonly host: string;
  close(): Promise<void>;
}

/** Serves requests on a free port of loopback; closing does not wait for connections that are kept open. */
export const listen = (fetch: (request: Request) => Response | Promise<Response>): Promise<Listening> =>
  whenListening(serve({ fetch, hostname: '127.0.0.1', port: 0 }) as Server);

export async function whenListening(server: Server): Promise<Listening> {
  if (!server.listening) await new Promise<void>((resolve) => server.once('listening', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
