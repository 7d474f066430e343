import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  type HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { LambdaFunction } from './lambda-function.ts';

export interface HttpDoorProps {
  readonly requestsPerSecond: number;
  readonly logRetentionDays: number;
  /** How callers are authenticated, since API Gateway does not do it. */
  readonly authorisation: string;
}

/** A public HTTPS endpoint with throttling and an access log. */
export class HttpDoor extends Construct {
  private readonly api: HttpApi;
  private readonly authorisation: string;

  constructor(scope: Construct, id: string, props: HttpDoorProps) {
    super(scope, id);
    this.authorisation = props.authorisation;
    this.api = new HttpApi(this, 'Api', { createDefaultStage: false });
    const log = new LogGroup(this, 'AccessLog', {
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: props.requestsPerSecond, burstLimit: props.requestsPerSecond * 2 },
      accessLogSettings: { destination: new LogGroupLogDestination(log), format: accessLogFormat },
    });
  }

  /** Without a trailing slash. */
  get url(): string {
    return this.api.apiEndpoint;
  }

  /** Routes requests to the function: those with this method and path, or all. */
  leadsTo(target: LambdaFunction, only?: { readonly method: HttpMethod; readonly path: string }): void {
    const route = new HttpRoute(this, `${target.node.id}Route`, {
      httpApi: this.api,
      routeKey: only === undefined ? HttpRouteKey.DEFAULT : HttpRouteKey.with(only.path, only.method),
      integration: new HttpLambdaIntegration('Integration', target.lambda, { timeout: Duration.seconds(29) }),
    });
    acknowledge(route, 'APIG4', this.authorisation);
  }
}

// Logs the route instead of the path, because a path may contain a secret id.
const accessLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    time: '$context.requestTime',
    requestId: '$context.requestId',
    ip: '$context.identity.sourceIp',
    route: '$context.routeKey',
    status: '$context.status',
    bytes: '$context.responseLength',
    fault: '$context.integrationErrorMessage',
  }),
);
