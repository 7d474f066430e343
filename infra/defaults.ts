/** The default settings, for the construct and for the stages in `cdk.json`. */
export const pipelineDefaults = {
  slots: 10,
  deliveriesPrefix: '',
  uploadLinkSeconds: 3_600,
  uncertainWaitSeconds: 600,
  runDeadlineSeconds: 86_400,
  reconcileMinutes: 5,
  sliceSeconds: 120,
  workersAtOnce: 5,
  trustedHosts: [] as readonly string[],
  requestsPerSecond: 50,
  logRetentionDays: 30,
  tracing: false,
  dashboard: true,
};

export const engineDefaults = {
  renderLimitSeconds: 780,
  renderMemoryMb: 10_240,
  rendersAtOnce: 5,
};

export const hostedApiUrl = 'https://api.mosaic.so';
