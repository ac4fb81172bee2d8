package product_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/eval/simulate"
	"github.com/veiviser/veiviser/internal/eval/simulate/product"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

type variant struct {
	click, progress, purchase float64
	window                    time.Duration
	sd                        float64
	hl                        time.Duration
	att                       float64
	expl float64
	crosses string
	strength float64
	helpful float64
}

func TestExp(t *testing.T) {
	H := time.Hour
	M := 30 * time.Minute
	folder, _ := planpb.Bundle("sykkel")
	m, _, _ := planpb.ReadFS(folder)
	Y := 365 * 24 * H
	base := variant{0.02, 1, 1, M, 0.03, Y, -1, 1, "", 1, 1}
	var variants []variant
	add := func(f func(*variant)) { v := base; f(&v); variants = append(variants, v) }
	base.crosses, base.strength, base.sd = "ks", 3, 0.05
	base.strength, base.progress = 3, 2
	add(func(v *variant) { v.crosses = "tsub"; v.sd = 0.05 })
	add(func(v *variant) { v.crosses = "tsub"; v.sd = 0.1 })
	add(func(v *variant) { v.crosses = "isub"; v.sd = 0.05 })
	for _, v := range variants {
		sum, orders := 0.0, 0
		early, late := 0.0, 0.0
		for seed := uint64(1); seed <= 3; seed++ {
			p := planpb.FromProto(m)
			w := simulate.NewWorld(simulate.ShopOf(p, "card"), seed)
			l := &p.Policy.Learning
			l.Outcomes = []veiviser.OutcomeRule{{Type: "purchase", Weight: v.purchase, Window: 72 * time.Hour},
				{Type: "helpful", Weight: v.helpful, Window: M}, {Type: "not_relevant", Weight: -0.4, Window: M}, {Type: "too_early", Weight: -0.4, Window: M}, {Type: "dismiss", Weight: -0.2, Window: M}}
			if v.click != 0 {
				l.Outcomes = append(l.Outcomes, veiviser.OutcomeRule{Type: "click", Weight: v.click, Window: 30 * time.Minute})
			}
			l.ProgressWeight, l.ProgressWindow = new(v.progress), v.window
			l.Crosses = veiviser.DefaultCrosses()
			switch v.crosses {
			case "none":
				l.Crosses = []veiviser.Cross{{Attributes: []string{"device", "kind"}}}
			case "ks":
				l.Crosses = []veiviser.Cross{{Attributes: []string{"kind", "stage"}}}
			case "ks,ts":
				l.Crosses = []veiviser.Cross{{Attributes: []string{"kind", "stage"}}, {Attributes: []string{"topic", "stage"}}}
			case "sig":
				l.Crosses = []veiviser.Cross{{Attributes: []string{"kind", "stage"}}, {Attributes: []string{"kind", "device"}}}
			case "sig2":
				l.Crosses = []veiviser.Cross{{Attributes: []string{"kind", "stage"}}, {Attributes: []string{"kind", "device"}}, {Attributes: []string{"item", "device"}}}
			case "tsub":
				l.Crosses = []veiviser.Cross{{Attributes: []string{"kind", "stage"}}, {Attributes: []string{"topic", "subject"}}}
			case "isub":
				l.Crosses = []veiviser.Cross{{Attributes: []string{"kind", "stage"}}, {Attributes: []string{"topic", "subject"}}, {Attributes: []string{"item", "subject"}}}
			case "item":
				l.Crosses = []veiviser.Cross{{Attributes: []string{"item"}}, {Attributes: []string{"kind", "stage"}}}
			}
			for i := range p.Policy.Priors {
				p.Policy.Priors[i].Strength *= v.strength
			}
			for i := range l.Crosses {
				l.Crosses[i].SD = v.sd
			}
			if v.hl > 0 {
				l.HalfLife = v.hl
			}
			if v.att >= 0 {
				p.Policy.AttentionCost = v.att
				for i := range p.Placements {
					p.Placements[i].AttentionCost = nil
				}
			}
			l.Exploration = new(v.expl)
			snap, err := plan.Compile(1, p)
			if err != nil {
				t.Fatal(err)
			}
			pols := []simulate.Policy{product.New(snap, product.Options{Name: "veiviser", Placement: "product_side", PlanOnly: v.att == -2})}
			r, err := simulate.Run(context.Background(), simulate.Config{World: w, Visits: 20000, Seed: seed, Policies: pols}, nil)
			if err != nil {
				t.Fatal(err)
			}
			q := r.Policies[0]
			sum += q.Regret
			early += q.Early
			late += q.Late
			orders += q.Orders
		}
		fmt.Fprintf(os.Stdout, "%+v: regret %.0f orders %d early %.4f late %.4f\n", v, sum/3, orders/3, early/3, late/3)
	}
}
