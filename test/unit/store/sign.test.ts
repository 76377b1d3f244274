import { describe, expect, it } from 'vitest';
import { pathOfKey, Signer } from '../../../src/store/s3/sign.ts';

/** From "Signature Calculations for the Authorization Header" of the S3 API reference, its first example. */
const EXAMPLE = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const AT = Date.UTC(2013, 4, 24);
const URL_OF_EXAMPLE = new URL('https://examplebucket.s3.amazonaws.com/test.txt');

describe('a request for an object', () => {
  it('is signed as the reference shows it', () => {
    const signer = new Signer(EXAMPLE, 'us-east-1');
    const { authorization } = signer.sign('GET', URL_OF_EXAMPLE, AT, { range: 'bytes=0-9' });
    expect(authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('has another key on another day, and the token of a session', () => {
    const signer = new Signer({ ...EXAMPLE, sessionToken: 'token' }, 'us-east-1');
    const [one, other] = [signer.sign('GET', URL_OF_EXAMPLE, AT), signer.sign('GET', URL_OF_EXAMPLE, AT + 86_400_000)];
    expect(one['x-amz-security-token']).toBe('token');
    expect(one.authorization).toContain('x-amz-security-token');
    expect(other['x-amz-date']).toBe('20130525T000000Z');
    expect(other.authorization).not.toBe(one.authorization);
    expect(signer.sign('GET', URL_OF_EXAMPLE, AT)).toEqual(one);
  });

  it('has its key in the path, every odd character of it escaped', () => {
    expect(pathOfKey('a b/ü+(1)!.jpg?x#y%41')).toBe('a%20b/%C3%BC%2B%281%29%21.jpg%3Fx%23y%2541');
  });
});
