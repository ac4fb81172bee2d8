// Package plan keeps what marketers own (journeys, segments, placements, items, policy) and turns it into something that
// answers quickly: it validates a plan, says how two plans differ, compiles a plan and the items written beside it to an
// immutable [Snapshot], and follows what is published in a store, swapping the snapshot atomically.
//
// It chooses nothing. Package decide asks a [Catalog] which items may be shown ([Catalog.Eligible]), cuts the list short
// ([Catalog.Shortlist]) and ranks what is left.
//
//	violations := plan.Validate(p)                      // everything wrong at once, by field
//	snap, err := plan.Compile(7, p)                     // version 7
//	snap = snap.With(changes, head.Catalog, head.Activation)
//	place, ok := snap.Placement("home_hero")
//	q := &plan.Query{Placement: place, Language: "nb-NO", Subject: "bike", Facts: facts, Now: now}
//	el := snap.Catalog.Eligible(q)
//	defer el.Release()
//	for _, s := range snap.Catalog.Shortlist(el, q, scorer) { … }
//
// # The catalogue
//
// Items lie in slots in the order of their ids, so that two replicas with the same revision see the same order however
// they got there. For everything a request can ask about (kind, representation, subject, audience, journey, segment,
// rule) there is a set of slots: a bitmap, or a list when it is small. Which items may be shown is then an intersection,
// and a rule that does not look at the item is evaluated once per request. A rule that does look at the item is
// evaluated only for items that are about to be short-listed.
package plan
