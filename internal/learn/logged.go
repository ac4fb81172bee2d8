package learn

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// GroupOf is the group of a person: the one that was fixed with her first event, or else the one that the hash of her
// identity says. v may be nil.
func GroupOf(v *veiviser.Visitor, id string, share float64) veiviser.Group {
	if v != nil && v.Group != veiviser.GroupUnknown {
		return v.Group
	}
	if v != nil && v.ID != "" {
		id = v.ID
	}
	h := fnv.New64a()
	h.Write([]byte("control/12\x00" + id)) // a hash never fails
	sum := h.Sum64()
	sum ^= sum >> 32 // the high bits of FNV hardly depend on the end of short texts
	sum *= 0x9e3779b97f4a7c15
	if float64(sum>>11)/(1<<53) < share {
		return veiviser.GroupControl
	}
	return veiviser.GroupTreated
}

// Logged is a decision of an answer as the learner sees it: with everything that what comes of it is judged by, and nothing
// that names a person.
func Logged(snap *plan.Snapshot, a *veiviser.Answer, index int) *veiviser.LoggedDecision {
	dec := &a.Decisions[index]
	c := &a.Request.Context
	out := &veiviser.LoggedDecision{
		DecisionID: dec.ID, Placement: dec.Placement, Channel: c.ChannelAt(dec.Channel), Silent: len(dec.Choices) == 0, Fallback: dec.Fallback,
		Staff: dec.Staff, Time: a.Time, Made: a.Made, Group: a.Group, Exploration: dec.Exploration, Subject: c.Subject, Device: c.Device,
		Language: c.Language, Segments: a.Segments, Terms: a.Terms, Worth: a.Visitor.Value,
	}
	for i := range a.Visitor.Counts {
		if a.Visitor.Counts[i].Type == a.Terms.LiftOutcome {
			out.Counted = a.Visitor.Counts[i].Count
		}
	}
	if dec.Need >= 0 && dec.Need < len(a.Needs) {
		n := &a.Needs[dec.Need]
		out.Journey, out.NeedSubject, out.Stage, out.ByStage, out.Value = n.Journey, n.Subject, n.Standard, n.ByStandard, n.Value
		if out.Subject == "" {
			out.Subject = n.Subject
		}
	}
	for i := range dec.Choices {
		ch := &dec.Choices[i]
		l := veiviser.LoggedChoice{
			ItemID: ch.ItemID, Kind: ch.Kind, Format: ch.Format, Propensity: ch.Propensity, Mean: rank.Usefulness(ch.Parts),
		}
		if it, ok := snap.Catalog.Lookup(ch.ItemID); ok {
			l.Topics = it.Topics
		}
		out.Choices = append(out.Choices, l)
	}
	return out
}

// clockSkew is how far the clocks of replicas, senders and the store may lie apart.
const clockSkew = 2 * time.Second

// outcomeOf fills in what an event that names a decision is an outcome of.
func outcomeOf(snap *plan.Snapshot, g veiviser.Given, e *veiviser.Event, now time.Time, l *veiviser.LoggedEvent) {
	d := g.Decision()
	l.Choice = -1
	if d == nil || d.Staff {
		return
	}
	rule := g.Answer.Terms.Rule(e.Type)
	if rule == nil {
		return
	}
	if l.Choice = choiceOf(d, e); l.Choice < 0 {
		return
	}
	if e.Time.Sub(g.Answer.Time) > rule.Window+clockSkew || now.Sub(g.Answer.Made) > rule.Window+clockSkew {
		l.Late = true
		return
	}
	l.Decision = Logged(snap, g.Answer, g.Index)
}

// aboutTheItem are the events that speak of the item shown, and of nothing else.
var aboutTheItem = []string{"impression", "click", "dismiss", "helpful", "not_relevant", "too_early", "too_late", "known"}

// choiceOf is the choice an outcome is about: the item it names, or the first when it names none, or another one that she
// bought; -1 when it speaks of an item that was not shown.
func choiceOf(d *veiviser.Decision, e *veiviser.Event) int {
	for i := range d.Choices {
		if d.Choices[i].ItemID == e.ItemID {
			return i
		}
	}
	if len(d.Choices) == 0 || e.ItemID != "" && slices.Contains(aboutTheItem, e.Type) {
		return -1
	}
	return 0
}
