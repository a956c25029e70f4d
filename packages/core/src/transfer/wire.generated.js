// Generated from wire.proto by `pnpm generate`. Change that, not this.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var Frame;
(function (Frame) {
    let _codec;
    Frame.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                obj = { ...obj };
                if (obj.query != null) {
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.reprioritise != null) {
                    obj.query = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.cancel != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.receiptAck != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.receipt != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.seal != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.durable != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.credit != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.block != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.want != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.append != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.held != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.answer = undefined;
                    obj.offer = undefined;
                }
                if (obj.answer != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.offer = undefined;
                }
                if (obj.offer != null) {
                    obj.query = undefined;
                    obj.reprioritise = undefined;
                    obj.cancel = undefined;
                    obj.receiptAck = undefined;
                    obj.receipt = undefined;
                    obj.seal = undefined;
                    obj.durable = undefined;
                    obj.credit = undefined;
                    obj.block = undefined;
                    obj.want = undefined;
                    obj.append = undefined;
                    obj.held = undefined;
                    obj.answer = undefined;
                }
                if (obj.offer != null) {
                    w.uint32(10);
                    Offer.codec().encode(obj.offer, w);
                }
                if (obj.answer != null) {
                    w.uint32(18);
                    Answer.codec().encode(obj.answer, w);
                }
                if (obj.held != null) {
                    w.uint32(26);
                    Held.codec().encode(obj.held, w);
                }
                if (obj.append != null) {
                    w.uint32(34);
                    Append.codec().encode(obj.append, w);
                }
                if (obj.want != null) {
                    w.uint32(42);
                    Want.codec().encode(obj.want, w);
                }
                if (obj.block != null) {
                    w.uint32(50);
                    Block.codec().encode(obj.block, w);
                }
                if (obj.credit != null) {
                    w.uint32(58);
                    Credit.codec().encode(obj.credit, w);
                }
                if (obj.durable != null) {
                    w.uint32(66);
                    Durable.codec().encode(obj.durable, w);
                }
                if (obj.seal != null) {
                    w.uint32(74);
                    Seal.codec().encode(obj.seal, w);
                }
                if (obj.receipt != null) {
                    w.uint32(82);
                    Receipt.codec().encode(obj.receipt, w);
                }
                if (obj.receiptAck != null) {
                    w.uint32(90);
                    ReceiptAck.codec().encode(obj.receiptAck, w);
                }
                if (obj.cancel != null) {
                    w.uint32(98);
                    Cancel.codec().encode(obj.cancel, w);
                }
                if (obj.reprioritise != null) {
                    w.uint32(106);
                    Reprioritise.codec().encode(obj.reprioritise, w);
                }
                if (obj.query != null) {
                    w.uint32(114);
                    Query.codec().encode(obj.query, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {};
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.offer = Offer.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.offer
                            });
                            break;
                        }
                        case 2: {
                            obj.answer = Answer.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.answer
                            });
                            break;
                        }
                        case 3: {
                            obj.held = Held.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.held
                            });
                            break;
                        }
                        case 4: {
                            obj.append = Append.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.append
                            });
                            break;
                        }
                        case 5: {
                            obj.want = Want.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.want
                            });
                            break;
                        }
                        case 6: {
                            obj.block = Block.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.block
                            });
                            break;
                        }
                        case 7: {
                            obj.credit = Credit.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.credit
                            });
                            break;
                        }
                        case 8: {
                            obj.durable = Durable.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.durable
                            });
                            break;
                        }
                        case 9: {
                            obj.seal = Seal.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.seal
                            });
                            break;
                        }
                        case 10: {
                            obj.receipt = Receipt.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.receipt
                            });
                            break;
                        }
                        case 11: {
                            obj.receiptAck = ReceiptAck.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.receiptAck
                            });
                            break;
                        }
                        case 12: {
                            obj.cancel = Cancel.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.cancel
                            });
                            break;
                        }
                        case 13: {
                            obj.reprioritise = Reprioritise.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.reprioritise
                            });
                            break;
                        }
                        case 14: {
                            obj.query = Query.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.query
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                if (obj.query != null) {
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.reprioritise != null) {
                    delete obj.query;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.cancel != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.receiptAck != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.receipt != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.seal != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.durable != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.credit != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.block != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.want != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.append != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.held;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.held != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.answer;
                    delete obj.offer;
                }
                if (obj.answer != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.offer;
                }
                if (obj.offer != null) {
                    delete obj.query;
                    delete obj.reprioritise;
                    delete obj.cancel;
                    delete obj.receiptAck;
                    delete obj.receipt;
                    delete obj.seal;
                    delete obj.durable;
                    delete obj.credit;
                    delete obj.block;
                    delete obj.want;
                    delete obj.append;
                    delete obj.held;
                    delete obj.answer;
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield* Offer.codec().stream(reader, reader.uint32(), `${prefix}.offer`, {
                                limits: opts.limits?.offer
                            });
                            break;
                        }
                        case 2: {
                            yield* Answer.codec().stream(reader, reader.uint32(), `${prefix}.answer`, {
                                limits: opts.limits?.answer
                            });
                            break;
                        }
                        case 3: {
                            yield* Held.codec().stream(reader, reader.uint32(), `${prefix}.held`, {
                                limits: opts.limits?.held
                            });
                            break;
                        }
                        case 4: {
                            yield* Append.codec().stream(reader, reader.uint32(), `${prefix}.append`, {
                                limits: opts.limits?.append
                            });
                            break;
                        }
                        case 5: {
                            yield* Want.codec().stream(reader, reader.uint32(), `${prefix}.want`, {
                                limits: opts.limits?.want
                            });
                            break;
                        }
                        case 6: {
                            yield* Block.codec().stream(reader, reader.uint32(), `${prefix}.block`, {
                                limits: opts.limits?.block
                            });
                            break;
                        }
                        case 7: {
                            yield* Credit.codec().stream(reader, reader.uint32(), `${prefix}.credit`, {
                                limits: opts.limits?.credit
                            });
                            break;
                        }
                        case 8: {
                            yield* Durable.codec().stream(reader, reader.uint32(), `${prefix}.durable`, {
                                limits: opts.limits?.durable
                            });
                            break;
                        }
                        case 9: {
                            yield* Seal.codec().stream(reader, reader.uint32(), `${prefix}.seal`, {
                                limits: opts.limits?.seal
                            });
                            break;
                        }
                        case 10: {
                            yield* Receipt.codec().stream(reader, reader.uint32(), `${prefix}.receipt`, {
                                limits: opts.limits?.receipt
                            });
                            break;
                        }
                        case 11: {
                            yield* ReceiptAck.codec().stream(reader, reader.uint32(), `${prefix}.receiptAck`, {
                                limits: opts.limits?.receiptAck
                            });
                            break;
                        }
                        case 12: {
                            yield* Cancel.codec().stream(reader, reader.uint32(), `${prefix}.cancel`, {
                                limits: opts.limits?.cancel
                            });
                            break;
                        }
                        case 13: {
                            yield* Reprioritise.codec().stream(reader, reader.uint32(), `${prefix}.reprioritise`, {
                                limits: opts.limits?.reprioritise
                            });
                            break;
                        }
                        case 14: {
                            yield* Query.codec().stream(reader, reader.uint32(), `${prefix}.query`, {
                                limits: opts.limits?.query
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Frame.codec());
    }
    Frame.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Frame.codec(), opts);
    }
    Frame.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Frame.codec(), opts);
    }
    Frame.stream = stream;
})(Frame || (Frame = {}));
export var Offer;
(function (Offer) {
    let _codec;
    Offer.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.protocolVersion != null && obj.protocolVersion !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.protocolVersion);
                }
                if ((obj.exchangeId != null && obj.exchangeId.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.exchangeId);
                }
                if ((obj.attempt != null && obj.attempt !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.attempt);
                }
                if ((obj.federationId != null && obj.federationId.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.federationId);
                }
                if ((obj.rosterVersion != null && obj.rosterVersion !== 0n)) {
                    w.uint32(40);
                    w.uint64(obj.rosterVersion);
                }
                if ((obj.rosterHash != null && obj.rosterHash.byteLength > 0)) {
                    w.uint32(50);
                    w.bytes(obj.rosterHash);
                }
                if ((obj.sender != null && obj.sender !== '')) {
                    w.uint32(58);
                    w.string(obj.sender);
                }
                if ((obj.receiver != null && obj.receiver !== '')) {
                    w.uint32(66);
                    w.string(obj.receiver);
                }
                if ((obj.purpose != null && obj.purpose !== '')) {
                    w.uint32(74);
                    w.string(obj.purpose);
                }
                if ((obj.priority != null && obj.priority !== '')) {
                    w.uint32(82);
                    w.string(obj.priority);
                }
                if ((obj.header != null && obj.header.byteLength > 0)) {
                    w.uint32(90);
                    w.bytes(obj.header);
                }
                if (obj.supersedes != null) {
                    w.uint32(98);
                    w.bytes(obj.supersedes);
                }
                if (obj.transferId != null) {
                    w.uint32(106);
                    w.bytes(obj.transferId);
                }
                if (obj.expectedInstances != null) {
                    w.uint32(112);
                    w.uint32(obj.expectedInstances);
                }
                if (obj.expectedBytes != null) {
                    w.uint32(120);
                    w.uint64(obj.expectedBytes);
                }
                if (obj.features != null && obj.features.length > 0) {
                    for (const value of obj.features) {
                        w.uint32(130);
                        Feature.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    protocolVersion: 0,
                    exchangeId: uint8ArrayAlloc(0),
                    attempt: 0,
                    federationId: uint8ArrayAlloc(0),
                    rosterVersion: 0n,
                    rosterHash: uint8ArrayAlloc(0),
                    sender: '',
                    receiver: '',
                    purpose: '',
                    priority: '',
                    header: uint8ArrayAlloc(0),
                    features: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.protocolVersion = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.exchangeId = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.attempt = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.federationId = reader.bytes();
                            break;
                        }
                        case 5: {
                            obj.rosterVersion = reader.uint64();
                            break;
                        }
                        case 6: {
                            obj.rosterHash = reader.bytes();
                            break;
                        }
                        case 7: {
                            obj.sender = reader.string();
                            break;
                        }
                        case 8: {
                            obj.receiver = reader.string();
                            break;
                        }
                        case 9: {
                            obj.purpose = reader.string();
                            break;
                        }
                        case 10: {
                            obj.priority = reader.string();
                            break;
                        }
                        case 11: {
                            obj.header = reader.bytes();
                            break;
                        }
                        case 12: {
                            obj.supersedes = reader.bytes();
                            break;
                        }
                        case 13: {
                            obj.transferId = reader.bytes();
                            break;
                        }
                        case 14: {
                            obj.expectedInstances = reader.uint32();
                            break;
                        }
                        case 15: {
                            obj.expectedBytes = reader.uint64();
                            break;
                        }
                        case 16: {
                            if (opts.limits?.features != null && obj.features.length === opts.limits.features) {
                                throw new MaxLengthError('Decode error - repeated field "features" had too many elements');
                            }
                            obj.features.push(Feature.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.features$
                            }));
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    features: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.protocolVersion`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.exchangeId`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.attempt`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.federationId`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.rosterVersion`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.rosterHash`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 7: {
                            yield {
                                field: `${prefix}.sender`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 8: {
                            yield {
                                field: `${prefix}.receiver`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 9: {
                            yield {
                                field: `${prefix}.purpose`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 10: {
                            yield {
                                field: `${prefix}.priority`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 11: {
                            yield {
                                field: `${prefix}.header`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 12: {
                            yield {
                                field: `${prefix}.supersedes`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 13: {
                            yield {
                                field: `${prefix}.transferId`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 14: {
                            yield {
                                field: `${prefix}.expectedInstances`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 15: {
                            yield {
                                field: `${prefix}.expectedBytes`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 16: {
                            if (opts.limits?.features != null && obj.features === opts.limits.features) {
                                throw new MaxLengthError('Streaming decode error - repeated field "features" had too many elements');
                            }
                            for (const evt of Feature.codec().stream(reader, reader.uint32(), `${prefix}.features[]`, {
                                limits: opts.limits?.features$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.features
                                };
                            }
                            obj.features++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Offer.codec());
    }
    Offer.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Offer.codec(), opts);
    }
    Offer.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Offer.codec(), opts);
    }
    Offer.stream = stream;
})(Offer || (Offer = {}));
export var Feature;
(function (Feature) {
    let _codec;
    Feature.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.name != null && obj.name !== '')) {
                    w.uint32(10);
                    w.string(obj.name);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    name: ''
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.name = reader.string();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.name`,
                                value: reader.string()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Feature.codec());
    }
    Feature.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Feature.codec(), opts);
    }
    Feature.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Feature.codec(), opts);
    }
    Feature.stream = stream;
})(Feature || (Feature = {}));
export var Answer;
(function (Answer) {
    let _codec;
    Answer.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                obj = { ...obj };
                if (obj.settled != null) {
                    obj.refused = undefined;
                    obj.accepted = undefined;
                }
                if (obj.refused != null) {
                    obj.settled = undefined;
                    obj.accepted = undefined;
                }
                if (obj.accepted != null) {
                    obj.settled = undefined;
                    obj.refused = undefined;
                }
                if (obj.accepted != null) {
                    w.uint32(10);
                    Accepted.codec().encode(obj.accepted, w);
                }
                if (obj.refused != null) {
                    w.uint32(18);
                    Refused.codec().encode(obj.refused, w);
                }
                if (obj.settled != null) {
                    w.uint32(26);
                    Settled.codec().encode(obj.settled, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {};
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.accepted = Accepted.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.accepted
                            });
                            break;
                        }
                        case 2: {
                            obj.refused = Refused.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.refused
                            });
                            break;
                        }
                        case 3: {
                            obj.settled = Settled.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.settled
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                if (obj.settled != null) {
                    delete obj.refused;
                    delete obj.accepted;
                }
                if (obj.refused != null) {
                    delete obj.settled;
                    delete obj.accepted;
                }
                if (obj.accepted != null) {
                    delete obj.settled;
                    delete obj.refused;
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield* Accepted.codec().stream(reader, reader.uint32(), `${prefix}.accepted`, {
                                limits: opts.limits?.accepted
                            });
                            break;
                        }
                        case 2: {
                            yield* Refused.codec().stream(reader, reader.uint32(), `${prefix}.refused`, {
                                limits: opts.limits?.refused
                            });
                            break;
                        }
                        case 3: {
                            yield* Settled.codec().stream(reader, reader.uint32(), `${prefix}.settled`, {
                                limits: opts.limits?.settled
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Answer.codec());
    }
    Answer.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Answer.codec(), opts);
    }
    Answer.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Answer.codec(), opts);
    }
    Answer.stream = stream;
})(Answer || (Answer = {}));
export var Accepted;
(function (Accepted) {
    let _codec;
    Accepted.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.creditBytes != null && obj.creditBytes !== 0n)) {
                    w.uint32(8);
                    w.uint64(obj.creditBytes);
                }
                if ((obj.wantAll != null && obj.wantAll !== false)) {
                    w.uint32(16);
                    w.bool(obj.wantAll);
                }
                if (obj.held != null) {
                    w.uint32(26);
                    Held.codec().encode(obj.held, w);
                }
                if (obj.features != null && obj.features.length > 0) {
                    for (const value of obj.features) {
                        w.uint32(34);
                        Feature.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    creditBytes: 0n,
                    wantAll: false,
                    features: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.creditBytes = reader.uint64();
                            break;
                        }
                        case 2: {
                            obj.wantAll = reader.bool();
                            break;
                        }
                        case 3: {
                            obj.held = Held.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.held
                            });
                            break;
                        }
                        case 4: {
                            if (opts.limits?.features != null && obj.features.length === opts.limits.features) {
                                throw new MaxLengthError('Decode error - repeated field "features" had too many elements');
                            }
                            obj.features.push(Feature.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.features$
                            }));
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    features: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.creditBytes`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.wantAll`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 3: {
                            yield* Held.codec().stream(reader, reader.uint32(), `${prefix}.held`, {
                                limits: opts.limits?.held
                            });
                            break;
                        }
                        case 4: {
                            if (opts.limits?.features != null && obj.features === opts.limits.features) {
                                throw new MaxLengthError('Streaming decode error - repeated field "features" had too many elements');
                            }
                            for (const evt of Feature.codec().stream(reader, reader.uint32(), `${prefix}.features[]`, {
                                limits: opts.limits?.features$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.features
                                };
                            }
                            obj.features++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Accepted.codec());
    }
    Accepted.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Accepted.codec(), opts);
    }
    Accepted.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Accepted.codec(), opts);
    }
    Accepted.stream = stream;
})(Accepted || (Accepted = {}));
export var Refused;
(function (Refused) {
    let _codec;
    Refused.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.code != null && obj.code !== '')) {
                    w.uint32(10);
                    w.string(obj.code);
                }
                if ((obj.retry != null && obj.retry !== '')) {
                    w.uint32(18);
                    w.string(obj.retry);
                }
                if ((obj.retryAfterMs != null && obj.retryAfterMs !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.retryAfterMs);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    code: '',
                    retry: '',
                    retryAfterMs: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.code = reader.string();
                            break;
                        }
                        case 2: {
                            obj.retry = reader.string();
                            break;
                        }
                        case 3: {
                            obj.retryAfterMs = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.code`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.retry`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.retryAfterMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Refused.codec());
    }
    Refused.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Refused.codec(), opts);
    }
    Refused.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Refused.codec(), opts);
    }
    Refused.stream = stream;
})(Refused || (Refused = {}));
export var Settled;
(function (Settled) {
    let _codec;
    Settled.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.state != null && obj.state !== '')) {
                    w.uint32(10);
                    w.string(obj.state);
                }
                if ((obj.attempt != null && obj.attempt !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.attempt);
                }
                if (obj.receipts != null && obj.receipts.length > 0) {
                    for (const value of obj.receipts) {
                        w.uint32(26);
                        Receipt.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    state: '',
                    attempt: 0,
                    receipts: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.state = reader.string();
                            break;
                        }
                        case 2: {
                            obj.attempt = reader.uint32();
                            break;
                        }
                        case 3: {
                            if (opts.limits?.receipts != null && obj.receipts.length === opts.limits.receipts) {
                                throw new MaxLengthError('Decode error - repeated field "receipts" had too many elements');
                            }
                            obj.receipts.push(Receipt.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.receipts$
                            }));
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    receipts: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.state`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.attempt`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            if (opts.limits?.receipts != null && obj.receipts === opts.limits.receipts) {
                                throw new MaxLengthError('Streaming decode error - repeated field "receipts" had too many elements');
                            }
                            for (const evt of Receipt.codec().stream(reader, reader.uint32(), `${prefix}.receipts[]`, {
                                limits: opts.limits?.receipts$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.receipts
                                };
                            }
                            obj.receipts++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Settled.codec());
    }
    Settled.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Settled.codec(), opts);
    }
    Settled.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Settled.codec(), opts);
    }
    Settled.stream = stream;
})(Settled || (Settled = {}));
export var Held;
(function (Held) {
    let _codec;
    Held.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.instances != null && obj.instances.length > 0) {
                    for (const value of obj.instances) {
                        w.uint32(10);
                        HeldInstance.codec().encode(value, w);
                    }
                }
                if ((obj.more != null && obj.more !== false)) {
                    w.uint32(16);
                    w.bool(obj.more);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    instances: [],
                    more: false
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.instances != null && obj.instances.length === opts.limits.instances) {
                                throw new MaxLengthError('Decode error - repeated field "instances" had too many elements');
                            }
                            obj.instances.push(HeldInstance.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.instances$
                            }));
                            break;
                        }
                        case 2: {
                            obj.more = reader.bool();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    instances: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.instances != null && obj.instances === opts.limits.instances) {
                                throw new MaxLengthError('Streaming decode error - repeated field "instances" had too many elements');
                            }
                            for (const evt of HeldInstance.codec().stream(reader, reader.uint32(), `${prefix}.instances[]`, {
                                limits: opts.limits?.instances$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.instances
                                };
                            }
                            obj.instances++;
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.more`,
                                value: reader.bool()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Held.codec());
    }
    Held.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Held.codec(), opts);
    }
    Held.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Held.codec(), opts);
    }
    Held.stream = stream;
})(Held || (Held = {}));
export var HeldInstance;
(function (HeldInstance) {
    let _codec;
    HeldInstance.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.ordinal != null && obj.ordinal !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.ordinal);
                }
                if ((obj.digest != null && obj.digest.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.digest);
                }
                if (obj.runs != null && obj.runs.length > 0) {
                    for (const value of obj.runs) {
                        w.uint32(26);
                        Run.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    ordinal: 0,
                    digest: uint8ArrayAlloc(0),
                    runs: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.ordinal = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.digest = reader.bytes();
                            break;
                        }
                        case 3: {
                            if (opts.limits?.runs != null && obj.runs.length === opts.limits.runs) {
                                throw new MaxLengthError('Decode error - repeated field "runs" had too many elements');
                            }
                            obj.runs.push(Run.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.runs$
                            }));
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    runs: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.ordinal`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.digest`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            if (opts.limits?.runs != null && obj.runs === opts.limits.runs) {
                                throw new MaxLengthError('Streaming decode error - repeated field "runs" had too many elements');
                            }
                            for (const evt of Run.codec().stream(reader, reader.uint32(), `${prefix}.runs[]`, {
                                limits: opts.limits?.runs$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.runs
                                };
                            }
                            obj.runs++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, HeldInstance.codec());
    }
    HeldInstance.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, HeldInstance.codec(), opts);
    }
    HeldInstance.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, HeldInstance.codec(), opts);
    }
    HeldInstance.stream = stream;
})(HeldInstance || (HeldInstance = {}));
export var Run;
(function (Run) {
    let _codec;
    Run.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.first != null && obj.first !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.first);
                }
                if ((obj.count != null && obj.count !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.count);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    first: 0,
                    count: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.first = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.count = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.first`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.count`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Run.codec());
    }
    Run.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Run.codec(), opts);
    }
    Run.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Run.codec(), opts);
    }
    Run.stream = stream;
})(Run || (Run = {}));
export var InstanceRuns;
(function (InstanceRuns) {
    let _codec;
    InstanceRuns.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.ordinal != null && obj.ordinal !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.ordinal);
                }
                if (obj.runs != null && obj.runs.length > 0) {
                    for (const value of obj.runs) {
                        w.uint32(18);
                        Run.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    ordinal: 0,
                    runs: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.ordinal = reader.uint32();
                            break;
                        }
                        case 2: {
                            if (opts.limits?.runs != null && obj.runs.length === opts.limits.runs) {
                                throw new MaxLengthError('Decode error - repeated field "runs" had too many elements');
                            }
                            obj.runs.push(Run.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.runs$
                            }));
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    runs: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.ordinal`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            if (opts.limits?.runs != null && obj.runs === opts.limits.runs) {
                                throw new MaxLengthError('Streaming decode error - repeated field "runs" had too many elements');
                            }
                            for (const evt of Run.codec().stream(reader, reader.uint32(), `${prefix}.runs[]`, {
                                limits: opts.limits?.runs$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.runs
                                };
                            }
                            obj.runs++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, InstanceRuns.codec());
    }
    InstanceRuns.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, InstanceRuns.codec(), opts);
    }
    InstanceRuns.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, InstanceRuns.codec(), opts);
    }
    InstanceRuns.stream = stream;
})(InstanceRuns || (InstanceRuns = {}));
export var Append;
(function (Append) {
    let _codec;
    Append.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.ordinal != null && obj.ordinal !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.ordinal);
                }
                if ((obj.series != null && obj.series !== '')) {
                    w.uint32(18);
                    w.string(obj.series);
                }
                if ((obj.sop != null && obj.sop !== '')) {
                    w.uint32(26);
                    w.string(obj.sop);
                }
                if ((obj.sopClass != null && obj.sopClass !== '')) {
                    w.uint32(34);
                    w.string(obj.sopClass);
                }
                if ((obj.syntax != null && obj.syntax !== '')) {
                    w.uint32(42);
                    w.string(obj.syntax);
                }
                if ((obj.lengthBytes != null && obj.lengthBytes !== 0n)) {
                    w.uint32(48);
                    w.uint64(obj.lengthBytes);
                }
                if (obj.segments != null && obj.segments.length > 0) {
                    for (const value of obj.segments) {
                        w.uint32(58);
                        Segment.codec().encode(value, w);
                    }
                }
                if ((obj.blockDigests != null && obj.blockDigests.byteLength > 0)) {
                    w.uint32(66);
                    w.bytes(obj.blockDigests);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    ordinal: 0,
                    series: '',
                    sop: '',
                    sopClass: '',
                    syntax: '',
                    lengthBytes: 0n,
                    segments: [],
                    blockDigests: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.ordinal = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.series = reader.string();
                            break;
                        }
                        case 3: {
                            obj.sop = reader.string();
                            break;
                        }
                        case 4: {
                            obj.sopClass = reader.string();
                            break;
                        }
                        case 5: {
                            obj.syntax = reader.string();
                            break;
                        }
                        case 6: {
                            obj.lengthBytes = reader.uint64();
                            break;
                        }
                        case 7: {
                            if (opts.limits?.segments != null && obj.segments.length === opts.limits.segments) {
                                throw new MaxLengthError('Decode error - repeated field "segments" had too many elements');
                            }
                            obj.segments.push(Segment.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.segments$
                            }));
                            break;
                        }
                        case 8: {
                            obj.blockDigests = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    segments: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.ordinal`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.series`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.sop`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.sopClass`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.syntax`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.lengthBytes`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 7: {
                            if (opts.limits?.segments != null && obj.segments === opts.limits.segments) {
                                throw new MaxLengthError('Streaming decode error - repeated field "segments" had too many elements');
                            }
                            for (const evt of Segment.codec().stream(reader, reader.uint32(), `${prefix}.segments[]`, {
                                limits: opts.limits?.segments$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.segments
                                };
                            }
                            obj.segments++;
                            break;
                        }
                        case 8: {
                            yield {
                                field: `${prefix}.blockDigests`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Append.codec());
    }
    Append.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Append.codec(), opts);
    }
    Append.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Append.codec(), opts);
    }
    Append.stream = stream;
})(Append || (Append = {}));
export var Segment;
(function (Segment) {
    let _codec;
    Segment.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.kind != null && obj.kind !== '')) {
                    w.uint32(10);
                    w.string(obj.kind);
                }
                if ((obj.lengthBytes != null && obj.lengthBytes !== 0n)) {
                    w.uint32(16);
                    w.uint64(obj.lengthBytes);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    kind: '',
                    lengthBytes: 0n
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.kind = reader.string();
                            break;
                        }
                        case 2: {
                            obj.lengthBytes = reader.uint64();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.kind`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.lengthBytes`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Segment.codec());
    }
    Segment.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Segment.codec(), opts);
    }
    Segment.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Segment.codec(), opts);
    }
    Segment.stream = stream;
})(Segment || (Segment = {}));
export var Want;
(function (Want) {
    let _codec;
    Want.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.instances != null && obj.instances.length > 0) {
                    for (const value of obj.instances) {
                        w.uint32(10);
                        InstanceRuns.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    instances: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.instances != null && obj.instances.length === opts.limits.instances) {
                                throw new MaxLengthError('Decode error - repeated field "instances" had too many elements');
                            }
                            obj.instances.push(InstanceRuns.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.instances$
                            }));
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    instances: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.instances != null && obj.instances === opts.limits.instances) {
                                throw new MaxLengthError('Streaming decode error - repeated field "instances" had too many elements');
                            }
                            for (const evt of InstanceRuns.codec().stream(reader, reader.uint32(), `${prefix}.instances[]`, {
                                limits: opts.limits?.instances$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.instances
                                };
                            }
                            obj.instances++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Want.codec());
    }
    Want.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Want.codec(), opts);
    }
    Want.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Want.codec(), opts);
    }
    Want.stream = stream;
})(Want || (Want = {}));
export var Block;
(function (Block) {
    let _codec;
    Block.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.ordinal != null && obj.ordinal !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.ordinal);
                }
                if ((obj.index != null && obj.index !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.index);
                }
                if ((obj.bytes != null && obj.bytes.byteLength > 0)) {
                    w.uint32(26);
                    w.bytes(obj.bytes);
                }
                if ((obj.packing != null && obj.packing !== 0)) {
                    w.uint32(32);
                    w.uint32(obj.packing);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    ordinal: 0,
                    index: 0,
                    bytes: uint8ArrayAlloc(0),
                    packing: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.ordinal = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.index = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.bytes = reader.bytes();
                            break;
                        }
                        case 4: {
                            obj.packing = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.ordinal`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.index`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.bytes`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.packing`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Block.codec());
    }
    Block.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Block.codec(), opts);
    }
    Block.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Block.codec(), opts);
    }
    Block.stream = stream;
})(Block || (Block = {}));
export var Credit;
(function (Credit) {
    let _codec;
    Credit.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.bytes != null && obj.bytes !== 0n)) {
                    w.uint32(8);
                    w.uint64(obj.bytes);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    bytes: 0n
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.bytes = reader.uint64();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.bytes`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Credit.codec());
    }
    Credit.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Credit.codec(), opts);
    }
    Credit.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Credit.codec(), opts);
    }
    Credit.stream = stream;
})(Credit || (Credit = {}));
export var Durable;
(function (Durable) {
    let _codec;
    Durable.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.instances != null && obj.instances.length > 0) {
                    for (const value of obj.instances) {
                        w.uint32(10);
                        InstanceRuns.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    instances: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.instances != null && obj.instances.length === opts.limits.instances) {
                                throw new MaxLengthError('Decode error - repeated field "instances" had too many elements');
                            }
                            obj.instances.push(InstanceRuns.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.instances$
                            }));
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    instances: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.instances != null && obj.instances === opts.limits.instances) {
                                throw new MaxLengthError('Streaming decode error - repeated field "instances" had too many elements');
                            }
                            for (const evt of InstanceRuns.codec().stream(reader, reader.uint32(), `${prefix}.instances[]`, {
                                limits: opts.limits?.instances$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.instances
                                };
                            }
                            obj.instances++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Durable.codec());
    }
    Durable.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Durable.codec(), opts);
    }
    Durable.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Durable.codec(), opts);
    }
    Durable.stream = stream;
})(Durable || (Durable = {}));
export var Seal;
(function (Seal) {
    let _codec;
    Seal.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.transferId != null && obj.transferId.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.transferId);
                }
                if ((obj.manifestRoot != null && obj.manifestRoot.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.manifestRoot);
                }
                if ((obj.instances != null && obj.instances !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.instances);
                }
                if ((obj.bytes != null && obj.bytes !== 0n)) {
                    w.uint32(32);
                    w.uint64(obj.bytes);
                }
                if (obj.quarantined != null && obj.quarantined.length > 0) {
                    for (const value of obj.quarantined) {
                        w.uint32(42);
                        Quarantined.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    transferId: uint8ArrayAlloc(0),
                    manifestRoot: uint8ArrayAlloc(0),
                    instances: 0,
                    bytes: 0n,
                    quarantined: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.transferId = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.manifestRoot = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.instances = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.bytes = reader.uint64();
                            break;
                        }
                        case 5: {
                            if (opts.limits?.quarantined != null && obj.quarantined.length === opts.limits.quarantined) {
                                throw new MaxLengthError('Decode error - repeated field "quarantined" had too many elements');
                            }
                            obj.quarantined.push(Quarantined.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.quarantined$
                            }));
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    quarantined: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.transferId`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.manifestRoot`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.instances`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.bytes`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 5: {
                            if (opts.limits?.quarantined != null && obj.quarantined === opts.limits.quarantined) {
                                throw new MaxLengthError('Streaming decode error - repeated field "quarantined" had too many elements');
                            }
                            for (const evt of Quarantined.codec().stream(reader, reader.uint32(), `${prefix}.quarantined[]`, {
                                limits: opts.limits?.quarantined$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.quarantined
                                };
                            }
                            obj.quarantined++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Seal.codec());
    }
    Seal.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Seal.codec(), opts);
    }
    Seal.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Seal.codec(), opts);
    }
    Seal.stream = stream;
})(Seal || (Seal = {}));
export var Quarantined;
(function (Quarantined) {
    let _codec;
    Quarantined.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.sop != null && obj.sop !== '')) {
                    w.uint32(10);
                    w.string(obj.sop);
                }
                if ((obj.code != null && obj.code !== '')) {
                    w.uint32(18);
                    w.string(obj.code);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    sop: '',
                    code: ''
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.sop = reader.string();
                            break;
                        }
                        case 2: {
                            obj.code = reader.string();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.sop`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.code`,
                                value: reader.string()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Quarantined.codec());
    }
    Quarantined.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Quarantined.codec(), opts);
    }
    Quarantined.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Quarantined.codec(), opts);
    }
    Quarantined.stream = stream;
})(Quarantined || (Quarantined = {}));
export var Receipt;
(function (Receipt) {
    let _codec;
    Receipt.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.envelope != null && obj.envelope.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.envelope);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    envelope: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.envelope = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.envelope`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Receipt.codec());
    }
    Receipt.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Receipt.codec(), opts);
    }
    Receipt.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Receipt.codec(), opts);
    }
    Receipt.stream = stream;
})(Receipt || (Receipt = {}));
export var ReceiptAck;
(function (ReceiptAck) {
    let _codec;
    ReceiptAck.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.digest != null && obj.digest.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.digest);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    digest: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.digest = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.digest`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, ReceiptAck.codec());
    }
    ReceiptAck.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ReceiptAck.codec(), opts);
    }
    ReceiptAck.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ReceiptAck.codec(), opts);
    }
    ReceiptAck.stream = stream;
})(ReceiptAck || (ReceiptAck = {}));
export var Cancel;
(function (Cancel) {
    let _codec;
    Cancel.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.code != null && obj.code !== '')) {
                    w.uint32(10);
                    w.string(obj.code);
                }
                if ((obj.retry != null && obj.retry !== '')) {
                    w.uint32(18);
                    w.string(obj.retry);
                }
                if ((obj.retryAfterMs != null && obj.retryAfterMs !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.retryAfterMs);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    code: '',
                    retry: '',
                    retryAfterMs: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.code = reader.string();
                            break;
                        }
                        case 2: {
                            obj.retry = reader.string();
                            break;
                        }
                        case 3: {
                            obj.retryAfterMs = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.code`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.retry`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.retryAfterMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Cancel.codec());
    }
    Cancel.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Cancel.codec(), opts);
    }
    Cancel.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Cancel.codec(), opts);
    }
    Cancel.stream = stream;
})(Cancel || (Cancel = {}));
export var Reprioritise;
(function (Reprioritise) {
    let _codec;
    Reprioritise.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.priority != null && obj.priority !== '')) {
                    w.uint32(10);
                    w.string(obj.priority);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    priority: ''
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.priority = reader.string();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.priority`,
                                value: reader.string()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Reprioritise.codec());
    }
    Reprioritise.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Reprioritise.codec(), opts);
    }
    Reprioritise.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Reprioritise.codec(), opts);
    }
    Reprioritise.stream = stream;
})(Reprioritise || (Reprioritise = {}));
export var Query;
(function (Query) {
    let _codec;
    Query.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.exchangeId != null && obj.exchangeId.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.exchangeId);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    exchangeId: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.exchangeId = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.exchangeId`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Query.codec());
    }
    Query.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Query.codec(), opts);
    }
    Query.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Query.codec(), opts);
    }
    Query.stream = stream;
})(Query || (Query = {}));
