package veiviser

import (
	"slices"
	"strings"
	"time"
)

// Bar keeps items away from one person in one placement, for a reason. Every field that is set must hold of an item; a bar with
// none keeps everything away.
type Bar struct {
	Reason ExclusionReason
	// About is what is behind it: the id of a directive, cap, case, switch, order or audience.
	About string
	// Until is when it ends as far as is known; zero is unknown.
	Until time.Time
	// Passes is the least duty of items that it lets pass; "" lets none pass.
	Passes Duty
	// Kinds and Items: the item is one of these. Topics: one of its topics is one of these or lies below it.
	Kinds  []ItemKind
	Items  []string
	Topics []string
	// Exact takes Topics as they stand, without what lies below them.
	Exact bool
	// Tells: it says a price or a claim.
	Tells bool
	// Before: it serves stages, all of them before this one.
	Before StandardStage
	// Except are items that it lets pass, Spares kinds, Beyond topics with what lies below them. Care lets those pass that are made for people with an open case.
	Except []string
	Spares []ItemKind
	Beyond []string
	Care   bool
}

// Everything reports whether the bar is about all items alike.
func (b *Bar) Everything() bool {
	return len(b.Kinds) == 0 && len(b.Items) == 0 && len(b.Topics) == 0 && b.Before == "" && !b.Tells
}

// Keeps reports whether the bar keeps an item away.
func (b *Bar) Keeps(it *Item) bool {
	if it.Duty.Passes(b.Passes) || b.Care && it.Care || slices.Contains(b.Spares, it.Kind) || slices.Contains(b.Except, it.ID) {
		return false
	}
	if len(b.Beyond) > 0 && slices.ContainsFunc(it.Topics, func(t string) bool { return AnySubjectMatches(b.Beyond, t) }) {
		return false
	}
	return (len(b.Kinds) == 0 || slices.Contains(b.Kinds, it.Kind)) && (len(b.Items) == 0 || slices.Contains(b.Items, it.ID)) &&
		(len(b.Topics) == 0 || slices.ContainsFunc(it.Topics, b.about)) &&
		(!b.Tells || it.Tells()) && (b.Before == "" || onlyBefore(it.Stages, b.Before))
}

// about reports whether a topic is one of those of the bar.
func (b *Bar) about(topic string) bool {
	if b.Exact {
		return slices.Contains(b.Topics, strings.TrimSuffix(topic, "/*"))
	}
	return AnySubjectMatches(b.Topics, topic)
}

// Passes reports whether a duty is at least the one that a bar lets pass.
func (d Duty) Passes(least Duty) bool {
	switch least {
	case DutyTransactional:
		return d == DutyTransactional || d == DutyMandatory
	case DutyMandatory:
		return d == DutyMandatory
	default:
		return false
	}
}

// onlyBefore reports whether there are stages and all of them come before one.
func onlyBefore(stages []StandardStage, limit StandardStage) bool {
	return len(stages) > 0 && !slices.ContainsFunc(stages, func(s StandardStage) bool { return s.Index() >= limit.Index() })
}
