export const bucketName = 'deliveries';
