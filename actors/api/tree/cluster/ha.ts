import { currentStatus, managerStatusAnswer } from '../../../../machines/ha/management/current-status.ts';
import {
  createGroup,
  listGroups,
  readGroup,
  removeGroup,
  updateGroup,
} from '../../../../machines/ha/management/group-config.ts';
import { requestArm, requestDisarm } from '../../../../machines/ha/management/manager-commands.ts';
import { requestMotion } from '../../../../machines/ha/management/motion-request.ts';
import { answered, type Outcome } from '../../../../machines/ha/management/outcome.ts';
import type { Parameters } from '../../../../machines/ha/management/parameters.ts';
import {
  createResource,
  listResources,
  readResource,
  removeResource,
  updateResource,
} from '../../../../machines/ha/management/resource-config.ts';
import {
  createRule,
  listRules,
  readRule,
  removeRule,
  updateRule,
} from '../../../../machines/ha/management/rule-config.ts';
import type { HaState } from '../../../../machines/ha/management/state.ts';
import { localTime } from '../../../ha-manager/reports.ts';
import { haAnswer, haChange } from '../../ha-state.ts';
import type { Verb } from '../../inventory/registry.ts';
import { index, method } from '../../method.ts';

type Operation<Result> = (state: HaState, given: Parameters) => Outcome<Result>;

const at = '/cluster/ha';
const read = <Result>(path: string, operation: Operation<Result>) =>
  method('GET', `${at}${path}`, (call) => haAnswer(call, (state) => operation(state, call.params as Parameters)));
const change = <Result>(verb: Verb, path: string, operation: Operation<Result>) =>
  method(verb, `${at}${path}`, (call) => haChange(call, (state) => operation(state, call.params as Parameters)));

export const methods = [
  index(at, ['status', 'resources', 'groups', 'rules']),
  index(`${at}/status`, ['current', 'manager_status', 'arm-ha', 'disarm-ha']),
  method('GET', `${at}/status/current`, (call) => haAnswer(call, (state) => answered(currentStatus(state, localTime)))),
  read('/status/manager_status', (state) => answered(managerStatusAnswer(state))),
  change('POST', '/status/arm-ha', requestArm),
  change('POST', '/status/disarm-ha', requestDisarm),
  read('/resources', listResources),
  change('POST', '/resources', createResource),
  read('/resources/{sid}', readResource),
  change('PUT', '/resources/{sid}', updateResource),
  change('DELETE', '/resources/{sid}', removeResource),
  change('POST', '/resources/{sid}/migrate', (state, given) => requestMotion(state, 'migrate', given)),
  change('POST', '/resources/{sid}/relocate', (state, given) => requestMotion(state, 'relocate', given)),
  read('/groups', listGroups),
  change('POST', '/groups', createGroup),
  read('/groups/{group}', readGroup),
  change('PUT', '/groups/{group}', updateGroup),
  change('DELETE', '/groups/{group}', removeGroup),
  read('/rules', listRules),
  change('POST', '/rules', createRule),
  read('/rules/{rule}', readRule),
  change('PUT', '/rules/{rule}', updateRule),
  change('DELETE', '/rules/{rule}', removeRule),
];
