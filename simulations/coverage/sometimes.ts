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

/** The same for runs with high availability, which take longer, and in each of which much happens. */
export const ENOUGH_HA_RUNS = 60;

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

export const HA_SOMETIMES: readonly Sometimes[] = [
  { name: 'CRM became master', why: 'Without a master nothing is decided.' },
  { name: 'manager lock lost', why: 'A master learns that it may decide no more.' },
  { name: 'manager lock passed by release', why: 'A master that ends in order hands its lock on.' },
  { name: 'manager lock passed by expiry', why: 'A master that is gone loses its lock after its lifetime.' },
  { name: 'agent lock lost', why: 'An LRM that is cut off may no longer touch its services.' },
  { name: 'agent lock passed by expiry', why: 'Fencing waits for the lifetime of a lock.' },
  { name: 'agent lock passed by release', why: 'The lock of a node that went in order is free at once.' },
  { name: 'node fenced', why: 'Nothing is recovered without it.' },
  { name: 'service recovered', why: 'It is what high availability is for.' },
  { name: 'watchdog reset', why: 'A node that is cut off must end by itself.' },
  { name: 'spurious reset', why: 'A node with services vanishes at once.' },
  { name: 'powered off by a fence device', why: 'A device may prove what a lock proves otherwise.' },
  { name: 'node rebooted', why: 'An orderly end of a node follows the shutdown policy.' },
  { name: 'node shut down', why: 'The same, and the node stays away.' },
  { name: 'migration finished', why: 'A guest goes from one node to another while it runs.' },
  { name: 'start tried again', why: 'A start that fails is tried again on its node.' },
  { name: 'service in error', why: 'A service that can be started nowhere is left to people.' },
  { name: 'service frozen', why: 'Services of an LRM that is restarted are left alone.' },
  { name: 'LRM in maintenance', why: 'A node is emptied.' },
  { name: 'maintenance moved back', why: 'A service goes home after its node was maintained.' },
  { name: 'disarmed', why: 'The stack lets go of its watchdogs.' },
  { name: 'armed again', why: 'And takes them back.' },
  { name: 'round skipped', why: 'A daemon notices that its file system is not there.' },
  { name: 'round failed', why: 'An error in mid-round leaves what was decided in memory.' },
  {
    name: 'crm: master UNLOCKED → lost_manager_lock',
    why: 'A master leaves its role in the iteration that loses the lock.',
  },
  { name: 'lrm: active FENCE_REQUESTED → lost_agent_lock', why: 'A node learns that it is to be fenced.' },
];
