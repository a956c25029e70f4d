/** The member's routing rules: read from their file, live only with a second person's approval of exactly these rules. */
import { readFile } from 'node:fs/promises';
import { ConfigError } from '@interhosp/core/errors';
import { approveRuleSet, draftRuleSet, isLive, parseRuleSet, type RuleSetVersion } from '@interhosp/core/routing';
import type { Digest } from '@interhosp/core/study';
import type { Crypto } from '@interhosp/core/world';
import { z } from 'zod';
import { checked, readYaml } from '../config/load.ts';

/** What `interhosp route --approve` writes. */
export const approvalSchema = z.strictObject({
  writtenBy: z.string().min(1).max(128),
  /** Account of the operating system at whose keyboard it was approved. */
  osUser: z.string().max(256).optional(),
  /** Digest of the studies that the rules were tried on, with what they did. */
  seen: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  approval: z.strictObject({
    by: z.string().min(1).max(128),
    atMs: z.number().int(),
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .transform((text) => text as Digest),
    count: z.strictObject({
      studies: z.number().int(),
      sent: z.number().int(),
      proposed: z.number().int(),
      byMember: z.array(z.strictObject({ member: z.string(), sends: z.number().int() })),
    }),
  }),
});

/**
 * The rules in a file, and whether they may send by themselves.
 *
 * @throws {ConfigError} `CONFIG_UNREADABLE`, `CONFIG_SYNTAX`, `CONFIG_INVALID` with the field; also for an approval of
 *   other rules, or by the person who wrote them.
 */
export async function loadRules(
  rulesFile: string,
  approvalFile: string | undefined,
  crypto: Crypto,
): Promise<{ readonly version: RuleSetVersion; readonly isLive: boolean }> {
  const rules = await readRules(rulesFile);
  if (approvalFile === undefined) return { isLive: false, version: draftRuleSet(rules, 'unknown', crypto) };
  const { approval, writtenBy } = await checked(approvalSchema, await readJson(approvalFile), approvalFile);
  const version = approveRuleSet(draftRuleSet(rules, writtenBy, crypto), approval);
  return { isLive: isLive(version, crypto), version };
}

/** Reads and checks a rule file. @throws {ConfigError} */
export async function readRules(file: string) {
  const value = await readYaml(file);
  try {
    return parseRuleSet(value);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError('CONFIG_INVALID', { cause: error, details: { ...error.details, file } });
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError(cause instanceof SyntaxError ? 'CONFIG_SYNTAX' : 'CONFIG_UNREADABLE', {
      cause,
      details: { file },
    });
  }
}
