/** Every command by its name, in the order of the help. */
import type { CommandName } from '../../config/schema/key.ts';
import type { Command } from '../args/define-command.ts';

/** Each is loaded when asked for: `--version` and a wrong name need none of them. */
export const COMMANDS: Readonly<Record<CommandName, () => Promise<Command>>> = {
  inspect: async () => (await import('./planning.ts')).inspectCommand,
  estimate: async () => (await import('./planning.ts')).estimateCommand,
  download: async () => (await import('./download.ts')).downloadCommand,
  resume: async () => (await import('./download.ts')).resumeCommand,
  verify: async () => (await import('./verify.ts')).verifyCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  partition: async () => (await import('./partition.ts')).partitionCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  submit: async () => (await import('./submit.ts')).submitCommand,
  worker: async () => (await import('./worker.ts')).workerCommand,
  status: async () => (await import('./job-status.ts')).statusCommand,
  jobs: async () => (await import('./job-status.ts')).jobsCommand,
  cancel: async () => (await import('./job-control.ts')).cancelCommand,
  repair: async () => (await import('./repair.ts')).repairCommand,
  retry: async () => (await import('./retry.ts')).retryCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  refresh: async () => (await import('./refresh.ts')).refreshCommand,
  remove: async () => (await import('./remove.ts')).removeCommand,
  config: async () => (await import('./config.ts')).configCommand,
  completion: async () => (await import('./completion.ts')).completionOf(allCommands),
  demo: async () => (await import('./demo.ts')).demoCommand,
};

/** In the order of the help. */
export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}
