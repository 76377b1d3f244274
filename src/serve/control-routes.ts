/** What can be done to a run from its page; every one of these needs the key. */
import { canBeHost, meantHost, plainGlob } from '../config/schema/host-glob.ts';
import type { HostOrder } from '../host-limits.ts';
import { schemaCheck } from '../json-schema.ts';
import { Refused } from './guard.ts';
import { replyJson } from './replies.ts';
import type { Call, Route } from './route.ts';
import type { ControlName, RunControls, Watched } from './watch/served-state.ts';

const [MOST_AT_ONCE, MOST_PER_SECOND] = [100_000, 1_000_000];

const isPause = schemaCheck<{ readonly paused: boolean }>({
  type: 'object',
  additionalProperties: false,
  required: ['paused'],
  properties: { paused: { type: 'boolean' } },
});

const isOrder = schemaCheck<HostOrder>({
  type: 'object',
  additionalProperties: false,
  required: ['host'],
  properties: {
    host: { type: 'string', minLength: 1, maxLength: 260 },
    skip: { type: 'boolean' },
    cMax: { type: 'integer', minimum: 1, maximum: MOST_AT_ONCE },
    requestsPerSecond: { type: 'number', exclusiveMinimum: 0, maximum: MOST_PER_SECOND },
  },
});

export function controlRoutes(watched: Watched): readonly Route[] {
  return [
    control(watched, 'drain', '/control/drain', ({ drain }) => drain),
    control(watched, 'pause', '/control/pause', ({ pause }, body) => {
      if (!isPause(body)) throw new Refused(400, 'expected {"paused": true} or {"paused": false}');
      if (watched.state().phase === 'draining') throw new Refused(409, 'it is ending: what is open is finished');
      return pause && (() => pause(body.paused));
    }),
    control(watched, 'hosts', '/control/host', ({ setHost }, body) => {
      if (!isOrder(body))
        throw new Refused(
          400,
          `expected {"host": NAME} with skip, cMax (1 to ${MOST_AT_ONCE}) or requestsPerSecond (above 0, to ${MOST_PER_SECOND})`,
        );
      const { mostAtOnce = Number.POSITIVE_INFINITY } = watched.state().controls;
      if ((body.cMax ?? 0) > mostAtOnce)
        throw new Refused(
          409,
          `C_max ${body.cMax}: the configuration of the run allows ${mostAtOnce} (C_max, per_host_concurrency)`,
        );
      if (!canBeHost(body.host) && !watched.hasHost(body.host)) {
        const near = meantHost(body.host);
        throw new Refused(400, `no host is called ${body.host}${near === undefined ? '' : `; did you mean ${near}?`}`);
      }
      return setHost && (() => setHost({ ...body, host: plainGlob(body.host) }));
    }),
  ];
}

/** @param actOf - what is to be done, undefined where it cannot be */
function control(
  watched: Watched,
  name: ControlName,
  path: string,
  actOf: (controls: RunControls, body: unknown) => (() => void | Promise<void>) | undefined,
): Route {
  const handle = async ({ response, body }: Call): Promise<void> => {
    const { phase, controls } = watched.state();
    if (phase === 'ended') throw new Refused(409, 'it has ended');
    const act = actOf(watched.controls, body);
    const why = controls.refused[name];
    if (act === undefined || why !== undefined) throw new Refused(409, why ?? 'that cannot be done here');
    await act();
    replyJson(response, { done: name });
  };
  return { method: 'POST', path, handle };
}
