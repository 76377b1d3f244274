import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { Config } from '../../../src/config/types.ts';
import { isFlowDcError } from '../../../src/errors.ts';

function problemOf(config: Config): string | undefined {
  try {
    resolveConfig({ cloud_destination: 'birds', ...config }, 'download');
    return undefined;
  } catch (error) {
    expect(isFlowDcError(error) && error.code).toBe('FDC_ERR_CONFIG_INVALID');
    return String(error);
  }
}

describe('a secret in an upload command', () => {
  it.for([
    `curl -H "Authorization: Bearer S3CR3T" -T {file} https://x.test/{file}`,
    `curl -H 'X-Api-Key: S3CR3T' -T {file} https://x.test/{file}`,
    'curl --header=X-Auth-Token:S3CR3T -T {file} https://x.test/{file}',
    'curl -H "Private-Token: S3CR3T" -T {file} https://x.test/{file}',
    'http PUT x.test/{file} Authorization:S3CR3T @{file}',
    'curl -u me:S3CR3T -T {file} https://x.test/{file}',
    'curl -ume:S3CR3T -T {file} https://x.test/{file}',
    'curl --user=me:S3CR3T -T {file} https://x.test/{file}',
    'curl -T {file} https://me:S3CR3T@x.test/{file}',
    'curl -T {file} "https://x.test/{file}?X-Amz-Signature=S3CR3T"',
    'scp {file} me:S3CR3T@box:{destination}',
    'sshpass -p S3CR3T scp {file} box:{destination}',
    'put --password S3CR3T {file}',
    'put --api-key S3CR3T {file}',
    'put --token=S3CR3T {file}',
    'put PASSWORD=S3CR3T {file}',
  ])('is refused and not repeated: %s', (command) => {
    const problem = problemOf({ cloud_put_command: command });
    expect(problem).toMatch(/cloud_put_command: .* would be seen by everybody on this machine/);
    expect(problem).not.toContain('S3CR3T');
  });

  it.for([
    'aws s3 cp {file} s3://{destination}/{file} --acl "bucket owner"',
    'put --password-file /etc/pw --token-file=t {file}',
    'az storage blob upload --auth-mode login -f {file} -n {name} -c {destination}',
    'curl --netrc -T {file} https://x.test/{file}?overwrite=1',
    'curl -H "Content-Type: application/x-tar" -T {file} https://x.test/{file}',
    'scp {file} me@box:{destination}/{file}',
    'rclone copyto {file} secret:{destination}/{file}',
    'put -u me {file} {destination}:{name}',
  ])('is not seen where there is none: %s', (command) => {
    expect(problemOf({ cloud_put_command: command })).toBeUndefined();
  });

  it('is refused in destinations too: a password for scp, which takes none', () => {
    const problem = problemOf({ cloud_tool: 'scp', cloud_destination: 'me:S3CR3T@box:birds' });
    expect(problem).toMatch(/cloud_destination: a password would be seen/);
    expect(problem).not.toContain('S3CR3T');
    expect(problemOf({ cloud_tool: 'scp', cloud_destination: 'me@box:birds' })).toBeUndefined();
    expect(problemOf({ cloud_tool: 'rclone', cloud_destination: 'secret:birds' })).toBeUndefined();
  });
});
