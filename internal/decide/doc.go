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
// memory, no decision id. The same holds when her record cannot be read. Such an answer meets everybody as somebody who is not
// profiled: it goes by the context, and events sent along count only for what stands between her and the shop. What it cannot know
// to be allowed it does not show: see choice.unknown. What binds for persons met lately is remembered in the process for this
// case, see lastKnown.
//
// # Who she is
//
// Somebody may be several things at once: a journalist who rides, a supplier who is a customer, too. For every placement one need
// is served, and with it one kind of person is met: the first need, in the order below, whose audience the placement
// addresses.
//
//  1. The subject of the request decides where it names one: needs about the very subject go first, then those about what
//     lies above or below it, then all others. A request without a subject is equally near to all.
//  2. Of needs equally near, those something was observed about go before what is only assumed of a subject.
//  3. Of these the audience that the plan lists first ([veiviser.Audience]) goes first; audiences that it does not list come
//     after those it does, equal among themselves.
//  4. Then the one touched most recently.
//
// Of several needs about one subject only the one touched last (of those the same event touched, that of the last journey of the
// plan) says who she is there: somebody on the press pages is a journalist, although what she does speaks of a purchase,
// too. So in step 3 a need counts as of the audience of the first need about its subject, and the others about it are not
// served.
//
// Where an audience never buys, offers are kept from its needs; where that binds the person, from whoever was ever seen as one
// (see [eligible.NoSell]), whichever need is served, in every placement, as last resort, too.
//
// # Companies
//
// On a group journey the need of somebody who acts for an account is the account's: it stands among hers with Account set, from
// the events of all members. The account is loaded in a second round trip, for members alone and only when the plan has a group
// journey or caps of accounts. Whoever is not profiled is met without what is believed of her company; caps of the account
// hold for her all the same. Erasing a member leaves the account as it is: its belief is that of the company, and its
// contacts do not say who saw what. What was answered to her, which holds the account as it was, goes with her.
//
// Because step 3 is pure, any logged answer can be made again bit for bit: see [Decide].
package decide
