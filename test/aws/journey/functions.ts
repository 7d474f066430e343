import { type Door, doorMetadata } from '../../../infra/function-names.ts';
import { functionSettings } from '../../../infra/function-settings.ts';
import type { Gate } from './gate.ts';
import { type Resolve, region } from './intrinsics.ts';
import { type LambdaFunction, startFunction } from './lambda-function.ts';
import { type Statement, statementsOf } from './permissions.ts';
import type { Properties, StackTemplate } from './stage.ts';

export interface RunningFunction extends LambdaFunction {
  readonly door: Door;
  readonly stack: string;
  readonly logicalId: string;
  readonly arn: string;
  /** With which Lambda polls queues for it. */
  readonly pollerKey: string;
  /** What the template gives it, resolved. */
  readonly settings: Readonly<Record<string, string>>;
  /** What its role allows. */
  readonly statements: readonly Statement[];
}

export interface Surroundings {
  readonly resolve: Resolve;
  readonly gate: Gate;
  readonly folder: string;
  /** The one thing that is elsewhere here: where an asset lies unpacked. */
  readonly placed: (setting: string, codeFolder: string) => string;
}

/** Every function of a template, with its settings, its role's permissions and Lambda's own variables. */
export function startFunctions(template: StackTemplate, around: Surroundings): RunningFunction[] {
  return Object.entries(template.Resources).flatMap(([id, { Type, Metadata, Properties = {} }]) => {
    const door = Metadata?.[doorMetadata] as Door | undefined;
    return Type === 'AWS::Lambda::Function' && door !== undefined
      ? [startOne(template, id, door, Properties, around)]
      : [];
  });
}

interface FunctionShape {
  readonly Code: { readonly S3Key: string };
  readonly Handler: string;
  readonly Timeout: number;
  readonly Role: { readonly 'Fn::GetAtt': readonly [roleId: string, attribute: string] };
}

function startOne(
  template: StackTemplate,
  logicalId: string,
  door: Door,
  properties: Properties,
  { resolve, gate, folder, placed }: Surroundings,
): RunningFunction {
  const { stack, assets } = template;
  const { Code, Handler, Timeout, Role } = properties as unknown as FunctionShape;
  const codeFolder = assets.get(Code.S3Key);
  if (codeFolder === undefined) throw new Error(`The code of ${door} (${Code.S3Key}) is not among the stack's assets.`);
  const settings = settingsOf(template, door, resolve);
  const environment = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, placed(value, codeFolder)]),
  );
  const accessKeyId = `ASIA${door.replace('-', '').toUpperCase()}`;
  const lambda = startFunction({
    name: door,
    codeFolder,
    handler: Handler,
    timeoutSeconds: Timeout,
    environment: { ...environment, ...lambdaVariables(accessKeyId, gate.url) },
    folder,
  });
  const statements = statementsOf(template, Role['Fn::GetAtt'][0], resolve);
  const pollerKey = `${accessKeyId}POLLER`;
  const roleArn = String(resolve(stack, { 'Fn::GetAtt': Role['Fn::GetAtt'] }));
  gate.admit(accessKeyId, { name: door, statements, roleArn, atWork: lambda.atWork });
  gate.admit(pollerKey, { name: `Lambda for ${door}`, statements, atWork: () => true });
  const arn = String(resolve(stack, { 'Fn::GetAtt': [logicalId, 'Arn'] }));
  return { ...lambda, door, stack, logicalId, arn, pollerKey, settings, statements };
}

function settingsOf(template: StackTemplate, door: Door, resolve: Resolve): Record<string, string> {
  const given = functionSettings(template as Parameters<typeof functionSettings>[0])[door] ?? {};
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const resolved = resolve(template.stack, value);
      if (typeof resolved !== 'string') throw new Error(`${name} of ${door} is ${JSON.stringify(resolved)}, no text.`);
      return [name, resolved];
    }),
  );
}

/** What Lambda itself sets, and, instead of AWS's addresses, the emulators'. */
const lambdaVariables = (accessKeyId: string, awsUrl: string): Record<string, string> => ({
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: 'secret-access-key-of-the-role',
  AWS_SESSION_TOKEN: 'session-token-of-the-role',
  AWS_ENDPOINT_URL: awsUrl,
});
