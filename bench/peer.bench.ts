// One stream of frames between two hosts, beside a plain socket; it belongs to the node and lives there.
import '../packages/node/bench/peer.ts';
