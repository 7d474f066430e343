export const eventNames = [
  'Run Started',
  'Run Delivered',
  'Run Partially Delivered',
  'Run Failed',
  'Run Cancelled',
  'Run Rejected',
  'Run Waiting For Credits',
] as const;
export type EventName = (typeof eventNames)[number];
