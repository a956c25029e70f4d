/**
 * Every exchange of this member, folded from its journal when it starts and kept in memory while it runs. The journal is
 * the truth; nothing here outlives the process.
 */
import type { Uid } from '@interhosp/core/dicom';
import { TransferError } from '@interhosp/core/errors';
import {
  parseExchangeId,
  parseMemberId,
  toHex,
  type ExchangeId,
  type Priority,
  type Purpose,
} from '@interhosp/core/study';
import {
  LAZY_RECORDS,
  OUTLIVING_RECORDS,
  decodeRecord,
  encodeRecord,
  type RecordPayloads,
  type RecordType,
} from '@interhosp/core/transfer';
import { isoSeconds, type Clock, type Random } from '@interhosp/core/world';
import type { Journal, JournalEntry } from '../journal/index.ts';
import type { KeyVault } from '../keys/index.ts';
import { LiveExchange, type ExchangeFacts, type HistoryEntry } from './live-exchange.ts';

const FIRST: ReadonlySet<string> = new Set<RecordType>(['DISCOVERED', 'OFFER_SEEN']);

/** The exchanges of one member. */
export interface Ledger {
  /** In order of their beginning. */
  all(): readonly LiveExchange[];
  find(exchangeId: string): LiveExchange | undefined;
  /** @throws {TransferError} `TRANSFER_UNKNOWN` */
  get(exchangeId: string): LiveExchange;
  /** Exchanges about one study, oldest first. */
  ofStudy(studyInstanceUid: Uid): readonly LiveExchange[];
  /** A new exchange with a random ID; durable on return. */
  begin<T extends 'DISCOVERED' | 'OFFER_SEEN'>(
    facts: Omit<ExchangeFacts, 'exchangeId'> & { readonly exchangeId?: ExchangeId },
    type: T,
    payload: RecordPayloads[T],
    /** Throws when the exchange may not begin; nothing is left behind then. */
    mayBegin?: (exchange: LiveExchange) => void,
  ): Promise<LiveExchange>;
  /** Calls back with each exchange that changes, also a new one. */
  onChange(listener: (exchange: LiveExchange) => void): () => void;
}

/** Reads the whole journal into exchanges. @throws {TransferError} `TRANSFER_STATE`, `TRANSFER_RECORD_INVALID` */
export async function openLedger(options: {
  readonly journal: Journal;
  readonly keys: KeyVault;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<Ledger> {
  const ledger = new JournalLedger(options.journal, options.keys, options.clock, options.random);
  for await (const entry of options.journal.entries()) ledger.restore(entry);
  return ledger;
}

class JournalLedger implements Ledger {
  readonly #journal: Journal;
  readonly #keys: KeyVault;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #exchanges = new Map<string, LiveExchange>();
  readonly #byStudy = new Map<string, LiveExchange[]>();
  /** Beginnings under way, so that two streams with one new ID do not begin it twice. */
  readonly #beginning = new Map<string, Promise<LiveExchange>>();
  readonly #listeners = new Set<(exchange: LiveExchange) => void>();

  constructor(journal: Journal, keys: KeyVault, clock: Clock, random: Random) {
    this.#journal = journal;
    this.#keys = keys;
    this.#clock = clock;
    this.#random = random;
  }

  all(): readonly LiveExchange[] {
    return [...this.#exchanges.values()];
  }

  find(exchangeId: string): LiveExchange | undefined {
    return this.#exchanges.get(exchangeId);
  }

  get(exchangeId: string): LiveExchange {
    const found = this.find(exchangeId);
    if (found === undefined) throw new TransferError('TRANSFER_UNKNOWN');
    return found;
  }

  ofStudy(studyInstanceUid: Uid): readonly LiveExchange[] {
    return this.#byStudy.get(studyInstanceUid) ?? [];
  }

  async begin<T extends 'DISCOVERED' | 'OFFER_SEEN'>(
    facts: Omit<ExchangeFacts, 'exchangeId'> & { readonly exchangeId?: ExchangeId },
    type: T,
    payload: RecordPayloads[T],
    mayBegin?: (exchange: LiveExchange) => void,
  ): Promise<LiveExchange> {
    const exchangeId = facts.exchangeId ?? parseExchangeId(toHex(this.#random.bytes(16)));
    const running = this.#beginning.get(exchangeId);
    if (running !== undefined || this.#exchanges.has(exchangeId)) {
      const exchange = (await running) ?? this.get(exchangeId);
      // Somebody else's number: said as if it were unknown, so that nothing can be probed.
      const isTheirs = exchange.facts.role === facts.role && exchange.facts.peer === facts.peer;
      if (!isTheirs) throw new TransferError('TRANSFER_UNKNOWN');
      return exchange;
    }
    const beginning = this.#begin({ ...facts, exchangeId }, type, payload, mayBegin);
    this.#beginning.set(exchangeId, beginning);
    return await beginning.finally(() => this.#beginning.delete(exchangeId));
  }

  async #begin<T extends 'DISCOVERED' | 'OFFER_SEEN'>(
    facts: ExchangeFacts,
    type: T,
    payload: RecordPayloads[T],
    mayBegin: ((exchange: LiveExchange) => void) | undefined,
  ): Promise<LiveExchange> {
    const exchange = this.#make(facts);
    mayBegin?.(exchange);
    // Before the record, which is sealed under it; a key whose record a crash prevented reveals nothing.
    await this.#keys.createKey(facts.exchangeId);
    await exchange.record(type, payload);
    this.#add(exchange);
    this.#tell(exchange);
    return exchange;
  }

  onChange(listener: (exchange: LiveExchange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes one entry of the journal; those that belong to no exchange are not ours to read. */
  restore(entry: JournalEntry): void {
    const id = exchangeOf(entry);
    if (id === undefined) return;
    if (FIRST.has(entry.type) && !this.#exchanges.has(id)) this.#add(this.#make(factsOf(entry, id)));
    const exchange = this.get(id);
    exchange.restore(
      entry,
      decodeRecord(entry.type as RecordType, entry.payload === 'erased' ? undefined : entry.payload),
    );
  }

  #make(facts: ExchangeFacts): LiveExchange {
    const exchange = new LiveExchange(facts, (of, type, payload) => this.#append(of, type, payload));
    exchange.onChange(() => this.#tell(exchange));
    return exchange;
  }

  #add(exchange: LiveExchange): void {
    this.#exchanges.set(exchange.id, exchange);
    const { studyInstanceUid } = exchange.facts;
    this.#byStudy.set(studyInstanceUid, [...this.ofStudy(studyInstanceUid), exchange]);
  }

  #tell(exchange: LiveExchange): void {
    for (const listener of this.#listeners) listener(exchange);
  }

  async #append<T extends RecordType>(
    facts: ExchangeFacts,
    type: T,
    payload: RecordPayloads[T],
  ): Promise<HistoryEntry> {
    const { exchangeId, instances, peer, priority, purpose, role, studyInstanceUid } = facts;
    const about = FIRST.has(type)
      ? {
          kind: purpose,
          member: peer,
          priority,
          role,
          studyInstanceUid,
          ...(instances === undefined ? {} : { instances }),
        }
      : {};
    const under = OUTLIVING_RECORDS.has(type)
      ? { ids: { ...about, exchangeId } }
      : { exchange: exchangeId, ids: about };
    const { seq } = await this.#journal.append(
      { ...under, payload: encodeRecord(type, payload), type },
      { sync: !LAZY_RECORDS.has(type) },
    );
    return { at: isoSeconds(this.#clock.now()), seq, type };
  }
}

/** The exchange of an entry: whose key sealed it or, for what outlives that key, the one named in the clear part. */
function exchangeOf(entry: JournalEntry): ExchangeId | undefined {
  if (entry.exchange !== undefined) return entry.exchange;
  return entry.ids.exchangeId === undefined ? undefined : parseExchangeId(entry.ids.exchangeId);
}

function factsOf(entry: JournalEntry, exchangeId: ExchangeId): ExchangeFacts {
  const { instances, kind, member, priority, role, studyInstanceUid } = entry.ids;
  return {
    exchangeId,
    peer: parseMemberId(member ?? ''),
    priority: priority as Priority,
    purpose: kind as Purpose,
    role: role as ExchangeFacts['role'],
    studyInstanceUid: studyInstanceUid as Uid,
    ...(instances === undefined ? {} : { instances }),
  };
}
