/**
 * Errors of the NATS client in our terms. Only name and message are taken over: options, URLs and the connection itself
 * hold secrets and are never attached.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { FlowDcError, isFlowDcError } from '../../../errors.ts';

/** JetStream's err_code values that mean something to us. */
export const JS_CODE = {
  notEnabledForAccount: 10039,
  noMessage: 10037,
  consumerNotFound: 10014,
  streamNotFound: 10059,
  streamExists: 10058,
  wrongLastSequence: 10071,
  unavailable: 10008,
} as const;

/** The JetStream err_code of an error, if it has one. */
export function jetStreamCode(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

/** Somebody else was faster: a compare-and-set lost, or its answer had been lost and it was ours. */
export function isWrongSequence(error: unknown): boolean {
  const code = jetStreamCode(error);
  return code === JS_CODE.wrongLastSequence || code === 10164;
}

/** Stream or consumer is not there. */
export function isGone(error: unknown): boolean {
  const code = jetStreamCode(error);
  if (code === JS_CODE.streamNotFound || code === JS_CODE.consumerNotFound) return true;
  return (
    error instanceof Error && error.name === 'JetStreamStatusError' && /(consumer|stream) deleted/.test(error.message)
  );
}

/** The stream of a request is not there (a bucket is a stream). */
export function isStreamGone(error: unknown): boolean {
  return jetStreamCode(error) === JS_CODE.streamNotFound;
}

/** Permission refusals last until somebody changes the server's configuration. */
export function isRefused(error: unknown): boolean {
  if (error instanceof errors.PermissionViolationError || error instanceof errors.AuthorizationError) return true;
  return error instanceof Error && /permissions violation/i.test(error.message);
}

/** The connection was closed by us. */
function isClosed(error: unknown): boolean {
  return error instanceof errors.ClosedConnectionError || error instanceof errors.DrainingConnectionError;
}

/**
 * Worth asking again: no answer, no connection for the moment, a server that is still starting. A missing stream looks
 * the same to a publisher (no one listens on the subject), so a caller that retries looks at the job in between.
 */
export function isTransient(error: unknown): boolean {
  if (isFlowDcError(error) || isRefused(error) || isClosed(error)) return false;
  if (error instanceof JetStreamApiError) return error.code === JS_CODE.unavailable || error.status === 503;
  if (error instanceof errors.InvalidArgumentError || error instanceof TypeError || error instanceof RangeError)
    return false;
  return error instanceof Error;
}

/** `name: message` without anything that was attached to the error. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/**
 * FDC_ERR_TRANSPORT_SERVER for an answer that cannot be used; our own errors pass. @param doing - "cannot read the
 * job's state"
 */
export function serverError(error: unknown, doing: string): FlowDcError {
  if (isFlowDcError(error)) return error;
  if (isClosed(error)) return new FlowDcError('FDC_ERR_TRANSPORT_CLOSED', `${doing}: the connection is closed`);
  const hint = isRefused(error) ? '; the permissions of this user do not allow it' : '';
  return new FlowDcError('FDC_ERR_TRANSPORT_SERVER', `${doing}: ${describe(error)}${hint}`);
}
