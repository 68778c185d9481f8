/**
 * What must happen sometimes: rare states and events that the promises are about. A sweep of hundreds of seeds in which one of them
 * never happened tests less than it says, whatever its checkers found. Each was met in at least one of ten seeds when it was
 * listed, so that 200 seeds without it are no chance.
 */

export interface Sometimes {
  /** A mark of the world, or a name of `Coverage`. */
  readonly name: string;
  /** What is untested when it never happens; a sentence. */
  readonly why: string;
}

/** So many runs make the absence of a mark a defect of the simulator. */
export const ENOUGH_RUNS = 200;

export const SOMETIMES: readonly Sometimes[] = [
  // Requests and their answers
  { name: 'acknowledged', why: 'Without an acknowledged change nothing can be lost.' },
  { name: 'error -13', why: 'A node without quorum refuses changes.' },
  { name: 'error -16', why: 'Whoever waits when the connection ends learns that the outcome is unknown.' },
  { name: 'error -17', why: 'Two clients want the same name, and one of them gets it.' },
  { name: 'error -5', why: 'A change that the store refuses is answered so.' },
  { name: 'guest moved', why: 'A guest goes from one node to another by a rename.' },
  { name: 'lock taken', why: 'Without locks their safety means nothing.' },
  { name: 'lock contended', why: 'Two clients want one lock.' },
  { name: 'corosync.conf edited', why: 'The configuration changes while the cluster runs.' },

  // Membership
  { name: 'token lost', why: 'A ring ends by the silence of a member.' },
  { name: 'membership: operational JOIN [joinEndsRing] → gather', why: 'A ring ends by somebody who wants to join.' },
  {
    name: 'membership: operational CONTACT [isMergeable] → gather',
    why: 'Two rings find each other after a partition.',
  },
  { name: 'membership: commit TOKEN_LOSS → gather', why: 'A member is lost while a ring is being formed.' },
  { name: 'membership: commit JOIN [joinEndsForming] → gather', why: 'A join ends the forming of a ring.' },
  { name: 'membership: recovery JOIN [joinEndsForming] → gather', why: 'A join ends the recovery of a ring.' },
  { name: 'membership: gather CONSENSUS_TIMEOUT [isAgreed] → gather', why: 'All agree, and no commit token comes.' },
  { name: 'membership: root LEAVE → left', why: 'A node leaves with a word.' },

  // Quorum
  { name: 'quorum lost', why: 'A minority notices that it is one.' },
  { name: 'write delivered without quorum', why: 'A change is delivered to those who must not apply it.' },
  { name: 'quorum-client: root SHUTDOWN → stopped', why: 'A node without quorum is shut down.' },
  { name: 'quorum-client: tracking ENGINE_LOST [isQuorate] → disconnected', why: 'The engine ends below its clients.' },

  // Synchronisation
  { name: 'state transfer', why: 'A node that was away gets what it has missed.' },
  { name: 'losing side kept', why: 'Two histories meet, and the one that loses is kept aside.' },
  { name: 'message queue delivered', why: 'Changes that came during a round are applied after it.' },
  { name: 'sync queue delivered', why: 'Changes that came during a state transfer are applied after it.' },
  { name: 'queue sent again', why: 'Requests that a change of members cut off are sent anew.' },
  { name: 'dcdb dfsm: startSync CONFIGURATION', why: 'The members change while states are being collected.' },
  { name: 'dcdb dfsm: startSync CONFIGURATION [isAlone] → synced', why: 'All others are lost in mid-round.' },
  { name: 'dcdb dfsm: update CONFIGURATION → startSync', why: 'The members change in the middle of a state transfer.' },
  { name: 'dcdb dfsm: synced FAILED → leaving', why: 'A replica leaves its group by itself.' },
  { name: 'status dfsm: startSync CONFIGURATION', why: 'The same for the status, which is merged instead of led.' },
  { name: 'old configuration refused', why: 'A node with an older configuration must not form rings.' },
  { name: 'host configuration written', why: 'The replicated configuration reaches the host.' },

  // Store
  { name: 'commit refused', why: 'A commit fails while the cluster goes on.' },
  { name: 'store recovered', why: 'A node comes back by itself when its disk has space again.' },
  { name: 'dcdb dfsm: error RECOVERED [isRecoverable] → start', why: 'Its replica joins again after that.' },
];
