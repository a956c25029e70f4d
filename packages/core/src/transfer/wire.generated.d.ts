// Generated from wire.proto by `pnpm generate`. Change that, not this.
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface Frame {
    offer?: Offer;
    answer?: Answer;
    held?: Held;
    append?: Append;
    want?: Want;
    block?: Block;
    credit?: Credit;
    durable?: Durable;
    seal?: Seal;
    receipt?: Receipt;
    receiptAck?: ReceiptAck;
    cancel?: Cancel;
    reprioritise?: Reprioritise;
    query?: Query;
}
export declare namespace Frame {
    const codec: () => Codec<Frame>;
    interface FrameOfferProtocolVersionFieldEvent {
        field: '$.offer.protocolVersion';
        value: number;
    }
    interface FrameOfferExchangeIdFieldEvent {
        field: '$.offer.exchangeId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameOfferAttemptFieldEvent {
        field: '$.offer.attempt';
        value: number;
    }
    interface FrameOfferFederationIdFieldEvent {
        field: '$.offer.federationId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameOfferRosterVersionFieldEvent {
        field: '$.offer.rosterVersion';
        value: bigint;
    }
    interface FrameOfferRosterHashFieldEvent {
        field: '$.offer.rosterHash';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameOfferSenderFieldEvent {
        field: '$.offer.sender';
        value: string;
    }
    interface FrameOfferReceiverFieldEvent {
        field: '$.offer.receiver';
        value: string;
    }
    interface FrameOfferPurposeFieldEvent {
        field: '$.offer.purpose';
        value: string;
    }
    interface FrameOfferPriorityFieldEvent {
        field: '$.offer.priority';
        value: string;
    }
    interface FrameOfferHeaderFieldEvent {
        field: '$.offer.header';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameOfferSupersedesFieldEvent {
        field: '$.offer.supersedes';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameOfferTransferIdFieldEvent {
        field: '$.offer.transferId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameOfferExpectedInstancesFieldEvent {
        field: '$.offer.expectedInstances';
        value: number;
    }
    interface FrameOfferExpectedBytesFieldEvent {
        field: '$.offer.expectedBytes';
        value: bigint;
    }
    interface FrameOfferFeaturesNameFieldEvent {
        field: '$.offer.features[].name';
        value: string;
        index: number;
    }
    interface FrameAnswerAcceptedCreditBytesFieldEvent {
        field: '$.answer.accepted.creditBytes';
        value: bigint;
    }
    interface FrameAnswerAcceptedWantAllFieldEvent {
        field: '$.answer.accepted.wantAll';
        value: boolean;
    }
    interface FrameAnswerAcceptedHeldInstancesOrdinalFieldEvent {
        field: '$.answer.accepted.held.instances[].ordinal';
        value: number;
        index: number;
    }
    interface FrameAnswerAcceptedHeldInstancesDigestFieldEvent {
        field: '$.answer.accepted.held.instances[].digest';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface FrameAnswerAcceptedHeldInstancesRunsFirstFieldEvent {
        field: '$.answer.accepted.held.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface FrameAnswerAcceptedHeldInstancesRunsCountFieldEvent {
        field: '$.answer.accepted.held.instances[].runs[].count';
        value: number;
        index: number;
    }
    interface FrameAnswerAcceptedHeldMoreFieldEvent {
        field: '$.answer.accepted.held.more';
        value: boolean;
    }
    interface FrameAnswerAcceptedFeaturesNameFieldEvent {
        field: '$.answer.accepted.features[].name';
        value: string;
        index: number;
    }
    interface FrameAnswerRefusedCodeFieldEvent {
        field: '$.answer.refused.code';
        value: string;
    }
    interface FrameAnswerRefusedRetryFieldEvent {
        field: '$.answer.refused.retry';
        value: string;
    }
    interface FrameAnswerRefusedRetryAfterMsFieldEvent {
        field: '$.answer.refused.retryAfterMs';
        value: number;
    }
    interface FrameAnswerSettledStateFieldEvent {
        field: '$.answer.settled.state';
        value: string;
    }
    interface FrameAnswerSettledAttemptFieldEvent {
        field: '$.answer.settled.attempt';
        value: number;
    }
    interface FrameAnswerSettledReceiptsEnvelopeFieldEvent {
        field: '$.answer.settled.receipts[].envelope';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface FrameHeldInstancesOrdinalFieldEvent {
        field: '$.held.instances[].ordinal';
        value: number;
        index: number;
    }
    interface FrameHeldInstancesDigestFieldEvent {
        field: '$.held.instances[].digest';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface FrameHeldInstancesRunsFirstFieldEvent {
        field: '$.held.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface FrameHeldInstancesRunsCountFieldEvent {
        field: '$.held.instances[].runs[].count';
        value: number;
        index: number;
    }
    interface FrameHeldMoreFieldEvent {
        field: '$.held.more';
        value: boolean;
    }
    interface FrameAppendOrdinalFieldEvent {
        field: '$.append.ordinal';
        value: number;
    }
    interface FrameAppendSeriesFieldEvent {
        field: '$.append.series';
        value: string;
    }
    interface FrameAppendSopFieldEvent {
        field: '$.append.sop';
        value: string;
    }
    interface FrameAppendSopClassFieldEvent {
        field: '$.append.sopClass';
        value: string;
    }
    interface FrameAppendSyntaxFieldEvent {
        field: '$.append.syntax';
        value: string;
    }
    interface FrameAppendLengthBytesFieldEvent {
        field: '$.append.lengthBytes';
        value: bigint;
    }
    interface FrameAppendSegmentsKindFieldEvent {
        field: '$.append.segments[].kind';
        value: string;
        index: number;
    }
    interface FrameAppendSegmentsLengthBytesFieldEvent {
        field: '$.append.segments[].lengthBytes';
        value: bigint;
        index: number;
    }
    interface FrameAppendBlockDigestsFieldEvent {
        field: '$.append.blockDigests';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameWantInstancesOrdinalFieldEvent {
        field: '$.want.instances[].ordinal';
        value: number;
        index: number;
    }
    interface FrameWantInstancesRunsFirstFieldEvent {
        field: '$.want.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface FrameWantInstancesRunsCountFieldEvent {
        field: '$.want.instances[].runs[].count';
        value: number;
        index: number;
    }
    interface FrameBlockOrdinalFieldEvent {
        field: '$.block.ordinal';
        value: number;
    }
    interface FrameBlockIndexFieldEvent {
        field: '$.block.index';
        value: number;
    }
    interface FrameBlockBytesFieldEvent {
        field: '$.block.bytes';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameBlockPackingFieldEvent {
        field: '$.block.packing';
        value: number;
    }
    interface FrameCreditBytesFieldEvent {
        field: '$.credit.bytes';
        value: bigint;
    }
    interface FrameDurableInstancesOrdinalFieldEvent {
        field: '$.durable.instances[].ordinal';
        value: number;
        index: number;
    }
    interface FrameDurableInstancesRunsFirstFieldEvent {
        field: '$.durable.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface FrameDurableInstancesRunsCountFieldEvent {
        field: '$.durable.instances[].runs[].count';
        value: number;
        index: number;
    }
    interface FrameSealTransferIdFieldEvent {
        field: '$.seal.transferId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameSealManifestRootFieldEvent {
        field: '$.seal.manifestRoot';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameSealInstancesFieldEvent {
        field: '$.seal.instances';
        value: number;
    }
    interface FrameSealBytesFieldEvent {
        field: '$.seal.bytes';
        value: bigint;
    }
    interface FrameSealQuarantinedSopFieldEvent {
        field: '$.seal.quarantined[].sop';
        value: string;
        index: number;
    }
    interface FrameSealQuarantinedCodeFieldEvent {
        field: '$.seal.quarantined[].code';
        value: string;
        index: number;
    }
    interface FrameReceiptEnvelopeFieldEvent {
        field: '$.receipt.envelope';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameReceiptAckDigestFieldEvent {
        field: '$.receiptAck.digest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface FrameCancelCodeFieldEvent {
        field: '$.cancel.code';
        value: string;
    }
    interface FrameCancelRetryFieldEvent {
        field: '$.cancel.retry';
        value: string;
    }
    interface FrameCancelRetryAfterMsFieldEvent {
        field: '$.cancel.retryAfterMs';
        value: number;
    }
    interface FrameReprioritisePriorityFieldEvent {
        field: '$.reprioritise.priority';
        value: string;
    }
    interface FrameQueryExchangeIdFieldEvent {
        field: '$.query.exchangeId';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Frame>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Frame>): Frame;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Frame>): Generator<FrameOfferProtocolVersionFieldEvent | FrameOfferExchangeIdFieldEvent | FrameOfferAttemptFieldEvent | FrameOfferFederationIdFieldEvent | FrameOfferRosterVersionFieldEvent | FrameOfferRosterHashFieldEvent | FrameOfferSenderFieldEvent | FrameOfferReceiverFieldEvent | FrameOfferPurposeFieldEvent | FrameOfferPriorityFieldEvent | FrameOfferHeaderFieldEvent | FrameOfferSupersedesFieldEvent | FrameOfferTransferIdFieldEvent | FrameOfferExpectedInstancesFieldEvent | FrameOfferExpectedBytesFieldEvent | FrameOfferFeaturesNameFieldEvent | FrameAnswerAcceptedCreditBytesFieldEvent | FrameAnswerAcceptedWantAllFieldEvent | FrameAnswerAcceptedHeldInstancesOrdinalFieldEvent | FrameAnswerAcceptedHeldInstancesDigestFieldEvent | FrameAnswerAcceptedHeldInstancesRunsFirstFieldEvent | FrameAnswerAcceptedHeldInstancesRunsCountFieldEvent | FrameAnswerAcceptedHeldMoreFieldEvent | FrameAnswerAcceptedFeaturesNameFieldEvent | FrameAnswerRefusedCodeFieldEvent | FrameAnswerRefusedRetryFieldEvent | FrameAnswerRefusedRetryAfterMsFieldEvent | FrameAnswerSettledStateFieldEvent | FrameAnswerSettledAttemptFieldEvent | FrameAnswerSettledReceiptsEnvelopeFieldEvent | FrameHeldInstancesOrdinalFieldEvent | FrameHeldInstancesDigestFieldEvent | FrameHeldInstancesRunsFirstFieldEvent | FrameHeldInstancesRunsCountFieldEvent | FrameHeldMoreFieldEvent | FrameAppendOrdinalFieldEvent | FrameAppendSeriesFieldEvent | FrameAppendSopFieldEvent | FrameAppendSopClassFieldEvent | FrameAppendSyntaxFieldEvent | FrameAppendLengthBytesFieldEvent | FrameAppendSegmentsKindFieldEvent | FrameAppendSegmentsLengthBytesFieldEvent | FrameAppendBlockDigestsFieldEvent | FrameWantInstancesOrdinalFieldEvent | FrameWantInstancesRunsFirstFieldEvent | FrameWantInstancesRunsCountFieldEvent | FrameBlockOrdinalFieldEvent | FrameBlockIndexFieldEvent | FrameBlockBytesFieldEvent | FrameBlockPackingFieldEvent | FrameCreditBytesFieldEvent | FrameDurableInstancesOrdinalFieldEvent | FrameDurableInstancesRunsFirstFieldEvent | FrameDurableInstancesRunsCountFieldEvent | FrameSealTransferIdFieldEvent | FrameSealManifestRootFieldEvent | FrameSealInstancesFieldEvent | FrameSealBytesFieldEvent | FrameSealQuarantinedSopFieldEvent | FrameSealQuarantinedCodeFieldEvent | FrameReceiptEnvelopeFieldEvent | FrameReceiptAckDigestFieldEvent | FrameCancelCodeFieldEvent | FrameCancelRetryFieldEvent | FrameCancelRetryAfterMsFieldEvent | FrameReprioritisePriorityFieldEvent | FrameQueryExchangeIdFieldEvent>;
}
export interface Offer {
    protocolVersion: number;
    exchangeId: Uint8Array<ArrayBuffer>;
    attempt: number;
    federationId: Uint8Array<ArrayBuffer>;
    rosterVersion: bigint;
    rosterHash: Uint8Array<ArrayBuffer>;
    sender: string;
    receiver: string;
    purpose: string;
    priority: string;
    header: Uint8Array<ArrayBuffer>;
    supersedes?: Uint8Array<ArrayBuffer>;
    transferId?: Uint8Array<ArrayBuffer>;
    expectedInstances?: number;
    expectedBytes?: bigint;
    features: Feature[];
}
export declare namespace Offer {
    const codec: () => Codec<Offer>;
    interface OfferProtocolVersionFieldEvent {
        field: '$.protocolVersion';
        value: number;
    }
    interface OfferExchangeIdFieldEvent {
        field: '$.exchangeId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface OfferAttemptFieldEvent {
        field: '$.attempt';
        value: number;
    }
    interface OfferFederationIdFieldEvent {
        field: '$.federationId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface OfferRosterVersionFieldEvent {
        field: '$.rosterVersion';
        value: bigint;
    }
    interface OfferRosterHashFieldEvent {
        field: '$.rosterHash';
        value: Uint8Array<ArrayBuffer>;
    }
    interface OfferSenderFieldEvent {
        field: '$.sender';
        value: string;
    }
    interface OfferReceiverFieldEvent {
        field: '$.receiver';
        value: string;
    }
    interface OfferPurposeFieldEvent {
        field: '$.purpose';
        value: string;
    }
    interface OfferPriorityFieldEvent {
        field: '$.priority';
        value: string;
    }
    interface OfferHeaderFieldEvent {
        field: '$.header';
        value: Uint8Array<ArrayBuffer>;
    }
    interface OfferSupersedesFieldEvent {
        field: '$.supersedes';
        value: Uint8Array<ArrayBuffer>;
    }
    interface OfferTransferIdFieldEvent {
        field: '$.transferId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface OfferExpectedInstancesFieldEvent {
        field: '$.expectedInstances';
        value: number;
    }
    interface OfferExpectedBytesFieldEvent {
        field: '$.expectedBytes';
        value: bigint;
    }
    interface OfferFeaturesNameFieldEvent {
        field: '$.features[].name';
        value: string;
        index: number;
    }
    function encode(obj: Partial<Offer>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Offer>): Offer;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Offer>): Generator<OfferProtocolVersionFieldEvent | OfferExchangeIdFieldEvent | OfferAttemptFieldEvent | OfferFederationIdFieldEvent | OfferRosterVersionFieldEvent | OfferRosterHashFieldEvent | OfferSenderFieldEvent | OfferReceiverFieldEvent | OfferPurposeFieldEvent | OfferPriorityFieldEvent | OfferHeaderFieldEvent | OfferSupersedesFieldEvent | OfferTransferIdFieldEvent | OfferExpectedInstancesFieldEvent | OfferExpectedBytesFieldEvent | OfferFeaturesNameFieldEvent>;
}
export interface Feature {
    name: string;
}
export declare namespace Feature {
    const codec: () => Codec<Feature>;
    interface FeatureNameFieldEvent {
        field: '$.name';
        value: string;
    }
    function encode(obj: Partial<Feature>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Feature>): Feature;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Feature>): Generator<FeatureNameFieldEvent>;
}
export interface Answer {
    accepted?: Accepted;
    refused?: Refused;
    settled?: Settled;
}
export declare namespace Answer {
    const codec: () => Codec<Answer>;
    interface AnswerAcceptedCreditBytesFieldEvent {
        field: '$.accepted.creditBytes';
        value: bigint;
    }
    interface AnswerAcceptedWantAllFieldEvent {
        field: '$.accepted.wantAll';
        value: boolean;
    }
    interface AnswerAcceptedHeldInstancesOrdinalFieldEvent {
        field: '$.accepted.held.instances[].ordinal';
        value: number;
        index: number;
    }
    interface AnswerAcceptedHeldInstancesDigestFieldEvent {
        field: '$.accepted.held.instances[].digest';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface AnswerAcceptedHeldInstancesRunsFirstFieldEvent {
        field: '$.accepted.held.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface AnswerAcceptedHeldInstancesRunsCountFieldEvent {
        field: '$.accepted.held.instances[].runs[].count';
        value: number;
        index: number;
    }
    interface AnswerAcceptedHeldMoreFieldEvent {
        field: '$.accepted.held.more';
        value: boolean;
    }
    interface AnswerAcceptedFeaturesNameFieldEvent {
        field: '$.accepted.features[].name';
        value: string;
        index: number;
    }
    interface AnswerRefusedCodeFieldEvent {
        field: '$.refused.code';
        value: string;
    }
    interface AnswerRefusedRetryFieldEvent {
        field: '$.refused.retry';
        value: string;
    }
    interface AnswerRefusedRetryAfterMsFieldEvent {
        field: '$.refused.retryAfterMs';
        value: number;
    }
    interface AnswerSettledStateFieldEvent {
        field: '$.settled.state';
        value: string;
    }
    interface AnswerSettledAttemptFieldEvent {
        field: '$.settled.attempt';
        value: number;
    }
    interface AnswerSettledReceiptsEnvelopeFieldEvent {
        field: '$.settled.receipts[].envelope';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    function encode(obj: Partial<Answer>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Answer>): Answer;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Answer>): Generator<AnswerAcceptedCreditBytesFieldEvent | AnswerAcceptedWantAllFieldEvent | AnswerAcceptedHeldInstancesOrdinalFieldEvent | AnswerAcceptedHeldInstancesDigestFieldEvent | AnswerAcceptedHeldInstancesRunsFirstFieldEvent | AnswerAcceptedHeldInstancesRunsCountFieldEvent | AnswerAcceptedHeldMoreFieldEvent | AnswerAcceptedFeaturesNameFieldEvent | AnswerRefusedCodeFieldEvent | AnswerRefusedRetryFieldEvent | AnswerRefusedRetryAfterMsFieldEvent | AnswerSettledStateFieldEvent | AnswerSettledAttemptFieldEvent | AnswerSettledReceiptsEnvelopeFieldEvent>;
}
export interface Accepted {
    creditBytes: bigint;
    wantAll: boolean;
    held?: Held;
    features: Feature[];
}
export declare namespace Accepted {
    const codec: () => Codec<Accepted>;
    interface AcceptedCreditBytesFieldEvent {
        field: '$.creditBytes';
        value: bigint;
    }
    interface AcceptedWantAllFieldEvent {
        field: '$.wantAll';
        value: boolean;
    }
    interface AcceptedHeldInstancesOrdinalFieldEvent {
        field: '$.held.instances[].ordinal';
        value: number;
        index: number;
    }
    interface AcceptedHeldInstancesDigestFieldEvent {
        field: '$.held.instances[].digest';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface AcceptedHeldInstancesRunsFirstFieldEvent {
        field: '$.held.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface AcceptedHeldInstancesRunsCountFieldEvent {
        field: '$.held.instances[].runs[].count';
        value: number;
        index: number;
    }
    interface AcceptedHeldMoreFieldEvent {
        field: '$.held.more';
        value: boolean;
    }
    interface AcceptedFeaturesNameFieldEvent {
        field: '$.features[].name';
        value: string;
        index: number;
    }
    function encode(obj: Partial<Accepted>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accepted>): Accepted;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accepted>): Generator<AcceptedCreditBytesFieldEvent | AcceptedWantAllFieldEvent | AcceptedHeldInstancesOrdinalFieldEvent | AcceptedHeldInstancesDigestFieldEvent | AcceptedHeldInstancesRunsFirstFieldEvent | AcceptedHeldInstancesRunsCountFieldEvent | AcceptedHeldMoreFieldEvent | AcceptedFeaturesNameFieldEvent>;
}
export interface Refused {
    code: string;
    retry: string;
    retryAfterMs: number;
}
export declare namespace Refused {
    const codec: () => Codec<Refused>;
    interface RefusedCodeFieldEvent {
        field: '$.code';
        value: string;
    }
    interface RefusedRetryFieldEvent {
        field: '$.retry';
        value: string;
    }
    interface RefusedRetryAfterMsFieldEvent {
        field: '$.retryAfterMs';
        value: number;
    }
    function encode(obj: Partial<Refused>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refused>): Refused;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refused>): Generator<RefusedCodeFieldEvent | RefusedRetryFieldEvent | RefusedRetryAfterMsFieldEvent>;
}
export interface Settled {
    state: string;
    attempt: number;
    receipts: Receipt[];
}
export declare namespace Settled {
    const codec: () => Codec<Settled>;
    interface SettledStateFieldEvent {
        field: '$.state';
        value: string;
    }
    interface SettledAttemptFieldEvent {
        field: '$.attempt';
        value: number;
    }
    interface SettledReceiptsEnvelopeFieldEvent {
        field: '$.receipts[].envelope';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    function encode(obj: Partial<Settled>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Settled>): Settled;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Settled>): Generator<SettledStateFieldEvent | SettledAttemptFieldEvent | SettledReceiptsEnvelopeFieldEvent>;
}
export interface Held {
    instances: HeldInstance[];
    more: boolean;
}
export declare namespace Held {
    const codec: () => Codec<Held>;
    interface HeldInstancesOrdinalFieldEvent {
        field: '$.instances[].ordinal';
        value: number;
        index: number;
    }
    interface HeldInstancesDigestFieldEvent {
        field: '$.instances[].digest';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface HeldInstancesRunsFirstFieldEvent {
        field: '$.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface HeldInstancesRunsCountFieldEvent {
        field: '$.instances[].runs[].count';
        value: number;
        index: number;
    }
    interface HeldMoreFieldEvent {
        field: '$.more';
        value: boolean;
    }
    function encode(obj: Partial<Held>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Held>): Held;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Held>): Generator<HeldInstancesOrdinalFieldEvent | HeldInstancesDigestFieldEvent | HeldInstancesRunsFirstFieldEvent | HeldInstancesRunsCountFieldEvent | HeldMoreFieldEvent>;
}
export interface HeldInstance {
    ordinal: number;
    digest: Uint8Array<ArrayBuffer>;
    runs: Run[];
}
export declare namespace HeldInstance {
    const codec: () => Codec<HeldInstance>;
    interface HeldInstanceOrdinalFieldEvent {
        field: '$.ordinal';
        value: number;
    }
    interface HeldInstanceDigestFieldEvent {
        field: '$.digest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HeldInstanceRunsFirstFieldEvent {
        field: '$.runs[].first';
        value: number;
        index: number;
    }
    interface HeldInstanceRunsCountFieldEvent {
        field: '$.runs[].count';
        value: number;
        index: number;
    }
    function encode(obj: Partial<HeldInstance>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeldInstance>): HeldInstance;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeldInstance>): Generator<HeldInstanceOrdinalFieldEvent | HeldInstanceDigestFieldEvent | HeldInstanceRunsFirstFieldEvent | HeldInstanceRunsCountFieldEvent>;
}
export interface Run {
    first: number;
    count: number;
}
export declare namespace Run {
    const codec: () => Codec<Run>;
    interface RunFirstFieldEvent {
        field: '$.first';
        value: number;
    }
    interface RunCountFieldEvent {
        field: '$.count';
        value: number;
    }
    function encode(obj: Partial<Run>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Run>): Run;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Run>): Generator<RunFirstFieldEvent | RunCountFieldEvent>;
}
export interface InstanceRuns {
    ordinal: number;
    runs: Run[];
}
export declare namespace InstanceRuns {
    const codec: () => Codec<InstanceRuns>;
    interface InstanceRunsOrdinalFieldEvent {
        field: '$.ordinal';
        value: number;
    }
    interface InstanceRunsRunsFirstFieldEvent {
        field: '$.runs[].first';
        value: number;
        index: number;
    }
    interface InstanceRunsRunsCountFieldEvent {
        field: '$.runs[].count';
        value: number;
        index: number;
    }
    function encode(obj: Partial<InstanceRuns>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<InstanceRuns>): InstanceRuns;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<InstanceRuns>): Generator<InstanceRunsOrdinalFieldEvent | InstanceRunsRunsFirstFieldEvent | InstanceRunsRunsCountFieldEvent>;
}
export interface Append {
    ordinal: number;
    series: string;
    sop: string;
    sopClass: string;
    syntax: string;
    lengthBytes: bigint;
    segments: Segment[];
    blockDigests: Uint8Array<ArrayBuffer>;
}
export declare namespace Append {
    const codec: () => Codec<Append>;
    interface AppendOrdinalFieldEvent {
        field: '$.ordinal';
        value: number;
    }
    interface AppendSeriesFieldEvent {
        field: '$.series';
        value: string;
    }
    interface AppendSopFieldEvent {
        field: '$.sop';
        value: string;
    }
    interface AppendSopClassFieldEvent {
        field: '$.sopClass';
        value: string;
    }
    interface AppendSyntaxFieldEvent {
        field: '$.syntax';
        value: string;
    }
    interface AppendLengthBytesFieldEvent {
        field: '$.lengthBytes';
        value: bigint;
    }
    interface AppendSegmentsKindFieldEvent {
        field: '$.segments[].kind';
        value: string;
        index: number;
    }
    interface AppendSegmentsLengthBytesFieldEvent {
        field: '$.segments[].lengthBytes';
        value: bigint;
        index: number;
    }
    interface AppendBlockDigestsFieldEvent {
        field: '$.blockDigests';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Append>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Append>): Append;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Append>): Generator<AppendOrdinalFieldEvent | AppendSeriesFieldEvent | AppendSopFieldEvent | AppendSopClassFieldEvent | AppendSyntaxFieldEvent | AppendLengthBytesFieldEvent | AppendSegmentsKindFieldEvent | AppendSegmentsLengthBytesFieldEvent | AppendBlockDigestsFieldEvent>;
}
export interface Segment {
    kind: string;
    lengthBytes: bigint;
}
export declare namespace Segment {
    const codec: () => Codec<Segment>;
    interface SegmentKindFieldEvent {
        field: '$.kind';
        value: string;
    }
    interface SegmentLengthBytesFieldEvent {
        field: '$.lengthBytes';
        value: bigint;
    }
    function encode(obj: Partial<Segment>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Segment>): Segment;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Segment>): Generator<SegmentKindFieldEvent | SegmentLengthBytesFieldEvent>;
}
export interface Want {
    instances: InstanceRuns[];
}
export declare namespace Want {
    const codec: () => Codec<Want>;
    interface WantInstancesOrdinalFieldEvent {
        field: '$.instances[].ordinal';
        value: number;
        index: number;
    }
    interface WantInstancesRunsFirstFieldEvent {
        field: '$.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface WantInstancesRunsCountFieldEvent {
        field: '$.instances[].runs[].count';
        value: number;
        index: number;
    }
    function encode(obj: Partial<Want>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Want;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Generator<WantInstancesOrdinalFieldEvent | WantInstancesRunsFirstFieldEvent | WantInstancesRunsCountFieldEvent>;
}
export interface Block {
    ordinal: number;
    index: number;
    bytes: Uint8Array<ArrayBuffer>;
    packing: number;
}
export declare namespace Block {
    const codec: () => Codec<Block>;
    interface BlockOrdinalFieldEvent {
        field: '$.ordinal';
        value: number;
    }
    interface BlockIndexFieldEvent {
        field: '$.index';
        value: number;
    }
    interface BlockBytesFieldEvent {
        field: '$.bytes';
        value: Uint8Array<ArrayBuffer>;
    }
    interface BlockPackingFieldEvent {
        field: '$.packing';
        value: number;
    }
    function encode(obj: Partial<Block>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Block>): Block;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Block>): Generator<BlockOrdinalFieldEvent | BlockIndexFieldEvent | BlockBytesFieldEvent | BlockPackingFieldEvent>;
}
export interface Credit {
    bytes: bigint;
}
export declare namespace Credit {
    const codec: () => Codec<Credit>;
    interface CreditBytesFieldEvent {
        field: '$.bytes';
        value: bigint;
    }
    function encode(obj: Partial<Credit>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Credit;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Generator<CreditBytesFieldEvent>;
}
export interface Durable {
    instances: InstanceRuns[];
}
export declare namespace Durable {
    const codec: () => Codec<Durable>;
    interface DurableInstancesOrdinalFieldEvent {
        field: '$.instances[].ordinal';
        value: number;
        index: number;
    }
    interface DurableInstancesRunsFirstFieldEvent {
        field: '$.instances[].runs[].first';
        value: number;
        index: number;
    }
    interface DurableInstancesRunsCountFieldEvent {
        field: '$.instances[].runs[].count';
        value: number;
        index: number;
    }
    function encode(obj: Partial<Durable>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Durable>): Durable;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Durable>): Generator<DurableInstancesOrdinalFieldEvent | DurableInstancesRunsFirstFieldEvent | DurableInstancesRunsCountFieldEvent>;
}
export interface Seal {
    transferId: Uint8Array<ArrayBuffer>;
    manifestRoot: Uint8Array<ArrayBuffer>;
    instances: number;
    bytes: bigint;
    quarantined: Quarantined[];
}
export declare namespace Seal {
    const codec: () => Codec<Seal>;
    interface SealTransferIdFieldEvent {
        field: '$.transferId';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SealManifestRootFieldEvent {
        field: '$.manifestRoot';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SealInstancesFieldEvent {
        field: '$.instances';
        value: number;
    }
    interface SealBytesFieldEvent {
        field: '$.bytes';
        value: bigint;
    }
    interface SealQuarantinedSopFieldEvent {
        field: '$.quarantined[].sop';
        value: string;
        index: number;
    }
    interface SealQuarantinedCodeFieldEvent {
        field: '$.quarantined[].code';
        value: string;
        index: number;
    }
    function encode(obj: Partial<Seal>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Seal>): Seal;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Seal>): Generator<SealTransferIdFieldEvent | SealManifestRootFieldEvent | SealInstancesFieldEvent | SealBytesFieldEvent | SealQuarantinedSopFieldEvent | SealQuarantinedCodeFieldEvent>;
}
export interface Quarantined {
    sop: string;
    code: string;
}
export declare namespace Quarantined {
    const codec: () => Codec<Quarantined>;
    interface QuarantinedSopFieldEvent {
        field: '$.sop';
        value: string;
    }
    interface QuarantinedCodeFieldEvent {
        field: '$.code';
        value: string;
    }
    function encode(obj: Partial<Quarantined>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Quarantined>): Quarantined;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Quarantined>): Generator<QuarantinedSopFieldEvent | QuarantinedCodeFieldEvent>;
}
export interface Receipt {
    envelope: Uint8Array<ArrayBuffer>;
}
export declare namespace Receipt {
    const codec: () => Codec<Receipt>;
    interface ReceiptEnvelopeFieldEvent {
        field: '$.envelope';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Receipt>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipt>): Receipt;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipt>): Generator<ReceiptEnvelopeFieldEvent>;
}
export interface ReceiptAck {
    digest: Uint8Array<ArrayBuffer>;
}
export declare namespace ReceiptAck {
    const codec: () => Codec<ReceiptAck>;
    interface ReceiptAckDigestFieldEvent {
        field: '$.digest';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ReceiptAck>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReceiptAck>): ReceiptAck;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReceiptAck>): Generator<ReceiptAckDigestFieldEvent>;
}
export interface Cancel {
    code: string;
    retry: string;
    retryAfterMs: number;
}
export declare namespace Cancel {
    const codec: () => Codec<Cancel>;
    interface CancelCodeFieldEvent {
        field: '$.code';
        value: string;
    }
    interface CancelRetryFieldEvent {
        field: '$.retry';
        value: string;
    }
    interface CancelRetryAfterMsFieldEvent {
        field: '$.retryAfterMs';
        value: number;
    }
    function encode(obj: Partial<Cancel>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Cancel>): Cancel;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Cancel>): Generator<CancelCodeFieldEvent | CancelRetryFieldEvent | CancelRetryAfterMsFieldEvent>;
}
export interface Reprioritise {
    priority: string;
}
export declare namespace Reprioritise {
    const codec: () => Codec<Reprioritise>;
    interface ReprioritisePriorityFieldEvent {
        field: '$.priority';
        value: string;
    }
    function encode(obj: Partial<Reprioritise>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Reprioritise>): Reprioritise;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Reprioritise>): Generator<ReprioritisePriorityFieldEvent>;
}
export interface Query {
    exchangeId: Uint8Array<ArrayBuffer>;
}
export declare namespace Query {
    const codec: () => Codec<Query>;
    interface QueryExchangeIdFieldEvent {
        field: '$.exchangeId';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Query>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Query>): Query;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Query>): Generator<QueryExchangeIdFieldEvent>;
}
