package bandit

import (
	"math"
	"slices"
	"testing"

	"github.com/veiviser/veiviser/internal/rank/ope"
)

// TestEvaluate holds the truth, and the same with propensities in a column as with constant ones.
func TestEvaluate(t *testing.T) {
	w := crossing()
	m := learned(t, w.draw(1, 3000))
	table := w.draw(2, 6000)
	r, err := Evaluate(t.Context(), table, m, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Rows != 6000 || r.Units != 3000 || r.CrossFitted || r.Refused().Refused() || len(r.Policies) != 3 {
		t.Errorf("%+v", r)
	}
	for name, truth := range map[string]float64{PolicyModel: earns(t, m, w, table), PolicyBestFixed: 0.1, PolicyUniform: 0.1 / 3} {
		p, ok := r.Policy(name)
		if !ok {
			t.Fatal(name)
		}
		for _, e := range p.Estimates {
			if e.Name != ope.DM && !(e.Low-0.05 < truth && truth < e.High+0.05) { // dm claims no truth
				t.Errorf("%s by %s: %.3f (%.3f to %.3f), in truth %.3f", name, e.Name, e.Value, e.Low, e.High, truth)
			}
		}
	}
	if !r.Difference.CanTell() || r.Difference.Value < 0.5 || !(r.Difference.Detectable > 0.02 && r.Difference.Detectable < 0.2) {
		t.Errorf("%+v", r.Difference)
	}
	if _, ok := r.Policy("none"); ok {
		t.Error("there is a policy without a name")
	}
	table.Constant = false
	other, err := Evaluate(t.Context(), table, m, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := r.Policies[0].Estimate(ope.DR)
	b, _ := other.Policies[0].Estimate(ope.DR)
	if math.Abs(a.Value-b.Value) > 1e-9 {
		t.Errorf("%+v %+v", a, b)
	}
}

// TestEvaluateWithoutModel chooses the best single action where it does not judge it.
func TestEvaluateWithoutModel(t *testing.T) {
	r, err := Evaluate(t.Context(), plain().draw(3, 5000), nil, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.CrossFitted || !slices.Equal(r.BestFixed, []string{"b"}) || len(r.Policies) != 2 || !r.Difference.CanTell() {
		t.Errorf("%+v", r)
	}
	if e, _ := r.Policies[0].Estimate(ope.DR); math.Abs(e.Value-3.4) > 0.1 {
		t.Errorf("%+v", e)
	}
	// Where all are alike the winner of one share is none on the next: no optimism over many logs.
	w := world{func(int, float64, string) float64 { return 0 }, 1}
	sum := 0.0
	for seed := range uint64(40) {
		r, err := Evaluate(t.Context(), w.draw(seed, 600), nil, EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		e, _ := r.Policies[0].Estimate(ope.DR)
		sum += e.Value / 40
	}
	if sum > 0.03 {
		t.Errorf("the best of nothing earns %.3f", sum)
	}
}

// TestEvaluateRefuses does not conclude on actions that the log never tried, nor on a few rows.
func TestEvaluateRefuses(t *testing.T) {
	m := learned(t, crossing().draw(1, 3000))
	table := crossing().draw(2, 3000)
	table.Arms = []string{"A", "b", "c"}
	for _, constant := range []bool{true, false} {
		table.Constant = constant
		r, err := Evaluate(t.Context(), table, m, EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Refused().Code != ope.CodeUnsupported || r.Policies[0].Diagnostics.Unsupported < 0.3 {
			t.Errorf("%+v", r.Refused())
		}
	}
	r, err := Evaluate(t.Context(), crossing().draw(2, 30), m, EvaluateOptions{})
	if err != nil || r.Refused().Code != ope.CodeTooFew {
		t.Errorf("%+v %v", r, err)
	}
}
