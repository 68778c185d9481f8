/**
 * The only file that comedy itself loads in a forked process. comedy loads definitions by `require`, so this one is
 * CommonJS; it imports the rest as the ES modules they are. One topic, `deliver`, synchronous, with one plain object.
 */
import type { Actor } from 'comedy' with { 'resolution-mode': 'import' };
import type { ToChild } from './child-protocol.ts' with { 'resolution-mode': 'import' };

class Boot {
  deliver: (message: ToChild) => void = () => {};

  async initialize(self: Actor): Promise<void> {
    const { prepareForkedChild } = await import('./forked-child.ts');
    this.deliver = await prepareForkedChild(self);
  }
}

module.exports = Boot;
