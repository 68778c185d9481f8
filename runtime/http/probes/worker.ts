/** A worker for tests: answers with its name, gives way after some requests. */
import { ApiServer } from '../api-server.ts';
import type { Worker, WorkerBase } from '../worker-child.ts';

export async function startWorker(base: WorkerBase, given: unknown): Promise<Worker> {
  const { name, limit } = given as { readonly name: string; readonly limit: number };
  let served = 0;
  return ApiServer.start(
    {
      handler: async () => ({ status: 200, body: Buffer.from(name) }),
      tls: undefined,
      compresses: false,
      accessLog: () => {},
      clock: base.clock,
      onRequest: () => {
        served += 1;
        if (served === limit) base.giveWay();
      },
    },
    { fd: base.fd },
  );
}
