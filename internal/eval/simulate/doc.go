// Package simulate judges a way of deciding on a simulated audience whose truth is known.
//
// A [World] is a shop's audience: buyers with a hidden stage and hidden tastes. They visit, leave traces that any shop could
// read (views, searches, carts), are shown one item of a list or nothing, move on, back or away, and come again days later.
// A [Policy] decides what is shown, from the traces alone. It is judged by the world's own numbers, which it never sees:
// the package shares no code with the models it judges, knows nothing of a plan but its items, and imports only the
// vocabulary.
//
// # The world
//
// The states are the six standard stages, a stage of waiting for what was ordered, and having left. Between visits a state
// drifts; in a visit it moves once, after the decision. What is shown raises the chance of a move forward by
//
//	gain of the stage × stage fit × topic fit × how the buyer's type takes the kind × the item's quality × (clicked: 1.5, else 0.75)
//
// Offers before their time drive buyers away. A few items are bait: they are clicked more than any other, and who clicked
// one is less likely to move on. An order is the move from purchase to waiting; the reward, 1, comes when it is delivered
// right, some days later.
//
// # Regret
//
// A class of buyers (type and topic) is a Markov decision process of eight states, so the value V of each under the best
// decisions is known: the expected number of orders delivered right from there on, for as long as she stays. Q(s, a) is the
// value of showing a in s and deciding best from the next visit on. The regret of a decision is
//
//	max over a of Q(s, a) − Q(s, a shown)
//
// for the true s of that visit and the items that fit its subject; chance plays no part in it. Summed over all visits of a
// buyer its expectation is exactly V(start) less what the policy gets of her (Kakade and Langford 2002, lemma 6.1): regret
// counts orders lost, also those that a wrong item costs much later.
//
// All policies meet the same buyers with the same luck: every draw has a stream of its own, named by seed, buyer, visit and
// purpose (common random numbers).
//
//	w := simulate.NewWorld(simulate.ShopOf(plan, "card"), 1)
//	result, err := simulate.Run(ctx, simulate.Config{World: w, Visits: 20000, Seed: 1, Policies: simulate.Comparators(w, 1)}, nil)
package simulate
