import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServeOptions, serveJobs } from '../../../src/cluster/serve-jobs.ts';
import type { Cluster, ClusterChannel } from '../../../src/transport/cluster.ts';
import { connectionOf } from '../../../src/transport/nats/connect-cluster.ts';
import { describeJob, jobId, joinCluster, keepsNothing } from '../../support/nats-jobs.ts';
import { describeNats, type NatsServer, startNatsServer } from '../../support/nats-server.ts';

describeNats('a worker that was sent to a job', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  /** What a worker does when, just after it has attached to its job for the first time, somebody ends that. */
  async function meets(end: (job: ClusterChannel, submitter: Cluster) => Promise<void>): Promise<string[]> {
    const [submitter, own] = [await joinCluster(server.url), await joinCluster(server.url)];
    const job = await submitter.createJob(jobId(), describeJob(), keepsNothing);
    const drain = new AbortController();
    let attached = 0;
    const cluster: Cluster = Object.assign(Object.create(own), {
      attachJob: async (...args: Parameters<Cluster['attachJob']>) => {
        if (++attached > 1) drain.abort();
        const channel = await own.attachJob(...args);
        if (attached === 1) await end(job, submitter);
        return channel;
      },
    });
    const events: string[] = [];
    const onEvent: ServeOptions['onEvent'] = ({ kind }) => events.push(kind);
    await serveJobs(cluster, { job: job.id, own: {}, idleTimeoutMs: 0, drain: drain.signal, onEvent });
    expect(attached).toBe(2);
    return events;
  }

  it('waits for it when it is deleted meanwhile, as for one that is not there yet', async () => {
    expect(await meets((job) => job.destroy())).toEqual(['waiting']);
  });

  it('waits for it when it finds half of a deletion', async () => {
    const records = async (job: ClusterChannel, submitter: Cluster): Promise<void> => {
      await job.cancel('its output folder was worked on elsewhere');
      await (await jetstreamManager(connectionOf(submitter))).streams.delete(`KV_FD_${job.id}_done`);
    };
    expect(await meets(records)).toEqual(['waiting']);
  });
});
