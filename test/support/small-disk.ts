/** A disk that fills up soon: a tmpfs of our own, where that may be mounted. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Mounting needs root. */
export const canMount = ((): boolean => {
  const probe = mkdtempSync(join(tmpdir(), 'flow-dc-mount-'));
  try {
    mount(probe, 1);
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
})();

/** A disk at `folder`, gone with the test. */
export function smallDisk(folder: string, mebibytes: number): string {
  mkdirSync(folder);
  mount(folder, mebibytes);
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

/** Take so much of a disk. @returns what gives it back */
export function takeSpace(disk: string, mebibytes: number): () => void {
  const ballast = join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(mebibytes << 20));
  return () => rmSync(ballast);
}

function mount(folder: string, mebibytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
}
