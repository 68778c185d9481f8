"""What scripts with proxmoxer do: clients.md, sections 1, 2 and 8. Fails with the first assertion that doesn't hold."""
import os
import time

import proxmoxer
from proxmoxer import ProxmoxAPI

host, authority = os.environ['API_HOST'], os.environ['API_CA']
password, token = os.environ['API_PASSWORD'], os.environ['API_TOKEN']
node, other = 'n1', 'n2'


def refused(call, status, *texts):
    try:
        call()
    except proxmoxer.ResourceException as error:
        assert str(error).startswith(str(status)), error
        for text in texts:
            assert text in f'{error} {error.errors}', error
        return
    raise AssertionError(f'not refused with {status} {texts}')


by_password = ProxmoxAPI(host, user='admin@pve', password=password, verify_ssl=authority)
token_id, secret = token.split('=')
user, name = token_id.split('!')
by_token = ProxmoxAPI(host, user=user, token_name=name, token_value=secret, verify_ssl=authority)

for api in (by_password, by_token):
    assert set(api.version.get()) >= {'version', 'release', 'repoid'}
    assert sorted(one['node'] for one in api.nodes.get()) == ['n1', 'n2', 'n3']

try:
    ProxmoxAPI(host, user='admin@pve', password='wrong', verify_ssl=authority)
    raise AssertionError('a wrong password is accepted')
except proxmoxer.backends.https.AuthenticationError:
    pass

api = by_password
api.access.groups.post(groupid='pm-staff', comment='süß, 100 %')
api.access.users.post(userid='pm-joe@pve', groups='pm-staff', password='a password', enable=1)
api.access.users('pm-joe@pve').put(email='joe@example.org')
assert api.access.users('pm-joe@pve').get()['email'] == 'joe@example.org'
assert api.access.groups('pm-staff').get() == {'comment': 'süß, 100 %', 'members': ['pm-joe@pve']}
api.access.roles.post(roleid='pm-role', privs='VM.Audit,Datastore.Audit')
api.access.acl.put(path='/', users='pm-joe@pve', roles='pm-role', propagate=1)
made = api.access.users('pm-joe@pve').token('ci').post(privsep=0)
assert set(made) == {'full-tokenid', 'info', 'value'}, made

joe = ProxmoxAPI(host, user='pm-joe@pve', password='a password', verify_ssl=authority)
refused(lambda: joe.access.groups.post(groupid='x'), 403, 'Permission check failed (/access/groups, Group.Allocate)')
joes_token = ProxmoxAPI(host, user='pm-joe@pve', token_name='ci', token_value=made['value'], verify_ssl=authority)
assert joes_token.access.permissions.get()['/'] == {'Datastore.Audit': 1, 'VM.Audit': 1}
refused(lambda: api.access.groups('none').get(), 500, "group 'none' does not exist")
refused(lambda: api.access.groups.post(groupid='pm-staff'), 500, 'already exists')
refused(lambda: api.access.groups.post(groupid='a b'), 400, 'Parameter verification failed.', 'groupid')

api.pools.post(poolid='pm-pool', comment='pool')
api.storage.post(storage='pm-store', type='dir', path='/srv/pm-store', content='iso,backup')
api.pools('pm-pool').put(storage='pm-store')
assert [one['storage'] for one in api.pools('pm-pool').get()['members']] == ['pm-store']
assert api.storage('pm-store').get()['path'] == '/srv/pm-store'
api.storage('pm-store').put(disable=1)
assert api.storage('pm-store').get()['disable'] == 1
api.pools('pm-pool').put(storage='pm-store', delete=1)
api.storage('pm-store').delete()
api.pools('pm-pool').delete()

api.cluster.ha.resources.post(sid='vm:100', state='stopped', comment='by a client')
assert api.cluster.ha.resources('vm:100').get()['state'] == 'stopped'
api.cluster.ha.resources('vm:100').put(max_restart=3)
api.cluster.ha.rules.post(rule='pm-rule', type='node-affinity', resources='vm:100', nodes='n1:2,n2')
assert [one['rule'] for one in api.cluster.ha.rules.get()] == ['pm-rule']
assert any(one['type'] == 'quorum' for one in api.cluster.ha.status.current.get())
api.cluster.ha.rules('pm-rule').delete()
api.cluster.ha.resources('vm:100').delete()

first = api.cluster.status.get()[0]
assert (first['type'], first['quorate'], first['nodes']) == ('cluster', 1, 3), first
assert {one['type'] for one in api.cluster.resources.get()} >= {'node', 'storage', 'qemu'}
assert [one['vmid'] for one in api.cluster.resources.get(type='vm')] == [100]
assert int(api.cluster.nextid.get()) >= 100
for each in (node, other):
    status = api.nodes(each).status.get()
    assert isinstance(status['uptime'], int) and isinstance(status['memory']['total'], int)

upid = api.nodes(other).services('pvedaemon').reload.post()
assert len(upid.split(':')) == 9 and upid.split(':')[1] == other, upid
for _ in range(100):
    task = api.nodes(other).tasks(upid).status.get()
    if task['status'] == 'stopped':
        break
    time.sleep(0.1)
assert task['status'] == 'stopped' and 'exitstatus' in task, task
assert isinstance(api.nodes(other).tasks(upid).log.get(), list)

api.access.acl.put(path='/', users='pm-joe@pve', roles='pm-role', delete=1)
api.access.users('pm-joe@pve').delete()
api.access.groups('pm-staff').delete()
api.access.roles('pm-role').delete()
print('done')
