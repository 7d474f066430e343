import { SecretValue, Tags } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type SecretRole, secretTags } from '../secret-tags.ts';
import { acknowledge } from './acknowledge.ts';

export interface StageSecretProps {
  readonly stage: string;
  /** What the secret is for; with the stage, how `npm run secrets` finds it again. */
  readonly role: SecretRole;
  readonly description: string;
  /** The first value is to be a key of the Mosaic API; without it, random text. */
  readonly apiKey?: boolean;
}

/** A secret that AWS generates at deploy, so that no template, file or terminal ever holds a first value. */
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
      'Both ends must change together and one of them may be the Mosaic dashboard, which has no API for it: a person ' +
        'rotates it with `npm run secrets`, and readers take the new value within five minutes, without a deploy.',
    );
  }

  // Keys of the Mosaic API begin with `mk_`, which AWS cannot generate: CloudFormation puts it before a random secret,
  // by reference, while it deploys.
  private newApiKey(): SecretValue {
    const random48 = new Secret(this, 'Random', {
      description: 'Makes the first API key',
      generateSecretString: random,
    });
    return SecretValue.unsafePlainText(`mk_${random48.secretValue.unsafeUnwrap()}`);
  }
}

const random = { passwordLength: 48, excludePunctuation: true };
