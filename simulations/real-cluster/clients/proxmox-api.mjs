// What programs with the npm package proxmox-api do (clients.md, sections 2 and 7); ends with 1 where an assertion doesn't hold.
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';

const [folder] = process.argv.slice(2);
const { default: proxmoxApi } = createRequire(`${folder}/`)('proxmox-api');
const { API_HOST: host, API_PASSWORD: password, API_TOKEN: token } = process.env;
const [tokenID, tokenSecret] = token.split('=');

const byToken = proxmoxApi({ host, port: 8006, tokenID, tokenSecret });
const byPassword = proxmoxApi({ host, port: 8006, username: 'admin@pve', password });

for (const api of [byToken, byPassword]) {
  assert.ok((await api.version.$get()).version);
  assert.deepEqual((await api.nodes.$get()).map(({ node }) => node).sort(), ['n1', 'n2', 'n3']);
  for (const node of ['n1', 'n2', 'n3']) assert.ok(Number.isInteger((await api.nodes.$(node).status.$get()).uptime));
}

const api = byPassword;
await api.access.groups.$post({ groupid: 'npm-group', comment: 'süß' });
assert.equal((await api.access.groups.$('npm-group').$get()).comment, 'süß');
await api.access.groups.$('npm-group').$put({ comment: 'a & b = c' });
assert.equal((await api.access.groups.$('npm-group').$get()).comment, 'a & b = c');
await api.access.groups.$('npm-group').$delete();
await assert.rejects(api.access.groups.$('npm-group').$get(), /500 group 'npm-group' does not exist/);
await api.storage.$post({ storage: 'npm-store', type: 'dir', path: '/srv/npm', disable: true });
assert.equal((await api.storage.$('npm-store').$get()).disable, 1);
await api.storage.$('npm-store').$delete();
const members = await api.cluster.status.$get();
assert.equal(members.filter(({ type, online }) => type === 'node' && online === 1).length, 3);

const stranger = proxmoxApi({ host, port: 8006, tokenID, tokenSecret: '00000000-0000-4000-8000-000000000000' });
await assert.rejects(stranger.version.$get(), /401 Authentication failed!/);
console.log('done');
process.exit(0);
