/**
 * The commands of pveum, pvesm and pvenode as data (spec/cli.md §1, its inventory), a line each:
 *
 *     COMMAND <positional>… = VERB /path preset=value … formats
 *
 * `own` instead of a method: see own-commands.ts. `formats`: the result is printed by the shared format options; `prints`: in a form of
 * its own (own-output.ts); neither: nothing is printed. `{node}` in a path is this node unless it is a positional. `->` is an alias.
 */
export const commandLines = {
  pveum: `acl delete <path> = PUT /access/acl delete=1
acl list = GET /access/acl formats
acl modify <path> = PUT /access/acl delete=0
acldel -> acl delete
aclmod -> acl modify
group add <groupid> = POST /access/groups
group delete <groupid> = DELETE /access/groups/{groupid}
group list = GET /access/groups formats
group modify <groupid> = PUT /access/groups/{groupid}
groupadd -> group add
groupdel -> group delete
groupmod -> group modify
passwd <userid> = PUT /access/password
pool add <poolid> = POST /pools
pool delete <poolid> = DELETE /pools
pool list = GET /pools formats
pool modify <poolid> = PUT /pools
realm add <realm> = POST /access/domains
realm delete <realm> = DELETE /access/domains/{realm}
realm list = GET /access/domains formats
realm modify <realm> = PUT /access/domains/{realm}
realm sync <realm> = POST /access/domains/{realm}/sync
role add <roleid> = POST /access/roles
role delete <roleid> = DELETE /access/roles/{roleid}
role list = GET /access/roles formats
role modify <roleid> = PUT /access/roles/{roleid}
roleadd -> role add
roledel -> role delete
rolemod -> role modify
ticket <username> = POST /access/ticket prints
user add <userid> = POST /access/users
user delete <userid> = DELETE /access/users/{userid}
user list = GET /access/users formats
user modify <userid> = PUT /access/users/{userid}
user permissions <userid> = GET /access/permissions formats
user tfa delete <userid> = own
user tfa list <userid> = own
user tfa unlock <userid> = PUT /access/users/{userid}/unlock-tfa
user token add <userid> <tokenid> = POST /access/users/{userid}/token/{tokenid} formats
user token delete <userid> <tokenid> = DELETE /access/users/{userid}/token/{tokenid} formats
user token list <userid> = GET /access/users/{userid}/token formats
user token modify <userid> <tokenid> = PUT /access/users/{userid}/token/{tokenid} formats
user token permissions <userid> <tokenid> = own formats
user token remove -> user token delete
useradd -> user add
userdel -> user delete
usermod -> user modify`,
  pvesm: `add <type> <storage> = POST /storage
alloc <storage> <vmid> <filename> <size> = POST /nodes/{node}/storage/{storage}/content prints
apiinfo = own prints
cifsscan -> scan cifs
export <volume> <format> <filename> = own
extractconfig <volume> = own
free <volume> = DELETE /nodes/{node}/storage/{storage}/content/{volume}
import <volume> <format> <filename> = own prints
iscsiscan -> scan iscsi
list <storage> = GET /nodes/{node}/storage/{storage}/content prints
lvmscan -> scan lvm
lvmthinscan -> scan lvmthin
nfsscan -> scan nfs
path <volume> = own
prune-backups <storage> = own prints
remove <storage> = DELETE /storage/{storage}
scan cifs <server> = GET /nodes/{node}/scan/cifs prints
scan iscsi <portal> = GET /nodes/{node}/scan/iscsi prints
scan lvm = GET /nodes/{node}/scan/lvm prints
scan lvmthin <vg> = GET /nodes/{node}/scan/lvmthin prints
scan nfs <server> = GET /nodes/{node}/scan/nfs prints
scan pbs <server> <username> = GET /nodes/{node}/scan/pbs formats
scan zfs = GET /nodes/{node}/scan/zfs prints
set <storage> = PUT /storage/{storage}
status = GET /nodes/{node}/storage prints
zfsscan -> scan zfs`,
  pvenode: `acme account deactivate <name> = DELETE /cluster/acme/account/{name} prints
acme account info <name> = GET /cluster/acme/account/{name} formats
acme account list = GET /cluster/acme/account prints
acme account register <name> <contact> = own prints
acme account update <name> = PUT /cluster/acme/account/{name} prints
acme cert order = POST /nodes/{node}/certificates/acme/certificate prints
acme cert renew = PUT /nodes/{node}/certificates/acme/certificate prints
acme cert revoke = DELETE /nodes/{node}/certificates/acme/certificate prints
acme plugin add <type> <id> = POST /cluster/acme/plugins
acme plugin config <id> = GET /cluster/acme/plugins/{id} formats
acme plugin list = GET /cluster/acme/plugins formats
acme plugin remove <id> = DELETE /cluster/acme/plugins/{id}
acme plugin set <id> = PUT /cluster/acme/plugins/{id}
cert delete <restart> = DELETE /nodes/{node}/certificates/custom
cert info = GET /nodes/{node}/certificates/info formats
cert set <certificates> <key> = POST /nodes/{node}/certificates/custom formats
config get = GET /nodes/{node}/config prints
config set = PUT /nodes/{node}/config
migrateall <target> = POST /nodes/{node}/migrateall
startall = POST /nodes/{node}/startall
stopall = POST /nodes/{node}/stopall
task list = GET /nodes/{node}/tasks formats
task log <upid> = GET /nodes/{node}/tasks/{upid}/log limit=1000000 prints
task status <upid> = GET /nodes/{node}/tasks/{upid}/status formats
wakeonlan <node> = POST /nodes/{node}/wakeonlan prints`,
} as const;

export type ToolName = keyof typeof commandLines;
