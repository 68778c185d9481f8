/** The inside of a thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ChildOrder, Report, ToChild } from './child-protocol.ts';
import { prepareChild } from './isolated-child.ts';

const port = parentPort;
if (port === null) throw new Error('this file is run by a Worker');
const order = JSON.parse(String(workerData)) as ChildOrder;
const receive = await prepareChild(order, {
  report: (report) => port.postMessage({ launch: order.launch, report } satisfies Report),
  exit: (code) => process.exit(code),
});
port.on('message', (message: ToChild) => receive(message));
