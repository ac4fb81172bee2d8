package learn

import (
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// MaxFuture is how far ahead of the service's clock an event may lie; more is a defect of the sender's clock.
const MaxFuture = 5 * time.Minute

// Folded is what becomes of a visitor when a batch of her events is folded in.
type Folded struct {
	// Visitor is her new state; nil when no event was accepted. What was loaded is not changed.
	Visitor *veiviser.Visitor
	// Results has one entry per event, in order.
	Results []veiviser.EventResult
	// EventIDs are the accepted ones, Log their outbox lines.
	EventIDs []string
	Log      []veiviser.LogEntry
	// Forget is true when what was known of her is left out of Visitor, since she is not to be profiled: see Change.Forget.
	Forget bool
	// Accounts is what the accounts she acts for are to hear, before Visitor is written: see RecordAccounts.
	Accounts []AccountShare
}

// Fold admits and folds events of one person in the order given, at the wall-clock time now. It is pure: the same
// arguments give the same result.
//
// Of somebody who is not to be profiled nothing is folded but what stands between her and the shop. That an event happened is
// remembered by its id, so that it counts once, and logged without any membership: as somebody's, not as hers. What is still
// known of her is forgotten with it.
func Fold(snap *plan.Snapshot, loaded *veiviser.Loaded, events []veiviser.Event, now time.Time) Folded {
	out := Folded{Results: make([]veiviser.EventResult, len(events))}
	inBatch := make(map[string]*veiviser.Event, len(events))
	for i := range events {
		e := &events[i]
		if e.Time.IsZero() {
			e.Time = now
		}
		r := &out.Results[i]
		r.ID = e.ID
		switch twin, seen := inBatch[e.ID]; {
		case seen && !sameEvent(twin, e):
			r.Status = veiviser.EventRejected
			r.Err = veiviser.Invalid(veiviser.ReasonEventIDReused, "event_id",
				"this id was used before in the same call with other content")
		case seen || loaded.Duplicate != nil && loaded.Duplicate[i]:
			r.Status = veiviser.EventDuplicate
		default:
			if r.Err = admit(snap, loaded, out.standing(loaded), e, now); r.Err != nil {
				r.Status = veiviser.EventRejected
				continue
			}
			r.Status = veiviser.EventAccepted
			inBatch[e.ID] = e
			out.fold(snap, loaded, e, now)
		}
	}
	return out
}

// sameEvent reports whether two events with the same id say the same; a time filled in by the service does not count.
func sameEvent(a, b *veiviser.Event) bool {
	return a.Type == b.Type && a.Subject == b.Subject && a.ItemID == b.ItemID && a.DecisionID == b.DecisionID &&
		a.Value == b.Value
}

// admit says what is wrong with an event that is well formed, or nil.
func admit(snap *plan.Snapshot, loaded *veiviser.Loaded, standing *veiviser.Standing, e *veiviser.Event, now time.Time) *veiviser.Error {
	if !snap.KnowsEventType(e.Type) {
		return veiviser.Invalid(veiviser.ReasonUnknownEventType, "type",
			"%q is neither a standard event type nor one the plan declares", e.Type)
	}
	if e.Time.After(now.Add(MaxFuture)) {
		return veiviser.Invalid(veiviser.ReasonEventInFuture, "time", "the event lies more than %v in the future", MaxFuture)
	}
	if e.Time.Before(loaded.Erased) || e.Time.Before(loaded.ErasedRoot) {
		err := veiviser.Invalid(veiviser.ReasonErased, "time", "the person was erased after this had happened")
		err.Kind = veiviser.KindPrecondition
		return err
	}
	if !mayBeHers(snap, loaded, standing, e.DecisionID, now) {
		return veiviser.NotFound(veiviser.ReasonUnknownDecision, "decision_id",
			"no decision of this id was made for this visitor, or it is no longer remembered")
	}
	if err := admitAccount(snap, e); err != nil {
		return err
	}
	if err := admitAudience(snap, e); err != nil {
		return err
	}
	if err := snap.Relation.Admit(standing, e); err != nil {
		return err
	}
	return admitAnswer(snap, e)
}

// mayBeHers reports whether an event may be about the decision it names, or about none. One that is not remembered may be hers when
// what it showed or told her is, and when she is not to be profiled, since her answers were forgotten then: what she does is heard, and
// nothing is known of the decision.
func mayBeHers(snap *plan.Snapshot, loaded *veiviser.Loaded, s *veiviser.Standing, decision string, now time.Time) bool {
	if decision == "" {
		return true
	}
	_, known := loaded.Outcomes[decision]
	return known || showedHer(s, decision) || !snap.Profiled(s, now)
}

// standing is what is between her and the shop by now.
func (f *Folded) standing(loaded *veiviser.Loaded) *veiviser.Standing {
	for _, v := range [...]*veiviser.Visitor{f.Visitor, loaded.Visitor} {
		if v != nil {
			return &v.Standing
		}
	}
	return &veiviser.Standing{}
}

// fold folds one admitted event and writes its outbox line.
func (f *Folded) fold(snap *plan.Snapshot, loaded *veiviser.Loaded, e *veiviser.Event, now time.Time) {
	f.open(loaded)
	v := f.Visitor
	if v.Group == veiviser.GroupUnknown {
		v.Group = GroupOf(v, v.ID, *snap.Policy.Control.Share)
	}
	entry := veiviser.LogEntry{Time: e.Time, Event: logged(snap, loaded, e, now)}
	given := loaded.Outcomes[e.DecisionID]
	t := told(snap, given, e)
	again := v.Events > 0 && relation.ToldBefore(&v.Standing, e) // of whom nothing is known, nothing was counted
	entry.Event.Again = again
	f.acts(snap, v, e, given, t, !again, now)
	leaveAudiences(snap, v, e)
	if f.profiled(snap, now) {
		entry.Before = memberOf(v)
		moved(snap.Crisis.Region, v, e)
		if again {
			stage.Note(v, e)
		} else {
			happen(snap, v, e, given)
		}
		noteAnswered(snap, v, e)
		entry.Steps = foldStanding(snap, v, e, loaded.Nonce, true, entry.Before.Segments)
		entry.Event.Whose = veiviser.HashID(v.ID)
		entry.After = MembershipAt(snap, v, e.Subject, v.LastSeen)
		v.Segments, v.Stage = entry.After.Segments, entry.After.Stage
	} else {
		entry.Steps = foldStanding(snap, v, e, loaded.Nonce, false, nil)
	}
	noteAudiences(snap, v, e)
	confirm(&v.Standing, e)
	recall(snap, &v.Standing, e, given, ofPerson(snap.Contact))
	entry.Event.Region = veiviser.FoldRegion(regionOf(snap.Crisis.Region, e, v))
	f.EventIDs = append(f.EventIDs, e.ID)
	f.Log = append(f.Log, entry)
}

// told is what an answer to something shown is about: the item, and the need it was shown for. It is nothing when that is
// not known.
func told(snap *plan.Snapshot, g veiviser.Given, e *veiviser.Event) stage.Told {
	d := g.Decision()
	if d == nil {
		return stage.Told{}
	}
	choice := choiceOf(d, e)
	if choice < 0 {
		return stage.Told{}
	}
	it, ok := snap.Catalog.Lookup(d.Choices[choice].ItemID)
	if !ok {
		return stage.Told{}
	}
	t := stage.Told{Stages: it.Stages}
	if d.Need >= 0 && d.Need < len(g.Answer.Needs) {
		t.Journey, t.Subject = g.Answer.Needs[d.Need].Journey, g.Answer.Needs[d.Need].Subject
	}
	return t
}

// MembershipAt is where a visitor stands at a moment: her segments, and the sure standard stage of the need that the
// subject, or else her latest event, is about.
func MembershipAt(snap *plan.Snapshot, v *veiviser.Visitor, subject string, at time.Time) veiviser.Membership {
	views := snap.Stages.Views(v, subject, at)
	facts := eligible.Facts{Visitor: v, Context: &veiviser.Context{}, Now: at}
	m := veiviser.Membership{Known: true}
	if len(views) > 0 {
		facts.Need = &views[0]
		m.Stage = views[0].Standard
	}
	m.Segments = snap.Segments(&facts)
	return m
}

// logged is the event as the learner sees it: without anything that names a person, with what its decision served.
func logged(snap *plan.Snapshot, loaded *veiviser.Loaded, e *veiviser.Event, now time.Time) *veiviser.LoggedEvent {
	l := &veiviser.LoggedEvent{Type: e.Type, Subject: e.Subject, Channel: e.Channel, ItemID: e.ItemID, Value: e.Value}
	given := loaded.Outcomes[e.DecisionID]
	outcomeOf(snap, given, e, now, l)
	d := given.Decision()
	if d == nil || d.Staff { // what comes of a talk says nothing about showing it to her
		return l
	}
	l.DecisionID, l.Placement, l.ItemID = e.DecisionID, d.Placement, "" // what it did not serve is no outcome of it
	for _, c := range d.Choices {
		if c.ItemID == e.ItemID || e.ItemID == "" && len(d.Choices) == 1 {
			l.ItemID, l.Kind, l.Format = c.ItemID, c.Kind, c.Format
		}
	}
	l.Channel = given.Answer.Request.Context.ChannelAt(d.Channel)
	return l
}
