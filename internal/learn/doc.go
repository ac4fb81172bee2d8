// Package learn is the write path: it takes in what happens to visitors and what came of decisions, counts each once,
// and folds it into what is known about a person and about segments.
//
// It has two halves. [Fold] and the [Recorder] answer a caller: an event is admitted or refused with the field at fault,
// folded into the visitor's belief, and committed together with its id and its line in the partition's outbox, all or
// nothing. The [Learner] works behind: one per tenant at a time reads the outboxes in order and counts them into segment
// [Profiles]; its snapshot carries the positions it has read up to, so that a crash neither loses nor repeats a line.
//
// What it is not: it decides nothing (package decide) and knows no Redis (package store). Fold is pure, and shared with
// package decide, which folds events sent along with a request exactly as they would be recorded.
package learn
