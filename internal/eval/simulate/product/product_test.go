package product_test

import (
	"context"
	"os"
	"testing"

	"github.com/veiviser/veiviser/internal/eval/simulate"
	"github.com/veiviser/veiviser/internal/eval/simulate/product"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb"
)

func TestTry(t *testing.T) {
	folder, err := planpb.Bundle("sykkel")
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := planpb.ReadFS(folder)
	if err != nil {
		t.Fatal(err)
	}
	p := planpb.FromProto(m)
	snap, err := plan.Compile(1, p)
	if err != nil {
		t.Fatal(err)
	}
	w := simulate.NewWorld(simulate.ShopOf(p, "card"), 1)
	policies := append(simulate.Comparators(w, 1),
		product.New(snap, product.Options{Name: "veiviser", Placement: "product_side"}),
		product.New(snap, product.Options{Name: "plan only", Placement: "product_side", PlanOnly: true}))
	r, err := simulate.Run(context.Background(), simulate.Config{World: w, Visits: 20000, Seed: 1, Policies: policies}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Text(os.Stdout)
}
