// Package learn is the write path: it takes in what happens to visitors and what came of decisions, counts each once,
// and folds it into what is known about a person and about segments.
//
// It has two halves. [Fold] and the [Recorder] answer a caller: an event is admitted or refused with the field at fault,
// folded into the visitor's belief, and committed together with its id and its line in the partition's outbox, all or
// nothing. The [Learner] works behind: one per tenant at a time reads the outboxes in order and counts them into segment
// [Profiles]; its snapshot carries the positions it has read up to, so that a crash neither loses nor repeats a line.
//
// # What comes of decisions
//
// A decision waits for what comes of it in the [Ledger]. Its terms ([veiviser.Terms]) are those of the plan that made it:
// which event types are outcomes, what they weigh, how long after the decision they may come, and how much progress counts.
// When it is made, the model takes what was shown to be as useful as it believes (and gets surer); the first outcome of each
// type within its window corrects the model at once; an outcome that has not come corrects it when its window is over, not
// before; later outcomes are counted and change nothing. Whether an outcome is in time is decided when it is recorded, by the
// clock of the service and by its own time; a window is closed five seconds later, when all that was in time is written.
//
// The reward of a decision is
//
//	R = Σₖ wₖ·[outcome k came in time] + w·(Φ(where she stands at the end of the progress window) − Φ(where she stood))
//
// with the stage value Φ of package stage, the chance that the need ends in an order delivered right. A difference of
// potentials rewards every step forward and takes back every step back, so that over a whole decision only its end counts
// and nothing is to be won by moving people to and fro (Ng, Harada and Russell, Policy invariance under reward
// transformations, ICML 1999). What the situation brings by itself is learned beside, from silent decisions, too, so that an
// item is not praised for where it is shown.
//
// The control group gets the declared fallbacks and nothing else. A visitor enters the comparison with the first decision for
// her; what she did within the control window of it is one observation of her group.
//
// What it is not: it decides nothing (package decide) and knows no Redis (package store). Fold is pure, and shared with
// package decide, which folds events sent along with a request exactly as they would be recorded.
package learn
