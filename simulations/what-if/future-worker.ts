/** A process that runs futures for another. */
import { type FuturesOrder, runOrder } from './futures.ts';

process.on('message', (order) => process.send?.(runOrder(order as FuturesOrder)));
