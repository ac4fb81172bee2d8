// Package veiviser is the vocabulary of the service: the words every other package speaks.
//
// It holds values and the few rules that belong to a value alone (is this event well formed, which text fits this
// language). It does no input or output, knows no protobuf, no Redis and no clock, and imports only the standard
// library. Times are UTC; durations are time.Duration; probabilities lie in [0, 1].
//
// The words, in the order an answer comes about:
//
//   - an [Event] is something that happened to a visitor (a view, a purchase, a complaint);
//   - a [Visitor] is what is remembered about one person: history, the current [Visit], and one [Need] for every
//     (journey, subject) she is deciding about, each with a belief over the stages of that decision;
//   - a [Plan] is what marketers own: journeys, segments, placements, items and policy;
//   - a [Decision] is what was served on one placement, how likely that was, and why; an [Answer] is all decisions of
//     one request together with everything needed to reproduce them.
//
// A reader who knows this package and package decide knows the product.
package veiviser
