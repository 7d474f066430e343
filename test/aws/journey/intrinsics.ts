import type { StackTemplate } from './stage.ts';

export const region = 'us-east-1';
/** The account that every emulator takes callers for. */
export const accountId = '123456789012';

/** What a resource of the template became: what `Ref` and `Fn::GetAtt` say of it. */
export interface Physical {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export type Deployed = ReadonlyMap<string, Physical>;

export const addressOf = (stack: string, logicalId: string): string => `${stack}/${logicalId}`;

/** Resolves what CloudFormation resolves; an intrinsic that it does not know is an error, never a guess. */
export function resolverOf(templates: readonly StackTemplate[], deployed: Deployed) {
  return resolve;

  function resolve(stack: string, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => resolve(stack, one));
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value);
    const [[name, argument] = ['', undefined]] = entries;
    if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))) return intrinsic(stack, name, argument);
    return Object.fromEntries(entries.map(([key, one]) => [key, resolve(stack, one)]));
  }

  function intrinsic(stack: string, name: string, argument: unknown): unknown {
    if (name === 'Ref') return pseudo[String(argument)] ?? physical(stack, String(argument)).ref;
    if (name === 'Fn::GetAtt') {
      const [id, attribute] = argument as [string, string];
      return attributeOf(stack, id, attribute);
    }
    if (name === 'Fn::Join') {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map((part) => resolve(stack, part)).join(separator);
    }
    if (name === 'Fn::ImportValue') return exported(resolve(stack, argument));
    throw new Error(`${stack} uses ${name}, which this test cannot resolve yet.`);
  }

  function attributeOf(stack: string, id: string, attribute: string): string {
    const value = physical(stack, id).attributes[attribute];
    if (value === undefined) throw new Error(`${addressOf(stack, id)} has no attribute ${attribute} here.`);
    return value;
  }

  function physical(stack: string, id: string): Physical {
    const known = deployed.get(addressOf(stack, id));
    if (known) return known;
    const resource = templates.find((template) => template.stack === stack)?.Resources[id];
    if (resource === undefined) throw new Error(`${stack} has no resource ${id}.`);
    // No emulator has it; what tells it from others is all that is ever compared.
    const Arn =
      resource.Type === 'AWS::IAM::Role'
        ? `arn:aws:iam::${accountId}:role/${stack}-${id}`
        : `arn:aws:${resource.Type}:${region}:${accountId}:${stack}/${id}`;
    return { ref: id, attributes: { Arn } };
  }

  function exported(name: unknown): unknown {
    for (const { stack, Outputs = {} } of templates)
      for (const { Value, Export } of Object.values(Outputs)) if (Export?.Name === name) return resolve(stack, Value);
    throw new Error(`No stack exports ${name}.`);
  }
}

export type Resolve = ReturnType<typeof resolverOf>;

const pseudo: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::AccountId': accountId,
  'AWS::URLSuffix': 'amazonaws.com',
};
