import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { Hono } from 'hono';
import { InvalidInput } from '../../shared/errors.ts';

export const hostname = '127.0.0.1';

export interface Doors {
  readonly engineApi: { fetch(request: Request): Response | Promise<Response> };
  readonly webhook: (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;
  readonly links: (request: Request) => Promise<Response>;
}

export interface LocalServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * One loopback server for what are three addresses in AWS: the engine's API, the pipeline's webhook
 * (`/pipeline/webhook/{runId}`) and S3's signed links (`/objects/…`). Port 0 takes any free one.
 */
export async function listen(port: number, doors: () => Doors): Promise<LocalServer> {
  const app = new Hono()
    .post('/pipeline/webhook/:runId', async (context) => {
      const reply = await doors().webhook(await asGatewayEvent(context.req.raw, context.req.param('runId')));
      return new Response(reply.body ?? null, { status: reply.statusCode ?? 200 });
    })
    .all('/objects/*', (context) => doors().links(context.req.raw))
    .all('*', (context) => doors().engineApi.fetch(context.req.raw));
  const server = await bind(app, port);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The local server has no port.');
  return { port: address.port, close: () => close(server) };
}

function bind(app: Hono, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname }) as Server;
    server.once('listening', () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(port, error)));
  });
}

function portError(port: number, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE')
    return new PortInUse(
      `Port ${port} is in use by another program. Stop it, or choose another with --port N (0 takes any free one).`,
      { port },
    );
  if (error.code === 'EACCES')
    return new InvalidInput(`Port ${port} may not be used by this user. Choose one above 1023 with --port N.`);
  return error;
}

export class PortInUse extends InvalidInput {
  override name = 'PortInUse';
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** The request as API Gateway would hand it over: the body base64, as it does for anything it takes for binary. */
async function asGatewayEvent(request: Request, runId: string): Promise<APIGatewayProxyEventV2> {
  const path = new URL(request.url).pathname;
  const time = new Date();
  return {
    version: '2.0',
    routeKey: 'POST /webhook/{runId}',
    rawPath: path,
    rawQueryString: '',
    headers: Object.fromEntries(request.headers),
    pathParameters: { runId },
    requestContext: {
      accountId: 'local',
      apiId: 'local',
      domainName: hostname,
      domainPrefix: 'local',
      http: { method: request.method, path, protocol: 'HTTP/1.1', sourceIp: hostname, userAgent: '' },
      requestId: '',
      routeKey: 'POST /webhook/{runId}',
      stage: '$default',
      time: time.toISOString(),
      timeEpoch: time.getTime(),
    },
    body: Buffer.from(await request.arrayBuffer()).toString('base64'),
    isBase64Encoded: true,
  };
}
