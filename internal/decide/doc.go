// Package decide is the read path: it answers which content or offer best serves a visitor's current decision.
//
// An answer comes about in five steps, each of which can be read on its own:
//
//  1. load: one round trip brings the visitor's state (Decider.Recommend);
//  2. fold: events sent along are folded in, as package learn would (learn.Fold);
//  3. answer: [Decide], a pure function of the plan's snapshot, the state, the request, the time and a seed: for each
//     placement the need served, what is eligible and why not, a short list, a Thompson draw, a slate with propensities;
//  4. commit: one round trip writes state, decision and log, all or nothing; when somebody else changed the visitor
//     meanwhile the answer is made again from the start;
//  5. tell: a [Voice] turns codes into sentences in the visitor's language.
//
// When the store is away, steps 1 and 4 are left out and the answer is marked degraded: a neutral belief, the plan in
// memory, no decision id.
//
// Because step 3 is pure, any logged answer can be made again bit for bit: see [Decide].
package decide
