package veiviser

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Fact is a price or claim she was told by an item. Where impressions are reported she was told it once one came; until then it is
// reserved, as a [Contact] is.
type Fact struct {
	// Product is what it is about, Item what told her.
	Product, Item string
	// Claim is the name of the claim; "" is the price.
	Claim string
	// Value is the value of the claim, or the price as "NOK 12490000000" (currency and micros).
	Value string
	// Time is when she was told it last.
	Time time.Time
	// Decision is a hash of the id of the decision that told it last, 0 for none; Earlier are those that told it before and are
	// only reserved, too, the latest [MaxEarlier].
	Decision uint64
	Earlier  []uint64
	// Until is when it is released unless an impression comes before; zero is told for good.
	Until time.Time
	// Keep is until when the plan that told it holds to it.
	Keep time.Time
}

// Counts reports whether she is held to have been told it at a moment: it was not released.
func (f *Fact) Counts(now time.Time) bool { return f.Until.IsZero() || now.Before(f.Until) }

// By reports whether a decision told it.
func (f *Fact) By(decision uint64) bool {
	return f.Decision == decision || slices.Contains(f.Earlier, decision)
}

// Repeats reports whether two facts say the same, whoever told it.
func (f *Fact) Repeats(o *Fact) bool {
	return f.Product == o.Product && f.Claim == o.Claim && f.Value == o.Value
}

// covers reports whether nothing is lost of another fact when this one is kept: it is the same, told by the same no later, and
// not surer.
func (f *Fact) covers(o *Fact) bool {
	return f.Item == o.Item && f.Repeats(o) && !f.Time.Before(o.Time) && (f.Until.IsZero() || !o.Until.IsZero())
}

// takeUp lets an impression of what is covered speak for this fact, too.
func (f *Fact) takeUp(covered *Fact) {
	if covered.Keep.After(f.Keep) {
		f.Keep = covered.Keep
	}
	if f.Until.IsZero() {
		return
	}
	if covered.Decision != f.Decision {
		f.Earlier = decisions(covered.Earlier, covered.Decision, f.Earlier)
	}
	if covered.Until.After(f.Until) {
		f.Until = covered.Until
	}
}

// AddFact adds a fact to a list. What is the same is kept once with its latest time, and a second time when that one is only
// reserved; other values stay beside it, whichever was told first. The list may be overwritten.
func AddFact(list []Fact, f Fact) []Fact {
	for i := range list {
		if list[i].covers(&f) {
			list[i].takeUp(&f)
			return list
		}
	}
	list = slices.DeleteFunc(list, func(o Fact) bool {
		if !f.covers(&o) {
			return false
		}
		f.takeUp(&o)
		return true
	})
	return append(list, f)
}

// SortFacts brings facts into order of time, and for what was told at once into one that depends on nothing else.
func SortFacts(list []Fact) {
	slices.SortStableFunc(list, func(a, b Fact) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Product, b.Product), strings.Compare(a.Claim, b.Claim),
			strings.Compare(a.Value, b.Value), strings.Compare(a.Item, b.Item), a.Until.Compare(b.Until), cmp.Compare(a.Decision, b.Decision))
	})
}

// KeepFacts keeps at most [MaxFacts] of a list that is in order of time: what idle names goes first, then what was said again, by
// something else or where an impression is awaited, then the oldest. The list may be overwritten.
func KeepFacts(list []Fact, idle func(*Fact) bool) []Fact {
	for _, spare := range []func(i int) bool{
		func(i int) bool { return idle(&list[i]) }, func(i int) bool { return saidAgain(list, i) }, func(int) bool { return true },
	} {
		for i := 0; i < len(list) && len(list) > MaxFacts; {
			if spare(i) {
				list = slices.Delete(list, i, i+1)
			} else {
				i++
			}
		}
	}
	return list
}

// saidAgain reports whether a fact is repeated later, and lets the later one last no less.
func saidAgain(list []Fact, i int) bool {
	for k := i + 1; k < len(list); k++ {
		if list[k].Repeats(&list[i]) {
			if list[i].Until.IsZero() {
				list[k].Until, list[k].Earlier = time.Time{}, nil
			}
			return true
		}
	}
	return false
}
