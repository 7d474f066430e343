import { SecretValue, Tags } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type SecretRole, secretTags } from '../secret-tags.ts';
import { acknowledge } from './acknowledge.ts';

export interface StageSecretProps {
  readonly stage: string;
  /** The secret's purpose. `npm run secrets` finds a secret by its stage and role. */
  readonly role: SecretRole;
  /** Never changed once deployed: an update of the resource might generate a new value. */
  readonly description: string;
  /** Generates a Mosaic API key as the first value. Default: random text. */
  readonly apiKey?: boolean;
}

/** A secret whose first value AWS generates at deploy, so no template, file or terminal contains it. */
export class StageSecret extends Construct {
  readonly secret: Secret;

  constructor(scope: Construct, id: string, props: StageSecretProps) {
    super(scope, id);
    const { stage, role, description, apiKey } = props;
    this.secret = new Secret(
      this,
      'Secret',
      apiKey ? { description, secretStringValue: this.newApiKey() } : { description, generateSecretString: random },
    );
    for (const [name, value] of Object.entries(secretTags(stage, role))) Tags.of(this.secret).add(name, value);
    acknowledge(
      this,
      'SMG4',
      'Both ends must change together, and one may be the Mosaic dashboard, which has no API for it: a person rotates ' +
        'the secret with `npm run secrets`, and functions use the new value within five minutes, without a deploy.',
    );
  }

  // Keys of the Mosaic API begin with `mk_`. AWS cannot generate that, so CloudFormation joins it with a reference to a
  // random secret while it deploys.
  private newApiKey(): SecretValue {
    const random48 = new Secret(this, 'Random', {
      description: 'Makes the first API key',
      generateSecretString: random,
    });
    return SecretValue.unsafePlainText(`mk_${random48.secretValue.unsafeUnwrap()}`);
  }
}

const random = { passwordLength: 48, excludePunctuation: true };
