/** Loaded before the program, in its own thread and in those that it starts: see many-threads.ts. */
const { subscribe } = require('node:diagnostics_channel');
const { writeSync } = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const os = require('node:os');
const { performance } = require('node:perf_hooks');
const { isMainThread, workerData } = require('node:worker_threads');

const [harm, afterRows] = (process.env.FLOW_DC_TEST_HARM ?? 'none 0').split(' ');
const harms = {
  none() {},
  exit() {
    process.exit(0);
  },
  throw() {
    setImmediate(() => {
      throw new TypeError('an error on purpose');
    });
  },
  hang() {
    for (;;);
  },
};

if (isMainThread) {
  performance.eventLoopUtilization = () => ({ idle: 0, active: 1, utilization: 1 });
  const cores = os.cpus();
  os.cpus = () => cores.map((core) => ({ ...core, times: { ...core.times, idle: performance.now() + 1 } }));
  syncBuiltinESMExports();
} else if (workerData?.gates !== undefined) {
  let rows = 0;
  subscribe('flow-dc:row', () => {
    rows += 1;
    if (rows === 1) writeSync(2, `[thread ${workerData.thread} is at work]\n`);
    if (rows === Number(afterRows) && workerData.thread === 1) harms[harm]();
  });
  process.on('exit', () => writeSync(2, `[thread ${workerData.thread}: ${rows} rows]\n`));
}
