// Package store keeps what the service remembers in Redis: visitors, answers, plans, the catalogue, the outbox and what
// is learned. Without an address it runs a Redis in its own process, for trying the service out.
//
// It is the only package that knows Redis. It decides nothing: it loads, it writes all of a change or nothing of it, and
// it says so when somebody else was faster. Every call is bounded in time and guarded by a circuit breaker, and every
// error that leaves it is a *[veiviser.Error] without driver texts in its message.
//
//	s, err := store.Open(ctx, store.Options{URL: "redis://localhost:6379", Merge: stages.Merge})
//	loaded, err := s.Load(ctx, "ada", events)
//	// fold the events that are no duplicates, decide …
//	err = s.Commit(ctx, veiviser.Change{Loaded: loaded, Visitor: v, EventIDs: ids, Answer: a, Log: log})
//	if veiviser.KindOf(err) == veiviser.KindConflict { /* load again and fold again */ }
//
// # Keys
//
// A person belongs to one of P partitions, by the hash of her identity. A partition is one hash tag, hence one slot of a
// cluster, so one script changes everything about a person. T is the tenant with everything but [A-Za-z0-9_.-] escaped
// as %XX, p the partition, h is base64url(SHA-256(tenant, 0, identity)[:16]), a an answer id, n a plan version. No key
// holds an identity or any other text a caller chose, save the tenant.
//
//	vv1:{T/p}:v:h    string  record of an identity: a visitor, or an alias that points to the identity she is kept under
//	vv1:{T/p}:e:h    string  ids of the events that were counted, 8 bytes of SHA-256 each, the newest 8192 at most
//	vv1:{T/p}:m:h    string  marks of the links merged into her, 8 bytes each, the newest 32 at most
//	vv1:{T/p}:i:h    list    ids of her answers, the newest 128 at most
//	vv1:{T/p}:d:a    string  an answer
//	vv1:{T/p}:k:h    string  what is kept of her when the record expires: a record of what binds then; there is none when nothing does
//	vv1:{T/p}:t:h    string  when the identity was erased: Unix nanoseconds, 8 bytes big endian
//	vv1:{T/p}:o      stream  outbox, all of the log but decisions; d the entry, and nothing says whose it is, but where
//	                         the next promise to her changed: p the h of the identity it was written under
//	vv1:{T/p}:w      stream  decisions that wait for what comes of them: d the entry, p the h of the identity it was written
//	                         under, f "1" with her first decision
//	vv1:{T/plan}:cfg    hash    partitions: fixed when the tenant is created
//	vv1:{T/plan}:head   hash    active, activation, catalog, switches, last (the newest plan version); hfrom, hto, hn (see luaItem)
//	vv1:{T/plan}:pv:n   hash    a plan version: meta and body
//	vv1:{T/plan}:ci     hash    item id → revision:activation:JSON; an empty JSON says deleted
//	vv1:{T/plan}:cz     zset    item id by the revision that wrote it last
//	vv1:{T/plan}:ch     stream  what was overwritten in ci, under "r-0" for the revision r that did it: id, v the old value
//	vv1:{T/plan}:sw     hash    switch id → how often it was written:1 while it is on, else 0:JSON with its history
//	vv1:{T/plan}:links  hash    links under way: token → the two identities; empty but for crashes
//	vv1:{T/plan}:n      channel notes of changed persons: 16 bytes per identity
//	vv1:{T/learn}:lease string  owner of the learner's lease
//	vv1:{T/learn}:fence string  counter of leases
//	vv1:{T/learn}:snap  hash    fence, revision and data of the snapshot
//	vv1:{T/learn}:made   stream answers the learner has met: a
//	vv1:{T/learn}:closed stream what came of decisions: d
//
// The record of an account is kept as a person's is, under an identity that no visitor id can spell ([veiviser.AccountKey]). It
// is in no segment and has no answers, so nothing of it goes to the outbox; it expires as a visitor's does, after its last change.
//
// A record is 8 bytes of revision, 8 bytes of expiry (Unix milliseconds, big endian), one byte of kind, the payload and
// a CRC-32C of kind and payload. The revision is 4 random bytes and a 4 byte count. The random
// bytes are drawn when the record comes to be and when its identities change, so a change based upon a person who was
// erased since never fits the person who came after. Where there is no record, a change is compared with t:h instead, so that what
// was under way when somebody was erased is refused also when nothing had been known of her. The expiry in the value
// decides; the expiry of the key, a day later, only cleans up.
//
// While a person is not profiled the record under v:h is that of her wishes, and of what else stands between her and the shop
// (veiviser.Standing). What she did and what is believed of her, a profile, is kept under no key then: the change that makes her
// somebody who is not profiled writes the record without it and removes, in the same step, the answers under d:a, which hold what was
// known when they were made (Change.Forget); those of her linked identities it removes before. To answer her, v:h, k:h and t:h are
// read and no other key of hers, and e:h with them when there are events. Of a person whose profile is
// still stored because what the plan takes for granted has changed, the next answer or event makes no use of it and removes it.
//
// The streams are bounded: o, w and ch to about 100,000 entries each, made and closed to about 200,000. The h in w is the one
// trace of what was done for a person that can outlive her erasure, until her last decision is settled: it leads nowhere, but
// whoever knows an identity can tell whether decisions were made for it. The key t:h, the tombstone, outlives her as long as
// the plan has visitors remembered: whoever knows an identity can tell that it was to be erased, and when.
//
// Only commands of Redis 7.0 are used. Scripts are short and touch one slot.
//
// # Lifetimes
//
// A person is remembered for the plan's visitor_ttl since she was met: since the last event of hers, or the last answer to her. An
// event writes her anew; an answer does when it is the first in an eighth of that time, in the commit that keeps the answer, so
// that somebody who is only asked for is forgotten up to an eighth early. With v:h live e:h and m:h.
//
// What binds lives longer (veiviser.Visitor.Kept): wishes and refusals, open cases, orders that are waited for. It is written
// beside the record, under k:h, and when the record has expired it is what is read: a person of whom nothing else is known. It
// expires when the last of it ends, or what has no end veiviser.KeepEndless after the record; whenever she is met again the
// record is written anew, and with it k:h. Nothing of her profile is in it. The aliases that lead to her live longer than either,
// and are refreshed when she is written first in an eighth of her time, or what binds lives longer than before. Answers live for
// the plan's decision_ttl, whoever is met.
package store
