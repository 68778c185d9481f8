/** The minority must not act: the majority may have given its services to others. */
import { crmOf, type Invariant, isGranted } from './checker.ts';

export function quorumSilence(): Invariant {
  return {
    name: '16.13 silence without quorum',
    deed: (deed, { hardware }) => {
      const { ask, host } = deed;
      if (hardware.members(host.node).quorate) return undefined;
      if (ask.op === 'lock' && isGranted(deed)) return `${host.node} got ${ask.name} without quorum`;
      const isStatus = ask.op === 'write' && ask.what === 'lrm_status';
      return isStatus ? `${host.node} wrote its LRM status without quorum` : undefined;
    },
    iteration: (host, { hardware }) => {
      if (crmOf(host)?.state !== 'master' || hardware.members(host.node).quorate) return undefined;
      return `${host.node} is master without quorum`;
    },
  };
}
