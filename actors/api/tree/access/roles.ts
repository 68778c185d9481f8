import {
  createRole,
  deleteRole,
  listRoles,
  type RoleUpdate,
  readRole,
  updateRole,
} from '../../../../machines/access/roles.ts';
import { changeCoded, userFile } from '../../access-files.ts';
import { granted } from '../../failure.ts';
import { changesOf, method, requiredText } from '../../method.ts';
import type { Call } from '../../world.ts';

const given = ({ params }: Call) => params as unknown as RoleUpdate;

export const methods = [
  method('GET', '/access/roles', async ({ world }) => listRoles(await world.userConfig())),
  method('POST', '/access/roles', async (call) => {
    await changeCoded(changesOf(call), userFile, (before) => createRole(before, given(call)));
    return null;
  }),
  method('GET', '/access/roles/{roleid}', async (call) =>
    granted(readRole(await call.world.userConfig(), requiredText(call, 'roleid'))),
  ),
  method('PUT', '/access/roles/{roleid}', async (call) => {
    await changeCoded(changesOf(call), userFile, (before) => updateRole(before, given(call)));
    return null;
  }),
  method('DELETE', '/access/roles/{roleid}', async (call) => {
    await changeCoded(changesOf(call), userFile, (before) => deleteRole(before, requiredText(call, 'roleid')));
    return null;
  }),
];
