package relation_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Whatever happens in whatever order: while a case is open or an order late, and until the first order was delivered right, offers are
// kept away; phases go forward only; standings stay bounded; and what was given is not changed.
func TestNothingIsSold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := policy(0.5), veiviser.Standing{}
		offer := veiviser.Item{ID: "o", Kind: veiviser.KindOffer}
		order := map[veiviser.Phase]int{veiviser.PhaseProspect: 0, veiviser.PhaseWaiting: 1, veiviser.PhaseCustomer: 2}
		at, opened, closed := start, map[string]bool{}, map[string]bool{}
		for n := range rapid.IntRange(1, 40).Draw(t, "events") {
			at = at.Add(time.Duration(rapid.IntRange(-24, 120).Draw(t, "hours")) * time.Hour)
			e := anEvent(t, n, at)
			before, was := s.Clone(), s.Relation.Phase()
			kept := before.Clone()
			steps := relation.Fold(p, &s, &e, &relation.About{Nonce: rapid.Uint64().Draw(t, "nonce")})
			if !slices.Equal(before.Cases, kept.Cases) || !slices.Equal(before.Orders, kept.Orders) {
				t.Fatal("a copy was changed")
			}
			count(t, steps, opened, closed)
			now := s.Relation.Phase()
			if order[now] < order[was] {
				t.Fatalf("from %s back to %s", was, now)
			}
			if len(s.Cases) > veiviser.MaxCases || len(s.Orders) > veiviser.MaxOrders {
				t.Fatalf("%d cases, %d orders", len(s.Cases), len(s.Orders))
			}
			look := at.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "later")) * time.Hour)
			bars := relation.Bars(p, &s, look, relation.Due(p, &s, look, anything))
			barred := slices.ContainsFunc(bars, func(b veiviser.Bar) bool { return b.Keeps(&offer) })
			if must := s.OpenCases(look) > 0 || now == veiviser.PhaseWaiting && s.Waits(); barred != must {
				t.Fatalf("offers barred %v, want %v; %+v", barred, must, s)
			}
			if s.OpenCases(look) > 0 && relation.Due(p, &s, look, anything) != nil {
				t.Fatal("a recovery step while something is to be put right")
			}
		}
		open := 0
		for id := range opened {
			if !closed[id] {
				open++
			}
		}
		if n := s.OpenCases(at); n < open || len(openIDs(&s)) != open {
			t.Fatalf("%d cases are open by the steps, %d by the standing", open, len(openIDs(&s)))
		}
	})
}

// openIDs are the open cases that have an id.
func openIDs(s *veiviser.Standing) []string {
	var ids []string
	for i := range s.Cases {
		if s.Cases[i].Open() {
			ids = append(ids, s.Cases[i].ID)
		}
	}
	return ids
}

func count(t *rapid.T, steps []veiviser.Step, opened, closed map[string]bool) {
	for i := range steps {
		switch steps[i].Kind {
		case veiviser.StepCaseOpened:
			if opened[steps[i].About] {
				t.Fatalf("case %s was opened twice", steps[i].About)
			}
			opened[steps[i].About] = true
		case veiviser.StepCaseResolved, veiviser.StepCaseClosed:
			if closed[steps[i].About] {
				t.Fatalf("case %s was closed twice", steps[i].About)
			}
			closed[steps[i].About] = true
		default:
		}
	}
}

func anEvent(t *rapid.T, n int, at time.Time) veiviser.Event {
	e := veiviser.Event{
		ID: string(rune('a' + n)), Time: at,
		Type: rapid.SampledFrom([]string{
			"complaint", "complaint_response", "complaint_resolved", "purchase", "delivery_confirmed", "delivery_failed", "return", "share", "view",
		}).Draw(t, "type"),
		Subject: rapid.SampledFrom([]string{"", "bike", "bike/ebike", "parts"}).Draw(t, "subject"), Attributes: map[string]string{},
	}
	if id := rapid.SampledFrom([]string{"", "o1", "o2", "o3"}).Draw(t, "order"); id != "" {
		e.Attributes["order"] = id
	}
	return e
}
