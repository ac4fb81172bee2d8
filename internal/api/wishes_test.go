package api

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// A wish and a consent are told as they were said, whatever they are.
func TestWishRoundTrip(t *testing.T) {
	text := rapid.StringN(0, 20, 64)
	rapid.Check(t, func(t *rapid.T) {
		kinds := len(veiviserv1.DirectiveKind_name)
		d := &veiviserv1.Directive{
			Kind: veiviserv1.DirectiveKind(rapid.IntRange(1, kinds-1).Draw(t, "kind")), Target: text.Draw(t, "target"), Subject: text.Draw(t, "subject"),
		}
		if rapid.Bool().Draw(t, "ends") {
			d.ExpireTime = timestamppb.New(time.Unix(rapid.Int64Range(1, 4e9).Draw(t, "at"), 0))
		}
		said := directiveFromProto(d)
		if diff := cmp.Diff(d, directiveToProto(&said), protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
		c := &veiviserv1.Consent{
			Purpose: text.Draw(t, "purpose"), Granted: rapid.Bool().Draw(t, "granted"), Version: text.Draw(t, "version"), Source: text.Draw(t, "source"),
		}
		agreed := consentFromProto(c)
		if diff := cmp.Diff(c, consentToProto(&agreed), protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
	})
	if k := directiveKindFromProto(veiviserv1.DirectiveKind_DIRECTIVE_KIND_UNSPECIFIED); k != "" {
		t.Errorf("no kind became %q", k)
	}
	if k := directiveKindFromProto(99); k != "" {
		t.Errorf("an unknown kind became %q", k)
	}
}

// A standing is told whole; of wishes those that bind at a moment, or all.
func TestStandingToProto(t *testing.T) {
	at := time.Unix(1_795_000_000, 0).UTC()
	s := &veiviser.Standing{
		Directives: []veiviser.Directive{
			{ID: "d1", Kind: veiviser.NotNow, Created: at, Expires: at}, {ID: "d2", Kind: veiviser.MuteItem, Target: "i", Created: at},
		},
		Consents: []veiviser.Consent{{Purpose: "mail", Granted: true, Version: "1", Time: at, Source: "phone"}},
		Contacts: []veiviser.Contact{{Time: at, ItemID: "i", Kind: veiviser.KindOffer, Channel: "web", Placement: "p", Attention: 2, More: 2, Until: at}},
		Facts:    []veiviser.Fact{{Product: "p", Claim: "range", Value: "80 km", Time: at, Item: "i", Until: at}},
		Cases:    []veiviser.Case{{ID: "c", Cause: veiviser.CaseLate, Subject: "bike", Channel: "web", Opened: at, Due: at, Resolved: at, Ladder: veiviser.GroupControl}},
		Orders:   []veiviser.Order{{ID: 7, Subject: "bike", Placed: at, Promised: at, Late: true, Value: 9, Delivered: at, Returned: at}},
		Relation: veiviser.Relation{Source: "ad", FirstOrder: at, Rung: "friend", RungSince: at}, Account: "acme", Role: "buyer",
	}
	ts := timestamppb.New(at)
	want := &veiviserv1.Standing{
		Directives: []*veiviserv1.Directive{{DirectiveId: "d2", Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_MUTE_ITEM, Target: "i", CreateTime: ts}},
		Consents:   []*veiviserv1.Consent{{Purpose: "mail", Granted: true, Version: "1", Time: ts, Source: "phone"}},
		Contacts: []*veiviserv1.Contact{{
			Time: ts, ItemId: "i", Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER, Channel: "web", Placement: "p", Attention: 2, ReleaseTime: ts, Count: 3,
		}},
		Facts: []*veiviserv1.Fact{{Product: "p", Claim: "range", Value: "80 km", Time: ts, ItemId: "i", ReleaseTime: ts}},
		Cases: []*veiviserv1.Case{{
			CaseId: "c", Cause: "LATE_DELIVERY", Subject: "bike", Channel: "web", OpenTime: ts, DueTime: ts, ResolveTime: ts, RecoveryGroup: "control",
		}},
		Orders: []*veiviserv1.Order{{
			Subject: "bike", PlaceTime: ts, PromiseTime: ts, Late: true, DeliverTime: ts, ReturnTime: ts, Value: 9, OrderHash: 7,
		}},
		Phase: "waiting", Source: "ad", FirstOrderTime: ts, Rung: "friend", RungTime: ts, AccountId: "acme", Role: "buyer",
	}
	if diff := cmp.Diff(want, standingToProto(s, at), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if n := len(standingToProto(s, time.Time{}).GetDirectives()); n != 2 {
		t.Errorf("an export tells %d wishes, want both", n)
	}
}
