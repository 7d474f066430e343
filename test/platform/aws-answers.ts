import { beforeAll, beforeEach } from 'vitest';
import { type Listening, listen } from '../support/listen.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

/**
 * A server that answers like AWS whatever a test gives it, for what no emulator shows. The SDK is the real one and
 * finds it by its own variables; it reads them once, so there is one server per test file.
 */
export function awsAnswers() {
  const asked: Asked[] = [];
  let answer: Answer = () => new Response(null, { status: 500 });
  let server: Listening;

  beforeAll(async () => {
    server = await listen(async (request) => {
      const { pathname, search } = new URL(request.url);
      const one = { method: request.method, path: pathname + search, headers: request.headers, body: '' };
      asked.push({ ...one, body: await request.text() });
      return answer(asked.at(-1) as Asked);
    });
    for (const service of ['S3', 'STS', 'SECRETS_MANAGER', 'EVENTBRIDGE', 'SQS'])
      process.env[`AWS_ENDPOINT_URL_${service}`] = server.url;
    Object.assign(process.env, {
      ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'own', AWS_SECRET_ACCESS_KEY: 'own-secret' },
      // Nothing of the machine's own AWS settings may reach the tests.
      ...{ AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
    });
    return () => server.close();
  });
  beforeEach(() => {
    asked.length = 0;
  });

  return {
    asked,
    /** In turn; the last one from then on. */
    answers: (...all: Answer[]) => {
      const left = [...all];
      answer = (one) => (left.length > 1 ? left.shift() : left[0])?.(one) ?? new Response(null, { status: 500 });
    },
  };
}

export const withHeaders =
  (headers: Record<string, string>, status = 200): Answer =>
  () =>
    new Response(null, { status, headers });

export const xml =
  (body: string, status = 200): Answer =>
  () =>
    new Response(`<?xml version="1.0"?>${body}`, { status, headers: { 'content-type': 'application/xml' } });

export const xmlError = (status: number, code: string, message = code): Answer =>
  xml(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`, status);
