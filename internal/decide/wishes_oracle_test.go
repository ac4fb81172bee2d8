package decide

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// wished is what a person said, as a reader of the contract would note it down: everything by itself, nothing computed.
type wished struct {
	id, kind, target, subject string
	at                        time.Time // when she said it
	until                     time.Time // zero for ever
}

// onStage says whether it is her word on where she stands.
func (w *wished) onStage() bool {
	return w.kind == "JUST_LOOKING" || w.kind == "DECIDED" || w.kind == "CORRECT_STAGE"
}

// aboutAllOf says whether it is about everything that another is about, so that the later of the two is the one that counts: about
// the same thing, or where she stands in a subject of which the other names a part.
func (w *wished) aboutAllOf(o *wished) bool {
	if w.onStage() && o.onStage() {
		return w.subject == "" || o.subject != "" && below(o.subject, w.subject)
	}
	return w.kind == o.kind && w.target == o.target && w.subject == o.subject
}

func (w *wished) over(at time.Time) bool { return !w.until.IsZero() && !at.Before(w.until) }

// stays says whether of two wishes about one thing, said under two identities, the earlier one is the one that holds for both: a word
// on a stage when the later one is over and it is not; any other when it ends later.
func stays(earlier, later *wished, now time.Time) bool {
	switch {
	case earlier.onStage():
		return later.over(now) && !earlier.over(now)
	case later.until.IsZero():
		return false
	default:
		return earlier.until.IsZero() || later.until.Before(earlier.until)
	}
}

// together are the wishes of two identities that turn out to be one person.
func together(a, b []wished, now time.Time) []wished {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y wished) int { return x.at.Compare(y.at) })
	var out []wished
	for _, w := range all {
		replaced := func(o wished) bool { return w.aboutAllOf(&o) }
		if !slices.ContainsFunc(out, func(o wished) bool { return replaced(o) && stays(&o, &w, now) }) {
			out = append(slices.DeleteFunc(out, replaced), w)
		}
	}
	return out
}

// meantSince says whether of an item another word is meant: a later one on where she stands that is about less, and about it.
func (b *believer) meantSince(w *wished, person string, it *veiviser.Item, at time.Time) bool {
	return slices.ContainsFunc(b.said[person], func(later wished) bool {
		return w.onStage() && later.onStage() && later.at.After(w.at) && !later.over(at) && w.aboutAllOf(&later) &&
			slices.ContainsFunc(it.Topics, func(topic string) bool { return below(topic, later.subject) })
	})
}

// believer is the oracle: it remembers what each person said, and says what may not be shown to her. It shares no code with
// what it judges.
type believer struct {
	said    map[string][]wished // by identity as spoken under
	refused map[string]map[string]bool
	persons map[string]string // identity → person
}

func (b *believer) person(id string) string {
	if p, ok := b.persons[id]; ok {
		return p
	}
	return id
}

// below reports whether a subject is another one or lies below it, by reading them from left to right.
func below(subject, above string) bool {
	return subject == above || strings.HasPrefix(subject, above+"/")
}

// forbids says which wish an item shown at a moment in a channel breaks, "" for none.
func (w *wished) forbids(it *veiviser.Item, channel string, at time.Time) bool {
	if w.over(at) || it.Duty == "mandatory" {
		return false
	}
	touches := func(subject string) bool {
		for _, topic := range it.Topics {
			if below(topic, subject) {
				return true
			}
		}
		return false
	}
	if w.subject != "" && !touches(w.subject) {
		return false
	}
	switch w.kind {
	case "MUTE_TOPIC":
		return touches(w.target)
	case "MUTE_ITEM":
		return it.ID == w.target
	case "MUTE_KIND":
		return string(it.Kind) == w.target
	case "MUTE_CHANNEL":
		return channel == w.target
	}
	if it.Duty == "transactional" {
		return false
	}
	switch w.kind {
	case "NOT_NOW":
		return true
	case "JUST_LOOKING":
		return it.Kind == "offer"
	case "DECIDED":
		early := len(it.Stages) > 0
		for _, s := range it.Stages {
			early = early && (s == "need" || s == "search" || s == "evaluate")
		}
		return early
	}
	return false
}

// refuses says whether she may not be written to in a channel: the one purpose of the plan of these tests is about mail and app.
func (b *believer) refuses(person, channel string) bool {
	return (channel == "mail" || channel == "app") && b.refused[person]["messages"]
}

// shy says whether she may not be profiled.
func (b *believer) shy(person string, at time.Time) bool {
	for _, w := range b.said[person] {
		if w.kind == "DO_NOT_PROFILE" && (w.until.IsZero() || at.Before(w.until)) {
			return true
		}
	}
	return b.refused[person]["memory"]
}

// violation says what is wrong with an answer, "" for nothing.
func (b *believer) violation(snap *plan.Snapshot, a *veiviser.Answer, id string, at time.Time) string {
	person := b.person(id)
	for i := range a.Decisions {
		d := &a.Decisions[i]
		place, _ := snap.Placement(d.Placement)
		for _, c := range d.Choices {
			it, ok := snap.Catalog.Lookup(c.ItemID)
			if !ok {
				return "an item that is not there: " + c.ItemID
			}
			inTalk := d.Placement == "advisor" // a conversation that she began: when and where she is spoken to is hers already
			for _, w := range b.said[person] {
				if inTalk && (w.kind == "NOT_NOW" || w.kind == "MUTE_CHANNEL") {
					continue
				}
				if w.forbids(it, place.Channel, at) && !b.meantSince(&w, person, it, at) {
					return fmt.Sprintf("%s in %s (fallback %v) against %+v", it.ID, d.Placement, d.Fallback, w)
				}
			}
			if it.Duty == "" && !inTalk && b.refuses(person, place.Channel) {
				return fmt.Sprintf("%s in %s without consent", it.ID, d.Placement)
			}
		}
	}
	if b.shy(person, at) {
		if a.Visitor.Events > 0 || len(a.Visitor.Needs) > 0 || len(a.Visitor.Counts) > 0 || len(a.Visitor.Attributes) > 0 {
			return "she is not to be profiled, and is"
		}
		for _, n := range a.Needs {
			if !n.New {
				return "she is not to be profiled, and something is believed of her"
			}
		}
	}
	return ""
}
