/** `POST /access/ticket`: from a name and a password to a ticket (spec/api.md §4.6, §4.7). Every failure is the same 401. */
import { accountProblem, lookUpUser } from '../../machines/access/account-state.ts';
import { capabilitiesOf } from '../../machines/access/capabilities.ts';
import { privilegeRefusal } from '../../machines/access/permission-check.ts';
import {
  judgeAnswer,
  parseAnswer,
  realmDemand,
  secondFactorNeed,
} from '../../machines/access/second-factor/challenge.ts';
import { type FailureCounters, noFailures } from '../../machines/access/second-factor/lockout.ts';
import { makeCsrfToken } from '../../runtime/access/csrf-token.ts';
import {
  readLoginTicket,
  signHalfTicket,
  signUserTicket,
  ticketSigningKey,
  verifyHalfTicket,
} from '../../runtime/access/tickets.ts';
import { splitUserId, superuser } from '../../runtime/formats/access/identity.ts';
import type { UserTfa } from '../../runtime/formats/access/tfa-config.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { readCoded, realmFile, tfaFile, writeCoded } from './access-files.ts';
import { crossSiteSecrets, trustedKeys } from './authentication.ts';
import { ApiFailure } from './failure.ts';
import { changesOf, textOf } from './method.ts';
import { passwordComplaint } from './password-check.ts';
import type { ApiWorld, Call } from './world.ts';

export interface LoginAnswer {
  readonly username: string;
  readonly ticket?: string;
  readonly CSRFPreventionToken?: string;
  readonly NeedTFA?: 1;
  readonly cap?: object;
  readonly clustername?: string;
}

/** Ends a login; the text is for the log alone. */
class LoginRefusal extends Error {}

export async function login(call: Call): Promise<LoginAnswer> {
  const { world, caller } = call;
  const name = textOf(call, 'username') ?? '';
  const realm = textOf(call, 'realm');
  const given = realm === undefined ? name : `${name}@${realm}`;
  try {
    return await loggedIn(call, given);
  } catch (error) {
    const text = `authentication failure; rhost=${caller.address ?? ''} user=${given} msg=${(error as Error).message}`;
    world.log.write('pvedaemon', error instanceof LoginRefusal ? 'notice' : 'error', text);
    throw new ApiFailure('authentication failure', 401);
  }
}

async function loggedIn(call: Call, given: string): Promise<LoginAnswer> {
  const { world } = call;
  const now_s = Math.floor(world.clock.wall_ms() / 1000);
  const userid = await knownUser(world, given, now_s);
  const password = textOf(call, 'password') ?? '';
  const [path, privs] = [textOf(call, 'path'), textOf(call, 'privs')];
  const halfTicket = textOf(call, 'tfa-challenge');
  if (halfTicket !== undefined) {
    if (textOf(call, 'otp') !== undefined) throw new LoginRefusal('otp and tfa-challenge together');
    await answerChallenge(call, userid, { halfTicket, text: password }, now_s);
  } else {
    const asked = await checkFirstFactor(call, userid, password, now_s);
    if (asked !== undefined) return asked;
  }
  if (path !== undefined && privs !== undefined) return verified(world, userid, path, privs);
  return wholeAnswer(call, userid, now_s);
}

/** The user that a name means, who may log in now. */
async function knownUser(world: ApiWorld, given: string, now_s: number): Promise<string> {
  const { realms } = await readCoded(world, realmFile);
  const config = await world.userConfig();
  const realm = realms.get(splitUserId(given)?.realm ?? '');
  const userid = lookUpUser(config, given, realm?.options.get('case-sensitive') !== 0);
  if (userid === undefined) throw new LoginRefusal('ambiguous case insensitive user name');
  const problem = accountProblem(config, userid, now_s);
  if (problem !== undefined) throw new LoginRefusal(problem.message);
  return userid;
}

/** The answer where a second factor is still missing; undefined where the login is complete. */
async function checkFirstFactor(
  call: Call,
  userid: string,
  password: string,
  now_s: number,
): Promise<LoginAnswer | undefined> {
  const { world } = call;
  const shown = readLoginTicket(password, await trustedKeys(world), now_s);
  if (shown.kind === 'whole' && (shown.userid === userid || shown.userid === superuser)) return undefined;
  const complaint = await passwordComplaint(world, userid, password, call.caller.address);
  if (complaint !== undefined) throw new LoginRefusal(complaint);
  const second = await secondFactorsOf(world, userid);
  const need = secondFactorNeed(second);
  if (need.kind === 'refused') throw new LoginRefusal(need.message);
  if (need.kind === 'none') return undefined;
  const otp = textOf(call, 'otp');
  if (otp !== undefined) {
    await judge(call, userid, otp, now_s);
    return undefined;
  }
  const ticket = signHalfTicket(userid, JSON.stringify(need.challenge), await signingKey(call), now_s);
  const token = makeCsrfToken(userid, await crossSiteSecrets(world), now_s);
  return { username: userid, ticket, CSRFPreventionToken: token, NeedTFA: 1 };
}

async function answerChallenge(
  call: Call,
  userid: string,
  { halfTicket, text }: { readonly halfTicket: string; readonly text: string },
  now_s: number,
): Promise<void> {
  const challenge = verifyHalfTicket(userid, halfTicket, await trustedKeys(call.world), now_s);
  if (challenge === undefined) throw new LoginRefusal('invalid second factor challenge');
  await judge(call, userid, text, now_s);
}

/** Failures per user and worker, as the original counts them per process. */
const failuresOf = new Map<string, FailureCounters>();
const COUNTED_USERS = 10_000;

async function judge(call: Call, userid: string, text: string, now_s: number): Promise<void> {
  const { world } = call;
  const answer = parseAnswer(text);
  if (answer === undefined) throw new LoginRefusal('malformed second factor');
  const changes = changesOf(call);
  const verdict = await changes.withLock(tfaFile.lock, async () => {
    const config = await readCoded(world, tfaFile);
    const second = await secondFactorsOf(world, userid);
    const judged = judgeAnswer(second, failuresOf.get(userid) ?? noFailures, answer, now_s);
    if (judged.factors !== second.factors) {
      await writeCoded(changes, tfaFile, { ...config, users: new Map(config.users).set(userid, judged.factors) });
    }
    return judged;
  });
  if (failuresOf.size >= COUNTED_USERS) failuresOf.clear();
  failuresOf.set(userid, verdict.failures);
  if (!verdict.isRight) throw new LoginRefusal(verdict.message ?? 'wrong second factor');
}

async function secondFactorsOf(world: ApiWorld, userid: string) {
  const factors: UserTfa = (await readCoded(world, tfaFile)).users.get(userid) ?? {};
  const { keys } = (await world.userConfig()).users.get(userid) ?? {};
  const realm = (await readCoded(world, realmFile)).realms.get(splitUserId(userid)?.realm ?? '');
  return { factors, keys, demand: realmDemand(realm?.options.get('tfa') as string | undefined) };
}

async function signingKey(call: Call) {
  const key = await changesOf(call).read('priv/authkey.key');
  if (key === undefined) throw new Error('priv/authkey.key is missing; pvecm updatecerts makes it');
  return ticketSigningKey(key.toString('latin1'));
}

async function verified(world: ApiWorld, userid: string, path: string, privs: string): Promise<LoginAnswer> {
  const config = await world.userConfig();
  const refusal = privilegeRefusal({ config, caller: userid }, path, splitList(privs));
  if (refusal !== undefined) throw new LoginRefusal(refusal.message);
  return { username: userid, cap: capabilitiesOf(config, userid) };
}

async function wholeAnswer(call: Call, userid: string, now_s: number): Promise<LoginAnswer> {
  const { world } = call;
  const config = await world.userConfig();
  const ticket = signUserTicket(userid, await signingKey(call), now_s);
  const token = makeCsrfToken(userid, await crossSiteSecrets(world), now_s);
  const { cluster } = await world.cluster.members();
  const seesCluster = privilegeRefusal({ config, caller: userid }, '/', ['Sys.Audit']) === undefined;
  await changesOf(call).log(6, userid, 'pvedaemon', `successful auth for user '${userid}'`);
  return {
    username: userid,
    ticket,
    CSRFPreventionToken: token,
    cap: capabilitiesOf(config, userid),
    ...(cluster !== undefined && seesCluster && { clustername: cluster.name }),
  };
}
