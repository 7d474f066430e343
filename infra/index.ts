/** The pipeline as a construct, for apps of the CDK. */
export type { Commands } from './commands.ts';
export type { MosaicAccess, VideoPipelineProps } from './pipeline-props.ts';
export type { RulesDocument } from './stage-rules.ts';
export { type EngineSettings, VideoEngine, type VideoEngineProps } from './video-engine.ts';
export { VideoPipeline } from './video-pipeline.ts';
