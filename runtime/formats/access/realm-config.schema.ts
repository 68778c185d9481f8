/** Realms and their options (spec/access.md §8). */
import type { PropertyStringFormat } from '../property-schema.ts';
import { definedSections, type OptionFlags, type Properties } from '../section-config-types.ts';

/** `tfa`: the second factor that a realm demands (spec/access.md §9.2). */
export const realmTfaFormat = {
  type: { type: 'string', enum: ['yubico', 'oath'], description: 'The type of 2nd factor authentication.' },
  id: { type: 'string', optional: 1, description: 'Yubico API ID.' },
  key: { type: 'string', optional: 1, description: 'Yubico API Key.' },
  url: { type: 'string', optional: 1, description: 'Yubico API URL.' },
  digits: { type: 'integer', minimum: 6, maximum: 8, default: 6, optional: 1, description: 'TOTP digits.' },
  step: { type: 'integer', minimum: 10, default: 30, optional: 1, description: 'TOTP time period.' },
} as const satisfies PropertyStringFormat;

const removeVanished = '(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none';

/** `sync-defaults-options`: what a synchronisation does where the call doesn't say. */
export const syncOptionsFormat = {
  scope: { type: 'string', enum: ['users', 'groups', 'both'], optional: 1, description: 'Select what to sync.' },
  'remove-vanished': {
    type: 'string',
    pattern: removeVanished,
    default: 'none',
    optional: 1,
    description: 'What is removed when a user or group vanishes during a sync.',
  },
  'enable-new': { type: 'boolean', default: 1, optional: 1, description: 'Enable newly synced users immediately.' },
  full: { type: 'boolean', optional: 1, description: 'Deprecated: use `remove-vanished`.' },
  purge: { type: 'boolean', optional: 1, description: 'Deprecated: use `remove-vanished`.' },
} as const satisfies PropertyStringFormat;

const text = (maxLength: number, description: string) =>
  ({ type: 'string', maxLength, optional: 1, description }) as const;
const flag = (description: string) => ({ type: 'boolean', optional: 1, description }) as const;

const base: Properties = {
  realm: { type: 'string', format: 'pve-realm', maxLength: 32, description: 'Authentication domain ID' },
  type: { description: 'Realm type.' },
};

const everywhere: Properties = {
  comment: text(4096, 'Description.'),
  default: flag('Use this as default realm'),
};

const secondFactor: Properties = {
  tfa: {
    type: 'string',
    format: realmTfaFormat,
    maxLength: 128,
    optional: 1,
    description: 'Use Two-factor authentication.',
  },
};

const ldap: Properties = {
  base_dn: text(256, 'LDAP base domain name'),
  user_attr: { ...text(256, 'LDAP user attribute name'), pattern: '[^\\s]{2,}' },
  bind_dn: text(256, 'LDAP bind domain name'),
  filter: text(2048, 'LDAP filter for user sync.'),
  sync_attributes: {
    type: 'string',
    pattern: '\\w+=[^,]+(,\\s*\\w+=[^,]+)*',
    optional: 1,
    description: 'Comma separated list of key=value pairs: which LDAP attributes map to which PVE user field.',
  },
  user_classes: {
    type: 'string',
    format: 'ldap-simple-attr-list',
    default: 'inetorgperson, posixaccount, person, user',
    optional: 1,
    description: 'The objectclasses for users.',
  },
  group_dn: text(256, 'LDAP base domain name for group sync. If not set, the base_dn will be used.'),
  group_name_attr: {
    type: 'string',
    format: 'ldap-simple-attr',
    maxLength: 256,
    optional: 1,
    description: "LDAP attribute representing a group's name.",
  },
  group_filter: text(2048, 'LDAP filter for group sync.'),
  group_classes: {
    type: 'string',
    format: 'ldap-simple-attr-list',
    default: 'groupOfNames, group, univentionGroup, ipausergroup',
    optional: 1,
    description: 'The objectclasses for groups.',
  },
  'sync-defaults-options': {
    type: 'string',
    format: syncOptionsFormat,
    optional: 1,
    description: 'The default options for behavior of synchronizations.',
  },
  mode: {
    type: 'string',
    enum: ['ldap', 'ldaps', 'ldap+starttls'],
    default: 'ldap',
    optional: 1,
    description: 'LDAP protocol mode.',
  },
  'case-sensitive': { ...flag('username is case-sensitive'), default: 1 },
};

const ad: Properties = {
  server1: { ...text(256, 'Server IP address (or DNS name)'), format: 'address' },
  server2: { ...text(256, 'Fallback Server IP address (or DNS name)'), format: 'address' },
  secure: flag('Use secure LDAPS protocol. DEPRECATED: use `mode` instead.'),
  port: { type: 'integer', minimum: 1, maximum: 65535, optional: 1, description: 'Server port.' },
  domain: { ...text(256, 'AD domain name'), pattern: '[^\\s]+' },
  verify: { ...flag("Verify the server's SSL certificate"), default: 0 },
  sslversion: {
    type: 'string',
    enum: ['tlsv1', 'tlsv1_1', 'tlsv1_2', 'tlsv1_3'],
    optional: 1,
    description: "LDAPS TLS/SSL version. It's not recommended to use version older than 1.2!",
  },
  capath: {
    type: 'string',
    default: '/etc/ssl/certs',
    optional: 1,
    description: 'Path to the CA certificate store',
  },
  cert: { type: 'string', optional: 1, description: 'Path to the client certificate' },
  certkey: { type: 'string', optional: 1, description: 'Path to the client certificate key' },
};

const printable = '[^\\x00-\\x1F\\x7F <>#"]*';

const openid: Properties = {
  'issuer-url': text(256, 'OpenID Issuer Url'),
  'client-id': text(256, 'OpenID Client ID'),
  'client-key': text(256, 'OpenID Client Key'),
  autocreate: { ...flag('Automatically create users if they do not exist.'), default: 0 },
  'username-claim': { type: 'string', optional: 1, description: 'OpenID claim used to generate the unique username.' },
  'groups-claim': { ...text(256, 'OpenID claim used to retrieve groups with.'), pattern: '(?:[A-Za-z0-9\\.\\-_]+)' },
  'groups-autocreate': { ...flag('Automatically create groups if they do not exist.'), default: 0 },
  'groups-overwrite': { ...flag('All groups will be overwritten for the user on login.'), default: 0 },
  prompt: {
    type: 'string',
    pattern: '(?:none|login|consent|select_account|[^\\s]+)',
    optional: 1,
    description: 'Specifies whether the Authorization Server prompts the End-User for reauthentication and consent.',
  },
  scopes: {
    type: 'string',
    default: 'email profile',
    optional: 1,
    description: 'Specifies the scopes (user details) that should be authorized and returned.',
  },
  'acr-values': { type: 'string', pattern: printable, optional: 1, description: 'Authentication context classes.' },
  audiences: { type: 'string', pattern: printable, optional: 1, description: 'Further acceptable audiences.' },
  'query-userinfo': { ...flag('Enables querying the userinfo endpoint for claims values.'), default: 1 },
};

type Options = Readonly<Record<string, OptionFlags>>;

function optional(...properties: readonly Properties[]): Options {
  return Object.fromEntries(properties.flatMap(Object.keys).map((key) => [key, { optional: 1 as const }]));
}

const { domain: _adOnly, ...connection } = ad;
const directory = optional(connection, ldap, everywhere, secondFactor);

/** All types with their options; the base list holds the realm's name and the type. */
export const realmSections = definedSections({
  base,
  types: {
    pam: { properties: { ...everywhere, ...secondFactor }, options: optional(everywhere, secondFactor) },
    pve: { options: optional(everywhere, secondFactor) },
    ad: { properties: ad, options: { ...directory, server1: {}, domain: {} } },
    ldap: { properties: ldap, options: { ...directory, server1: {}, base_dn: {}, user_attr: {} } },
    openid: {
      properties: openid,
      options: {
        ...optional(everywhere, openid),
        'issuer-url': {},
        'client-id': {},
        'username-claim': { optional: 1, fixed: 1 },
      },
    },
  },
});
