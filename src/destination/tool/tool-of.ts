/** The tool that a configuration names. */
import type { ResolvedConfig } from '../../config/types.ts';
import { uploadProblem } from '../../config/upload-secrets.ts';
import { assertNever, FlowDcError } from '../../errors.ts';
import { aws } from './aws.ts';
import { gocmd } from './gocmd.ts';
import { gsutil } from './gsutil.ts';
import { putCommand } from './put-command.ts';
import { rclone } from './rclone.ts';
import type { RemoteTool } from './remote-tool.ts';
import { scp } from './scp.ts';

/** Where uploads go and what makes them. */
export type Upload = Pick<ResolvedConfig['sink'], 'cloudDestination' | 'cloudTool' | 'cloudPutCommand'> &
  Partial<Pick<ResolvedConfig['sink'], 'cloudStream' | 'createTar'>>;

/** Errors: FDC_ERR_CONFIG_INVALID for what the tool cannot have meant, cannot do, or what holds a secret. */
export function toolOf(upload: Upload): RemoteTool {
  const tool = namedTool(upload);
  if (upload.createTar === false && tool.tree === undefined)
    throw invalid('cloud_put_command takes one file at a time: leave create_tar on, or name a cloud_tool');
  if (upload.cloudStream !== true || tool.pour !== undefined) return tool;
  throw invalid(`cloud_stream: ${tool.name} reads no stdin; leave it out, and shards are written here first`);
}

function namedTool({
  cloudDestination: destination = '',
  cloudTool,
  cloudPutCommand,
  cloudStream,
}: Upload): RemoteTool {
  refuse('cloud_destination', destination, cloudTool === 'scp' || cloudPutCommand !== undefined);
  if (cloudPutCommand !== undefined) {
    refuse('cloud_put_command', cloudPutCommand, true);
    return putCommand(cloudPutCommand, destination, cloudStream === true);
  }
  const [, scheme] = /^(\w+):\/\//.exec(destination) ?? [];
  switch (cloudTool) {
    case 'rclone':
      return rclone(destination);
    case 'aws':
      return aws(expectScheme(destination, scheme, ['s3'], cloudTool));
    case 'gsutil':
      return gsutil(expectScheme(destination, scheme, ['gs', 's3'], cloudTool));
    case 'gocmd':
      return gocmd(expectScheme(destination, scheme, [], cloudTool).replace(/^i:/, ''));
    case 'scp':
      return scp(expectScheme(destination, scheme, [], cloudTool));
    default:
      return assertNever(cloudTool);
  }
}

function refuse(key: string, value: string, withBare: boolean): void {
  const problem = uploadProblem(key, value, withBare);
  if (problem !== undefined) throw invalid(problem);
}

function expectScheme(destination: string, scheme: string | undefined, known: readonly string[], tool: string): string {
  if (scheme === undefined || known.includes(scheme)) return destination;
  const forms = known.length === 0 ? 'a path without a scheme' : known.map((one) => `${one}://…`).join(' or ');
  const other = scheme === 's3' || scheme === 'gs' ? '; or say with cloud_tool which program is meant' : '';
  throw invalid(`cloud_destination: ${tool} takes ${forms}, got ${scheme}://…${other}`);
}

function invalid(message: string): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
