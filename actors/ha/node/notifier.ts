/** Fence notifications of a real node (spec/ha.md §12): to the address and the web hook of `/etc/default/pve-ha-manager`. */
import { readHaDefaults } from '../../../runtime/node/ha-defaults.ts';
import type { NodeLayout } from '../../../runtime/node/layout.ts';
import { postToWebhook, sendMail } from '../../../runtime/node/notify.ts';
import type { HaPorts, Notification } from '../ports.ts';

/** On a machine of its own, root gets a mail unless it is told otherwise; below another root only who is named. */
export function notifier({ haDefaults, root }: NodeLayout, node: string): HaPorts['notify'] {
  return (notification, done) => {
    const { mailTo = root === '/' ? 'root' : '', webhook } = readHaDefaults(haDefaults);
    const text = textOf(notification);
    const ways: Promise<string | undefined>[] = [];
    if (mailTo !== '') ways.push(sendMail({ to: mailTo, subject: subjectOf(notification), text }));
    if (webhook !== undefined) ways.push(postToWebhook(webhook, bodyOf(notification, node, text)));
    void Promise.all(ways).then((errors) => {
      const told = errors.filter((error) => error !== undefined);
      done(told.length === 0 ? undefined : told.join('; '));
    });
  };
}

function subjectOf({ prefix, subject }: Notification): string {
  return `${prefix}: ${subject}`;
}

function bodyOf(notification: Notification, node: string, text: string): object {
  return {
    template: notification.template,
    severity: 'error',
    type: 'fencing',
    hostname: node,
    subject: subjectOf(notification),
    text,
    data: notification.data,
  };
}

interface FencingData {
  readonly 'failed-node': string;
  readonly 'master-node': string;
  readonly 'fence-status': string;
  readonly 'fence-timestamp': number;
  readonly nodes: Readonly<Record<string, string>>;
  readonly resources: Readonly<Record<string, { readonly state?: string; readonly node?: string }>>;
}

/** @returns what a person reads */
export function textOf({ data }: Pick<Notification, 'data'>): string {
  const fencing = data as FencingData;
  return [
    `The node '${fencing['failed-node']}' failed and needs manual intervention.`,
    '',
    'The cluster manager tries to fence it and to recover its resources on other nodes.',
    '',
    `Current fence status: ${fencing['fence-status']}`,
    `Manager node: ${fencing['master-node']}`,
    `Time: ${new Date(fencing['fence-timestamp'] * 1000).toISOString()}`,
    '',
    'Nodes:',
    ...Object.entries(fencing.nodes).map(([name, state]) => `  ${name}: ${state}`),
    '',
    'Resources:',
    ...Object.entries(fencing.resources).map(([sid, { node, state }]) => `  ${sid}: ${state} on ${node}`),
    '',
  ].join('\n');
}
