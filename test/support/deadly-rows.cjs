/** Loaded before the program, in its own thread and in those that it starts: see deadly-rows.ts. */
const crypto = require('node:crypto');
const { syncBuiltinESMExports } = require('node:module');
const { isMainThread, workerData } = require('node:worker_threads');

const [harm, where, stuckMs] = (process.env.FLOW_DC_TEST_DEADLY ?? 'none everywhere 30000').split(' ');
const harms = {
  none() {},
  hang() {
    for (;;);
  },
  kill() {
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  },
};

const { hash } = crypto;
crypto.hash = (algorithm, data, ...more) => {
  const isHere = where === 'everywhere' || !isMainThread;
  if (isHere && Buffer.isBuffer(data) && data.includes('deadly')) harms[harm]();
  return hash(algorithm, data, ...more);
};
syncBuiltinESMExports();

if (workerData?.stuckMs !== undefined) workerData.stuckMs = Number(stuckMs);
