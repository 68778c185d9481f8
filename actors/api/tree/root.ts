import { index } from '../method.ts';

export const methods = [index('/', ['version', 'cluster', 'nodes', 'storage', 'access', 'pools'])];
