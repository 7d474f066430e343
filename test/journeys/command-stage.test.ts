import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../support/listen.ts';
import { runCommand, typed } from './run-command.ts';

/** Answers as CloudFormation and DynamoDB do, over real HTTP: one stage named demo, with an empty table. */
let server: Listening;
let denied = false;
let writes: unknown[] = [];
let outputs: Record<string, string> = {};
beforeAll(async () => {
  server = await listen(async (request) => {
    const target = request.headers.get('x-amz-target');
    const body = await request.text();
    if (target && !/\.(Query|GetItem)$/.test(target)) writes.push(JSON.parse(body));
    const { status, text } = target ? table(target) : stacks(body);
    return new Response(text, {
      status,
      headers: { 'content-type': text.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.0' },
    });
  });
});
afterAll(() => server.close());
beforeEach(() => {
  denied = false;
  writes = [];
  outputs = {
    RunsTable: 'runs',
    UploadsBucket: 'uploads-demo',
    DeliveriesBucket: 'deliveries-demo',
    StartQueue: `${server.url}/queue/starts`,
    SettleQueue: `${server.url}/queue/settles`,
    MosaicApiUrl: server.url,
    MosaicApiKeySecret: 'key',
    InitialRules: JSON.stringify({ rules: [{ id: 'in', prefix: 'in/', agentId: 'agent-1' }] }),
  };
});

function stacks(body: string): { status: number; text: string } {
  if (denied)
    return failure(403, 'AccessDenied', 'User: ops is not authorized to perform: cloudformation:DescribeStacks');
  const name = new URLSearchParams(body).get('StackName');
  if (name !== 'tessera-demo-pipeline') return failure(400, 'ValidationError', `Stack with id ${name} does not exist`);
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${escaped(value)}</OutputValue></member>`,
  );
  const stack = `<member><StackName>${name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member>`;
  return {
    status: 200,
    text: `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  };
}

const failure = (status: number, code: string, message: string) => ({
  status,
  text: `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});

const table = (target: string) => ({
  status: 200,
  text: target.endsWith('.Query') ? '{"Items":[],"Count":0,"ScannedCount":0}' : '{}',
});

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const environment = () => ({
  ...{
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'eu-central-1',
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
  },
  ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
});
/** In this process, as the SDK finds its settings there. */
const onStage = (stage: string, words: string[], more: NodeJS.ProcessEnv = credentials) => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = before;
  process.env = { ...others, ...environment(), ...more };
  return typed([...words, '--stage', stage], '/');
};
const before = process.env;
afterEach(() => {
  process.env = before;
});

describe('the command on a stage in AWS', () => {
  test('finds the stage by its stack, and reads the rules that were deployed with it', async () => {
    const { code, out, err } = await onStage('demo', ['rules', 'show']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual(JSON.parse(outputs.InitialRules ?? ''));
    expect((await onStage('demo', ['rules', 'history'])).out).toContain('as deployed with the stage');
    expect((await onStage('demo', ['runs'])).out).toContain('There are no such runs');
    const events = await onStage('demo', ['events']);
    expect(events).toMatchObject({ code: 1, err: expect.stringContaining('go to its event bus') });
  });

  test('the names of results are shown and changed in the table of the stage', async () => {
    expect((await onStage('demo', ['names', '--json'])).out).toContain('"input"');
    expect(writes).toEqual([]);
    expect(await onStage('demo', ['names', 'run'])).toMatchObject({ code: 0, err: '' });
    expect(JSON.stringify(writes)).toMatch(
      /"TableName":"runs".*"names":\{"S":"run"\}|"names":\{"S":"run"\}.*"TableName":"runs"/,
    );
  });

  test('an error about a missing stage, or one older than the command, says what to do', async () => {
    const missing = await onStage('dmeo', ['runs']);
    expect(missing.code).toBe(1);
    expect(missing.err).toContain('There is no stack tessera-dmeo-pipeline in eu-central-1');
    expect(missing.err).toContain('--profile');
    outputs = { UploadsBucket: 'uploads' };
    expect((await onStage('demo', ['runs'])).err).toMatch(/does not say its RunsTable.*Deploy it again/);
  });

  test('missing credentials, a missing region and a missing permission are each reported in one sentence, without a stack trace', async () => {
    // As the shell runs it once, since nothing else shows that the SDK says nothing of its own.
    const nobody = await runCommand(['runs', '--stage', 'demo'], '/', environment());
    expect(nobody.code).toBe(1);
    expect(nobody.err).toContain('There are no AWS credentials');
    const nowhere = await onStage('demo', ['runs'], { ...credentials, AWS_REGION: '' });
    expect(nowhere.err).toContain('No AWS region is chosen');
    denied = true;
    const refused = await onStage('demo', ['runs']);
    expect(refused.err).toContain('AWS refused this');
    expect(refused.err).toContain('cloudformation:DescribeStacks');
    for (const { err } of [nobody, nowhere, refused]) expect(err).not.toMatch(/^\s+at /m);
  });
});
