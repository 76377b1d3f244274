/** What a host is called in a bucket. */
import { createHash } from 'node:crypto';

/** Host names hold characters that keys may not, such as the colon of a port. */
export function keyOf(host: string): string {
  return createHash('sha1').update(host).digest('hex').slice(0, 16);
}
