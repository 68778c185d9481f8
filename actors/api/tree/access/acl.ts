import { type AclParameters, listAcl, updateAcl } from '../../../../machines/access/acl.ts';
import { changeCoded, userFile } from '../../access-files.ts';
import { changesOf, identityOf, method } from '../../method.ts';

export const methods = [
  method('GET', '/access/acl', async (call) => listAcl(await call.world.userConfig(), identityOf(call))),
  method('PUT', '/access/acl', async (call) => {
    const params = call.params as unknown as AclParameters;
    await changeCoded(changesOf(call), userFile, (before) => updateAcl(before, identityOf(call), params));
    return null;
  }),
];
