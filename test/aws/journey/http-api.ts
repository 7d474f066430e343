import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { accountId } from './intrinsics.ts';

/** A route of the template: `$default`, or `POST /webhook/{runId}`. */
export interface Route {
  readonly routeKey: string;
  readonly invoke: (event: APIGatewayProxyEventV2) => Promise<unknown>;
}

export interface HttpApi {
  readonly url: string;
  readonly host: string;
  /** The events that were handed to functions, to be repeated. */
  readonly events: readonly APIGatewayProxyEventV2[];
  setRoutes(routes: readonly Route[]): void;
  stop(): Promise<void>;
}

/** What API Gateway does with an HTTP API: a request becomes an event of payload format 2.0, the answer a response. */
export async function openHttpApi(): Promise<HttpApi> {
  let routes: readonly Route[] = [];
  const events: APIGatewayProxyEventV2[] = [];
  const server = createServer(async (request, response) => {
    const { status, headers, body } = await answer(request).catch((error: unknown) => {
      // API Gateway tells its caller no more either; the test looks at the functions' failures.
      console.error(error);
      return { status: 500, headers: {}, body: '{"message":"Internal Server Error"}' };
    });
    response.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    events,
    setRoutes: (known) => {
      routes = known;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };

  async function answer(request: IncomingMessage) {
    const url = new URL(request.url ?? '/', `http://${host}`);
    const found = routes
      .map((route) => ({ route, parameters: parametersOf(route.routeKey, request.method ?? '', url.pathname) }))
      .find(({ parameters }) => parameters !== undefined);
    if (!found) return { status: 404, headers: {}, body: '{"message":"Not Found"}' };
    const event = await eventOf(request, url, found.route.routeKey, found.parameters);
    events.push(event);
    return responseOf(await found.route.invoke(event));
  }
}

function parametersOf(routeKey: string, method: string, path: string): Record<string, string> | undefined {
  if (routeKey === '$default') return {};
  const [routeMethod, routePath = ''] = routeKey.split(' ');
  if (routeMethod !== method && routeMethod !== 'ANY') return undefined;
  const pattern = routePath.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  const match = new RegExp(`^${pattern}$`).exec(path);
  return match === null ? undefined : { ...match.groups };
}

async function eventOf(
  request: IncomingMessage,
  url: URL,
  routeKey: string,
  parameters?: Record<string, string>,
): Promise<APIGatewayProxyEventV2> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const { cookie, connection: _, ...others } = request.headers;
  const headers = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, [value].flat().join(',')]));
  const isText = /^(text\/|application\/(json|javascript|xml))/.test(headers['content-type'] ?? '');
  const method = request.method ?? '';
  const now = new Date();
  return {
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    ...(cookie !== undefined && { cookies: cookie.split('; ') }),
    headers,
    ...(url.search !== '' && { queryStringParameters: Object.fromEntries(url.searchParams) }),
    ...(parameters && Object.keys(parameters).length > 0 && { pathParameters: parameters }),
    requestContext: {
      accountId,
      apiId: 'api',
      domainName: url.hostname,
      domainPrefix: 'api',
      http: { method, path: url.pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: '' },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      time: now.toISOString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

function responseOf(result: unknown) {
  const {
    statusCode,
    headers = {},
    body = '',
    cookies = [],
    isBase64Encoded,
  } = result as APIGatewayProxyStructuredResultV2;
  if (statusCode === undefined) throw new Error(`A function behind an HTTP API answered ${JSON.stringify(result)}.`);
  const entries = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return {
    status: statusCode,
    headers: { ...Object.fromEntries(entries), ...(cookies.length > 0 && { 'set-cookie': [...cookies] }) },
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  };
}
