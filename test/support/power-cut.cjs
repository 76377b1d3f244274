/** Loaded before the program: keeps what its syncs make durable, and ends it at one of them. See power-cut.ts. */
const childProcess = require('node:child_process');
const fs = require('node:fs');
const { join } = require('node:path');

const [kept, output, last] = JSON.parse(process.env.FLOW_DC_TEST_POWER_CUT);
let syncs = 0;

/** Number and time of birth: numbers alone are given again. */
function keyOf(stats) {
  return `${stats.ino}-${stats.birthtimeNs}`;
}

/** What one sync is going to make durable: files and folders as they are when it begins. */
function takeNow(snapshotsOf) {
  const takenNs = process.hrtime.bigint();
  return { takenNs, all: snapshotsOf().filter((one) => one !== undefined) };
}

/** What is behind a descriptor at this moment, unless it is none of the output's. */
function snapshot(fd) {
  const path = fs.readlinkSync(`/proc/self/fd/${fd}`);
  const stats = fs.fstatSync(fd, { bigint: true });
  if (path !== output && !path.startsWith(`${output}/`) && !path.startsWith(`${output}.`)) return undefined;
  if (!stats.isDirectory()) return { name: `${keyOf(stats)}.file`, content: fs.readFileSync(`/proc/self/fd/${fd}`) };
  const entries = fs.readdirSync(path).flatMap((name) => {
    const entry = fs.lstatSync(join(path, name), { bigint: true, throwIfNoEntry: false });
    return entry === undefined ? [] : [[name, keyOf(entry), entry.isDirectory()]];
  });
  return { name: `${keyOf(stats)}.folder`, content: JSON.stringify(entries) };
}

/**
 * The disk has them from now on: a folder per sync, so that a cut at every one of them can be looked at. Named by when
 * it was taken, on a clock that all processes share: a sync that ends late takes nothing back of a newer one.
 */
function keep({ takenNs, all }) {
  if (all.length === 0) return;
  syncs += 1;
  const folder = join(kept, `${String(takenNs).padStart(20, '0')}-${syncs}-${process.pid}`);
  fs.mkdirSync(`${folder}.part`);
  for (const { name, content } of all) fs.writeFileSync(join(`${folder}.part`, name), content);
  fs.renameSync(`${folder}.part`, folder);
  fs.writeSync(2, `[sync ${syncs}]\n`);
  if (syncs === last) process.kill(process.pid, 'SIGKILL');
}

/** Everything below a folder, for `sync -f`. */
function snapshots(path) {
  const fd = fs.openSync(path, 'r');
  const taken = snapshot(fd);
  fs.closeSync(fd);
  if (!fs.statSync(path).isDirectory()) return [taken];
  return [taken, ...fs.readdirSync(path).flatMap((name) => snapshots(join(path, name)))];
}

/** What is written while a sync is under way may or may not last: here it does not. */
function patch() {
  void patchHandles();
  for (const name of ['fsyncSync', 'fdatasyncSync']) {
    const sync = fs[name];
    fs[name] = (fd) => {
      const taken = takeNow(() => [snapshot(fd)]);
      sync(fd);
      keep(taken);
    };
  }
  const { execFile } = childProcess;
  childProcess.execFile = (file, args, done) => {
    if (file !== 'sync') return execFile(file, args, done);
    const roots = [output, `${output}.flow-dc`].filter((path) => fs.existsSync(path));
    const taken = takeNow(() => roots.flatMap(snapshots));
    return execFile(file, args, (error, ...rest) => {
      if (error === null) keep(taken);
      done(error, ...rest);
    });
  };
  require('node:module').syncBuiltinESMExports();
}

async function patchHandles() {
  const handle = await fs.promises.open(__filename, 'r');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of ['sync', 'datasync']) {
    const sync = prototype[name];
    prototype[name] = async function durable() {
      const taken = takeNow(() => [snapshot(this.fd)]);
      await sync.call(this);
      keep(taken);
    };
  }
}

patch();
