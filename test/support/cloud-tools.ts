/** Upload tools, and what they need to reach a gateway of ours. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { type CloudTool, findTool } from '../../scripts/cloud-tools.ts';
import { findVersitygw } from '../../scripts/versitygw-binary.ts';
import type { GatewayKind, S3Gateway } from './s3-gateway.ts';

/**
 * A suite that runs a tool against an S3 gateway: skipped, and counted in one banner at the end, where
 * either is missing. @param suite - given the tool's path
 */
export function describeTool(tool: CloudTool, name: string, suite: (path: string) => void): void {
  const path = findTool(tool);
  const isThere = findVersitygw() !== undefined;
  const prefix = path === undefined || isThere ? `Tool ${tool}` : `S3: ${tool}`;
  describe.skipIf(path === undefined || !isThere)(`${prefix}: ${name}`, () => suite(path ?? tool));
}

/** gsutil signs for no address that versitygw could have; s3rver does not look. */
export const gatewayFor = (tool: CloudTool): GatewayKind => (tool === 'gsutil' ? 's3rver' : 'versitygw');

/** How the tool calls the gateway's bucket. */
export function remoteOf(tool: CloudTool, { bucket }: S3Gateway, path = ''): string {
  return tool === 'rclone' ? `gateway:${bucket}/${path}` : `s3://${bucket}/${path}`;
}

/**
 * The environment in which a tool reaches the gateway, with no secret on a command line and no settings of the user's.
 * @param folder - where its files go
 * @param endpoint - default: the gateway itself, else what stands in front of it
 */
export async function toolEnv(
  tool: CloudTool,
  gateway: S3Gateway,
  folder: string,
  endpoint = gateway.url,
): Promise<Record<string, string>> {
  const { hostname, port } = new URL(endpoint);
  const { accessKeyId, secretAccessKey } = gateway.keys;
  if (tool === 'aws') return gateway.env(endpoint);
  if (tool === 'rclone')
    return {
      ...gateway.env(endpoint),
      // It does not start where a bundle is named and credentials come from the environment.
      AWS_CA_BUNDLE: '',
      RCLONE_CONFIG: join(folder, 'no-rclone.conf'),
      RCLONE_CONFIG_GATEWAY_TYPE: 's3',
      RCLONE_CONFIG_GATEWAY_PROVIDER: 'Other',
      RCLONE_CONFIG_GATEWAY_ENV_AUTH: 'true',
      RCLONE_CONFIG_GATEWAY_ENDPOINT: endpoint,
      RCLONE_CONFIG_GATEWAY_REGION: 'us-east-1',
    };
  const state = join(folder, 'gsutil');
  await mkdir(state, { recursive: true });
  const config = [
    '[Credentials]',
    `aws_access_key_id = ${accessKeyId}`,
    `aws_secret_access_key = ${secretAccessKey}`,
    `s3_host = ${hostname}`,
    `s3_port = ${port}`,
    '[Boto]',
    'is_secure = False',
    '[GSUtil]',
    `state_dir = ${state}`,
    'software_update_check_period = 0',
    '[s3]',
    'calling_format = boto.s3.connection.OrdinaryCallingFormat',
    `host = ${hostname}`,
  ];
  await writeFile(join(state, 'boto'), `${config.join('\n')}\n`, { mode: 0o600 });
  return { BOTO_CONFIG: join(state, 'boto'), CLOUDSDK_CONFIG: state };
}
