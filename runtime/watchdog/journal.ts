/** What a node has written about itself, brought to the disk before a reset may come. */
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Files of all processes of the node: what another has written is in the kernel's hands, and a sync of the file takes it along. */
const EVIDENCE = /^(black-box.*\.jsonl|.*\.log)$/;

export function syncJournal(directory: string): void {
  for (const name of namesIn(directory)) {
    if (!EVIDENCE.test(name)) continue;
    try {
      const fd = openSync(join(directory, name), 'r');
      fsyncSync(fd);
      closeSync(fd);
    } catch {
      // Moved away, or the disk is gone: there is nothing else to be done for it.
    }
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
