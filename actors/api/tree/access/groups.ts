import {
  createGroup,
  deleteGroup,
  type GroupParameters,
  listGroups,
  readGroup,
  updateGroup,
} from '../../../../machines/access/groups.ts';
import { changeCoded, userFile } from '../../access-files.ts';
import { granted } from '../../failure.ts';
import { changesOf, identityOf, method, requiredText } from '../../method.ts';
import type { Call } from '../../world.ts';

const given = ({ params }: Call) => params as unknown as GroupParameters;

export const methods = [
  method('GET', '/access/groups', async (call) => listGroups(await call.world.userConfig(), identityOf(call))),
  method('POST', '/access/groups', async (call) => {
    await changeCoded(changesOf(call), userFile, (before) => createGroup(before, given(call)));
    return null;
  }),
  method('GET', '/access/groups/{groupid}', async (call) =>
    granted(readGroup(await call.world.userConfig(), requiredText(call, 'groupid'))),
  ),
  method('PUT', '/access/groups/{groupid}', async (call) => {
    await changeCoded(changesOf(call), userFile, (before) => updateGroup(before, given(call)));
    return null;
  }),
  method('DELETE', '/access/groups/{groupid}', async (call) => {
    await changeCoded(changesOf(call), userFile, (before) => deleteGroup(before, requiredText(call, 'groupid')));
    return null;
  }),
];
