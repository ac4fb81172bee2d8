package api

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Whatever a standing holds is told: of a full one no field is empty, and so of all that is in it.
func TestStandingIsToldWhole(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	v := veiviser.Visitor{ID: "ada", Group: veiviser.GroupControl, Answers: map[string]string{"q": "yes"}, Standing: veiviser.Standing{
		Directives: []veiviser.Directive{{ID: "d", Kind: veiviser.MuteItem, Target: "x", Subject: "bike", Created: at, Expires: at}},
		Consents:   []veiviser.Consent{{Purpose: "p", Granted: true, Version: "1", Source: "phone", Time: at}},
		Contacts: []veiviser.Contact{{
			Time: at, ItemID: "x", Kind: veiviser.KindOffer, Topics: []string{"bike"}, Channel: "web", Placement: "hero", Attention: 1,
			More: 1, Decision: 2, Earlier: []uint64{1}, Until: at, Keep: at,
		}},
		Facts: []veiviser.Fact{{
			Product: "x", Item: "y", Claim: "made_in", Value: "Norway", Time: at, Decision: 2, Earlier: []uint64{1}, Until: at, Keep: at,
		}},
		Cases: []veiviser.Case{{
			ID: "c", Cause: veiviser.CaseLate, Subject: "bike", Channel: "web", Opened: at, Due: at, Answered: at, Resolved: at,
			Ladder: veiviser.GroupTreated, Recovered: at, Order: 1, Shown: [veiviser.MaxShownSteps]uint32{1}, ShownBy: 1,
		}},
		Orders: []veiviser.Order{{
			ID: 1, Named: true, Subject: "bike", Placed: at, Promised: at, Late: true, Value: 4321.5, Delivered: at, Returned: at,
		}},
		Relation: veiviser.Relation{Source: "ad", FirstOrder: at, Handover: at, First: 1, Rung: "member", RungSince: at},
		Answered: []string{"q"}, Acquired: veiviser.Acquired{Source: "ad", Segments: []string{"families"}},
		Recovery: veiviser.Recovering{Group: veiviser.GroupControl, Drawn: true, Began: at, Recovered: at, By: "share", Mixed: true}, Audiences: []string{"press"}, Account: "acme", Role: "buyer",
	}}
	out := portraitToProto(&decide.Portrait{Visitor: v, Profiled: true, Tier: "gold", Effective: []bool{true}})
	if out.GetExperimentGroup() != "control" || out.GetAnswers()["q"] != "yes" {
		t.Errorf("%v", out)
	}
	if o := out.GetStanding().GetOrders()[0]; o.GetValue() != 4321.5 || o.GetOrderHash() != 1 {
		t.Errorf("order %v", o)
	}
	if c := out.GetStanding().GetContacts()[0].GetDecisionHashes(); len(c) != 2 || c[0] != 1 || c[1] != 2 {
		t.Errorf("contact of decisions %v", c)
	}
	full(t, out.GetStanding())
}

// full fails the test for every field of a message, and of the messages in it, that is empty.
func full(t *testing.T, m proto.Message) {
	t.Helper()
	r := m.ProtoReflect()
	for i := range r.Descriptor().Fields().Len() {
		f := r.Descriptor().Fields().Get(i)
		if !r.Has(f) {
			t.Errorf("%s is empty", f.FullName())
		}
		if f.IsList() && f.Kind() == protoreflect.MessageKind {
			for k := range r.Get(f).List().Len() {
				full(t, r.Get(f).List().Get(k).Message().Interface())
			}
		}
	}
}
