import { ApiFailure } from '../../../failure.ts';
import { method, requiredText } from '../../../method.ts';
import type { Call } from '../../../world.ts';

const ZONE_FILE = '/etc/timezone';
const ZONE_LINK = '/etc/localtime';

/** `localtime` is the wall clock of the zone, counted as if it were UTC. */
function readTime({ world }: Call) {
  const wall_ms = world.clock.wall_ms();
  const linked = /\/zoneinfo\/(.+)$/.exec(world.host.linkTarget(ZONE_LINK) ?? '')?.[1];
  const timezone =
    (world.host.read(ZONE_FILE) ?? world.host.readSystem(ZONE_FILE))?.split('\n')[0]?.trim() || linked || 'UTC';
  const time = Math.floor(wall_ms / 1000);
  return { timezone, time, localtime: time - new Date(wall_ms).getTimezoneOffset() * 60 };
}

export const methods = [
  method('GET', '/nodes/{node}/time', readTime),
  method('PUT', '/nodes/{node}/time', async (call) => {
    const zone = requiredText(call, 'timezone');
    const { host } = call.world;
    if (host.readSystem(`/usr/share/zoneinfo/${zone}`) === undefined)
      throw new ApiFailure(`invalid time zone '${zone}'`);
    host.replace(ZONE_FILE, `${zone}\n`);
    host.replaceLink(ZONE_LINK, `/usr/share/zoneinfo/${zone}`);
    return null;
  }),
];
