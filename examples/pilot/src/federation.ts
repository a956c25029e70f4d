/**
 * How two hospitals come to trust each other: an operator makes a federation, each hospital makes its identity and asks
 * to join, the operator signs the roster. Everything by command, as `docs/joining.md` describes it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  copyFederationDocuments,
  writePastStudies,
  writeSiteFiles,
  type HospitalSite,
  type Sites,
} from './hospital.ts';
import { interhosp, interhospJson } from './interhosp.ts';
import type { Processes } from './processes.ts';

/** A federation of two. */
export interface Federation {
  readonly id: string;
  /** Where the operator keeps root and roster. */
  readonly folder: string;
}

/** Makes the federation and both identities, and leaves each hospital ready to start. */
export async function foundFederation(processes: Processes, root: string, sites: Sites): Promise<Federation> {
  const folder = join(root, 'operator');
  const operatorKey = join(root, 'operator-key.json');
  await mkdir(folder, { recursive: true });
  const made = await interhospJson(
    processes,
    'roster',
    'create',
    folder,
    '--operator-key',
    operatorKey,
    '--name',
    'Liège',
  );
  const id = String(made['federationId']);
  const joins = await Promise.all(Object.values(sites).map((site: HospitalSite) => prepare(processes, site, id)));
  await interhosp(processes, 'roster', 'sign', ...joins, '--folder', folder, '--operator-key', operatorKey);
  for (const site of Object.values(sites)) {
    await copyFederationDocuments(site, folder);
    await approveRules(processes, site);
  }
  return { id, folder };
}

/** Makes a hospital's identity and returns its signed request to join. */
async function prepare(processes: Processes, site: HospitalSite, federationId: string): Promise<string> {
  const { config, folder, listen, plan } = site;
  const { member, name } = plan;
  const who = ['--member', member, '--name', name, '--federation', federationId, '--listen', listen];
  await interhosp(processes, 'init', folder, ...who);
  await writeSiteFiles(site, federationId);
  const file = join(folder, 'join.json');
  await interhosp(processes, 'roster', 'join', '--config', config, '--out', file);
  return file;
}

/** Rules send nothing before a second person has seen what they do with past studies, and approved exactly them. */
async function approveRules(processes: Processes, site: HospitalSite): Promise<void> {
  const { config, folder } = site;
  const people = ['--written-by', 'pacs-manager', '--by', 'security-officer'];
  const files = ['--rules', join(folder, 'rules.yaml'), '--approve', join(folder, 'rules.approval.json')];
  const seen = ['--study', await writePastStudies(site)];
  await interhosp(processes, 'route', '--config', config, ...files, ...seen, ...people);
}
