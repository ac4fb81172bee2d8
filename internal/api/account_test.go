package api

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func TestGetAccount(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := serve(t, Options{})
	s.fake.account = func(_ context.Context, id, language string, when time.Time) (*decide.AccountView, error) {
		if id != "acme" || language != "sv" || !when.Equal(at) {
			t.Errorf("asked for %q in %q at %v", id, language, when)
		}
		return &decide.AccountView{
			ID: id, Events: 3,
			Needs: []veiviser.NeedView{{
				Need:  veiviser.Need{Journey: "fleet", Subject: "fleet/cargo", Stages: []string{"idea"}, P: []float64{1}, Started: at, Updated: at},
				Stage: "idea", Standard: veiviser.StageNeed, Audience: "customer", Account: true,
			}},
			Contacts: []veiviser.Contact{{Time: at, ItemID: "x", Kind: veiviser.KindOffer, Channel: "web", Placement: "p", Attention: 2, Until: at}},
		}, nil
	}
	out, err := s.visits().GetAccount(t.Context(), &veiviserv1.GetAccountRequest{
		AccountId: "acme", Language: "sv", Time: timestamppb.New(at),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &veiviserv1.GetAccountResponse{
		AccountId: "acme", Events: 3,
		Needs: []*veiviserv1.NeedBelief{{
			Journey: "fleet", Subject: "fleet/cargo", Stage: "idea", StandardStage: "need", Audience: "customer", Account: true,
			Stages:    []*veiviserv1.StageProbability{{Stage: "idea", Probability: 1}},
			StartTime: timestamppb.New(at), UpdateTime: timestamppb.New(at),
		}},
		Contacts: []*veiviserv1.Contact{{
			Time: timestamppb.New(at), ItemId: "x", Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER, Channel: "web", Placement: "p",
			Attention: 2, ReleaseTime: timestamppb.New(at), Count: 1,
		}},
	}
	if d := cmp.Diff(want, out, protocmp.Transform()); d != "" {
		t.Error(d)
	}
}
