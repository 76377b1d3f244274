import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../../src/cli/commands/command-table.ts';
import { COMMANDS as COMMAND_NAMES } from '../../../../src/config/schema/key.ts';

describe('the table of commands', () => {
  it('has every command that options are made for', () => {
    expect(Object.keys(COMMANDS).sort()).toEqual([...COMMAND_NAMES].sort());
  });

  it.each(Object.entries(COMMANDS))('loads %s, which is called by that name', async (name, load) => {
    const command = await load();
    expect(command.name).toBe(name);
    expect(command.usage.split(' ')[0]).toBe(name);
  });
});
