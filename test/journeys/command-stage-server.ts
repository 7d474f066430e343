import { createHash } from 'node:crypto';
import { type Listening, listen } from '../support/listen.ts';

/** What AWS and the Mosaic API would answer about one stage, over real HTTP; a test changes what it wants to see. */
export interface StageServer extends Listening {
  /** Answers instead of the usual ones: by action (`DynamoDB.PutItem`, `SQS.SendMessage`, `DescribeStacks`) or path. */
  readonly answers: Map<string, Answers>;
  /** Actions and paths that were asked for. */
  readonly asked: string[];
  outputs: Record<string, string>;
  stackStatus: string;
}

type Answer = { readonly status: number; readonly text: string };
type Answers = Answer | ((body: string) => Answer);

export async function stageServer(): Promise<StageServer> {
  const answers = new Map<string, Answers>();
  const asked: string[] = [];
  const server = await listen(async (request) => {
    const body = await request.text();
    const name = nameOf(request, body);
    asked.push(name);
    const answer = answers.get(name) ?? usual(name, body) ?? { status: 404, text: '{}' };
    const { status, text } = typeof answer === 'function' ? answer(body) : answer;
    const type = text.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.0';
    return new Response(text, { status, headers: { 'content-type': type } });
  });
  const usual = (name: string, body: string) => {
    if (name === 'POST /webhook/doctor') return { status: 404, text: '{"message":"not found"}' };
    // No item is there, so no condition holds.
    if (/^DynamoDB\.(Put|Update|Delete)Item$/.test(name)) return conditionFailed;
    // As for a receipt that nobody was given.
    if (/^SQS\.(DeleteMessage|ChangeMessageVisibility)$/.test(name)) return badReceipt;
    if (name === 'DescribeStacks') return stacks(stage, new URLSearchParams(body).get('StackName') ?? '');
    const text = usualTexts[name];
    return text === undefined ? undefined : { status: 200, text: typeof text === 'function' ? text(body) : text };
  };
  const queues = ['Start', 'Settle', 'Copy', 'Notify'].flatMap((hop) => [
    [`${hop}Queue`, `${server.url}/queue/${hop}`],
    [`${hop}DeadLetters`, `${server.url}/queue/${hop}-dead`],
  ]);
  const stage: StageServer = {
    ...server,
    answers,
    asked,
    stackStatus: 'UPDATE_COMPLETE',
    outputs: {
      ...{ RunsTable: 'runs', UploadsBucket: 'uploads-demo', DeliveriesBucket: 'deliveries-demo' },
      ...{ MosaicApiUrl: server.url, MosaicApiKeySecret: 'key', EventBus: 'bus', SigningSecret: 'signing' },
      ...{ WebhookUrl: `${server.url}/webhook`, NextStep: 'npm run secrets -- demo' },
      ...Object.fromEntries(queues),
      InitialRules: JSON.stringify({ rules: [{ id: 'in', prefix: 'in/', agentId: 'agent-1' }] }),
    },
  };
  return stage;
}

export const refusal = (action: string): Answer => ({
  status: 403,
  text: JSON.stringify({
    __type: 'AccessDeniedException',
    message: `User: ops is not authorized to perform: ${action}`,
  }),
});

/** Of JSON services by their target, of the older ones by their action, else by the path. */
function nameOf(request: Request, body: string): string {
  const [service = '', action] = (request.headers.get('x-amz-target') ?? '').split('.');
  if (action !== undefined) return `${service.replace(/^Amazon|_\d+$/g, '')}.${action}`;
  const { pathname, searchParams } = new URL(request.url);
  const [query] = searchParams.keys();
  if (pathname === '/' && request.method === 'POST') return new URLSearchParams(body).get('Action') ?? '';
  const isEmptyValue = query !== undefined && searchParams.get(query) === '';
  return `${request.method} ${pathname}${isEmptyValue ? `?${query}` : ''}`;
}

export const secret = (value: string) => JSON.stringify({ ARN: 'arn', Name: 'name', SecretString: value });

const conditionFailed: Answer = {
  status: 400,
  text: '{"__type":"ConditionalCheckFailedException","message":"The conditional request failed"}',
};

export const badReceipt: Answer = {
  status: 400,
  text: '{"__type":"com.amazonaws.sqs#ReceiptHandleIsInvalid","message":"The input receipt handle is invalid."}',
};

const secrets: Readonly<Record<string, string>> = {
  key: `mk_${'k'.repeat(24)}`,
  signing: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
};

/** As SQS does, it says what it has understood. */
function sent(body: string): string {
  const { Entries } = JSON.parse(body) as { Entries: { Id: string; MessageBody: string }[] };
  const Successful = Entries.map(({ Id, MessageBody }) => ({
    ...{ Id, MessageId: `m-${Id}` },
    MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
  }));
  return JSON.stringify({ Successful, Failed: [] });
}

const usualTexts: Readonly<Record<string, string | ((body: string) => string)>> = {
  GetCallerIdentity:
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ops</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
  ListStackResources:
    '<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ListStackResourcesResult><StackResourceSummaries><member><LogicalResourceId>A</LogicalResourceId><ResourceType>AWS::CloudWatch::Alarm</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member></StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>',
  'DynamoDB.GetItem': '{}',
  'DynamoDB.Query': '{"Items":[],"Count":0,"ScannedCount":0}',
  'SQS.SendMessageBatch': sent,
  'SQS.ReceiveMessage': '{}',
  'SQS.GetQueueAttributes':
    '{"Attributes":{"ApproximateNumberOfMessages":"0","ApproximateNumberOfMessagesNotVisible":"0","ApproximateNumberOfMessagesDelayed":"0"}}',
  'GET /uploads-demo/':
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>uploads-demo</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>',
  'GET /uploads-demo/?notification':
    '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EventBridgeConfiguration/></NotificationConfiguration>',
  'GET /whoami': '{"organization_name":"Film Ltd","email":"ops@example.com"}',
  'GET /agent/agent-1': '{"agent":{"id":"agent-1","name":"tighten"},"agent_nodes":[],"connections":[]}',
  'secretsmanager.GetSecretValue': (body) => secret(secrets[JSON.parse(body).SecretId] ?? ''),
  'secretsmanager.ListSecrets': JSON.stringify({
    SecretList: [
      {
        ...{ ARN: 'arn', Name: 'webhook', CreatedDate: 1_790_000_000, LastChangedDate: 1_790_086_400 },
        Tags: Object.entries({ 'tessera:stage': 'demo', 'tessera:secret': 'webhook-secret' }).map(([Key, Value]) => ({
          Key,
          Value,
        })),
      },
    ],
  }),
};

function stacks({ outputs, stackStatus }: StageServer, name: string): Answer {
  if (name !== 'tessera-demo-pipeline')
    return {
      status: 400,
      text: `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message></Error></ErrorResponse>`,
    };
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${escaped(value)}</OutputValue></member>`,
  );
  const stack = `<member><StackName>${name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${stackStatus}</StackStatus><Outputs>${members.join('')}</Outputs></member>`;
  return {
    status: 200,
    text: `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  };
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
