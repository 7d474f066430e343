import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AwsRequest, type Need, needsOf, signerOf } from './aws-request.ts';
import { bucketArn } from './deploy.ts';
import { type AssumableRole, isAllowed, type Statement } from './permissions.ts';

/** Whoever signs with an access key: a function, or Lambda itself when it polls for the function. */
export interface Principal {
  readonly name: string;
  readonly statements: readonly Statement[];
  readonly roleArn?: string;
  /** Whether it is at work at this moment; only links may be used when it is not. */
  readonly atWork: () => boolean;
}

export interface AwsCall extends Need {
  readonly by: string;
  readonly allowed: boolean;
  readonly link: boolean;
  readonly atWork: boolean;
}

export interface Gate {
  readonly url: string;
  readonly calls: readonly AwsCall[];
  admit(accessKeyId: string, principal: Principal): void;
  /** From now on, those whom the role trusts may take it on. */
  offer(role: AssumableRole): void;
  stop(): Promise<void>;
}

/**
 * Stands before the emulators, which let everybody do everything, and lets through what the caller's role allows, as IAM
 * would: the access key in the signature tells who calls, also when somebody else uses a link that he signed.
 */
export async function openGate(emulators: Readonly<Record<string, string | undefined>>): Promise<Gate> {
  const principals = new Map<string, Principal>();
  const roles = new Map<string, AssumableRole>();
  const calls: AwsCall[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer((request, response) => {
    pass(request, response).catch((error: unknown) => response.destroy(error as Error));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    admit: (accessKeyId, principal) => void principals.set(accessKeyId, principal),
    offer: (role) => void roles.set(role.arn, role),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://gate');
    const { accessKeyId, service, link } = signerOf(url, request.headers);
    const principal = principals.get(accessKeyId);
    const sent = service === 's3' ? undefined : await bodyOf(request);
    const body = sent === undefined ? {} : parsed(service, sent.toString());
    const asked: AwsRequest = { method: request.method ?? '', url, headers: request.headers, body };
    // Who takes a role on needs both: his own permission, and the role's trust.
    const role = service === 'sts' ? roles.get(String(body.RoleArn)) : undefined;
    const trusts = service !== 'sts' || role?.trusted.includes(principal?.roleArn ?? '');
    const needs = needsOf(service, asked).map((need) => ({
      ...need,
      allowed:
        trusts === true && principal !== undefined && isAllowed(principal.statements, need.action, need.resource),
    }));
    const by = principal?.name ?? 'nobody known';
    const atWork = principal?.atWork() ?? false;
    calls.push(...needs.map((need) => ({ ...need, by, link, atWork })));
    const refused = needs.find(({ allowed }) => !allowed);
    if (refused) return refuse(response, service, `${by} is not allowed ${refused.action} on ${refused.resource}`);
    const answer = await forward(request, sent, emulators[service] ?? '', accessKeyId);
    if (answer.statusCode === 404 && service === 's3' && principal && !maySeeAbsence(principal, url)) {
      answer.resume();
      return refuse(response, service, `${by} may not list the bucket, so it is not told that there is no such object`);
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (role === undefined || principal === undefined) return void answer.pipe(response);
    const given = await bodyOf(answer);
    const [, key = ''] = /<AccessKeyId>(\w+)</.exec(given.toString()) ?? [];
    principals.set(key, { ...principal, ...role, roleArn: role.arn, name: `the signer of ${principal.name}` });
    response.end(given);
  }

  async function forward(request: IncomingMessage, body: Buffer | undefined, target: string, accessKeyId: string) {
    const { authorization, expect: _, ...headers } = request.headers;
    // DynamoDB Local keeps tables per access key; the emulators know one caller.
    const signed = authorization?.replace(`Credential=${accessKeyId}/`, 'Credential=test/');
    const options = {
      method: request.method,
      agent,
      headers: { ...headers, ...(signed && { authorization: signed }) },
    };
    const onward = httpRequest(new URL(request.url ?? '/', target), options);
    if (body === undefined) request.pipe(onward);
    else onward.end(body);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    return answer;
  }
}

const maySeeAbsence = ({ statements }: Principal, url: URL): boolean =>
  isAllowed(statements, 's3:ListBucket', bucketArn(url.pathname.split('/')[1] ?? ''));

function refuse(response: ServerResponse, service: string, message: string): void {
  if (service === 's3')
    response
      .writeHead(403, { 'content-type': 'application/xml' })
      .end(`<Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`);
  else
    response
      .writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
      .end(JSON.stringify({ __type: 'AccessDeniedException', message }));
}

/** STS alone is asked with a form. */
const parsed = (service: string, body: string): Record<string, unknown> =>
  service === 'sts' ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body);

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
