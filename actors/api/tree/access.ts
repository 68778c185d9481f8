import { permissionOverview } from '../../../machines/access/permission-overview.ts';
import { reauthentication } from '../../../machines/access/users.ts';
import { ApiFailure, granted } from '../failure.ts';
import { login } from '../login.ts';
import { changesOf, identityOf, index, method, requiredText, textOf } from '../method.ts';
import { passwordComplaint, setPassword } from '../password-check.ts';

export const methods = [
  index('/access', [
    'users',
    'groups',
    'roles',
    'acl',
    'domains',
    'openid',
    'tfa',
    'ticket',
    'password',
    'permissions',
  ]),
  index('/access/openid', ['login', 'auth-url']),
  method('GET', '/access/ticket', () => null),
  method('POST', '/access/ticket', login),
  method('GET', '/access/permissions', async (call) => {
    const [userid, path] = [textOf(call, 'userid'), textOf(call, 'path')];
    const query = { ...(userid !== undefined && { userid }), ...(path !== undefined && { path }) };
    const overview = granted(permissionOverview(await call.world.userConfig(), identityOf(call), query));
    return Object.fromEntries([...overview].map(([at, privileges]) => [at, Object.fromEntries(privileges)]));
  }),
  method('PUT', '/access/password', async (call) => {
    const userid = requiredText(call, 'userid');
    const needed = granted(reauthentication(identityOf(call), userid, textOf(call, 'confirmation-password')));
    if (needed.kind === 'verify') {
      const complaint = await passwordComplaint(call.world, needed.userid, needed.password);
      if (complaint !== undefined) throw new ApiFailure('authentication failure', 401);
    }
    if (!(await call.world.userConfig()).users.has(userid)) throw new ApiFailure(`no such user ('${userid}')`);
    const change = { caller: identityOf(call), userid, password: requiredText(call, 'password') };
    await setPassword(call, changesOf(call), change);
    return null;
  }),
];
