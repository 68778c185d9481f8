"""What scripts with proxmoxer do: clients.md, sections 1, 2 and 8. Fails with the first assertion that doesn't hold."""
import os

import proxmoxer
from proxmoxer import ProxmoxAPI

host, authority = os.environ['API_HOST'], os.environ['API_CA']
password, token = os.environ['API_PASSWORD'], os.environ['API_TOKEN']


def refused(call, status, *texts):
    try:
        call()
    except proxmoxer.ResourceException as error:
        assert str(error).startswith(str(status)), error
        for text in texts:
            assert text in str(error), error
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
# This release of the library loses the texts per parameter.
refused(lambda: api.access.groups.post(groupid='a b'), 400, 'Parameter verification failed.')

print('done')
