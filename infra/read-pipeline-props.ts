import { Token } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { waitFaults } from './config.ts';
import type { VideoPipelineProps } from './pipeline-props.ts';
import { type Settled, settled } from './resolve-props.ts';
import { bucketFaults } from './stage-buckets.ts';
import { type RulesDocument, readInitialRules } from './stage-rules.ts';
import { VideoEngine } from './video-engine.ts';

/** The settings of a pipeline; throws an error that names every fault of its props. */
export function readPipelineProps(
  construct: Construct,
  props: VideoPipelineProps,
): Settled & { readonly rules: RulesDocument } {
  const { uploads, deliveries, mosaic, engine, eventBus: _, ...settings } = props;
  const kind = mosaic === undefined || mosaic instanceof VideoEngine ? 'self-hosted' : 'mosaic';
  const rules = readInitialRules({ engine: kind, rules: props.rules });
  const places = {
    uploadsBucket: nameOf(uploads),
    uploadsKeyArn: props.uploadsKeyArn,
    deliveriesBucket: nameOf(deliveries),
    deliveriesKeyArn: props.deliveriesKeyArn,
    deliveriesRegion: props.deliveriesRegion,
    deliveriesAccount: props.deliveriesAccount,
  };
  const given = { ...settings, ...namesToCheck(places) };
  const read = settled(construct, 'VideoPipeline', given, (all) => [
    ...(mosaic !== undefined && engine !== undefined
      ? ['engine is for a pipeline with an engine of its own: leave out either engine or mosaic']
      : []),
    ...rules.faults,
    ...waitFaults({ engine: kind, uncertainWaitSeconds: all.uncertainWaitSeconds }),
    ...bucketFaults({ ...places, deliveriesPrefix: all.deliveriesPrefix }, rules.sound).map(inProps),
  ]);
  return { ...read, rules: rules.document };
}

const nameOf = (bucket: IBucket | string | undefined): string | undefined =>
  typeof bucket === 'object' ? bucket.bucketName : bucket;

const namesToCheck = (places: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(places).filter(([, value]) => value !== undefined && !Token.isUnresolved(value)));

/** A stage names buckets, a construct's props are the buckets. */
const inProps = (fault: string): string =>
  fault.replaceAll('uploadsBucket', 'uploads').replaceAll('deliveriesBucket', 'deliveries');
