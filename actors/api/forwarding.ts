/** Passing requests on: to the local pvedaemon, and to other nodes (spec/api.md §5.1, §5.2). */
import { Buffer } from 'node:buffer';
import { type HttpAnswer, type HttpRequest, headerOf } from '../../runtime/http/http-message.ts';
import type { PassOn } from '../../runtime/http/pass-on.ts';
import type { Credentials } from './authentication.ts';
import { encodeForm, type Parameters } from './parameters.ts';
import type { ApiWorld } from './world.ts';

export interface PassedOn {
  readonly request: HttpRequest;
  readonly credentials: Credentials;
  readonly params: Parameters;
  readonly isJson: boolean;
  readonly user: string | undefined;
  readonly address: string;
}

export interface Forwarder {
  toDaemon(passed: PassedOn): Promise<HttpAnswer>;
  toNode(node: string, passed: PassedOn): Promise<HttpAnswer>;
}

export interface ForwardingPlaces {
  readonly daemon: { readonly host: string; readonly port: number };
  /** Where pveproxy of a node listens; undefined for an unknown node. */
  proxyOf(node: string): Promise<{ readonly host: string; readonly port: number } | undefined>;
}

/** How many requests may wait before others are refused is the receiver's business. */
export function createForwarder(world: ApiWorld, passOn: PassOn, places: ForwardingPlaces): Forwarder {
  return {
    toDaemon: async (passed) => {
      const answer = await passOn({ ...outgoing(passed), ...places.daemon, pins: undefined });
      return { ...withoutDaemonAddress(answer, places), user: passed.user, isPassedOn: true };
    },
    toNode: async (node, passed) => {
      const place = await places.proxyOf(node);
      if (place === undefined) {
        return { status: 595, reason: `unable to get remote IP address for node '${node}'`, user: passed.user };
      }
      const pins = await pinnedCertificates(world, node);
      const answer = await passOn({ ...outgoing(passed), ...place, pins });
      return { ...answer, user: passed.user, isPassedOn: true };
    },
  };
}

/** The certificate that the node's pveproxy shows: its own, else that of the cluster. */
async function pinnedCertificates(world: ApiWorld, node: string): Promise<readonly string[]> {
  const own = await world.cluster.read(`nodes/${node}/pveproxy-ssl.pem`);
  const file = own ?? (await world.cluster.read(`nodes/${node}/pve-ssl.pem`));
  return file === undefined ? [] : [file.toString('latin1')];
}

function outgoing({ request, credentials, params, isJson, address }: PassedOn) {
  const hasBody = request.verb === 'POST' || request.verb === 'PUT';
  const body = hasBody ? Buffer.from(isJson ? JSON.stringify(params) : encodeForm(params)) : undefined;
  const { ticket, token } = credentials;
  const headers: Record<string, string> = {
    PVEDisableProxy: 'true',
    PVEClientIP: address,
    ...copied(request, 'host', 'Host'),
    ...copied(request, 'csrfpreventiontoken', 'CSRFPreventionToken'),
    ...copied(request, 'accept-encoding', 'Accept-Encoding'),
    ...(ticket !== undefined && { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` }),
    ...(token !== undefined && { Authorization: `PVEAPIToken ${encodeURIComponent(token)}` }),
    ...(body !== undefined && {
      'Content-Type': isJson ? 'application/json' : 'application/x-www-form-urlencoded',
      'Content-Length': String(body.length),
    }),
  };
  return { verb: request.verb, target: request.target, headers, body };
}

function copied(request: HttpRequest, from: string, to: string): Record<string, string> {
  const value = headerOf(request, from);
  return value === undefined ? {} : { [to]: value };
}

function withoutDaemonAddress(answer: HttpAnswer, { daemon }: ForwardingPlaces): HttpAnswer {
  const { Location } = answer.headers ?? {};
  if (Location === undefined) return answer;
  const relative = Location.replace(/^http:\/\/(?:localhost|[0-9.]+):([0-9]+)/, (whole, port: string) =>
    Number(port) === daemon.port ? '' : whole,
  );
  return { ...answer, headers: { ...answer.headers, Location: relative } };
}
