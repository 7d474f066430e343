import { Token } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { waitFaults } from './config.ts';
import type { VideoPipelineProps } from './pipeline-props.ts';
import { type ResolvedProps, resolveProps } from './resolve-props.ts';
import { bucketFaults } from './stage-buckets.ts';
import { type RulesDocument, readInitialRules } from './stage-rules.ts';
import { VideoEngine } from './video-engine.ts';

export interface PipelineSettings extends ResolvedProps {
  readonly rules: RulesDocument;
  readonly retentionDays?: number;
}

/** Checks a pipeline's props and fills in the defaults. Throws one error that lists every fault. */
export function readPipelineProps(construct: Construct, props: VideoPipelineProps): PipelineSettings {
  const { uploads, deliveries, mosaic, engine, eventBus: _, ...settings } = props;
  const kind = mosaic === undefined || mosaic instanceof VideoEngine ? 'self-hosted' : 'mosaic';
  const rules = readInitialRules({ engine: kind, rules: props.rules });
  const places = {
    uploadsBucket: bucketNameOf(uploads),
    uploadsKeyArn: props.uploadsKeyArn,
    deliveriesBucket: bucketNameOf(deliveries),
    deliveriesKeyArn: props.deliveriesKeyArn,
    deliveriesRegion: props.deliveriesRegion,
    deliveriesAccount: props.deliveriesAccount,
  };
  const given = { ...settings, ...withoutTokens(places) };
  const resolved = resolveProps(construct, 'VideoPipeline', given, (all) => [
    ...(mosaic !== undefined && engine !== undefined
      ? [
          'engine configures an engine that the pipeline creates, and mosaic replaces that engine: leave out one of the two',
        ]
      : []),
    ...rules.faults,
    ...waitFaults({ engine: kind, uncertainWaitSeconds: all.uncertainWaitSeconds }),
    ...bucketFaults({ ...places, deliveriesPrefix: all.deliveriesPrefix }, rules.sound).map(useNamesOfProps),
  ]);
  return { ...resolved, rules: rules.document, retentionDays: props.retentionDays };
}

const bucketNameOf = (bucket: IBucket | string | undefined): string | undefined =>
  typeof bucket === 'object' ? bucket.bucketName : bucket;

/** Values that are only known at deploy time cannot be checked. */
const withoutTokens = (places: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(places).filter(([, value]) => value !== undefined && !Token.isUnresolved(value)));

/** Stage settings and props name the same buckets differently. */
const useNamesOfProps = (fault: string): string =>
  fault.replaceAll('uploadsBucket', 'uploads').replaceAll('deliveriesBucket', 'deliveries');
