package eligible_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestNoSell(t *testing.T) {
	audiences := []veiviser.Audience{
		{ID: "press", NeverSell: true, Binds: veiviser.BindsPerson},
		{ID: "investor", NeverSell: true},
		{ID: "supplier", NeverSell: true, Binds: veiviser.BindsNeed},
		{ID: "customer"},
	}
	need := func(audience string) veiviser.NeedView { return veiviser.NeedView{Audience: audience} }
	assumed := veiviser.NeedView{Audience: "press", New: true}
	for name, tt := range map[string]struct {
		visitor *veiviser.Visitor
		needs   []veiviser.NeedView
		served  int // -1 for none
		want    []string
	}{
		"a customer":                        {needs: []veiviser.NeedView{need("customer")}},
		"nobody":                            {served: -1},
		"an investor's errand":              {needs: []veiviser.NeedView{need("investor")}, want: []string{"investor"}},
		"a supplier's errand":               {needs: []veiviser.NeedView{need("supplier")}, want: []string{"supplier"}},
		"an investor shops":                 {needs: []veiviser.NeedView{need("customer"), need("investor")}},
		"a journalist shops":                {needs: []veiviser.NeedView{need("customer"), need("press")}, want: []string{"press"}},
		"a journalist on nobody's errand":   {needs: []veiviser.NeedView{need("press")}, served: -1, want: []string{"press"}},
		"a journalist and an investor":      {needs: []veiviser.NeedView{need("investor"), need("press")}, want: []string{"press", "investor"}},
		"a journalist is only assumed":      {needs: []veiviser.NeedView{need("customer"), assumed}},
		"a neighbour, whom nobody declared": {needs: []veiviser.NeedView{need("neighbour")}},
		"the sender says press": {
			visitor: &veiviser.Visitor{Attributes: map[string]string{"audience": "press"}}, needs: []veiviser.NeedView{need("customer")},
			want: []string{"press"},
		},
		"the sender says investor": {
			visitor: &veiviser.Visitor{Attributes: map[string]string{"audience": "investor"}}, needs: []veiviser.NeedView{need("customer")},
		},
		"seen as press once, and investor": {
			visitor: &veiviser.Visitor{Standing: veiviser.Standing{Audiences: []string{"investor", "press"}}},
			needs:   []veiviser.NeedView{need("customer")}, want: []string{"press"},
		},
		"the sender says something else": {visitor: &veiviser.Visitor{Attributes: map[string]string{"audience": "royalty"}}, served: -1},
	} {
		t.Run(name, func(t *testing.T) {
			var served *veiviser.NeedView
			if tt.served >= 0 && len(tt.needs) > 0 {
				served = &tt.needs[tt.served]
			}
			var got []string
			for _, b := range eligible.NoSell(audiences, tt.visitor, tt.needs, served) {
				got = append(got, b.About)
				if !b.Keeps(&veiviser.Item{Kind: veiviser.KindOffer}) || b.Keeps(&veiviser.Item{Kind: veiviser.KindContent}) ||
					b.Keeps(&veiviser.Item{Kind: veiviser.KindOffer, Duty: veiviser.DutyTransactional}) || b.Reason != veiviser.ExcludedNoSell {
					t.Errorf("%+v", b)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// Whatever is served, an offer is kept away exactly when an audience that never buys is served, or is bound and hers.
func TestNoSellProperty(t *testing.T) {
	ids := veiviser.AudienceIDs()
	rapid.Check(t, func(t *rapid.T) {
		audiences := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) veiviser.Audience {
			return veiviser.Audience{
				ID: rapid.SampledFrom(ids).Draw(t, "id"), NeverSell: rapid.Bool().Draw(t, "never"),
				Binds: rapid.SampledFrom([]string{"", veiviser.BindsNeed, veiviser.BindsPerson}).Draw(t, "binds"),
			}
		}), 0, 6, func(a veiviser.Audience) string { return a.ID }).Draw(t, "audiences")
		needs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) veiviser.NeedView {
			return veiviser.NeedView{Audience: rapid.SampledFrom(ids).Draw(t, "audience"), New: rapid.Bool().Draw(t, "new")}
		}), 1, 5).Draw(t, "needs")
		served := &needs[rapid.IntRange(0, len(needs)-1).Draw(t, "served")]
		v := &veiviser.Visitor{Attributes: map[string]string{"audience": rapid.SampledFrom(append(ids, "", "x")).Draw(t, "said")}}
		want := 0
		for _, a := range audiences {
			hers := v.Attributes["audience"] == a.ID
			for _, n := range needs {
				hers = hers || !n.New && n.Audience == a.ID
			}
			if a.NeverSell && (served.Audience == a.ID || a.Binds == veiviser.BindsPerson && hers) {
				want++
			}
		}
		if got := len(eligible.NoSell(audiences, v, needs, served)); got != want {
			t.Fatalf("%d bars, want %d", got, want)
		}
	})
}
