/** The load of the online nodes and what is read from it: imbalance (spec/ha.md §7.4) and the criteria of §7.3. */

/** CPU in cores, memory in bytes. */
export interface Load {
  readonly cpu: number;
  readonly mem: number;
}

export interface NodeLoad extends Load {
  readonly maxcpu: number;
  readonly maxmem: number;
}

/** Coefficient of variation of the nodes' loads; 0 without load, may exceed 1. @param nodes in name order */
export function imbalanceOf(nodes: readonly NodeLoad[]): number {
  const loads = nodes.map((node) => (node.cpu / node.maxcpu + node.mem / node.maxmem) / 2);
  const sum = loads.reduce((total, load) => total + load, 0);
  if (sum === 0) return 0;
  const mean = sum / loads.length;
  const variance = loads.reduce((total, load) => total + (load - mean) * (load - mean), 0) / loads.length;
  return Math.sqrt(variance) / mean;
}

/** Weights of the criteria that `criteriaOf` gives. */
export const criteriaWeights: readonly number[] = [1 / 18, 2 / 18, 5 / 18, 10 / 18];

/** Average and highest CPU, average and highest memory; all to be minimised. @param nodes in name order */
export function criteriaOf(nodes: readonly NodeLoad[]): readonly number[] {
  let cpuSquares = 0;
  let memSquares = 0;
  let highestCpu = 0;
  let highestMem = 0;
  for (const node of nodes) {
    const cpu = node.cpu / node.maxcpu;
    const mem = node.mem / node.maxmem;
    cpuSquares += cpu * cpu;
    memSquares += mem * mem;
    highestCpu = Math.max(highestCpu, cpu);
    highestMem = Math.max(highestMem, mem);
  }
  const count = nodes.length;
  return [1 + Math.sqrt(cpuSquares / count), 1 + highestCpu, 1 + Math.sqrt(memSquares / count), 1 + highestMem];
}
