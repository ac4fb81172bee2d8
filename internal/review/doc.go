// Package review looks back on logged decisions: it makes them again, and it says from them what a plan would have earned.
//
// [Reviewer.Replay] makes logged answers again from what was logged, with the plan version, the catalogue and what the learned
// model said at that moment, and compares every bit. [Reviewer.Evaluate] values a plan that is not published yet, and the
// active one, on decisions whose outcomes are all in (off-policy evaluation, see package ope); [Reviewer.Admit] is the gate
// that this puts before publishing.
//
// It reads what the store keeps and what plans say, and writes nothing.
//
// # How a plan is valued
//
// Every closed decision is one row. Its reward is the sum of all that came of it, its action the item shown first, or silence.
// The situation is the logged one: who she was, what she asked for, and what the placements before it in the same answer had
// shown. In it a plan's probability of every action is worked out (see [decide.Chances]): for the plan to be valued and the
// active plan with the catalogue they would have now and with what is learned now; for the plan that decided, with the
// catalogue of that moment and what was learned then, so that it is known which actions the log could have held at all. The
// propensity of the action taken is the recorded one.
//
// Left out are decisions of the control group and degraded ones; those where nothing may be tried out, as she is about to buy,
// has an open complaint, or the caller asked for the best known (the log then holds one action only, and says nothing about
// another plan's); those on placements that one of the two plans does not have; those whose answer is forgotten; and those
// whose plan or catalogue of that moment is not known any more: what they could have shown instead cannot be told.
//
// The reward model of the doubly robust estimators is made of shrunken means by item, kind and stage, fitted five times without
// the fifth of the persons it is used on.
package review
