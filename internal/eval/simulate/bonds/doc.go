// Package bonds judges how a shop treats its people on a simulated audience whose truth is known: from the first order to its
// right delivery, through complaints and back, and up the loyalty ladder.
//
// People want something now and then, visit, order, wait, and get what they ordered in time, late, wrong or never. Who is let
// down complains when she has the patience, or leaves without a word. Staff answer and put right after a while. What a [Shop]
// shows on a visit moves her by the numbers of [Truth], and by nothing else; the shop never sees them, and sees of a person only
// the events that any shop could record. The package shares no code with what it judges and imports only the vocabulary and its
// siblings.
//
// # What showing does
//
//   - A step of the recovery, shown after a case was put right, makes it likelier for a while that she orders or recommends at a
//     visit, and less likely that she leaves.
//   - An offer while something is still to be put right, or before the first order was delivered right, drives some away.
//   - Human help while a case is open keeps some who would have left.
//   - Content towards a rung of the loyalty ladder makes a customer order more often for a while.
//   - An offer to somebody who is about to decide, and whom the shop owes nothing, makes an order likelier; to anybody else it is
//     a nuisance.
//
// # The effect of leading back
//
// A shop that keeps a control of recoveries compares those led back with those that were not. What the comparison should find is
// known here: the same audience lives through the same time twice more, once with everybody led back and once with nobody. Every
// draw has a stream of its own, named by seed, person, purpose and number (common random numbers), so that the two differ by the
// steps alone. The difference of their rates of coming back is the true effect for these very people; the shop's interval ought
// to hold it.
//
// People do not influence each other, and each is simulated by herself, from her first visit to the end.
//
//	result, err := bonds.Run(ctx, bonds.Config{People: 1500, Days: 540, Seed: 1, Shops: shops, All: all, None: none}, nil)
package bonds
