/** The package's exports, for CDK apps. */
export type { Commands } from './commands.ts';
export type { MosaicAccess, VideoPipelineProps } from './pipeline-props.ts';
export type { RulesDocument } from './stage-rules.ts';
export { type EngineSettings, VideoEngine, type VideoEngineProps } from './video-engine.ts';
export { VideoPipeline } from './video-pipeline.ts';
